r"""What a person types for a key: a tuple, a directory and what is in it, quoted text, or the notation of fdbcli.

| typed                     | is                                                         |
|---------------------------|------------------------------------------------------------|
| `('users', 42)`           | the packed tuple                                           |
| `/app/users`              | the prefix of a directory                                  |
| `/app/users('alice', 1)`  | a tuple in a directory                                     |
| `/app/users:\x00raw`      | raw bytes after the prefix of a directory                  |
| `'a text'` `"a text"`     | text, as Python writes it                                  |
| `b'\x00'`                 | bytes, as Python writes them                               |
| `hello\x00`               | anything else: the notation of fdbcli                      |

A name in a path that has other characters than letters, digits, and `-_.~@+=,` is quoted: `/app/'a name'`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fdb._display.notation import (
    NotationError,
    encoded,
    from_printable,
    parse_literal,
    parse_packed,
    printable_without,
    shortened,
    shown_tuple,
)
from fdb._keys import strinc
from fdb.directory_impl import (
    DirectoryLayer,
    DirectoryNotFoundError,
    DirectoryPartition,
    DirectorySubspace,
)

Path = tuple[str, ...]

#: What a shell takes for quotes, parentheses or the end of a word, in bytes behind a path.
_DIVIDING = " \"';()[]"
_PLAIN_NAME = re.compile(r"[\w.~@+=,-]+")
_NAME = re.compile(
    r"""/(?:(?P<plain>[\w.~@+=,-]+)|(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))"""
)


class MissingDirectoryError(NotationError):
    """What was typed names a directory that is not in the database."""


def shown_path(path: Path) -> str:
    """Return a directory's path as it is typed, ``/app/users``; ``/`` for the root."""
    return "".join(f"/{shown_name(name)}" for name in path) or "/"


def shown_name(name: str) -> str:
    """Return one name of a path as it is typed: quoted if it has other characters than the plain ones."""
    return name if _PLAIN_NAME.fullmatch(name) else repr(name)


def shown_within(path: str, rest: bytes, items: tuple[Any, ...] | None) -> str:
    """Return a key as it is typed with the path of its directory: ``/app/users('alice', 1)``, ``/app/users:raw``.

    `rest` is what comes after the directory's prefix, `items` the tuple that it is, None for bytes.
    """
    if not rest:
        return path
    if items is not None:
        return f"{path}{shown_tuple(items)}"
    return f"{path}:{printable_without(rest, _DIVIDING)}"


def parse_path(text: str) -> tuple[Path, str]:
    """Return the path that a text begins with, and what is behind it. Raises NotationError."""
    names: list[str] = []
    place = 0
    while found := _NAME.match(text, place):
        names.append(found["plain"] or _text(found["quoted"]))
        place = found.end()
    rest = text[place:]
    if rest in ("", "/") or rest[0] in "(:":
        return tuple(names), rest.rstrip("/") if rest == "/" else rest
    raise NotationError(
        f"column {place + 1} of {shortened(text)}: a name of a directory is of letters, digits and -_.~@+=, "
        "or quoted: /app/'a name'; after the path comes a tuple, or a colon and bytes"
    )


def _text(quoted: str) -> str:
    text = parse_literal(quoted)
    assert isinstance(text, str)  # by _NAME
    return text


@dataclass(frozen=True, slots=True)
class Place:
    """A key as it was typed. Finding the prefix of its directory, if it has one, reads the database."""

    #: What was typed.
    text: str
    #: The directory that it is in, None for a key of its own.
    path: Path | None
    #: What comes after the directory's prefix.
    rest: bytes
    #: Whether what comes after it is a tuple.
    is_tuple: bool

    @classmethod
    def parse(cls, text: str) -> Place:
        """Return what a text stands for. Reads nothing; raises NotationError."""
        if text.startswith("/"):
            path, behind = parse_path(text)
            if behind.startswith("("):
                return cls(text, path, parse_packed(behind), True)
            return cls(text, path, from_printable(behind[1:]), False)
        if text.lstrip().startswith("("):
            return cls(text, None, parse_packed(text), True)
        if text.startswith(("'", '"', "b'", 'b"')):
            value = parse_literal(text)
            return cls(text, None, encoded(value) if isinstance(value, str) else value, False)
        return cls(text, None, from_printable(text), False)

    @property
    def is_directory(self) -> bool:
        """Whether a directory was typed, and nothing that is in it."""
        return self.path is not None and not self.rest and not self.is_tuple

    def key(self, tr: Any) -> bytes:
        """Return the key. Blocks if it is in a directory.

        `tr` is a Database, Tenant or Transaction. Raises NotationError for a directory that is not there, and
        where there can be no such key: of the root, and of a partition but for bytes after its prefix.
        """
        if self.path is None:
            return self.rest
        directory = self._directory(tr)
        if isinstance(directory, DirectoryPartition) and (self.is_tuple or not self.rest):
            raise NotationError(
                f"{shown_path(self.path)} is a partition: keys are in the directories inside of it"
            )
        return directory.rawPrefix + self.rest

    def range(self, tr: Any) -> tuple[bytes, bytes]:
        """Return the first key of the place and the one behind its last: `[begin, end)`. Blocks and raises as `key`.

        Of a tuple: its key and those of longer tuples that begin with it; of bytes: the keys that begin with them; of
        a directory, also a partition: all that is in it.
        """
        prefix = self.rest if self.path is None else self._directory(tr).rawPrefix + self.rest
        return prefix, prefix + b"\xff" if self.is_tuple and prefix else _after(prefix)

    def _directory(self, tr: Any) -> DirectorySubspace:
        if not self.path:
            raise NotationError(
                "the root / has no keys of its own; '' is the beginning of all keys"
            )
        try:
            found: DirectorySubspace = DirectoryLayer().open(tr, self.path)
        except DirectoryNotFoundError:
            raise MissingDirectoryError(
                f"there is no directory {shown_path(self.path)}; bytes that begin with / are typed b'/...'"
            ) from None
        return found


def _after(prefix: bytes) -> bytes:
    """Returns the first key behind those with a prefix; the system's keys end at three bytes of 255."""
    if not prefix:
        return b"\xff"
    if prefix.rstrip(b"\xff"):
        return strinc(prefix)
    return b"\xff" * min(len(prefix) + 1, 3) if len(prefix) < 3 else prefix + b"\xff"
