"""Who observes: all transactions of the process, or those of one database. Thread-safe.

While nobody does, the extension knows of no observer, and a transaction is made as if there were no such thing. A transaction
has the observers that there are when it is made.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fdb._native import extension, process
from fdb._observing.observation import (
    Observation,
    Observer,
    deliver_postponed,
    note_collection,
    observes_now,
)

if TYPE_CHECKING:
    from fdb._types import Origin

ObserverT = TypeVar("ObserverT", bound=Observer)

#: Those of the process. Tuples of observers are replaced, never changed: a transaction goes by one.
_everywhere: tuple[Observer, ...] = ()
#: How many observers there are, of the process and of all databases.
_count = 0
#: Of databases that have gone, how many observers each had.
_gone: deque[int] = deque()
_lock = threading.Lock()


def _forget_lock() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it at the fork


process.on_fork(_forget_lock)


def _changed(by: int) -> None:
    """Tells the extension whether anybody observes. The lock is held."""
    global _count
    _count += by
    while _gone:
        _count -= _gone.popleft()
    if _count > 0:
        if note_collection not in gc.callbacks:
            gc.callbacks.append(note_collection)
        extension.set_observe(_begin)
    elif note_collection in gc.callbacks:
        extension.set_observe(None)
        gc.callbacks.remove(note_collection)


def _begin(source: Origin[object]) -> Observation | None:
    """Returns what counts a new transaction of `source`, None if nobody observes that."""
    # A finalizer may have come here, on the thread that has the lock.
    if _gone and _lock.acquire(blocking=False):
        try:
            _changed(0)
        finally:
            _lock.release()
    database: Any = getattr(source, "_database", source)
    own: Observers | None = getattr(database, "_observers", None)
    observers = _everywhere if own is None else _everywhere + own._observers
    if not observers or observes_now():
        return None
    return Observation(source, observers)


def _check(observer: Any) -> None:
    if not callable(observer):
        raise TypeError(
            f"an observer is called with each fdb.TransactionEvent, so it has to be callable, not {type(observer).__name__}"
        )


def _without(observers: tuple[Observer, ...], observer: object) -> tuple[Observer, ...]:
    """Returns the observers without the last one that is, or equals, `observer`. ValueError without any."""
    for index in reversed(range(len(observers))):
        if observers[index] is observer or observers[index] == observer:
            return observers[:index] + observers[index + 1 :]
    raise ValueError(f"{observer!r} is none of the observers")


class Observers:
    """The observers of one database and its tenants, `db.observers`. Thread-safe.

    They belong to the database object, which `fdb.open` gives to all who open the same database in the same way. Each is
    called with every `fdb.TransactionEvent` of the transactions that are made from then on.
    """

    __slots__ = ("__weakref__", "_observers")

    def __init__(self) -> None:
        self._observers: tuple[Observer, ...] = ()

    def append(self, observer: Observer) -> None:
        """Adds an observer: anything that can be called with an event. Raises TypeError for what cannot."""
        _check(observer)
        with _lock:
            self._observers = (*self._observers, observer)
            _changed(+1)

    def remove(self, observer: Observer) -> None:
        """Takes an observer away, which does not hear of transactions that are made later. Raises ValueError if it is not there."""
        with _lock:
            self._observers = _without(self._observers, observer)
            _changed(-1)
        deliver_postponed()

    def clear(self) -> None:
        """Takes all observers away."""
        with _lock:
            removed, self._observers = len(self._observers), ()
            _changed(-removed)
        deliver_postponed()

    def __iter__(self) -> Iterator[Observer]:
        return iter(self._observers)

    def __len__(self) -> int:
        return len(self._observers)

    def __contains__(self, observer: object) -> bool:
        return observer in self._observers

    def __repr__(self) -> str:
        return f"<observers of a database: {list(self._observers)!r}>"

    def __del__(self) -> None:
        """The database has gone, and with it those who observed it."""
        if self._observers and not sys.is_finalizing():
            _abandoned(len(self._observers))


def _abandoned(count: int) -> None:
    # Without the lock, which this very thread may hold: whoever changes something next takes it into account.
    _gone.append(count)


def observers_of(database: Any) -> Observers:
    """Returns the observers of a database, which are made when they are first asked for."""
    with _lock:
        found: Observers | None = database._observers
        if found is None:
            found = database._observers = Observers()
        return found


class observe(Generic[ObserverT]):  # noqa: N801 - used as a function
    """Has an observer told of all transactions of this process, within a `with` block.

        with fdb.observe(fdb.Collector()) as collector:
            ...
        print(collector)

    An observer is anything that can be called with an `fdb.TransactionEvent`: a function, an `fdb.Collector`, an exporter of
    `fdb.telemetry`. It is told of each attempt when that has ended, and then of each transaction, if it was made within the
    block: by fdb.transactional or by hand, of whichever database and event model. It is called by the thread on which the
    attempt has ended, before the program goes on, so it should be quick; it must not wait for a lock that the program holds
    while it uses transactions. Its own transactions are not observed. What it raises goes to `sys.unraisablehook` and does
    no harm to the transaction.

    Raises TypeError for what cannot be called.
    """

    def __init__(self, observer: ObserverT) -> None:
        _check(observer)
        self._observer = observer

    def __repr__(self) -> str:
        return f"fdb.observe({self._observer!r})"

    def __enter__(self) -> ObserverT:
        global _everywhere
        with _lock:
            _everywhere = (*_everywhere, self._observer)
            _changed(+1)
        return self._observer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _everywhere
        with _lock:
            _everywhere = _without(_everywhere, self._observer)
            _changed(-1)
        deliver_postponed()
