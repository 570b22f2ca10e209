"""Items of queues, as claims take them. Immutable, so thread-safe."""

from __future__ import annotations

from types import TracebackType

from fdb._layers import Steps
from fdb._typing import Any, TypeVar
from fdb.layers._base import write
from fdb.layers._claiming import Taken
from fdb.layers._queue_store import QueueStore
from fdb.tuple import Versionstamp

SelfT = TypeVar("SelfT", bound="QueueItem")


class QueueItem:
    """An item of a queue, as a claim has taken it, or a dead letter.

    As a context manager, `with item:` or, of an asynchronous database, `async with item:`, it is finished at the end of
    the block, and released if that raises; both on the database of the claim. An ItemLostError of `release` is not
    raised then, as the item is in other hands already.
    """

    __slots__ = ("_source", "_store", "_taken")

    def __init__(self, store: QueueStore, source: Any, taken: Taken) -> None:
        self._store = store
        self._source = source
        self._taken = taken

    @property
    def id(self) -> Versionstamp:
        """What tells it from all others of its queue: when it was pushed."""
        return Versionstamp.from_bytes(self._taken.id)

    @property
    def data(self) -> bytes:
        """What was pushed."""
        return self._taken.data

    @property
    def attempts(self) -> int:
        """How often it was claimed, with this claim."""
        return self._taken.attempts

    @property
    def priority(self) -> int | None:
        """Its priority in a PriorityQueue; None in a Queue."""
        priority: int | None = self._taken.priority
        return priority

    def __repr__(self) -> str:
        return f"<QueueItem {self.data[:40]!r}, attempt {self.attempts}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QueueItem):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        taken = self._taken
        return self._store.prefix, taken.id, taken.token, taken.attempts

    def __enter__(self: SelfT) -> SelfT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            write(self._source, self._finish)
        else:
            write(self._source, self._release_if_held)

    async def __aenter__(self: SelfT) -> SelfT:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await write(self._source, self._finish)
        else:
            await write(self._source, self._release_if_held)

    def _finish(self, tr: Any) -> Steps[bool]:
        return self._store.finish(tr, self._taken)

    def _release_if_held(self, tr: Any) -> Steps[None]:
        return self._store.release_if_held(tr, [self._taken], failed=True)
