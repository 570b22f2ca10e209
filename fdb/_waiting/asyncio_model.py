"""The asyncio event model: futures are awaited in whatever loop runs.

Each loop has one mailbox, whose descriptor it watches; any number of loops in any threads may use
the same database. Blocking is refused where it would stop a loop.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Generator, Sequence

from fdb._native import extension, process
from fdb._typing import Any
from fdb._waiting.callbacks import PendingCallbacks, dispatcher, run_callback
from fdb._waiting.model import NOT_IN_A_LOOP, Callback
from fdb._waiting.threads import ThreadModel


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _nothing() -> None:
    """A reference to nothing."""


class _LoopMailbox:
    """The waiting tasks and callbacks of one loop. Used on the loop's thread only.

    Only the loop refers to it, through the reader, so closing or dropping the loop drops it, and
    with it the descriptor and what is still pending: that may refer to the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.mailbox = extension.Mailbox()
        self.callbacks = PendingCallbacks(self.mailbox)
        #: What the tasks that wait are suspended by. Their tokens are negative, those of callbacks are not.
        self.waiters: dict[int, asyncio.Future[None]] = {}
        self._last_token = 0
        loop.add_reader(self.mailbox.fileno(), self._deliver)

    def add(self, future: extension.FutureBase, waiter: asyncio.Future[None]) -> int:
        """Has `waiter` end when the future is ready; returns the token of that.

        0 if the future is ready already, then nothing was kept.
        """
        token = self._last_token = self._last_token - 1
        self.waiters[token] = waiter
        subscribed = False
        try:
            subscribed = future._subscribe(self.mailbox, token)
        finally:
            if not subscribed:
                del self.waiters[token]
        return token if subscribed else 0

    def _deliver(self) -> None:
        waiters = self.waiters
        others = []
        for token in self.mailbox.take():
            if token > 0:
                others.append(token)
                continue
            waiter = waiters.pop(token, None)
            if waiter is not None and not waiter.done():
                waiter.set_result(None)
        if others:
            for future, callback in self.callbacks.take_of(others):
                run_callback(callback, future)


class AsyncioModel(ThreadModel):
    """Awaits in any running loop; blocks only in threads that run none."""

    name = "asyncio"
    must_await = True

    def __init__(self) -> None:
        # No lock: the entry of a loop is used on the loop's thread only, and finalizers, which can
        # run anywhere, withdraw what is pending; what is noted of the last loop is read in one step.
        self._mailboxes: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, weakref.ref[_LoopMailbox]
        ]
        self.reset()

    def reset(self) -> None:
        """Forgets the loops, whose mailboxes are dead after a fork."""
        self._mailboxes = weakref.WeakKeyDictionary()
        self._last: tuple[
            Callable[[], asyncio.AbstractEventLoop | None], Callable[[], _LoopMailbox | None]
        ]
        self._last = _nothing, _nothing

    def before_blocking(self) -> None:
        """Raises RuntimeError if this thread runs a loop."""
        if _running_loop() is not None:
            raise RuntimeError(NOT_IN_A_LOOP)

    def in_loop(self) -> bool:
        return _running_loop() is not None

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        self.before_blocking()
        return super().wait_any(futures)

    def wait_in_loop(self, future: extension.FutureBase) -> Generator[Any, None, None]:
        """Suspends the running task until the future is ready.

        Cancelling the task cancels the operation and frees the library's future at once.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        mailbox = self._mailbox_of(loop)
        token = mailbox.add(future, waiter)
        if token == 0:
            return
        # This may be suspended for longer than the loop lives.
        reference = weakref.ref(mailbox)
        del mailbox, loop
        try:
            yield from waiter.__await__()
        except asyncio.CancelledError:
            future._abandon()
            raise
        finally:
            # Also for a coroutine that is closed, perhaps after its loop.
            existing = reference()
            if existing is not None:
                existing.waiters.pop(token, None)

    def on_ready(self, future: extension.FutureBase, callback: Callback) -> None:
        """Calls back in the running loop, or on the dispatcher's thread where there is none."""
        loop = _running_loop()
        if loop is None:
            dispatcher.add(future, callback)
        elif not self._mailbox_of(loop).callbacks.add(future, callback):
            run_callback(callback, future)

    def forget(self, future: extension.FutureBase, callback: Callback) -> int:
        removed = dispatcher.remove(future, callback)
        loop = _running_loop()
        mailbox = self._existing(loop) if loop is not None else None
        return removed if mailbox is None else removed + mailbox.callbacks.remove(future, callback)

    def _existing(self, loop: asyncio.AbstractEventLoop) -> _LoopMailbox | None:
        reference = self._mailboxes.get(loop)
        return None if reference is None else reference()

    def _mailbox_of(self, loop: asyncio.AbstractEventLoop) -> _LoopMailbox:
        of_last, last = self._last
        mailbox = last() if of_last() is loop else None
        if mailbox is None:
            mailbox = self._existing(loop)
            if mailbox is None:
                mailbox = _LoopMailbox(loop)
                self._mailboxes[loop] = weakref.ref(mailbox)
            self._last = weakref.ref(loop), weakref.ref(mailbox)
        return mailbox


ASYNCIO = AsyncioModel()
process.on_fork(ASYNCIO.reset)
