"""What every suite of tests says: the API version. Fixtures come with the package, which pytest finds by itself."""

from __future__ import annotations

import fdb

fdb.api_version(740)
