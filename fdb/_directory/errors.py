"""What directory operations raise, and the paths they take.

Every error is a DirectoryError and shows the directory's path; those that follow from an argument are
ValueErrors too.
"""

from __future__ import annotations

import os
from typing import Any

Path = tuple[str, ...]
PathLike = str | bytes | tuple[str | bytes, ...] | list[str | bytes]


class DirectoryError(Exception):
    """A directory operation could not be done. ``path`` is the absolute path of the directory concerned."""

    path: Path

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message, path)
        self.path = path

    def __str__(self) -> str:
        message, path = self.args
        return f"{message} (path: {path!r})"


class DirectoryPathError(DirectoryError, ValueError):
    """The operation makes no sense for this path, such as removing the root."""


class DirectoryNotFoundError(DirectoryError, ValueError):
    """The directory, or the parent that it needs, does not exist."""

    def __str__(self) -> str:
        text = super().__str__()
        for name in self.path:
            names = tuple(part for part in name.split("/") if part)
            if "/" in name and names:
                return f"{text}: {name!r} is one name; the directory that a file system would mean is {names!r}"
        return text


class DirectoryRemovedError(DirectoryNotFoundError):
    """The operation goes through a partition that was opened before, and removed since."""


class DirectoryExistsError(DirectoryError, ValueError):
    """A directory of this path exists already."""


class DirectoryLayerMismatchError(DirectoryError, ValueError):
    """The directory was created with another layer than the one asked for."""


class DirectoryPrefixError(DirectoryError, ValueError):
    """The prefix given for the directory is in use, or none may be given here."""


class DirectoryAllocationError(DirectoryError):
    """The key space that the allocator chose for a new directory is not free."""


class DirectoryVersionError(DirectoryError):
    """The stored directories are in a format that this version cannot read or write."""


class DirectoryPartitionError(DirectoryError):
    """The root of a partition has no keys of its own, so it cannot be used as a subspace."""


def to_path(path: Any) -> Path:
    """Return the path as a tuple of text: bytes are decoded as UTF-8, one name is wrapped in a tuple.

    Raises ValueError for anything else, UnicodeDecodeError (a ValueError) for bytes that are no UTF-8.
    """
    if not isinstance(path, (tuple, list)):
        path = (path,)
    return tuple([_to_name(name) for name in path])


def _to_name(name: Any) -> str:
    # Bytes first, by isinstance: a lazy database value passes for bytes.
    if isinstance(name, bytes):
        return bytes(name).decode("utf-8")
    if isinstance(name, str):
        return str.__str__(name)
    advice = ": give its names, path.parts" if isinstance(name, os.PathLike) else ""
    raise ValueError(
        "Invalid path: must be a unicode string or a tuple of unicode strings, not "
        f"{type(name).__name__} ({name!r}){advice}"
    )


def to_layer(layer: Any) -> bytes:
    """Return the layer as bytes, empty for None. Raises TypeError for another type."""
    if layer is None:
        return b""
    if not isinstance(layer, bytes):
        raise TypeError(f"Directory layer must be of type bytes, not {type(layer).__name__}")
    return bytes(layer)


def to_prefix(prefix: Any) -> bytes | None:
    """Return a manual prefix as bytes, or None if none was given. Raises TypeError for another type."""
    if prefix is None:
        return None
    if not isinstance(prefix, bytes):
        raise TypeError(f"Directory prefix must be of type bytes, not {type(prefix).__name__}")
    return bytes(prefix)
