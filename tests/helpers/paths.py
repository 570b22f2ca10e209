"""Where things are in the source tree."""

from __future__ import annotations

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
TOOLS = ROOT / "tools"
#: The declaration of the C ABI, the directory that `#include <foundationdb/fdb_c.h>` needs.
HEADERS = ROOT / "vendor" / "fdb_c_headers"
