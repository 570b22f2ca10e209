"""The asyncio event model: futures are awaited in whatever loop runs.

Each loop has one mailbox, whose descriptor it watches; any number of loops in any threads may use
the same database. Blocking is refused where it would stop a loop.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from fdb import _fast, _threads
from fdb._waiting import (
    NOT_IN_A_LOOP,
    Callback,
    EventModel,
    PendingCallbacks,
    dispatcher,
    run_callback,
)

if TYPE_CHECKING:
    from fdb._future import Future


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _LoopMailbox:
    """The waiting tasks and callbacks of one loop. Used on the loop's thread only.

    The loop refers to it through the reader, so it lives as long as the loop and keeps no
    reference to it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.mailbox = _fast.Mailbox()
        self.callbacks = PendingCallbacks(self.mailbox)
        loop.add_reader(self.mailbox.fileno(), self._deliver)

    def _deliver(self) -> None:
        for future, callback in self.callbacks.take():
            run_callback(callback, future)


class AsyncioModel(EventModel):
    """Awaits in any running loop; blocks only in threads that run none."""

    name = "asyncio"
    must_await = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mailboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopMailbox]
        self._mailboxes = weakref.WeakKeyDictionary()

    def reset(self) -> None:
        """Forgets the loops, whose mailboxes are dead after a fork."""
        self._lock = threading.Lock()
        self._mailboxes = weakref.WeakKeyDictionary()

    def before_blocking(self) -> None:
        """Raises RuntimeError if this thread runs a loop."""
        if _running_loop() is not None:
            raise RuntimeError(NOT_IN_A_LOOP)

    def in_loop(self) -> bool:
        return _running_loop() is not None

    def wait_any(self, futures: Sequence[_fast.FutureBase]) -> int:
        self.before_blocking()
        return super().wait_any(futures)

    def wait_in_loop(self, future: Future[Any]) -> Generator[Any, None, None]:
        """Suspends the running task until the future is ready.

        Cancelling the task cancels the operation and frees the library's future at once.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def wake(_: Future[Any]) -> None:
            if not waiter.done():
                waiter.set_result(None)

        if not self._mailbox_of(loop).callbacks.add(future, wake):
            return
        try:
            yield from waiter.__await__()
        except asyncio.CancelledError:
            future._abandon()
            raise

    def on_ready(self, future: Future[Any], callback: Callback) -> None:
        """Calls back in the running loop, or on the dispatcher's thread where there is none."""
        loop = _running_loop()
        if loop is None:
            dispatcher.add(future, callback)
        elif not self._mailbox_of(loop).callbacks.add(future, callback):
            run_callback(callback, future)

    def forget(self, future: Future[Any], callback: Callback) -> int:
        removed = dispatcher.remove(future, callback)
        loop = _running_loop()
        if loop is not None:
            removed += self._mailbox_of(loop).callbacks.remove(future, callback)
        return removed

    def _mailbox_of(self, loop: asyncio.AbstractEventLoop) -> _LoopMailbox:
        with self._lock:
            mailbox = self._mailboxes.get(loop)
            if mailbox is None:
                mailbox = self._mailboxes[loop] = _LoopMailbox(loop)
            return mailbox


ASYNCIO = AsyncioModel()
_threads.on_fork(ASYNCIO.reset)
