"""What the string given to fdb.open means: a database of the embedded engine, or a cluster file."""

from __future__ import annotations

import os
import sys

from fdb._startup import embedded_names
from fdb._typing import Any

_CONNECTION_STRING = r"[\w.-]+:[\w.-]+@.+"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]+:"
_LONGEST_NAME = 1 << 16

#: Where the libraries look for a cluster file when they are given none.
_DEFAULT_FILES = (
    b"./fdb.cluster",
    b"/usr/local/etc/foundationdb/fdb.cluster"
    if sys.platform == "darwin"
    else b"/etc/foundationdb/fdb.cluster",
)

FORMS = (
    "the forms are: None (FDB_CLUSTER_FILE or the default cluster file), the path of a cluster file, "
    '"memory:" or "memory:NAME" (a database in this process), and "file:PATH" (a database in a file; the last two '
    "also as the first line of a cluster file)"
)


def file_name(name: Any) -> bytes | None:
    """Converts a file name for the library: str, bytes or path; None and "" stand for the default.

    Raises TypeError for another type and ValueError if there is a NUL inside.
    """
    if name is None:
        return None
    if not isinstance(name, (str, bytes, os.PathLike)):
        raise TypeError(
            f"cluster_file must be a str, bytes, a path or None, not {type(name).__name__}"
        )
    encoded = os.fsencode(name)
    if b"\0" in encoded:
        raise ValueError("cluster_file contains a NUL character")
    return encoded or None


class Place:
    """A database that a string means."""

    __slots__ = ("embedded", "has_options", "identity", "string")

    def __init__(
        self, embedded: bool, identity: bytes, string: bytes = b"", has_options: bool = False
    ) -> None:
        #: Whether it is one of the embedded engine.
        self.embedded = embedded
        #: The same for all strings that mean the same database: "memory:NAME", "file:" and a real path, or the
        #: real path of a cluster file.
        self.identity = identity
        #: What the engine is to open, for one of the embedded engine.
        self.string = string
        #: Whether the string has options that the database may be open without.
        self.has_options = has_options


def place_of(name: bytes | None) -> Place:
    """Finds out what a string for fdb.open means now; None is the default cluster file.

    Raises ValueError for a string that is neither an embedded database nor the name of a file.
    """
    if name is None:
        name = os.environb.get(b"FDB_CLUSTER_FILE") or _default_file()
        if not embedded_names.is_embedded(name):
            return _place_of_file(name)
    if embedded_names.is_embedded(name):
        return _place_of_embedded(name)
    _check_path(name)
    return _place_of_file(name)


def _place_of_embedded(string: bytes) -> Place:
    name = embedded_names.parse(string)
    return Place(True, name.identity, string, name.has_options)


def _default_file() -> bytes:
    return next((path for path in _DEFAULT_FILES if os.path.exists(path)), _DEFAULT_FILES[-1])


def _check_path(name: bytes) -> None:
    text = os.fsdecode(name)
    if os.path.exists(name):
        return
    import re  # slow to load, and for the text of an error alone

    if re.fullmatch(_CONNECTION_STRING, text):
        raise ValueError(f"{text!r} is a connection string: write it to a cluster file; {FORMS}")
    if re.match(_SCHEME, text) or text in ("memory", "file"):
        raise ValueError(f"cannot open {text!r}; {FORMS}")


def _place_of_file(path: bytes) -> Place:
    """What a cluster file means, by its first line, as the engine reads it. It need not exist."""
    line = b""
    try:
        if os.path.isfile(path):
            with open(path, "rb") as file:
                line = file.readline(_LONGEST_NAME).rstrip(b" \t\r\n")
    except OSError:
        pass  # the library says what is wrong with it
    if embedded_names.is_embedded(line):
        return _place_of_embedded(line)
    return Place(False, os.path.realpath(path))
