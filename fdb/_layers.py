"""Operations of the data layers: written once, as steps, and run here in any event model.

A function of steps is a generator that yields what it has begun to read: a lazy value, for which it is
sent bytes or None, a range or a page of one, for which it is sent a list of key-value pairs, or a number,
such as the read version. It never waits itself.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator

from fdb._sources import run as run_transaction
from fdb._typing import TYPE_CHECKING, Any, TypeVar
from fdb._waiting.threads import THREADS
from fdb.impl import (
    AsyncDatabase,
    AsyncTenant,
    Database,
    FDBRange,
    FutureInt64,
    FutureKeyValueArray,
    Tenant,
    Transaction,
    TransactionRead,
    Value,
    transactional,
)

T = TypeVar("T")
Steps = Generator[Any, Any, T]
if TYPE_CHECKING:
    Start = Callable[[Any], Steps[T]]

#: What an operation can be run on: it then blocks, or is a coroutine.
BlockingSource = Database | Tenant | TransactionRead
AsyncSource = AsyncDatabase | AsyncTenant
_BLOCKING = (Database, Tenant)
_ASYNCHRONOUS = (AsyncDatabase, AsyncTenant)

_POLL_SECONDS = 0.001


def is_asynchronous(source: Any) -> bool:
    """Tell whether operations on ``source`` are coroutines.

    They are for the databases and tenants of the asyncio event model, and for their transactions where a
    loop runs; in a thread without one these transactions block like all others.
    """
    if isinstance(source, _ASYNCHRONOUS):
        return True
    return (
        isinstance(source, TransactionRead)
        and isinstance(source.db, _ASYNCHRONOUS)
        and _has_running_loop()
    )


def run(source: Any, start: Start[T], finish: Callable[[T], Any] | None = None) -> Any:
    """Run the steps that ``start(tr)`` begins on a transaction, or on a database as one of its own.

    Returns what they end with, or what ``finish`` makes of that. Blocks, or returns a coroutine where
    ``source`` is asynchronous. Steps on one transaction take turns: two tasks or threads that share it never
    find the same state and both act on it, which a transaction, having no conflicts with itself, would let
    pass.
    """
    result: Any
    if isinstance(source, _BLOCKING):
        # Nobody else has the transaction that is made for it, so there are no turns to take.
        result = run_transaction(source, lambda tr: _drive(start(tr)))
    elif is_asynchronous(source):
        return _run_asynchronous(source, start, finish)
    elif isinstance(source, TransactionRead):
        result = _take_turn(source, start)
    else:
        result = _run_blocking(source, start)
    return finish(result) if finish is not None else result


def _take_turn(tr: Any, start: Start[T]) -> T:
    model = tr._handle.model if isinstance(tr, TransactionRead) else None
    return _turns_of(tr).drive(start(tr), (model or THREADS).strand())


@transactional
def _run_blocking(tr: Any, start: Start[T]) -> T:
    return _take_turn(tr, start)


def _drive(steps: Steps[T]) -> T:
    answer: Any = None
    send = steps.send
    while True:
        try:
            read = send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        kind = type(read)
        if kind is Value:
            answer = read.value
        elif kind is FutureKeyValueArray:
            answer = read.wait()[0]
        elif isinstance(read, FDBRange):
            answer = read.to_list()
        else:
            answer = read.wait() if isinstance(read, FutureInt64) else read.value


@transactional
async def _run_asynchronous(tr: Any, start: Start[T], finish: Callable[[T], Any] | None) -> Any:
    turns = _turns_of(tr)
    if turns.loop_lock is None:
        import asyncio

        turns.loop_lock = asyncio.Lock()
    async with turns.loop_lock:
        steps = start(tr)
        answer: Any = None
        while True:
            try:
                read = steps.send(answer)
            except StopIteration as end:
                return finish(end.value) if finish is not None else end.value
            # A range is awaited for its list, a page for that and more, a value for itself, a number for an int.
            answer = await read
            if isinstance(read, FutureKeyValueArray):
                answer = answer[0]
            elif not isinstance(read, (FDBRange, FutureInt64)):
                answer = answer.value


def require_transaction(tr: Any, what: str) -> None:
    """Raise TypeError for a snapshot view, which has only the reads of its transaction."""
    if isinstance(tr, TransactionRead) and not isinstance(tr, Transaction):
        raise TypeError(f"a snapshot can only read: {what} in the transaction itself, so give that")


def _has_running_loop() -> bool:
    # Not imported here, as that takes longer than the rest of the package: a loop that runs has done it.
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: Another object in every process.
_era = object()


def _begin_era() -> None:
    global _era
    _era = object()


os.register_at_fork(after_in_child=_begin_era)


class _Turns:
    """Who may operate on a transaction now: one thread, greenlet or task at a time.

    It is an attribute of its transaction, as a lock for all of them would be inherited, locked, by a
    process that is forked while other threads are at work, and be met again by signal handlers.
    """

    __slots__ = ("_holder", "_lock", "era", "loop_lock")

    def __init__(self) -> None:
        # Reentrant, so that a signal handler never waits for the thread that it has interrupted.
        self._lock = threading.RLock()
        self._holder: object | None = None
        #: The lock of tasks, which all run in one loop; made by the first of them.
        self.loop_lock: Any = None
        self.era = _era

    def drive(self, steps: Steps[T], strand: object) -> T:
        """Run the steps when it is the turn of `strand`, a thread or greenlet: the caller."""
        while True:
            with self._lock:
                if self._holder is None:
                    self._holder = strand
                    try:
                        return _drive(steps)
                    finally:
                        self._holder = None
                if self._holder == strand:
                    raise RuntimeError(
                        "an operation on a transaction was begun within another one on it"
                    )
            # Another greenlet of our thread is at work. It goes on only if we yield.
            sys.modules["gevent"].sleep(_POLL_SECONDS)


def _turns_of(tr: Any) -> _Turns:
    # A snapshot view stands for its own transaction only in reads, so it may have turns of its own.
    try:
        attributes = vars(tr)
        if "_turns" not in attributes:
            attributes.setdefault("_turns", _Turns())
        turns: _Turns = attributes["_turns"]
    except TypeError:
        return _Turns()  # of another class, without attributes, and made for this operation
    # One that was inherited by a fork is dead, and so may be whoever has its turn.
    return turns if turns.era is _era else _Turns()
