"""The embedded engine: where its files are, and its in-memory databases.

`fdb.open("memory:NAME")` uses the engine without this module.  It is for
tests (`unique`, `drop`) and for programs that load or link the engine themselves (`libdir`,
`includedir`, also as `python -m fdb.embedded --libdir`).
"""

from __future__ import annotations

import os
import pathlib
import secrets
import sys

__all__ = ["drop", "includedir", "libdir", "library_path", "unique"]

_HERE = pathlib.Path(__file__).resolve().parent
_SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
_MEMORY = "memory:"


def _existing(path: pathlib.Path) -> str:
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist: the embedded engine was not built with this installation of fdb"
        )
    return str(path)


def library_path() -> str:
    """Returns the path of the engine that this package loads.

    Raises FileNotFoundError if the installation has none.
    """
    return _existing(_HERE / f"libfdb_embedded{_SUFFIX}")


def libdir() -> str:
    """Returns the directory that holds the engine under the name libfdb_c, for other programs.

    Link with `-L<libdir> -lfdb_c`, or put the directory on the loader's search path.  Raises
    FileNotFoundError if the installation has no engine.
    """
    return str(pathlib.Path(_existing(_HERE / "lib" / f"libfdb_c{_SUFFIX}")).parent)


def includedir() -> str:
    """Returns the directory to compile with (`-I`) for `#include <foundationdb/fdb_c.h>`.

    Raises FileNotFoundError if the installation has no headers.
    """
    header = pathlib.Path(_existing(_HERE / "include" / "foundationdb" / "fdb_c.h"))
    return str(header.parent.parent)


def unique() -> str:
    """Returns the name of an in-memory database that nothing else uses, for `fdb.open()`."""
    return _MEMORY + secrets.token_hex(8)


def drop(name: str) -> None:
    """Forgets an in-memory database, and so frees its memory once no handle uses it.

    `name` is what `fdb.open()` was given, or only the part behind `memory:`.  The next open of the
    name makes an empty database.  Handles that are open keep working on the data they had.  A name
    that was never opened is ignored.  Raises ValueError for a `file:` database.
    """
    if name.startswith("file:"):
        raise ValueError(f"drop() is for in-memory databases, and {name!r} is a file")
    # Only here: the functions above need no client.
    from fdb._client import embedded_client
    from fdb._opening import forget_database

    database = os.fsencode(name.removeprefix(_MEMORY))
    embedded_client().library.fdb_embedded_drop(database)
    forget_database(os.fsencode(_MEMORY) + database)
