"""Event models: what it means to wait for a future. This file has threads and debug.

A model is an object chosen at `open()`; every future made from that database carries it. The rule
of all models: a ready future is never given to them, so nothing here costs anything then.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fdb._errors import FDBError
from fdb._native import extension, process

if TYPE_CHECKING:
    from fdb._future import Future

_CLIENT_INVALID_OPERATION = 2000
_DEBUG_POLL_SECONDS = 0.001
#: Identifies a thread of the operating system, whose greenlets all stop when it waits.
thread_number: Callable[[], int] = process.original("_thread", "get_ident")

#: Says what is wrong where code that blocks is called in a running asyncio loop.
NOT_IN_A_LOOP = (
    "this would block the running asyncio loop: await the future (or range, or coroutine) instead, or "
    "call blocking code in a thread: await asyncio.to_thread(function, ...)"
)

#: Called with the future that became ready.
Callback = Callable[["Future[Any]"], None]


class EventModel:
    """Blocks threads of the operating system: the default. Other models override parts of it."""

    #: What was given as `event_model`.
    name: str | None = None
    #: Whether a running loop must await a future before it uses the result, also of a ready one.
    must_await = False

    @property
    def for_handle(self) -> EventModel | None:
        """What handles store: None for this class, whose waiting is done in C."""
        return self

    def strand(self) -> object:
        """What waits when somebody waits now: the number of the thread of the operating system."""
        return thread_number()

    def before_blocking(self) -> None:
        """Raises if a blocking function must not be called here."""

    def in_loop(self) -> bool:
        """Whether `before_blocking` would raise."""
        return False

    def wait(self, future: extension.FutureBase) -> None:
        """Blocks until the future is ready. Ctrl-C raises KeyboardInterrupt.

        Raises FDBError 2026 inside an on_ready callback.
        """
        self.wait_any((future,))

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        """Blocks until one of the futures is ready and returns its index."""
        return extension.wait_any(futures)

    def on_ready(self, future: Future[Any], callback: Callback) -> None:
        """Calls `callback(future)` once ready: at once, or later on the dispatcher's thread."""
        dispatcher.add(future, callback)

    def forget(self, future: Future[Any], callback: Callback) -> int:
        """Withdraws callbacks that have not run; returns how many."""
        return dispatcher.remove(future, callback)


class ThreadModel(EventModel):
    """The default model."""

    @property
    def for_handle(self) -> EventModel | None:
        return None


class DebugModel(EventModel):
    """Blocks by polling, as slow as it is simple, for use under a debugger."""

    name = "debug"

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        sleep = process.original("time", "sleep") if "gevent" in sys.modules else time.sleep
        while True:
            for index, future in enumerate(futures):
                if future._ready():
                    return index
            sleep(_DEBUG_POLL_SECONDS)


THREADS = ThreadModel()
DEBUG = DebugModel()


def model_of(future: extension.FutureBase) -> EventModel:
    """Returns the event model that a future belongs to."""
    model: EventModel | None = future._model
    return THREADS if model is None else model


def model_named(name: str | None) -> EventModel:
    """Returns the model for an `event_model` argument. Raises FDBError 2000 for an unknown one."""
    if name is None:
        return THREADS
    if name == "debug":
        return DEBUG
    if name == "asyncio":
        from fdb._waiting.asyncio_model import ASYNCIO

        return ASYNCIO
    if name == "gevent":
        from fdb._waiting.gevent_model import GEVENT

        return GEVENT
    known = "None (threads), 'debug', 'gevent', 'asyncio'"
    raise FDBError(_CLIENT_INVALID_OPERATION, f"event_model is {name!r}; known are {known}")


def run_callback(callback: Callback, future: Future[Any]) -> None:
    """Calls a user's callback; what it raises is printed and dropped."""
    future._awaited()
    try:
        callback(future)
    except Exception:
        _report()


def _report() -> None:
    print("Discarding uncaught exception from user FDB callback:", file=sys.stderr)
    traceback.print_exc(file=sys.stderr)


class PendingCallbacks:
    """Callbacks that wait for tokens: the common part of the dispatcher and of the event loops."""

    def __init__(self, mailbox: extension.Mailbox) -> None:
        self.mailbox = mailbox
        self._entries: dict[int, tuple[Future[Any], Callback]] = {}
        self._tokens = itertools.count(1)

    def add(self, future: Future[Any], callback: Callback) -> int:
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

    def remove(self, future: Future[Any], callback: Callback) -> int:
        """Withdraws entries; returns how many."""
        found = [
            token
            for token, entry in list(self._entries.items())
            if entry[0] is future and entry[1] == callback
        ]
        return sum(self._entries.pop(token, None) is not None for token in found)

    def take(self) -> list[tuple[Future[Any], Callback]]:
        """Returns the entries whose tokens have arrived."""
        entries = (self._entries.pop(token, None) for token in self.mailbox.take())
        return [entry for entry in entries if entry is not None]


class Dispatcher:
    """The thread that runs on_ready callbacks; started by the first one that has to wait."""

    def __init__(self) -> None:
        # Reentrant, as a signal handler may come in the middle of what it has interrupted.
        self._lock = threading.RLock()
        self._pending: PendingCallbacks | None = None

    def add(self, future: Future[Any], callback: Callback) -> None:
        """Runs the callback now if the future is ready, otherwise later on the thread."""
        if future._ready() or not self._start().add(future, callback):
            run_callback(callback, future)

    def remove(self, future: Future[Any], callback: Callback) -> int:
        """Withdraws callbacks that have not run; returns how many."""
        return self._pending.remove(future, callback) if self._pending is not None else 0

    def reset(self) -> None:
        """Forgets the thread, which a fork has left behind in the parent."""
        self._lock = threading.RLock()
        self._pending = None

    def _start(self) -> PendingCallbacks:
        with self._lock:
            if self._pending is None:
                made = PendingCallbacks(extension.Mailbox())
                # Unless a signal handler was faster.
                if self._pending is None:
                    self._pending = made
                    process.NativeThread(lambda: self._run(made), "fdb-callback-thread")
            return self._pending

    def _run(self, pending: PendingCallbacks) -> None:
        process.set_callback_thread(process.original("_thread", "get_ident")())
        while True:
            pending.mailbox.wait()
            for future, callback in pending.take():
                self._call(callback, future)

    def _call(self, callback: Callback, future: Future[Any]) -> None:
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
