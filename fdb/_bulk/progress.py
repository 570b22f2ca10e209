"""How far a piece of work has come, and telling that to who wants to know."""

from __future__ import annotations

import time

from fdb._flow_requests import Flow
from fdb._typing import Any, Awaitable, Callable
from fdb._waiting.model import EventModel


class Progress:
    """What a count, copy, clear or write has done: given to `on_progress`, and returned at the end. Immutable."""

    __slots__ = ("continuation", "elapsed", "key", "position", "rows", "size", "transactions")

    def __init__(
        self,
        rows: int,
        size: int,
        transactions: int,
        elapsed: float,
        key: bytes | None,
        continuation: bytes | None,
        position: int | None,
    ) -> None:
        #: The rows that were counted, copied (also those that a transform left out), cleared or written.
        self.rows: int = rows
        #: The bytes of their keys and values.
        self.size: int = size
        #: The transactions that did it: reads of batches for a count, else commits.
        self.transactions: int = transactions
        #: Seconds since the begin.
        self.elapsed: float = elapsed
        #: The last key that is done; None before the first.
        self.key: bytes | None = key
        #: Of a copy, where another one of the same range goes on; else None.
        self.continuation: bytes | None = continuation
        #: Of a write, how many items of the iterable are done, with those of earlier calls; else None.
        self.position: int | None = position

    def __repr__(self) -> str:
        return (
            f"<Progress: {self.rows} rows of {self.size} bytes in {self.transactions} transactions and "
            f"{self.elapsed:.1f} s, to {self.key!r}>"
        )


#: What `on_progress` may be; in an asyncio database also a coroutine function.
OnProgress = Callable[[Progress], object]


class Tell:
    """Calls `on_progress`, and awaits what that returns if it can be. The answer is None."""

    __slots__ = ("_callback", "_progress")

    def __init__(self, callback: OnProgress, progress: Progress) -> None:
        self._callback = callback
        self._progress = progress

    def block(self, model: EventModel) -> None:
        """See Request."""
        result: Any = self._callback(self._progress)
        if hasattr(result, "__await__"):
            getattr(result, "close", lambda: None)()
            raise TypeError(
                "on_progress returned a coroutine, which nobody awaits here: give a function, or use a "
                'database opened with event_model="asyncio"'
            )

    async def perform(self) -> None:
        """See Request."""
        result = self._callback(self._progress)
        if isinstance(result, Awaitable):
            await result


class Tally:
    """Counts what is done, and tells it."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._began = time.monotonic()
        self.rows = 0
        self.size = 0
        self.transactions = 0
        self.key: bytes | None = None
        self.continuation: bytes | None = None
        self.position: int | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody is told."""
        return self._on_progress is not None

    def progress(self) -> Progress:
        """Returns where it stands."""
        return Progress(
            self.rows,
            self.size,
            self.transactions,
            time.monotonic() - self._began,
            self.key,
            self.continuation,
            self.position,
        )

    def done(self, rows: int, size: int, key: bytes, transactions: int = 1) -> Flow[None]:
        """Counts what was done, by default in a transaction, and tells where it stands."""
        self.rows += rows
        self.size += size
        self.transactions += transactions
        self.key = key
        if self._on_progress is not None:
            yield Tell(self._on_progress, self.progress())
