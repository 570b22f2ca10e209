"""What bytes can do, done with bytes that may still be on their way: the methods of Value and Key.

What looks at the bytes waits for them.
"""

from __future__ import annotations

from fdb._native import extension
from fdb._typing import TYPE_CHECKING, Any, Iterable, Iterator, SupportsIndex

_BytesLike = bytes | bytearray | memoryview
_Affix = bytes | tuple[bytes, ...]


def plain(other: Any) -> Any:
    """The value to compare with: the bytes of another future, everything else as it is."""
    return other._resolve() if isinstance(other, extension.BytesFutureBase) else other


class _HasBytes:
    """What waits for bytes."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _bytes(self) -> bytes: ...


class _BytesOperators(_HasBytes):
    """What the language asks of bytes: operators, indexing, conversions."""

    __slots__ = ()

    def __int__(self) -> int:
        return int(self._bytes())

    def __len__(self) -> int:
        return len(self._bytes())

    def __iter__(self) -> Iterator[int]:
        return iter(self._bytes())

    def __getitem__(self, index: Any) -> Any:
        return self._bytes()[index]

    def __contains__(self, item: Any) -> bool:
        return plain(item) in self._bytes()

    def __add__(self, other: Any) -> bytes:
        result: bytes = self._bytes() + plain(other)
        return result

    def __radd__(self, other: Any) -> bytes:
        result: bytes = plain(other) + self._bytes()
        return result

    def __mul__(self, count: SupportsIndex) -> bytes:
        return self._bytes() * count

    def __rmul__(self, count: SupportsIndex) -> bytes:
        return self._bytes() * count

    def __mod__(self, values: Any) -> bytes:
        result: bytes = self._bytes() % values
        return result

    def __lt__(self, other: Any) -> bool:
        return bool(self._bytes() < plain(other))

    def __le__(self, other: Any) -> bool:
        return bool(self._bytes() <= plain(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._bytes() > plain(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._bytes() >= plain(other))


class _BytesQuestions(_HasBytes):
    """Searching, counting and tests."""

    __slots__ = ()

    def count(self, *args: Any) -> int:
        return self._bytes().count(*args)

    def endswith(self, suffix: _Affix, *limits: SupportsIndex | None) -> bool:
        return self._bytes().endswith(suffix, *limits)

    def find(self, *args: Any) -> int:
        return self._bytes().find(*args)

    def index(self, *args: Any) -> int:
        return self._bytes().index(*args)

    def isalnum(self) -> bool:
        return self._bytes().isalnum()

    def isalpha(self) -> bool:
        return self._bytes().isalpha()

    def isascii(self) -> bool:
        return self._bytes().isascii()

    def isdigit(self) -> bool:
        return self._bytes().isdigit()

    def islower(self) -> bool:
        return self._bytes().islower()

    def isspace(self) -> bool:
        return self._bytes().isspace()

    def istitle(self) -> bool:
        return self._bytes().istitle()

    def isupper(self) -> bool:
        return self._bytes().isupper()

    def rfind(self, *args: Any) -> int:
        return self._bytes().rfind(*args)

    def rindex(self, *args: Any) -> int:
        return self._bytes().rindex(*args)

    def startswith(self, prefix: _Affix, *limits: SupportsIndex | None) -> bool:
        return self._bytes().startswith(prefix, *limits)


class _BytesForms(_HasBytes):
    """Other strings made of the bytes, whole or in parts."""

    __slots__ = ()

    def capitalize(self) -> bytes:
        return self._bytes().capitalize()

    def center(self, width: SupportsIndex, fillchar: _BytesLike = b" ") -> bytes:
        return self._bytes().center(width, fillchar)  # type: ignore[arg-type]

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._bytes().decode(encoding, errors)

    def expandtabs(self, tabsize: SupportsIndex = 8) -> bytes:
        return self._bytes().expandtabs(tabsize)

    def fromhex(self, string: str) -> bytes:
        return bytes.fromhex(string)

    def hex(self, *args: Any, **kwargs: Any) -> str:
        return self._bytes().hex(*args, **kwargs)

    def join(self, iterable: Iterable[_BytesLike]) -> bytes:
        return self._bytes().join(iterable)

    def ljust(self, width: SupportsIndex, fillchar: Any = b" ") -> bytes:
        return self._bytes().ljust(width, fillchar)

    def lower(self) -> bytes:
        return self._bytes().lower()

    def lstrip(self, chars: _BytesLike | None = None) -> bytes:
        return self._bytes().lstrip(chars)

    def maketrans(self, frm: _BytesLike, to: _BytesLike) -> bytes:
        return bytes.maketrans(frm, to)

    def partition(self, sep: _BytesLike) -> tuple[bytes, bytes, bytes]:
        return self._bytes().partition(sep)

    def removeprefix(self, prefix: _BytesLike) -> bytes:
        return self._bytes().removeprefix(prefix)

    def removesuffix(self, suffix: _BytesLike) -> bytes:
        return self._bytes().removesuffix(suffix)

    def replace(self, old: _BytesLike, new: _BytesLike, count: SupportsIndex = -1) -> bytes:
        return self._bytes().replace(old, new, count)

    def rjust(self, width: SupportsIndex, fillchar: Any = b" ") -> bytes:
        return self._bytes().rjust(width, fillchar)

    def rpartition(self, sep: _BytesLike) -> tuple[bytes, bytes, bytes]:
        return self._bytes().rpartition(sep)

    def rsplit(self, sep: _BytesLike | None = None, maxsplit: SupportsIndex = -1) -> list[bytes]:
        return self._bytes().rsplit(sep, maxsplit)

    def rstrip(self, chars: _BytesLike | None = None) -> bytes:
        return self._bytes().rstrip(chars)

    def split(self, sep: _BytesLike | None = None, maxsplit: SupportsIndex = -1) -> list[bytes]:
        return self._bytes().split(sep, maxsplit)

    def splitlines(self, keepends: bool = False) -> list[bytes]:
        return self._bytes().splitlines(keepends)

    def strip(self, chars: _BytesLike | None = None) -> bytes:
        return self._bytes().strip(chars)

    def swapcase(self) -> bytes:
        return self._bytes().swapcase()

    def title(self) -> bytes:
        return self._bytes().title()

    def translate(self, table: _BytesLike | None, /, delete: _BytesLike = b"") -> bytes:
        return self._bytes().translate(table, delete)

    def upper(self) -> bytes:
        return self._bytes().upper()

    def zfill(self, width: SupportsIndex) -> bytes:
        return self._bytes().zfill(width)


class BytesMethods(_BytesOperators, _BytesQuestions, _BytesForms):
    """All methods of bytes but those that an absent value has too."""

    __slots__ = ()
