"""The contract of event models: what it means to wait for a future.

A model is an object chosen at `open()`; every future made from that database carries it. The rule
of all models: a ready future is never given to them, so nothing here costs anything then.
"""

from __future__ import annotations

from fdb._native import extension
from fdb._typing import Any, Callable, Protocol, Sequence

#: Says what is wrong where code that blocks is called in a running asyncio loop.
NOT_IN_A_LOOP = (
    "this would block the running asyncio loop: await the future (or range, or coroutine) instead, or "
    "call blocking code in a thread: await asyncio.to_thread(function, ...)"
)

#: Called with the future that became ready.
Callback = Callable[[Any], None]


class EventModel(Protocol):
    """How a program waits. Used from any thread; the C code calls `wait` and `before_blocking` too."""

    @property
    def name(self) -> str | None:
        """What was given as `event_model`."""
        ...

    @property
    def must_await(self) -> bool:
        """Whether a running loop must await a future before it uses the result, also of a ready one."""
        ...

    def strand(self) -> object:
        """What waits when somebody waits now: a thread of the operating system, or less than that."""
        ...

    def before_blocking(self) -> None:
        """Raises if a blocking function must not be called here."""
        ...

    def in_loop(self) -> bool:
        """Whether `before_blocking` would raise."""
        ...

    def wait(self, future: extension.FutureBase) -> None:
        """Blocks until the future is ready. Ctrl-C raises KeyboardInterrupt.

        Raises FDBError 2026 inside an on_ready callback.
        """
        ...

    def wait_any(self, futures: Sequence[extension.FutureBase]) -> int:
        """Blocks until one of the futures is ready and returns its index."""
        ...

    def on_ready(self, future: extension.FutureBase, callback: Callback) -> None:
        """Calls `callback(future)` once ready: at once, or later where the model runs callbacks."""
        ...

    def forget(self, future: extension.FutureBase, callback: Callback) -> int:
        """Withdraws callbacks that have not run; returns how many."""
        ...
