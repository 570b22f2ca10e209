"""The type of `FDBError.description`: bytes, for the programs that know it so, that read as text."""

from __future__ import annotations

from fdb._typing import Any, SupportsIndex


class ErrorText(bytes):
    """Bytes in UTF-8 that print as text and go where text goes.

    Equal to bytes and to str of the same letters; the hash is that of the bytes. Searching, splitting,
    replacing and adding take both and give the type that they were given.
    """

    __slots__ = ()

    def __new__(cls, text: str | bytes) -> ErrorText:
        """Makes it from text, or from the bytes of one."""
        return super().__new__(cls, text.encode() if isinstance(text, str) else text)

    def __str__(self) -> str:
        """Returns the text."""
        return self.decode()

    def __format__(self, spec: str) -> str:
        """Formats the text."""
        return format(str(self), spec)

    def __bytes__(self) -> bytes:
        """Returns plain bytes."""
        return self[:]

    def __eq__(self, other: object) -> bool:
        return str(self) == other if isinstance(other, str) else super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return super().__hash__()

    def __contains__(self, part: Any) -> bool:
        return part in str(self) if isinstance(part, str) else super().__contains__(part)

    def __add__(self, other: Any) -> Any:
        return str(self) + other if isinstance(other, str) else super().__add__(other)

    def __radd__(self, other: Any) -> Any:
        # Bytes on the left add these themselves.
        return other + str(self) if isinstance(other, str) else NotImplemented

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Returns the text in an encoding, as str has it."""
        return str(self).encode(encoding, errors)

    def _call(self, name: str, *arguments: Any) -> Any:
        """Calls the method of str if an argument is text, otherwise that of bytes."""
        kind = str if any(map(_is_text, arguments)) else bytes
        return getattr(kind, name)(str(self) if kind is str else self, *arguments)

    def startswith(self, *arguments: Any) -> bool:
        """As of str or bytes."""
        return bool(self._call("startswith", *arguments))

    def endswith(self, *arguments: Any) -> bool:
        """As of str or bytes."""
        return bool(self._call("endswith", *arguments))

    def find(self, *arguments: Any) -> int:
        """As of str or bytes."""
        return int(self._call("find", *arguments))

    def rfind(self, *arguments: Any) -> int:
        """As of str or bytes."""
        return int(self._call("rfind", *arguments))

    def index(self, *arguments: Any) -> int:
        """As of str or bytes."""
        return int(self._call("index", *arguments))

    def rindex(self, *arguments: Any) -> int:
        """As of str or bytes."""
        return int(self._call("rindex", *arguments))

    def count(self, *arguments: Any) -> int:
        """As of str or bytes."""
        return int(self._call("count", *arguments))

    def replace(self, *arguments: Any) -> Any:
        """As of str or bytes."""
        return self._call("replace", *arguments)

    def split(self, sep: Any = None, maxsplit: SupportsIndex = -1) -> Any:
        """As of str for a separator that is text, otherwise as of bytes."""
        return self._call("split", sep, maxsplit)

    def partition(self, *arguments: Any) -> Any:
        """As of str or bytes."""
        return self._call("partition", *arguments)

    def rpartition(self, *arguments: Any) -> Any:
        """As of str or bytes."""
        return self._call("rpartition", *arguments)

    def strip(self, *arguments: Any) -> Any:
        """As of str or bytes."""
        return self._call("strip", *arguments)

    def removeprefix(self, *arguments: Any) -> Any:
        """As of str or bytes."""
        return self._call("removeprefix", *arguments)

    def removesuffix(self, *arguments: Any) -> Any:
        """As of str or bytes."""
        return self._call("removesuffix", *arguments)


def _is_text(argument: Any) -> bool:
    if isinstance(argument, tuple):
        return any(map(_is_text, argument))
    return isinstance(argument, str)
