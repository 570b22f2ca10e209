"""Waiting that ends with the time: for some seconds, or until one of some futures is ready.

Each is there twice: as a function that blocks what the event model blocks, and as a coroutine for a running loop.
"""

from __future__ import annotations

import _thread
import time

from fdb._native import extension, process
from fdb._typing import Any, Callable, Sequence
from fdb._waiting.model import EventModel
from fdb._waiting.threads import model_of


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
    model: EventModel, futures: Sequence[extension.FutureBase], seconds: float | None
) -> int | None:
    """Waits until one of the futures is ready, for at most some seconds; None is for ever.

    Returns the index of the first one that is ready, None if the time has passed. Takes no results.
    """
    if seconds is None:
        return model.wait_any(futures)
    if model.name == "gevent":
        import gevent.event  # which then is loaded

        event = gevent.event.Event()
        with _Told(futures, lambda _: event.set()):
            event.wait(seconds)
    else:
        # Of the operating system's threads, as the callback comes from another one.
        lock = process.original(_thread, "allocate_lock")()
        lock.acquire()
        with _Told(futures, lambda _: lock.locked() and lock.release()):
            lock.acquire(True, min(seconds, _thread.TIMEOUT_MAX))
    return _first_ready(futures)


async def wait_any_in_loop(
    futures: Sequence[extension.FutureBase], seconds: float | None
) -> int | None:
    """As `wait_any`."""
    import asyncio  # which then is loaded

    event = asyncio.Event()
    with _Told(futures, lambda _: event.set()):
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except asyncio.TimeoutError:
            pass
    return _first_ready(futures)


def _first_ready(futures: Sequence[extension.FutureBase]) -> int | None:
    return next((index for index, future in enumerate(futures) if future._ready()), None)


class _Told:
    """Has a callback called when a future is ready, within a `with` block: of several futures perhaps several times."""

    def __init__(
        self, futures: Sequence[extension.FutureBase], callback: Callable[[Any], Any]
    ) -> None:
        self._futures = futures
        self._callback = callback

    def __enter__(self) -> None:
        for future in self._futures:
            model_of(future).on_ready(future, self._callback)

    def __exit__(self, *details: object) -> None:
        for future in self._futures:
            model_of(future).forget(future, self._callback)
