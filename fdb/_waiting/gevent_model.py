"""The gevent event model: greenlets block, the hub goes on.

Each hub (one for a thread) has a mailbox. Its descriptor is watched only while greenlets wait, so
that gevent still notices when nothing can happen any more.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import gevent
import gevent.hub
import gevent.local

from fdb._native import extension, process
from fdb._typing import Any
from fdb._waiting.callbacks import run_callback
from fdb._waiting.model import Callback

_READABLE = 1


class _HubMailbox:
    """The waiting greenlets and callbacks of one hub. Used on the hub's thread only."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self._mailbox = extension.Mailbox()
        self._watcher = hub.loop.io(self._mailbox.fileno(), _READABLE)
        self._entries: dict[int, tuple[Any, Callback | None]] = {}
        self._next_token = 1

    def close(self) -> None:
        """Frees the descriptor and drops what is pending: the hub will not run any more."""
        self._entries.clear()
        self._mailbox.close()

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        """Suspends the greenlet until one of the futures is ready."""
        waiter: Any = gevent.hub.Waiter(self._hub)
        tokens = []
        try:
            for index, future in enumerate(futures):
                token = self._add(waiter, None)
                tokens.append(token)
                if not future._subscribe(self._mailbox, token):
                    return index
            while True:
                waiter.get()
                for index, future in enumerate(futures):
                    if future._ready():
                        return index
                waiter.clear()
        finally:
            for token in tokens:
                self._entries.pop(token, None)
            self._watch_while_needed()

    def on_ready(self, future: extension.FutureBase, callback: Callback) -> None:
        """Calls back in a greenlet of its own, or at once if the future is ready."""
        token = self._add(future, callback)
        if not future._subscribe(self._mailbox, token):
            del self._entries[token]
            self._watch_while_needed()
            run_callback(callback, future)

    def forget(self, future: extension.FutureBase, callback: Callback) -> int:
        """Withdraws callbacks; returns how many."""
        found = [
            token
            for token, entry in self._entries.items()
            if entry[0] is future and entry[1] == callback
        ]
        for token in found:
            del self._entries[token]
        self._watch_while_needed()
        return len(found)

    def _add(self, subject: Any, callback: Callback | None) -> int:
        token = self._next_token
        self._next_token += 1
        self._entries[token] = (subject, callback)
        self._watch_while_needed()
        return token

    def _watch_while_needed(self) -> None:
        if bool(self._entries) != self._watcher.active:
            if self._entries:
                self._watcher.start(self._deliver)
            else:
                self._watcher.stop()

    def _deliver(self) -> None:
        """Runs in the hub: may switch to greenlets, but not block."""
        for token in self._mailbox.take():
            entry = self._entries.pop(token, None)
            if entry is None:
                continue
            subject, callback = entry
            if callback is not None:
                gevent.spawn(run_callback, callback, subject)
            elif subject.ready() is False:
                subject.switch(None)
        self._watch_while_needed()


class _OfThread:
    """Closes the mailbox of a thread's hub when the thread ends or gets another hub.

    The mailbox itself may stay for ever: gevent keeps a dead thread's hub and its greenlets.
    """

    def __init__(self, mailbox: _HubMailbox) -> None:
        self.mailbox = mailbox

    def __del__(self) -> None:
        self.mailbox.close()


class GeventModel:
    """Blocks greenlets."""

    name = "gevent"
    must_await = False

    def __init__(self) -> None:
        self._local = process.original(threading, "local")()

    def strand(self) -> object:
        """The greenlet."""
        return gevent.getcurrent()

    def before_blocking(self) -> None:
        """A greenlet may block."""

    def in_loop(self) -> bool:
        return False

    def wait(self, future: extension.FutureBase) -> None:
        self.wait_any((future,))

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        return self._mailbox().wait_any(futures)

    def on_ready(self, future: extension.FutureBase, callback: Callback) -> None:
        self._mailbox().on_ready(future, callback)

    def forget(self, future: extension.FutureBase, callback: Callback) -> int:
        return self._mailbox().forget(future, callback)

    def reset(self) -> None:
        """Forgets the hubs, whose mailboxes are dead after a fork."""
        self._local = process.original(threading, "local")()

    def _mailbox(self) -> _HubMailbox:
        hub = gevent.get_hub()
        owned: _OfThread | None = getattr(self._local, "owned", None)
        if owned is None or owned.mailbox._hub is not hub:
            owned = self._local.owned = _OfThread(_HubMailbox(hub))
        return owned.mailbox


GEVENT = GeventModel()
process.on_fork(GEVENT.reset)
