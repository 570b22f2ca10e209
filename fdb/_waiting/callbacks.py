"""Callbacks of futures: how one is run, what is pending, and the thread that runs them where no loop does.

A future that becomes ready pushes a token into a mailbox, on a thread of the library; Python runs only where
that mailbox is read. Callbacks may be added and withdrawn in any thread.
"""

from __future__ import annotations

import _thread

from fdb._native import extension, process
from fdb._typing import Iterable, Protocol
from fdb._waiting.model import Callback


class Noticed(Protocol):
    """A future, or what is used like one, as far as running a callback goes."""

    def _awaited(self) -> None: ...


def run_callback(callback: Callback, future: Noticed) -> None:
    """Calls a user's callback; what it raises is printed and dropped."""
    future._awaited()
    try:
        callback(future)
    except Exception:
        _report()


def _report() -> None:
    process.print_exception("Discarding uncaught exception from user FDB callback:")


class PendingCallbacks:
    """Callbacks that wait for tokens: the common part of the dispatcher and of the event loops."""

    def __init__(self, mailbox: extension.Mailbox) -> None:
        self.mailbox = mailbox
        self._entries: dict[int, tuple[extension.FutureBase, Callback]] = {}
        self._tokens = iter(range(1, 1 << 62))

    def add(self, future: extension.FutureBase, callback: Callback) -> int:
        """Subscribes to the future; returns the token of the entry.

        0 if the future is ready already, then nothing was kept.
        """
        token = next(self._tokens)
        self._entries[token] = (future, callback)
        subscribed = False
        try:
            subscribed = future._subscribe(self.mailbox, token)
        finally:
            if not subscribed:
                del self._entries[token]
        return token if subscribed else 0

    def discard(self, token: int) -> None:
        """Withdraws the entry of a token, if it is still there."""
        self._entries.pop(token, None)

    def remove(self, future: extension.FutureBase, callback: Callback) -> int:
        """Withdraws entries; returns how many."""
        found = [
            token
            for token, entry in list(self._entries.items())
            if entry[0] is future and entry[1] == callback
        ]
        return sum(self._entries.pop(token, None) is not None for token in found)

    def take(self) -> list[tuple[extension.FutureBase, Callback]]:
        """Returns the entries whose tokens have arrived."""
        return self.take_of(self.mailbox.take())

    def take_of(self, tokens: Iterable[int]) -> list[tuple[extension.FutureBase, Callback]]:
        """Returns the entries of tokens; some may have none."""
        entries = (self._entries.pop(token, None) for token in tokens)
        return [entry for entry in entries if entry is not None]


class Dispatcher:
    """The thread that runs on_ready callbacks; started by the first one that has to wait."""

    def __init__(self) -> None:
        # Reentrant, as a signal handler may come in the middle of what it has interrupted.
        self._lock = process.reentrant_lock()
        self._pending: PendingCallbacks | None = None

    def add(self, future: extension.FutureBase, callback: Callback) -> None:
        """Runs the callback now if the future is ready, otherwise later on the thread."""
        if future._ready() or not self._start().add(future, callback):
            run_callback(callback, future)

    def remove(self, future: extension.FutureBase, callback: Callback) -> int:
        """Withdraws callbacks that have not run; returns how many."""
        return self._pending.remove(future, callback) if self._pending is not None else 0

    def reset(self) -> None:
        """Forgets the thread, which a fork has left behind in the parent."""
        self._lock = process.reentrant_lock()
        self._pending = None

    def _start(self) -> PendingCallbacks:
        with self._lock:
            if self._pending is None:
                made = PendingCallbacks(extension.Mailbox())
                # Unless a signal handler was faster.
                if self._pending is None:
                    self._pending = made
                    import threading  # noqa: F401 - so that callbacks run in one of its threads

                    process.NativeThread(lambda: self._run(made), "fdb-callback-thread")
            return self._pending

    def _run(self, pending: PendingCallbacks) -> None:
        extension.set_callback_thread(process.original(_thread, "get_ident")())
        while True:
            pending.mailbox.wait()
            for future, callback in pending.take():
                self._call(callback, future)

    def _call(self, callback: Callback, future: extension.FutureBase) -> None:
        future._awaited()
        try:
            callback(future)
        except BaseException:
            # A sys.exit() of one callback must not end the thread that others wait for.
            if process.is_exiting():
                raise
            _report()


dispatcher = Dispatcher()
process.on_fork(dispatcher.reset)
