"""The embedded engine: tools for its databases, and where its own files are.

`fdb.open("memory:NAME")` and `fdb.open("file:PATH")` use the engine without this module.  It has what
only the engine can do: tools for databases in files (`backup`, `save`, `check`, `compact`, `info`; also as
`python -m fdb.embedded backup SOURCE TARGET`), aids for tests (`unique`, `drop`, `set_latency`), and the
paths for programs that load or link the engine themselves (`libdir`, `includedir`).
"""

from __future__ import annotations

import os
import pathlib
import secrets
import sys
from typing import Any

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._open import forget_database
from fdb._startup.client import clients
from fdb._startup.locate import EMBEDDED_PATH
from fdb._waiting.threads import THREADS
from fdb.embedded.file_tools import (
    CheckReport,
    CompactReport,
    FileInfo,
    Problem,
    backup,
    check,
    compact,
    info,
    save,
)
from fdb.embedded.library_copy import directory_of_copy

__all__ = [
    "CheckReport",
    "CompactReport",
    "FileInfo",
    "Problem",
    "backup",
    "check",
    "compact",
    "drop",
    "includedir",
    "info",
    "libdir",
    "library_path",
    "save",
    "set_latency",
    "unique",
]

_HERE = pathlib.Path(__file__).resolve().parent
_SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
_MEMORY = "memory:"
_FILE = "file:"
_LONGEST_LATENCY = 60
_DEFAULT_LATENCY = 0.002


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
    return _existing(pathlib.Path(EMBEDDED_PATH))


def libdir() -> str:
    """Returns the directory that holds the engine under the name libfdb_c, for other programs.

    Link with `-L<libdir> -lfdb_c`, or put the directory on the loader's search path.  Where the package
    was installed from a wheel for Linux, the first call makes the library, a copy of the engine, beside the
    package, or in the user's data folder where that cannot be written.  The directory stays the same until
    another engine is installed.  Raises FileNotFoundError if the installation has no engine, OSError that
    names both places if none takes the copy.
    """
    own = _HERE / "lib" / f"libfdb_c{_SUFFIX}"
    if own.exists() or sys.platform == "darwin":
        return str(pathlib.Path(_existing(own)).parent)
    return directory_of_copy(library_path())


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
    that was never opened is ignored.  Raises ValueError for a string that begins with `file:`: what
    is to become of a file is for the program to say.
    """
    if name.startswith(_FILE):
        raise ValueError(
            f"drop() forgets databases in memory, and {name!r} is a file: close what fdb.open() returned, and "
            "delete the file if its data is to go"
        )
    database = os.fsencode(name.removeprefix(_MEMORY))
    client = clients.embedded()
    # The engine refuses the call before an API version was selected, and has no databases then.
    if client.started:
        client.library.fdb_embedded_drop(database)
    forget_database(os.fsencode(_MEMORY) + database)


def set_latency(
    database: Database | AsyncDatabase | str,
    minimum: float | None = 0.0,
    maximum: float | None = None,
    seed: int | None = None,
) -> None:
    """Makes an embedded database answer as late as a cluster does, through all its handles.

    Reads, read versions and commits of its transactions are then pending at first, and become ready
    on the network thread between `minimum` and `maximum` seconds later (to the microsecond, 60 at
    most; `maximum` is 0.002 by default, or `minimum` if that is more). The same `seed` gives the
    same delays. `minimum` None ends it. Before, a database does what the environment variable
    FDB_EMBEDDED_LATENCY says; see docs/guides/late-answers.md.

    `database` is what `fdb.open()` gave, or the name as for `drop`; a name that was never opened
    makes an empty database; a database in a file has no name here. Raises TypeError or ValueError for an argument of no use, ValueError
    for a database that is not of the embedded engine, RuntimeError for one that is closed.
    """
    setting = _latency_setting(minimum, maximum, seed)
    client = clients.embedded()
    if isinstance(database, str):
        if database.startswith(_FILE):
            raise ValueError(
                f"the latency of {database!r} lasts as long as the file is open: give what fdb.open() returned"
            )
        name = os.fsencode(_MEMORY + database.removeprefix(_MEMORY))
        handle = client.open(name, THREADS).handle
    elif not isinstance(database, Database | AsyncDatabase):
        raise TypeError(
            f"database must be what fdb.open() returned or its name, not {type(database).__name__}"
        )
    elif database._library is not client.library:
        raise ValueError(
            "database must be of the embedded engine: a cluster takes the time it takes"
        )
    else:
        handle = database._handle
    handle.call(client.library.fdb_embedded_set_latency, setting)


def _latency_setting(minimum: float | None, maximum: float | None, seed: int | None) -> bytes:
    """Returns the arguments of `set_latency` in the form that the engine reads."""
    if minimum is None:
        if maximum is not None or seed is not None:
            raise ValueError("minimum None ends the latency, so maximum and seed must be None too")
        return b"off"
    least = _microseconds("minimum", minimum)
    most = max(least, _microseconds("maximum", _DEFAULT_LATENCY if maximum is None else maximum))
    if maximum is not None and maximum < minimum:
        raise ValueError(f"maximum must not be less than minimum, but {maximum!r} < {minimum!r}")
    text = f"{least}us-{most}us"
    if seed is None:
        return text.encode()
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be an int or None, not {type(seed).__name__}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be at least 0 and below 2**64, not {seed}")
    return f"{text},seed={seed}".encode()


def _microseconds(name: str, seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if not 0 <= seconds <= _LONGEST_LATENCY:
        raise ValueError(
            f"{name} must be between 0 and {_LONGEST_LATENCY} seconds, not {seconds!r}"
        )
    return round(seconds * 1_000_000)
