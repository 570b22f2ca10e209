"""Compiles the cffi module of asyncio-foundationdb against this project's headers and library.

    python build_found.py INCLUDE_DIRECTORY LIBRARY_DIRECTORY

Runs in the environment that the package is installed in. Its own build script has the paths of its
author's machine; the declarations that it gives to cffi are used as they are.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import cffi

SOURCE = """
#define FDB_API_VERSION 710
#include <foundationdb/fdb_c.h>
"""


def main(argv: list[str]) -> int:
    found = importlib.util.find_spec("found")
    if found is None or not found.submodule_search_locations:
        print("asyncio-foundationdb is not installed here", file=sys.stderr)
        return 1
    package = Path(next(iter(found.submodule_search_locations)))
    ffi = cffi.FFI()
    ffi.set_source(
        "found._fdb", SOURCE, libraries=["fdb_c"], include_dirs=[argv[1]], library_dirs=[argv[2]]
    )
    ffi.cdef((package / "fdb_c2.h").read_text())
    ffi.compile(tmpdir=str(package.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
