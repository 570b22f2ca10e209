"""Running directory operations: the logic is written once, as steps; here they are run, in any event model.

A function of steps is a generator that yields what it has begun to read: a lazy value, for which it is
sent bytes or None, or a range, for which it is sent a list of key-value pairs. It never waits itself.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from fdb.impl import FDBRange, transactional

T = TypeVar("T")
Steps = Generator[Any, Any, T]

# Threads that share a transaction take turns at its directory operations. Otherwise both could find the
# same directory missing and allocate a prefix for it: a transaction has no conflicts with itself.
_locks: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
_locks_guard = threading.Lock()


def _lock_of(tr: Any) -> Any:
    with _locks_guard:
        lock = _locks.get(tr)
        if lock is None:
            lock = _locks[tr] = threading.RLock()
        return lock


@transactional
def run_blocking(tr: Any, start: Callable[[Any], Steps[T]]) -> T:
    """Run the steps that ``start(tr)`` begins, blocking on each read; return their result.

    ``tr`` may be a database, then this is a retried transaction of its own.
    """
    with _lock_of(tr):
        steps = start(tr)
        answer: Any = None
        while True:
            try:
                read = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            answer = read.to_list() if isinstance(read, FDBRange) else read.value
