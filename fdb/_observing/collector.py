"""The collector: an observer that counts, and shows what it has counted.

Thread-safe, and never waits: an event goes into a queue, from which whoever has the lock takes all that is there. So it may be
called where this thread is at work on the collector already.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from fdb._notebooks import repr_html, repr_pretty
from fdb._observing.event import TransactionEvent
from fdb._observing.histogram import Histogram

#: Where those go for whom there is no room.
OTHERS = "(others)"
_COLUMNS = (
    "function",
    "count",
    "committed",
    "failed",
    "attempts",
    "conflicts",
    "mean",
    "p50",
    "p99",
    "longest",
    "waiting",
    "commit",
    "keys read",
    "written",
    "bytes read",
    "written",
)
_CONFLICT = 1020
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


class Statistics:
    """What a collector knows of the transactions of one function, or of all.

    Counts are those of transactions that have ended, if nothing else is said.
    """

    def __init__(self) -> None:
        self.count: int = 0
        """How many have ended."""
        self.outcomes: dict[str, int] = {}
        """How they have ended: outcomes, as in `TransactionEvent`, and how many had each."""
        self.attempts: int = 0
        """All attempts at them, also of those that have not ended yet."""
        self.conflicts: int = 0
        """Attempts that failed with not_committed (1020)."""
        self.errors: dict[str, int] = {}
        """What attempts failed with: names, as `TransactionEvent.error`, and how many had each."""
        self.keys_read: int = 0
        """Keys and rows that were read: the sum of `fdb.TransactionEvent.keys_read`."""
        self.bytes_read: int = 0
        """Bytes that were read."""
        self.keys_written: int = 0
        """Keys that were written, a range being one."""
        self.bytes_written: int = 0
        """Bytes that were written."""
        self.elapsed: Histogram = Histogram()
        """How long transactions took."""
        self.in_function: Histogram = Histogram()
        """How much time of transactions was in their functions; see `fdb.TransactionEvent.in_function`."""
        self.in_waiting: Histogram = Histogram()
        """How much time of transactions was waiting for reads; see `fdb.TransactionEvent.in_waiting`."""
        self.in_committing: Histogram = Histogram()
        """How much time of transactions was committing; see `fdb.TransactionEvent.in_committing`."""
        self.in_backoff: Histogram = Histogram()
        """How much time of transactions was a pause before another attempt; see `fdb.TransactionEvent.in_backoff`."""

    def _add(self, event: TransactionEvent, most_names: int) -> None:
        if event.kind == "attempt":
            self.attempts += 1
            self.conflicts += event.code == _CONFLICT
            if event.error is not None:
                _count(self.errors, event.error, most_names)
            return
        self.count += 1
        _count(self.outcomes, event.outcome, most_names)
        self.keys_read += event.keys_read
        self.bytes_read += event.bytes_read
        self.keys_written += event.keys_written
        self.bytes_written += event.bytes_written
        self.elapsed.add(event.elapsed)
        self.in_function.add(event.in_function)
        self.in_waiting.add(event.in_waiting)
        self.in_committing.add(event.in_committing)
        self.in_backoff.add(event.in_backoff)

    def _merge(self, other: Statistics) -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(value, Histogram):
                mine.merge(value)
            elif isinstance(value, dict):
                for each, count in value.items():
                    mine[each] = mine.get(each, 0) + count
            else:
                setattr(self, name, mine + value)

    def __repr__(self) -> str:
        return f"<{self.count} transactions in {self.attempts} attempts: {self.outcomes}>"


def _count(counts: dict[str, int], name: str, most: int) -> None:
    if name not in counts and len(counts) >= most:
        name = OTHERS
    counts[name] = counts.get(name, 0) + 1


class Collector:
    """An observer that counts transactions, by function, and prints itself as a table.

        with fdb.observe(fdb.Collector()) as collector:
            serve()
        print(collector)

    Thread-safe. It keeps numbers and no events: its memory is bounded by the number of functions, and those beyond
    `most_functions` share one row, "(others)".
    """

    _repr_html_ = repr_html
    _repr_pretty_ = repr_pretty

    def __init__(self, most_functions: int = 200) -> None:
        """Raises ValueError if `most_functions` is less than 1."""
        if most_functions < 1:
            raise ValueError(
                f"a collector has room for at least one function, not {most_functions!r}"
            )
        self._most = most_functions
        self._queue: deque[TransactionEvent] = deque()
        self._lock = threading.Lock()
        self._functions: dict[str, Statistics] = {}

    def __call__(self, event: TransactionEvent) -> None:
        """Counts an event."""
        self._queue.append(event)
        # Whoever has the lock looks into the queue once more when it has given that back.
        while self._queue and self._lock.acquire(blocking=False):
            try:
                self._take()
            finally:
                self._lock.release()

    def _take(self) -> None:
        while self._queue:
            event = self._queue.popleft()
            name = event.function
            if name not in self._functions and len(self._functions) >= self._most:
                name = OTHERS
            of_function = self._functions.get(name)
            if of_function is None:
                of_function = self._functions[name] = Statistics()
            of_function._add(event, self._most)

    @property
    def total(self) -> Statistics:
        """What it knows of all transactions: a copy, which does not change."""
        with self._lock:
            self._take()
            return _merged(self._functions.values())

    @property
    def functions(self) -> dict[str, Statistics]:
        """Totals by function, in the order of their first transactions."""
        with self._lock:
            self._take()
            return {name: _merged([each]) for name, each in self._functions.items()}

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._queue.clear()
            self._functions = {}

    def _table(self) -> list[tuple[str, ...]]:
        """Returns the names of the columns, a row for each function, those first that took most time together, and one for all."""
        functions = self.functions
        by_time = sorted(functions.items(), key=lambda item: -item[1].elapsed.total)
        rows = [_row(name, each) for name, each in by_time]
        return [_COLUMNS, *rows, _row("all", _merged(functions.values()))]

    def __str__(self) -> str:
        """A table: a row for each function, those first that took most time together, and one for all."""
        table = self._table()
        widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in table]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(lines)

    def __repr__(self) -> str:
        total = self.total
        return f"<Collector: {total.count} transactions of {len(self.functions)} functions in {total.attempts} attempts>"


def _merged(several: Iterable[Statistics]) -> Statistics:
    """Returns what several add up to, an object of its own."""
    found = Statistics()
    for each in several:
        found._merge(each)
    return found


def _row(name: str, each: Statistics) -> tuple[str, ...]:
    committed = each.outcomes.get("committed", 0)
    return (
        name,
        str(each.count),
        str(committed),
        str(each.outcomes.get("failed", 0)),
        str(each.attempts),
        str(each.conflicts),
        _time(each.elapsed.mean),
        _time(each.elapsed.quantile(0.5)),
        _time(each.elapsed.quantile(0.99)),
        _time(each.elapsed.longest),
        _time(each.in_waiting.mean),
        _time(each.in_committing.mean),
        str(each.keys_read),
        str(each.keys_written),
        str(each.bytes_read),
        str(each.bytes_written),
    )


def _time(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit or name == "us":
            return (
                f"{seconds / unit:.3g} {name}"
                if seconds / unit < 100
                else f"{seconds / unit:.0f} {name}"
            )
    raise AssertionError("the last unit fits")


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """The first column begins, and the others end, where their rule does."""
    return [
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
