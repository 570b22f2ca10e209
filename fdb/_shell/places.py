"""The keys that a person names in the shell, which stands in a directory, and how the shell shows them.

In the root a word is a key as everywhere else (`fdb._display.places`). In a directory it is a key of it: `('alice', 1)` and
`raw\\x00` come after its prefix, `./events('a')` and `../other` go down and up from it, and only `/app/users` is as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fdb.directory_impl
from fdb._directory.store import PARTITION_LAYER
from fdb._display.notation import NotationError, key_tuple, shown_key
from fdb._display.places import Path, Place, parse_path, shown_path, shown_within
from fdb._shell.words import Word, typed, without_start


@dataclass(frozen=True, slots=True)
class Base:
    """What the keys of an answer are shown relative to: a directory that the command named, or stands in."""

    prefix: bytes = b""
    #: What stands before a key: `/app/users` where the command named it, nothing where the shell stands in it.
    path: str = ""
    #: Whether it is a partition, in which bytes can be typed, and no tuples.
    is_partition: bool = False

    def shown(self, key: bytes) -> str:
        """Return a key as it may be typed again at the same prompt."""
        if not self.prefix or not key.startswith(self.prefix):
            return shown_key(key)
        rest = key[len(self.prefix) :]
        if not self.path:
            return typed(rest) if self.is_partition else without_start(shown_key(rest))
        return shown_within(self.path, rest, None if self.is_partition else key_tuple(rest))


def parsed(word: Word, path: Path) -> Place:
    """Return the key that a word is for a shell that stands in a directory. Reads nothing; raises NotationError."""
    text, data = word.text, word.data
    if data is None and text.startswith("/"):
        return Place.parse(text)
    if data is None and text.startswith(".") and path:
        below, behind = _below(text, path)
        return Place.parse(shown_path(below) + behind)
    if data is None and text.startswith("."):
        data = text.encode()
    found = Place(text, None, data, False) if data is not None else Place.parse(text)
    return Place(text, path, found.rest, found.is_tuple) if path else found


def _below(text: str, path: Path) -> tuple[Path, str]:
    """Returns the directory of a relative path, and the tuple or bytes behind it."""
    names, behind = parse_path("/" + text)
    return _resolved(names, path), behind


def _resolved(names: Path, path: Path) -> Path:
    reached = list(path)
    for name in names:
        if name == "..":
            reached[-1:] = []
        elif name != ".":
            reached.append(name)
    return tuple(reached)


def directory_path(word: Word, path: Path) -> Path:
    """Return the directory that a word names, as `cd` and `ls` take it: `/app/users`, `users`, `../users`.

    Raises NotationError.
    """
    text = word.text
    names, behind = parse_path(text if text.startswith("/") else "/" + text)
    if behind:
        raise NotationError(f"{text} is no directory: {behind!r} stands behind its path")
    return _resolved(names, () if text.startswith("/") else path)


def base_of(place: Place, path: Path, tr: Any) -> Base:
    """Return what the keys of a place are shown relative to. May read the database."""
    if place.path is None:
        return Base()
    shown = "" if place.path == path else shown_path(place.path)
    begin, _ = Place(place.text, place.path, b"", False).range(tr)
    layer = fdb.directory_impl.DirectoryLayer().open(tr, place.path).get_layer()
    return Base(begin, shown, layer == PARTITION_LAYER)


def require_directory(path: Path, tr: Any) -> None:
    """Raise NotationError if there is no such directory; the root is always there. Blocks."""
    if path and not fdb.directory_impl.DirectoryLayer().exists(tr, path):
        raise NotationError(f"there is no directory {shown_path(path)}")
