"""Operations of the data layers: written once, as steps, and run here in any event model.

A function of steps is a generator that yields what it has begun to read: a lazy value, for which it is
sent bytes or None, or a range, for which it is sent a list of key-value pairs. It never waits itself.
"""

from __future__ import annotations

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from fdb.impl import (
    AsyncDatabase,
    AsyncTenant,
    Database,
    FDBRange,
    Tenant,
    TransactionRead,
    transactional,
)

T = TypeVar("T")
Steps = Generator[Any, Any, T]
Start = Callable[[Any], Steps[T]]

#: What an operation can be run on: it then blocks, or is a coroutine.
BlockingSource = Database | Tenant | TransactionRead
AsyncSource = AsyncDatabase | AsyncTenant

_POLL_SECONDS = 0.001


def is_asynchronous(source: Any) -> bool:
    """Tell whether operations on ``source`` are coroutines.

    They are for the databases and tenants of the asyncio event model, and for their transactions where a
    loop runs; in a thread without one these transactions block like all others.
    """
    if isinstance(source, AsyncDatabase | AsyncTenant):
        return True
    return (
        isinstance(source, TransactionRead)
        and isinstance(source.db, AsyncDatabase | AsyncTenant)
        and _has_running_loop()
    )


def run(source: Any, start: Start[T]) -> T:
    """Run the steps that ``start(tr)`` begins on a transaction, or on a database as one of its own.

    Blocks and returns the result, or returns a coroutine for it where ``source`` is asynchronous. Steps on
    one transaction take turns: two tasks or threads that share it never find the same state and both act
    on it, which a transaction, having no conflicts with itself, would let pass.
    """
    if is_asynchronous(source):
        coroutine: Any = _run_asynchronous(source, start)
        result: T = coroutine
        return result
    result = _run_blocking(source, start)
    return result


@transactional
def _run_blocking(tr: Any, start: Start[T]) -> T:
    turns = _turns_of(tr)
    turns.let_greenlets_finish()
    with turns.lock:
        turns.holder = threading.get_ident()
        try:
            return _drive(start(tr))
        finally:
            turns.holder = 0


def _drive(steps: Steps[T]) -> T:
    answer: Any = None
    while True:
        try:
            read = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = read.to_list() if isinstance(read, FDBRange) else read.value


@transactional
async def _run_asynchronous(tr: Any, start: Start[T]) -> T:
    async with _turns_of(tr).loop_lock:
        steps = start(tr)
        answer: Any = None
        while True:
            try:
                read = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            # A range is awaited for its list, a value for itself.
            answer = await read
            if not isinstance(read, FDBRange):
                answer = answer.value


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


class _Turns:
    """Who may operate on a transaction now: one thread, greenlet or task at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        #: The thread that has the lock.
        self.holder = 0

    @functools.cached_property
    def loop_lock(self) -> Any:
        """The lock of tasks, which all run in one loop."""
        import asyncio

        return asyncio.Lock()

    def let_greenlets_finish(self) -> None:
        """Wait as long as the lock is held by our own thread, which means by another of its greenlets.

        That one runs only if we yield. Taking the lock would block both for ever, as it blocks threads.
        """
        while self.lock.locked() and self.holder == threading.get_ident():
            gevent = sys.modules.get("gevent")
            if gevent is None:
                raise RuntimeError(
                    "an operation on a transaction was begun within another one on it"
                )
            gevent.sleep(_POLL_SECONDS)


_turns: weakref.WeakKeyDictionary[Any, _Turns] = weakref.WeakKeyDictionary()
_turns_guard = threading.Lock()


def _turns_of(tr: Any) -> _Turns:
    # A snapshot view stands for its own transaction only in reads, so it may have turns of its own.
    with _turns_guard:
        turns = _turns.get(tr)
        if turns is None:
            turns = _turns[tr] = _Turns()
        return turns
