"""The arguments of directory operations: paths, layers and prefixes, in the forms that a program may give them."""

from __future__ import annotations

import os

from fdb._typing import Any

Path = tuple[str, ...]
PathLike = str | bytes | tuple[str | bytes, ...] | list[str | bytes]


def to_path(path: Any) -> Path:
    """Return the path as a tuple of text: bytes are decoded as UTF-8, one name is wrapped in a tuple.

    Raises ValueError for anything else, UnicodeDecodeError (a ValueError) for bytes that are no UTF-8.
    """
    if not isinstance(path, (tuple, list)):
        path = (path,)
    for name in path:
        if type(name) is not str:
            return tuple([_to_name(name) for name in path])
    return tuple(path)


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
