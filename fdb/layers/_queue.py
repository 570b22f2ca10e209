"""Queue and PriorityQueue: items that workers claim for a time, and finish.

The keys are documented in `_queue_store`, which has all that is done with the data. Queues are immutable and so are
items, but for a memory of recent claims that is thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine

from fdb._typing import Any, overload
from fdb.impl import AsyncDatabase, AsyncTenant, Database, Tenant, TransactionRead
from fdb.layers._base import (
    AsyncSource,
    ReadSource,
    SubspaceArgument,
    WriteSource,
    read,
    subspace_of,
    write,
)
from fdb.layers._claiming import Taken
from fdb.layers._leased import Time, lease_versions, seconds_of, versions_of
from fdb.layers._queue_item import QueueItem
from fdb.layers._queue_store import MOST_DATA, QueueCounts, QueueStore
from fdb.layers._queue_worker import AsyncQueueWorker, QueueWorker, Work
from fdb.subspace_impl import Subspace

#: How many items one call can take: their claims are one transaction.
_MOST_AT_ONCE = 1_000


class LeasedQueue:
    """What Queue and PriorityQueue have in common."""

    __slots__ = ("_lease", "_max_attempts", "_store", "_subspace")

    _with_priority = False

    def __init__(
        self, subspace: SubspaceArgument, *, lease: Time = 30.0, max_attempts: int | None = 10
    ) -> None:
        """The queue in `subspace`, a Subspace, directory, prefix as bytes or tuple, which nothing else may use.

        `lease` is how long a claim lasts, in seconds or as a timedelta, if it does not say so itself. An item that was
        claimed `max_attempts` times, and not finished, becomes a dead letter; with None never.

        Raises TypeError and ValueError for other arguments.
        """
        self._subspace = subspace_of(subspace, type(self).__name__)
        self._lease = seconds_of("lease", lease)
        if max_attempts is not None:
            _whole("max_attempts", max_attempts, 1 << 31)
        self._max_attempts = max_attempts
        self._store = QueueStore(self._subspace.rawPrefix, self._with_priority, max_attempts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._subspace!r}, lease={self._lease:g}, max_attempts={self._max_attempts})"

    @property
    def subspace(self) -> Subspace:
        """The subspace that it was made with."""
        return self._subspace

    # ---- claims ----

    @overload
    def claim(self, source: WriteSource, *, lease: Time | None = None) -> QueueItem | None: ...
    @overload
    def claim(
        self, source: AsyncSource, *, lease: Time | None = None
    ) -> Coroutine[Any, Any, QueueItem | None]: ...
    def claim(self, source: Any, *, lease: Time | None = None) -> Any:
        """Takes the first item that can be had, for the time of `lease`; returns None if there is none.

        Others do not get it until that has passed, unless it is extended or released. Does not wait for items: that does
        `worker`. Those who claim at the same time get different items, each the first that was free when it looked.

        Within a transaction the claim holds once that is committed. FDBError 1036 is raised after a `push` into the same
        queue in the same transaction: claim first.
        """
        return self._claim(source, 1, lease, lambda taken: taken[0] if taken else None)

    @overload
    def claim_many(
        self, source: WriteSource, limit: int, *, lease: Time | None = None
    ) -> list[QueueItem]: ...
    @overload
    def claim_many(
        self, source: AsyncSource, limit: int, *, lease: Time | None = None
    ) -> Coroutine[Any, Any, list[QueueItem]]: ...
    def claim_many(self, source: Any, limit: int, *, lease: Time | None = None) -> Any:
        """As `claim`, up to `limit` items at once, 1 to 1,000. Together they must not exceed 10 MB."""
        _whole("limit", limit, _MOST_AT_ONCE)
        return self._claim(source, limit, lease, list)

    def _claim(
        self, source: Any, limit: int, lease: Any, finish: Callable[[list[QueueItem]], Any]
    ) -> Any:
        versions = self._versions(lease)
        home = source.db if isinstance(source, TransactionRead) else source
        return write(
            source,
            lambda tr: self._store.claim(tr, limit, versions),
            lambda taken: finish([QueueItem(self._store, home, each) for each in taken]),
        )

    def _versions(self, lease: Any) -> int:
        return lease_versions(self._lease if lease is None else seconds_of("lease", lease))

    def _taken(self, item: QueueItem) -> Taken:
        if not isinstance(item, QueueItem):
            raise TypeError(
                f"an item of {self!r} must be a QueueItem that it gave, not {type(item).__name__}"
            )
        if item._store.prefix != self._store.prefix:
            raise ValueError(
                f"{item!r} is of another queue, at {item._store.prefix!r}, not of {self!r}"
            )
        return item._taken

    @overload
    def extend(
        self, source: WriteSource, item: QueueItem, *, lease: Time | None = None
    ) -> None: ...
    @overload
    def extend(
        self, source: AsyncSource, item: QueueItem, *, lease: Time | None = None
    ) -> Coroutine[Any, Any, None]: ...
    def extend(self, source: Any, item: QueueItem, *, lease: Time | None = None) -> Any:
        """Has the claim last for the time of `lease` from now on.

        Raises ItemLostError if it is over and somebody else has claimed the item since; until then it can be extended.
        """
        taken, versions = self._taken(item), self._versions(lease)
        return write(source, lambda tr: self._store.extend(tr, taken, versions))

    @overload
    def finish(self, source: WriteSource, item: QueueItem) -> bool: ...
    @overload
    def finish(self, source: AsyncSource, item: QueueItem) -> Coroutine[Any, Any, bool]: ...
    def finish(self, source: Any, item: QueueItem) -> Any:
        """Removes a claimed item: it is done.

        Raises ItemLostError if the claim is over and somebody else has taken the item since: what was done for it must
        not count, so do that in the same transaction. Returns True; but False in a transaction of which an earlier
        attempt, whose outcome was unknown, has finished the item, and done what it did besides: do nothing again then.
        """
        taken = self._taken(item)
        finish = None if isinstance(source, TransactionRead) else _always
        return write(source, lambda tr: self._store.finish(tr, taken), finish)

    @overload
    def release(
        self, source: WriteSource, item: QueueItem, *, delay: Time = 0, failed: bool = True
    ) -> None: ...
    @overload
    def release(
        self, source: AsyncSource, item: QueueItem, *, delay: Time = 0, failed: bool = True
    ) -> Coroutine[Any, Any, None]: ...
    def release(self, source: Any, item: QueueItem, *, delay: Time = 0, failed: bool = True) -> Any:
        """Gives a claimed item back, so that it can be claimed again, at the earliest after `delay`.

        If that was its last attempt it becomes a dead letter. With `failed` false the attempt does not count. Raises
        ItemLostError as `finish` does.
        """
        taken, versions = self._taken(item), versions_of(seconds_of("delay", delay, zero=True))
        return write(source, lambda tr: self._store.release(tr, taken, versions, bool(failed)))

    @overload
    def bury(self, source: WriteSource, item: QueueItem) -> None: ...
    @overload
    def bury(self, source: AsyncSource, item: QueueItem) -> Coroutine[Any, Any, None]: ...
    def bury(self, source: Any, item: QueueItem) -> Any:
        """Makes a claimed item a dead letter at once. Raises ItemLostError as `finish` does."""
        taken = self._taken(item)
        return write(source, lambda tr: self._store.bury(tr, taken))

    # ---- dead letters and counts ----

    @overload
    def dead(self, source: ReadSource, limit: int = 100) -> list[QueueItem]: ...
    @overload
    def dead(
        self, source: AsyncSource, limit: int = 100
    ) -> Coroutine[Any, Any, list[QueueItem]]: ...
    def dead(self, source: Any, limit: int = 100) -> Any:
        """Returns up to `limit` dead letters, 1 to 1,000, those that were pushed first."""
        _whole("limit", limit, _MOST_AT_ONCE)
        home = source.db if isinstance(source, TransactionRead) else source
        return read(
            source,
            lambda tr: self._store.dead(tr, limit),
            lambda found: [QueueItem(self._store, home, each) for each in found],
        )

    @overload
    def revive(self, source: WriteSource, item: QueueItem) -> bool: ...
    @overload
    def revive(self, source: AsyncSource, item: QueueItem) -> Coroutine[Any, Any, bool]: ...
    def revive(self, source: Any, item: QueueItem) -> Any:
        """Has a dead letter be claimed again, with all its attempts; returns False if it is none any more."""
        taken = self._taken(item)
        return write(source, lambda tr: self._store.revive(tr, taken))

    @overload
    def discard(self, source: WriteSource, item: QueueItem) -> bool: ...
    @overload
    def discard(self, source: AsyncSource, item: QueueItem) -> Coroutine[Any, Any, bool]: ...
    def discard(self, source: Any, item: QueueItem) -> Any:
        """Removes a dead letter; returns False if it is none any more."""
        taken = self._taken(item)
        return write(source, lambda tr: self._store.discard(tr, taken))

    @overload
    def counts(self, source: ReadSource) -> QueueCounts: ...
    @overload
    def counts(self, source: AsyncSource) -> Coroutine[Any, Any, QueueCounts]: ...
    def counts(self, source: Any) -> Any:
        """Returns how many items are ready, claimed, delayed and dead, all at one moment.

        They are kept with each operation, so it takes as long as there are items that are overdue, not as there are
        items. Conflicts with nothing.
        """
        return read(source, self._store.counts)

    # ---- workers ----

    @overload
    def worker(
        self, source: Database | Tenant, *, lease: Time | None = None, batch: int = 1
    ) -> QueueWorker: ...
    @overload
    def worker(
        self, source: AsyncSource, *, lease: Time | None = None, batch: int = 1
    ) -> AsyncQueueWorker: ...
    def worker(self, source: Any, *, lease: Time | None = None, batch: int = 1) -> Any:
        """Returns an iterator over items that it claims, one after the other; it waits for them, and ends by `close`.

        While there are none it waits for a watch, and for the end of the next lease or delay. It claims up to `batch`
        items at once, whose leases begin together; `close` releases those that were not given yet.

        Of an AsyncDatabase or AsyncTenant it is an asynchronous iterator. Raises TypeError for a transaction.
        """
        if not isinstance(source, (Database, Tenant, AsyncDatabase, AsyncTenant)):
            raise TypeError(
                f"a worker needs a database or tenant, for many transactions, not {type(source).__name__}"
            )
        _whole("batch", batch, _MOST_AT_ONCE)
        versions = self._versions(lease)
        work = Work(source, self._store, batch, versions)
        if isinstance(source, (AsyncDatabase, AsyncTenant)):
            return AsyncQueueWorker(work)
        return QueueWorker(work)

    def _push(self, source: Any, data: bytes, priority: int | None, delay: Time) -> Any:
        if not isinstance(data, bytes):
            raise TypeError(f"an item of a queue must be bytes, not {type(data).__name__}")
        data = bytes(data)
        if len(data) > MOST_DATA:
            raise ValueError(
                f"an item of a queue has at most {MOST_DATA:,} bytes, and this one has {len(data):,}: "
                "keep it in a Blob and push its name"
            )
        versions = versions_of(seconds_of("delay", delay, zero=True))
        return write(source, lambda tr: self._store.push(tr, data, priority, versions))


class Queue(LeasedQueue):
    """Items that workers claim, oldest first, each for the time of a lease, and finish.

    An item that is neither finished nor extended before its lease ends is given to another worker: after a crash, or
    because a worker was too slow. So it may be worked on more than once; with `finish` in the transaction of the work
    it is done once. `max_attempts` claims make it a dead letter.

    Pushing conflicts with nothing. Claims of the same process never try for the same item, and those of others only
    until they have met once, so that the order is that of the pushes but for what is claimed at the same time.

    Operations take a Database, Tenant or Transaction first and block; with an AsyncDatabase or AsyncTenant, or one of
    its transactions in a running loop, they are coroutines. They raise FDBError. Each takes effect once, also when it
    is retried after an unknown result.
    """

    __slots__ = ()

    @overload
    def push(self, source: WriteSource, data: bytes, *, delay: Time = 0) -> None: ...
    @overload
    def push(
        self, source: AsyncSource, data: bytes, *, delay: Time = 0
    ) -> Coroutine[Any, Any, None]: ...
    def push(self, source: Any, data: bytes, *, delay: Time = 0) -> Any:
        """Adds an item, which can be claimed after `delay`. Reads nothing, and so conflicts with nobody.

        Raises TypeError for what is not bytes, ValueError for more than 100,000 of them or a negative delay.
        """
        return self._push(source, data, None, delay)


class PriorityQueue(LeasedQueue):
    """As a Queue, but items with a lower number as priority are claimed first; of the same, those pushed first.

    An item whose delay or lease has ended takes its place by priority. Of many that are overdue at the same time, more
    than a claim looks at, those come first that are overdue longest.
    """

    __slots__ = ()

    _with_priority = True

    @overload
    def push(
        self, source: WriteSource, data: bytes, priority: int = 0, *, delay: Time = 0
    ) -> None: ...
    @overload
    def push(
        self, source: AsyncSource, data: bytes, priority: int = 0, *, delay: Time = 0
    ) -> Coroutine[Any, Any, None]: ...
    def push(self, source: Any, data: bytes, priority: int = 0, *, delay: Time = 0) -> Any:
        """As `Queue.push`. Raises TypeError for a priority that is no int, ValueError for one beyond 64 bits."""
        if isinstance(priority, bool) or not isinstance(priority, int):
            raise TypeError(f"the priority of an item must be an int, not {priority!r}")
        if not -(1 << 63) <= priority < 1 << 63:
            raise ValueError(
                f"the priority of an item must fit into 64 bits, and {priority} does not"
            )
        return self._push(source, data, priority, delay)


def _whole(name: str, given: Any, most: int) -> None:
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"{name} must be an int, not {given!r}")
    if not 1 <= given <= most:
        raise ValueError(f"{name} must be 1 to {most:,}, not {given}")


def _always(done: bool) -> bool:
    """An attempt of an operation's own transaction has done it, whichever it was."""
    return True
