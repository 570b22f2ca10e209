"""An ordered log with subscribers: see `Stream`."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from datetime import timedelta

from fdb import _flows
from fdb._flows import Await, Flow, Transact
from fdb._times import seconds_of
from fdb._typing import Any, Literal, TypeVar, overload
from fdb._watch import Watch
from fdb.impl import AsyncDatabase, AsyncTenant, Database, Tenant, Transaction
from fdb.layers._base import AsyncSource, SubspaceArgument, WriteSource, subspace_of, write
from fdb.layers._following import AsyncSubscription, Item, Subscription, iterator
from fdb.layers._stream_followers import Consumer, Subscriber
from fdb.layers._stream_groups import Group, positions
from fdb.layers._stream_log import MICROSECONDS, MOST_DATA, Log, StreamEvent, now
from fdb.subspace_impl import Subspace
from fdb.tuple import Versionstamp

T = TypeVar("T")

#: Where an event is: the cursor of one, its position, or a version, which is behind all that it has made.
Place = bytes | Versionstamp | int
#: Where to begin: "first", "latest", or after a place.
StartArgument = str | Place
BlockingDatabase = Database | Tenant
AsyncioDatabase = AsyncDatabase | AsyncTenant

_BATCH = 500
_GROUP_BATCH = 100
_MAX_BACKOFF = 20.0
_LEASE_TIME = 30.0


class Appended:
    """An event that a transaction has appended: where it is, once the transaction is committed."""

    __slots__ = ("_number", "_stamp")

    def __init__(self, stamp: Any, number: int) -> None:
        self._stamp = stamp
        self._number = number

    def wait(self) -> Versionstamp:
        """Blocks until the commit; returns the position. Raises FDBError if the transaction was not committed.

        Raises RuntimeError inside of the transactional function: return this object, and wait then.
        """
        stamp = self._stamp
        return Versionstamp(stamp if type(stamp) is bytes else stamp.value, self._number)

    def __await__(self) -> Generator[Any, None, Versionstamp]:
        """As `wait`, in a running loop."""
        stamp = self._stamp
        if type(stamp) is not bytes:
            stamp = yield from stamp.__await__()
        return Versionstamp(bytes(stamp), self._number)

    def __repr__(self) -> str:
        return f"<Appended, number {self._number} of its transaction>"


class Stream:
    """An ordered log of events: any number of producers append, and any number of subscribers follow.

    Events are ordered as their transactions were committed and, in one transaction, as they were appended. Appending
    reads nothing, so producers never conflict. An append whose transaction is retried after an unknown result takes
    effect once.

    Keys, as tuples in the subspace, and their values:

    - `("log", versionstamp)`: an event. 8 bytes, the microseconds since 1970 (big-endian) by the producer's clock,
      then the data. The versionstamp's user version counts the appends of the transaction.
    - `("head",)`: the 10 bytes of the versionstamp of the last append; subscribers watch it.
    - `("id",)`: 16 random bytes that cursors carry, written by the first who subscribes.
    - `("trimmed",)`: the 12 bytes of the versionstamp of the last event that was trimmed.
    - `("group", name, "position")`: 12 bytes: events up to here are taken by the group.
    - `("group", name, "claim", consumer)`: the tuple (number, after, until, renewals, released): events that a consumer
      handles.
    - `("group", name, "released")`: a versionstamp, changed when a claim is left to the other consumers.
    - `("receipt", ...)`: see `fdb.layers._once`.
    """

    def __init__(self, subspace: SubspaceArgument) -> None:
        """`subspace` is a Subspace, a directory, a prefix or a tuple; it must hold nothing else."""
        self._subspace = subspace_of(subspace, "Stream")
        self._log = Log(self._subspace.key())

    @property
    def subspace(self) -> Subspace:
        """Where its keys are."""
        return self._subspace

    def __repr__(self) -> str:
        return f"Stream({self._subspace!r})"

    # ---- producers ----

    @overload
    def append(self, tr: Transaction, data: bytes) -> Appended: ...
    @overload
    def append(self, tr: BlockingDatabase, data: bytes) -> Versionstamp: ...
    @overload
    def append(self, tr: AsyncioDatabase, data: bytes) -> Coroutine[Any, Any, Versionstamp]: ...
    def append(self, tr: Any, data: bytes) -> Any:
        """Appends an event; returns its position, for a transaction as an `Appended`, as that is known after the commit.

        Raises TypeError for data that are not bytes, and ValueError for more than 99,992 of them and for more than
        65,536 events in one transaction. In the same transaction the stream cannot be read afterwards (`take` fails
        with 1036).
        """
        if not isinstance(data, bytes):
            raise TypeError(f"the data of an event are bytes, not {type(data).__name__}")
        if len(data) > MOST_DATA:
            raise ValueError(
                f"the data of an event are at most {MOST_DATA} bytes, not {len(data)}: store more with fdb.layers.Blob, "
                "and append where it is"
            )
        if isinstance(tr, Transaction):
            return write(tr, lambda tr: self._log.append(tr, data), lambda found: Appended(*found))
        if not isinstance(tr, BlockingDatabase | AsyncioDatabase):
            raise TypeError(
                f"append() takes a database, a tenant or a transaction (no snapshot), not {type(tr).__name__}"
            )
        return _flows.run(tr, self._append(tr, data))

    def _append(self, source: Any, data: bytes) -> Flow[Versionstamp]:
        stamp, number = yield Transact(source, lambda tr: self._log.append(tr, data))
        if type(stamp) is not bytes:
            stamp = yield Await(stamp)
        return Versionstamp(bytes(stamp), number)

    # ---- subscribers ----

    @overload
    def subscribe(
        self,
        db: BlockingDatabase,
        start: StartArgument = "first",
        *,
        status_events: Literal[False] = False,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        batch: int = _BATCH,
    ) -> Subscription[StreamEvent]: ...
    @overload
    def subscribe(
        self,
        db: BlockingDatabase,
        start: StartArgument = "first",
        *,
        status_events: bool,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        batch: int = _BATCH,
    ) -> Subscription[Item]: ...
    @overload
    def subscribe(
        self,
        db: AsyncioDatabase,
        start: StartArgument = "first",
        *,
        status_events: Literal[False] = False,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        batch: int = _BATCH,
    ) -> AsyncSubscription[StreamEvent]: ...
    @overload
    def subscribe(
        self,
        db: AsyncioDatabase,
        start: StartArgument = "first",
        *,
        status_events: bool,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        batch: int = _BATCH,
    ) -> AsyncSubscription[Item]: ...
    def subscribe(
        self,
        db: Any,
        start: StartArgument = "first",
        *,
        status_events: bool = False,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        batch: int = _BATCH,
    ) -> Any:
        """Returns an iterator over the events, those that are there and those to come, until it is closed.

        `start` is "first"; "latest", for what is appended from now on; or what to go on after: the cursor of an event
        (or of a status event, or of a StreamTrimmedError), a position, or a version of the database (an int): with
        the read version of a transaction, what comes is what that transaction has not seen.

        While there is nothing to give it waits for a watch, and reads nothing but once a minute. Errors that may pass
        are tried again with back-off, up to `max_backoff` seconds, and raised after `max_attempts` in a row; None
        tries for ever. With `status_events` the iterator also gives each StatusEvent. At most `batch` events are
        read at once.

        Raises TypeError and ValueError for arguments of a wrong form, and ValueError for the cursor of another
        stream. StreamTrimmedError is raised, now or by the iterator, when events were trimmed that were to be given.
        In an asyncio database the iterator is asynchronous and begins, and raises, when it is entered or first used.
        """
        how = _how(db, status_events, max_attempts, max_backoff)
        begin = self._log.start_of(start)
        return iterator(Subscriber(self._log, db, begin, _number("batch", batch), **how))

    @overload
    def consume(
        self,
        db: BlockingDatabase,
        group: str,
        start: StartArgument = "first",
        *,
        status_events: Literal[False] = False,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        lease_time: float | timedelta = _LEASE_TIME,
        batch: int = _GROUP_BATCH,
    ) -> Subscription[StreamEvent]: ...
    @overload
    def consume(
        self,
        db: BlockingDatabase,
        group: str,
        start: StartArgument = "first",
        *,
        status_events: bool,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        lease_time: float | timedelta = _LEASE_TIME,
        batch: int = _GROUP_BATCH,
    ) -> Subscription[Item]: ...
    @overload
    def consume(
        self,
        db: AsyncioDatabase,
        group: str,
        start: StartArgument = "first",
        *,
        status_events: Literal[False] = False,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        lease_time: float | timedelta = _LEASE_TIME,
        batch: int = _GROUP_BATCH,
    ) -> AsyncSubscription[StreamEvent]: ...
    @overload
    def consume(
        self,
        db: AsyncioDatabase,
        group: str,
        start: StartArgument = "first",
        *,
        status_events: bool,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        lease_time: float | timedelta = _LEASE_TIME,
        batch: int = _GROUP_BATCH,
    ) -> AsyncSubscription[Item]: ...
    def consume(
        self,
        db: Any,
        group: str,
        start: StartArgument = "first",
        *,
        status_events: bool = False,
        max_attempts: int | None = None,
        max_backoff: float | timedelta = _MAX_BACKOFF,
        lease_time: float | timedelta = _LEASE_TIME,
        batch: int = _GROUP_BATCH,
    ) -> Any:
        """Returns an iterator over the events that this consumer is to handle for its group; as `subscribe`.

        The consumers of a group share the work: each claims up to `batch` events at a time, gives them in order, and
        claims the next ones when they are handled. An event is handled when the next one is asked for, or when
        `handled` of the iterator is called. Each event is given at least once: what a consumer has not handled when
        it is closed goes to the others at once, and what it has claimed when it has died after `lease_time` seconds.
        A single event must not take longer than that, or another consumer gets it, too.

        The position of the group is stored; `start` counts for a new group only. If events above it were trimmed all
        its consumers raise StreamTrimmedError, until `seek` moves it.
        """
        how = _how(db, status_events, max_attempts, max_backoff)
        begin = self._log.start_of(start)
        lease = _seconds("lease_time", lease_time)
        most = _number("batch", batch)
        return iterator(Consumer(self._log, db, _group(group), begin, most, lease, **how))

    def take(
        self, tr: Transaction, group: str, limit: int = _GROUP_BATCH, start: StartArgument = "first"
    ) -> Any:
        """Takes up to `limit` events for a group in the transaction that handles them; returns a list.

        The position of the group is stored by the same transaction, so what that writes takes effect exactly once for
        each event, and in order. Consumers of a group conflict with each other and are retried: they take turns. The
        list is empty if there is nothing; `watch` tells when there is. `start` counts for a new group.

        A coroutine for a transaction of an AsyncDatabase in a running loop. Raises TypeError for a database, in which
        the events would be taken before they are handled, and StreamTrimmedError as `consume` does.
        """
        if not isinstance(tr, Transaction):
            raise TypeError(
                f"take() belongs into the transaction that handles the events, so give that, not {type(tr).__name__}"
            )
        begin, most = self._log.start_of(start), _number("limit", limit)
        in_group = Group(self._log, _group(group))
        return write(tr, lambda tr: in_group.take(tr, begin, most))

    def watch(self, tr: Transaction) -> Watch:
        """Returns a watch that becomes ready when something is appended after what the transaction reads.

        Wait for it after the commit. Raises TypeError for a database or tenant.
        """
        if not isinstance(tr, Transaction):
            raise TypeError(
                f"watch() belongs into the transaction that has found nothing, so give that, not {type(tr).__name__}"
            )
        return tr.watch(self._log.head)

    # ---- administration ----

    @overload
    def seek(self, tr: WriteSource, group: str, start: StartArgument) -> None: ...
    @overload
    def seek(
        self, tr: AsyncSource, group: str, start: StartArgument
    ) -> Coroutine[Any, Any, None]: ...
    def seek(self, tr: Any, group: str, start: StartArgument) -> Any:
        """Has a group go on from another place, or creates it; what its consumers have claimed is dropped.

        Raises as `subscribe` does.
        """
        in_group, begin = Group(self._log, _group(group)), self._log.start_of(start)
        return write(tr, lambda tr: in_group.seek(tr, begin))

    @overload
    def groups(self, tr: WriteSource) -> dict[str, bytes]: ...
    @overload
    def groups(self, tr: AsyncSource) -> Coroutine[Any, Any, dict[str, bytes]]: ...
    def groups(self, tr: Any) -> Any:
        """Returns all groups by name, each with the cursor up to which its events are handled.

        Cursors compare, so the least of them is what can be trimmed without a loss for any group.
        """
        return write(tr, lambda tr: positions(self._log, tr))

    @overload
    def remove_group(self, tr: WriteSource, group: str) -> None: ...
    @overload
    def remove_group(self, tr: AsyncSource, group: str) -> Coroutine[Any, Any, None]: ...
    def remove_group(self, tr: Any, group: str) -> Any:
        """Removes the position and the claims of a group; a consumer of it that still runs begins it anew."""
        keys = Group(self._log, _group(group)).keys

        def steps(tr: Transaction) -> Any:
            tr.clear_range(keys)
            return
            yield

        return write(tr, steps)

    @overload
    def trim(
        self,
        tr: WriteSource,
        through: Place | None = None,
        *,
        older_than: float | timedelta | None = None,
    ) -> None: ...
    @overload
    def trim(
        self,
        tr: AsyncSource,
        through: Place | None = None,
        *,
        older_than: float | timedelta | None = None,
    ) -> Coroutine[Any, Any, None]: ...
    def trim(
        self,
        tr: Any,
        through: Place | None = None,
        *,
        older_than: float | timedelta | None = None,
    ) -> Any:
        """Removes old events: up to and with a place (see `subscribe`), or those older than some seconds.

        Takes one transaction, however many they are. Ages go by the clocks of the producers, as far as they agree.
        Who still was to get one of them gets a StreamTrimmedError.

        Raises TypeError unless one of the two is given, ValueError for the cursor of another stream and for an age
        that is not positive.
        """
        if (through is None) == (older_than is None):
            raise TypeError("trim() takes either a place, through which to remove, or older_than=")
        if through is not None:
            until = self._log.place_of("through", through)
            return write(tr, lambda tr: self._log.trim(tr, until))
        age = int(_seconds("older_than", older_than) * MICROSECONDS)
        return write(tr, lambda tr: self._log.trim_older(tr, now() - age))


def _how(
    db: Any, status_events: bool, max_attempts: int | None, max_backoff: float | timedelta
) -> dict[str, Any]:
    if not isinstance(db, BlockingDatabase | AsyncioDatabase):
        raise TypeError(
            "a stream is followed in many transactions, so give a database or tenant, not "
            f"{type(db).__name__}"
        )
    return {
        "status_events": bool(status_events),
        "max_attempts": None if max_attempts is None else _number("max_attempts", max_attempts),
        "max_backoff": _seconds("max_backoff", max_backoff),
    }


def _seconds(name: str, value: Any) -> float:
    seconds = seconds_of(name, value)
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{name} must be positive and finite, not {value!r}")
    return seconds


def _number(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be 1 or more, not {value}")
    return value


def _group(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name of a group is a str, not {type(name).__name__}")
    return name
