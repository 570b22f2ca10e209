"""Value and Key: byte strings that may still be on their way, and behave like bytes.

`isinstance(value, bytes)` holds. Everything that needs the bytes waits for them and raises
FDBError if the read failed. An absent value is falsy, equals None, and refuses to act as bytes.
"""

from __future__ import annotations

from fdb._bytes_methods import BytesMethods, plain
from fdb._future import Future
from fdb._native import extension
from fdb._typing import TYPE_CHECKING, Any, TypeVar
from fdb._waiting.threads import model_of

StringT = TypeVar("StringT", covariant=True)
SelfT = TypeVar("SelfT", bound="FutureString[Any]")

# To a type checker these are bytes, as they are to isinstance(). No object could be both in truth.
if TYPE_CHECKING:
    _Bytes = bytes
else:
    _Bytes = BytesMethods


class FutureString(  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    extension.BytesFutureBase, Future[StringT], _Bytes
):
    """A future byte string; every use as bytes waits for it."""

    __slots__ = ()

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

    def __hash__(self) -> int:
        # asyncio.gather hashes what it is given before that was awaited.
        if self._owes() and (not self._ready() or model_of(self).in_loop()):
            return object.__hash__(self)
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == plain(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.value != plain(other))


class Value(extension.ValueBase, FutureString["Value"]):
    """The value of a key, perhaps absent; what `Transaction.get` returns."""

    __slots__ = ()


class Key(FutureString["Key"]):
    """A key; what `Transaction.get_key` returns."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def value(self) -> bytes: ...
