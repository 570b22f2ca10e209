"""Waiting that ends with the time: for some seconds, or until one of some futures is ready, or a bell is rung.

Each is there twice: as a function that blocks what the event model blocks, and as a coroutine for a running loop.
"""

from __future__ import annotations

import _thread
import time

from fdb._native import extension, process
from fdb._typing import Any, Callable, Sequence
from fdb._waiting.model import EventModel
from fdb._waiting.threads import model_of


class Bell:
    """Ends waits from outside; once it is rung it stays so. Any thread, greenlet or task may ring it."""

    __slots__ = ("_waiting", "rung")

    def __init__(self) -> None:
        #: Whether it was rung.
        self.rung: bool = False
        self._waiting: list[Callable[[Any], Any]] = []

    def ring(self) -> None:
        """Ends the waits that were told of the bell, and those to come. Does not block."""
        self.rung = True
        for callback in tuple(self._waiting):
            callback(None)

    def tell(self, callback: Callable[[Any], Any]) -> None:
        """Has the callback called when the bell is rung: at once if it was; perhaps twice."""
        self._waiting.append(callback)
        if self.rung:
            callback(None)

    def forget(self, callback: Callable[[Any], Any]) -> None:
        """Withdraws a callback."""
        self._waiting.remove(callback)


def sleep(model: EventModel, seconds: float) -> None:
    """Lets some time pass."""
    if model.name == "gevent":
        import gevent  # which then is loaded

        gevent.sleep(seconds)
    else:
        process.original(time, "sleep")(seconds)


async def sleep_in_loop(seconds: float) -> None:
    """As `sleep`."""
    import asyncio  # which then is loaded

    await asyncio.sleep(seconds)


def wait_any(
    model: EventModel,
    futures: Sequence[extension.FutureBase],
    seconds: float | None,
    bell: Bell | None = None,
) -> int | None:
    """Waits until one of the futures is ready, for at most some seconds; None is for ever. A bell ends it earlier.

    Returns the index of the first one that is ready, None if there is none. Takes no results.
    """
    if seconds is None and bell is None:
        return model.wait_any(futures)
    if model.name == "gevent":
        import gevent.event  # which then is loaded

        event = gevent.event.Event()
        with _Told(futures, lambda _: event.set(), bell):
            event.wait(seconds)
    else:
        # Of the operating system's threads, as the callback comes from another one.
        lock = process.original(_thread, "allocate_lock")()
        lock.acquire()
        with _Told(futures, lambda _: _release(lock), bell):
            lock.acquire(True, -1 if seconds is None else min(seconds, _thread.TIMEOUT_MAX))
    return _first_ready(futures)


def _release(lock: Any) -> None:
    try:
        lock.release()
    except RuntimeError:
        pass  # another one was first


async def wait_any_in_loop(
    futures: Sequence[extension.FutureBase], seconds: float | None, bell: Bell | None = None
) -> int | None:
    """As `wait_any`."""
    import asyncio  # which then is loaded

    event = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told(future: Any) -> None:
        if future is not None:
            event.set()
        elif not loop.is_closed():  # a bell may be rung in another thread
            loop.call_soon_threadsafe(event.set)

    # Not by asyncio.wait_for, which before Python 3.12 may lose the cancellation of a task when something is ready.
    timer = None if seconds is None else loop.call_later(seconds, event.set)
    try:
        with _Told(futures, told, bell):
            await event.wait()
    finally:
        if timer is not None:
            timer.cancel()
    return _first_ready(futures)


def _first_ready(futures: Sequence[extension.FutureBase]) -> int | None:
    return next((index for index, future in enumerate(futures) if future._ready()), None)


class _Told:
    """Has a callback called when a future is ready or the bell is rung, within a `with` block: perhaps several times."""

    def __init__(
        self,
        futures: Sequence[extension.FutureBase],
        callback: Callable[[Any], Any],
        bell: Bell | None,
    ) -> None:
        self._futures = futures
        self._callback = callback
        self._bell = bell

    def __enter__(self) -> None:
        for future in self._futures:
            model_of(future).on_ready(future, self._callback)
        if self._bell is not None:
            self._bell.tell(self._callback)

    def __exit__(self, *details: object) -> None:
        for future in self._futures:
            model_of(future).forget(future, self._callback)
        if self._bell is not None:
            self._bell.forget(self._callback)
