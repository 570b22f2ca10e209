"""The models that block threads of the operating system: the default, and the one for debuggers."""

from __future__ import annotations

import _thread
import time

from fdb._native import extension, process
from fdb._typing import Callable, Sequence
from fdb._waiting.callbacks import dispatcher
from fdb._waiting.model import Callback, EventModel

_DEBUG_POLL_SECONDS = 0.001
#: Identifies a thread of the operating system, whose greenlets all stop when it waits.
thread_number: Callable[[], int] = process.original(_thread, "get_ident")


class ThreadModel:
    """Blocks the thread, in C. Other models build on it that block threads at times."""

    name: str | None = None
    must_await = False

    def strand(self) -> object:
        """The number of the thread."""
        return thread_number()

    def before_blocking(self) -> None:
        """A thread may block."""

    def in_loop(self) -> bool:
        return False

    def wait(self, future: extension.FutureBase) -> None:
        self.wait_any((future,))

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        return extension.wait_any(futures)

    def on_ready(self, future: extension.FutureBase, callback: Callback) -> None:
        """Calls back at once, or later on the dispatcher's thread."""
        dispatcher.add(future, callback)

    def forget(self, future: extension.FutureBase, callback: Callback) -> int:
        return dispatcher.remove(future, callback)


class DebugModel(ThreadModel):
    """Blocks by polling, as slow as it is simple, for use under a debugger."""

    name = "debug"

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        sleep = process.original(time, "sleep")
        while True:
            for index, future in enumerate(futures):
                if future._ready():
                    return index
            sleep(_DEBUG_POLL_SECONDS)


THREADS = ThreadModel()
DEBUG = DebugModel()


def model_for_handle(model: EventModel) -> EventModel | None:
    """Returns what the handle of a database stores: None for threads, whose waiting is done in C."""
    return None if model is THREADS else model


def model_of(future: extension.FutureBase) -> EventModel:
    """Returns the event model that a future belongs to."""
    model: EventModel | None = future._model
    return THREADS if model is None else model
