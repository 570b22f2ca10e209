"""The command line of the embedded engine: `python -m fdb.embedded`."""

from __future__ import annotations

import sys

from fdb.embedded.command_line import main

if __name__ == "__main__":
    sys.exit(main())
