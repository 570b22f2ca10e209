"""Types that several layers share: what a key may be, and what an object of an upper layer can do for a lower one.

They need nothing of the package, so that everything can import them.
"""

from __future__ import annotations

from types import TracebackType

from fdb._typing import Any, Awaitable, Callable, Protocol, TypeVar

TransactionT = TypeVar("TransactionT", covariant=True)
SelfT = TypeVar("SelfT")


class SupportsKey(Protocol):
    """An object that can stand for a key."""

    def as_foundationdb_key(self) -> bytes:
        """Returns the key."""
        ...


class SupportsValue(Protocol):
    """An object that can stand for a value."""

    def as_foundationdb_value(self) -> bytes:
        """Returns the value."""
        ...


KeyArgument = bytes | SupportsKey
ValueArgument = bytes | SupportsValue


class TransactionMaker(Protocol[TransactionT]):
    """What a transactional function can be given instead of a transaction."""

    def create_transaction(self) -> TransactionT:
        """Returns a new transaction."""
        ...


class Origin(TransactionMaker[TransactionT], Protocol[TransactionT]):
    """What a transaction comes from: a database or tenant of any event model, as far as they are the same."""

    def close(self) -> None:
        """Gives up the object; transactions made from it go on."""
        ...

    def __enter__(self: SelfT) -> SelfT: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Governor(Protocol):
    """How functions are run in a transaction that has a policy: the loop of `fdb.transactional`."""

    def run(
        self, tr: Any, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Calls a function and commits, until one attempt succeeds. Blocks."""
        ...

    def run_asynchronously(
        self, tr: Any, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Awaitable[Any]:
        """The same, to be awaited."""
        ...


class WaitCheck(Protocol):
    """Says of a future that it becomes ready only after the code around the caller has ended."""

    #: None, or called with the result (or None) and the error code of a future that nobody has any more.
    ended: Any

    def surrounds_caller(self) -> bool:
        """Whether the caller runs inside of that code."""
        ...

    def check_wait(self, future: Any) -> None:
        """Raises RuntimeError if it does."""
        ...
