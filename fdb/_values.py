"""Value and Key: byte strings that may still be on their way, and behave like bytes.

`isinstance(value, bytes)` holds. Everything that needs the bytes waits for them and raises
FDBError if the read failed. An absent value is falsy, equals None, and refuses to act as bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar

from fdb._future import Future
from fdb._native import extension
from fdb._waiting.threads import model_of

_BytesLike = bytes | bytearray | memoryview
_Affix = bytes | tuple[bytes, ...]
StringT = TypeVar("StringT", covariant=True)
SelfT = TypeVar("SelfT", bound="FutureString[Any]")


def _plain(other: Any) -> Any:
    """The value to compare with: the bytes of another future, everything else as it is."""
    return other.value if isinstance(other, FutureString) else other


class _BytesMethods:
    """What bytes can do, done with the bytes that have arrived."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _bytes(self) -> bytes: ...

    def capitalize(self) -> bytes:
        return self._bytes().capitalize()

    def center(self, width: SupportsIndex, fillchar: _BytesLike = b" ") -> bytes:
        return self._bytes().center(width, fillchar)  # type: ignore[arg-type]

    def count(self, *args: Any) -> int:
        return self._bytes().count(*args)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._bytes().decode(encoding, errors)

    def endswith(self, suffix: _Affix, *limits: SupportsIndex | None) -> bool:
        return self._bytes().endswith(suffix, *limits)

    def expandtabs(self, tabsize: SupportsIndex = 8) -> bytes:
        return self._bytes().expandtabs(tabsize)

    def find(self, *args: Any) -> int:
        return self._bytes().find(*args)

    def fromhex(self, string: str) -> bytes:
        return bytes.fromhex(string)

    def hex(self, *args: Any, **kwargs: Any) -> str:
        return self._bytes().hex(*args, **kwargs)

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

    def rfind(self, *args: Any) -> int:
        return self._bytes().rfind(*args)

    def rindex(self, *args: Any) -> int:
        return self._bytes().rindex(*args)

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

    def startswith(self, prefix: _Affix, *limits: SupportsIndex | None) -> bool:
        return self._bytes().startswith(prefix, *limits)

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

    def __bytes__(self) -> bytes:
        return self._bytes()

    def __int__(self) -> int:
        return int(self._bytes())

    def __len__(self) -> int:
        return len(self._bytes())

    def __iter__(self) -> Iterator[int]:
        return iter(self._bytes())

    def __getitem__(self, index: Any) -> Any:
        return self._bytes()[index]

    def __contains__(self, item: Any) -> bool:
        return _plain(item) in self._bytes()

    def __add__(self, other: Any) -> bytes:
        result: bytes = self._bytes() + _plain(other)
        return result

    def __radd__(self, other: Any) -> bytes:
        result: bytes = _plain(other) + self._bytes()
        return result

    def __mul__(self, count: SupportsIndex) -> bytes:
        return self._bytes() * count

    def __rmul__(self, count: SupportsIndex) -> bytes:
        return self._bytes() * count

    def __mod__(self, values: Any) -> bytes:
        result: bytes = self._bytes() % values
        return result

    def __lt__(self, other: Any) -> bool:
        return bool(self._bytes() < _plain(other))

    def __le__(self, other: Any) -> bool:
        return bool(self._bytes() <= _plain(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._bytes() > _plain(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._bytes() >= _plain(other))


# To a type checker these are bytes, as they are to isinstance(). No object could be both in truth.
if TYPE_CHECKING:
    _Bytes = bytes
else:
    _Bytes = _BytesMethods


class FutureString(  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    extension.BytesFutureBase, Future[StringT], _Bytes
):
    """A future byte string; every use as bytes waits for it."""

    __slots__ = ()

    @property
    def value(self) -> bytes | None:
        """The bytes, or None for an absent value. Blocks; raises FDBError."""
        value: bytes | None = self._resolve()
        return value

    def _bytes(self) -> bytes:
        """Waits for the bytes. Raises TypeError if the value is absent."""
        value = self.value
        if value is None:
            raise TypeError("the key is not present in the database, so there are no bytes")
        return value

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        """bytes, so that isinstance(..., bytes) holds; type(...) tells the truth."""
        return bytes

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the bytes alone: what is loaded is bytes, or None for an absent value."""
        value = self.value
        return (bytes, (value,)) if value is not None else (type(None), ())

    def __copy__(self: SelfT) -> SelfT:
        return self

    def __deepcopy__(self: SelfT, memo: Any) -> SelfT:
        return self

    def __dir__(self) -> list[str]:
        # Not by __class__, as object does it.
        return dir(type(self))

    def as_foundationdb_key(self) -> bytes:
        """Returns the bytes, for use as a key. Raises TypeError if the value is absent."""
        return self._bytes()

    def as_foundationdb_value(self) -> bytes:
        """Returns the bytes, for use as a value. Raises TypeError if the value is absent."""
        return self._bytes()

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return repr(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        # asyncio.gather hashes what it is given before that was awaited.
        if self._owes() and (not self._ready() or model_of(self).in_loop()):
            return object.__hash__(self)
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _plain(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.value != _plain(other))


class Value(FutureString["Value"]):
    """The value of a key, perhaps absent; what `Transaction.get` returns."""

    __slots__ = ()

    def wait(self) -> Value:
        """Blocks until the value is there and returns the object itself. Raises FDBError."""
        self._resolve()
        return self

    def present(self) -> bool:
        """Whether the key is in the database. Blocks; raises FDBError."""
        return self._resolve() is not None


class Key(FutureString["Key"]):
    """A key; what `Transaction.get_key` returns."""

    __slots__ = ()

    def wait(self) -> Key:
        """Blocks until the key is there and returns the object itself. Raises FDBError."""
        self._resolve()
        return self

    @property
    def value(self) -> bytes:
        """The bytes. Blocks; raises FDBError."""
        value: bytes = self._resolve()
        return value
