"""What watches one run of a function for `assert_retry_safe`: it injects faults, and keeps what becomes of every call."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from fdb._range import FDBRange
from fdb._waiting.threads import model_of
from fdb.testing._kept import Kept, futures_in
from fdb.testing._retry_plans import CANCELLED, CANCELLED_AFTER, READS, Place, Plan, Point
from fdb.testing._tracing import Operation

_STAMPED_OPERATIONS = (14, 15)


class Endless(BaseException):
    """Ends a function that retries again and again; no Exception, which the function might catch."""


class Leak(NamedTuple):
    """Something of a transaction that outlives it, or that nobody waited for."""

    kind: str
    operation: Operation | None
    text: str


class Observer:
    """A tracer. One call at a time: a function under examination runs on one thread or loop."""

    def __init__(self, plan: Plan | None, most_calls: int) -> None:
        """`most_calls` is where a run ends with Endless; 0 for no such end."""
        #: The calls of the run, in order.
        self.points: list[Point] = []
        #: Whether versionstamps were written or asked for.
        self.has_stamps = False
        #: What `look_for_leaks` has found.
        self.leaks: list[Leak] = []
        self._faults = dict(plan.faults) if plan is not None else {}
        #: Whether a call that the plan has a fault for was reached.
        self.was_reached = False
        #: Whether the task was cancelled.
        self.was_cancelled = False
        self._to_cancel: Operation | None = None
        #: Why a fault could not be injected.
        self.failure: Exception | None = None
        self._most_calls = most_calls
        self._numbers: dict[int, int] = {}
        #: The reads of attempts that have not begun to commit.
        self._reads: dict[tuple[int, int, int], list[Operation]] = {}
        #: Reads that were not used when their transaction's commit began.
        self._unused: list[Operation] = []

    def before(self, operation: Operation) -> None:
        """Injects what the plan has for this call."""
        place = self._place(operation)
        self.points.append(Point(place, operation))
        if 0 < self._most_calls < len(self.points):
            raise Endless
        self.has_stamps = self.has_stamps or _is_stamped(operation)
        if operation.name in READS:
            self._reads.setdefault(place[:3], []).append(operation)
        elif operation.name == "commit":
            self._unused += filter(_is_unused, self._reads.pop(place[:3], ()))
        fault = self._faults.pop(place, None)
        if fault == CANCELLED:
            self.was_cancelled = True
            raise asyncio.CancelledError
        if fault == CANCELLED_AFTER:
            # Where answers are late the task may have gone on by the time that the loop hears of this one.
            operation.waits = True
            self._to_cancel = operation
        elif fault is not None:
            self.was_reached = True
            try:
                operation.inject(fault)
            except (
                Exception
            ) as error:  # of this tool, which the function must not take for one of its own
                self.failure = error

    def after(self, operation: Operation) -> None:
        """From here on it is known whether the result of a read is used."""
        if operation.name in READS and operation.future is not None:
            operation.future._note_use()
        if self._to_cancel is operation:
            self.was_cancelled, self._to_cancel = True, None
            raise asyncio.CancelledError

    def _place(self, operation: Operation) -> Place:
        number = self._numbers.setdefault(operation.transaction.number, len(self._numbers) + 1)
        return Place(number, operation.life, operation.attempt, operation.number, operation.name)

    # ---- afterwards ----

    @property
    def transactions(self) -> int:
        """How many transactions there were."""
        return len(self._numbers)

    def swallowed(self) -> list[Operation]:
        """Returns the calls whose error the function has seen, and after which it did not try again with their transaction."""
        retried: set[int] = set()
        found: list[Operation] = []
        for _, operation in reversed(self.points):
            number = operation.transaction.number
            if operation.name in ("on_error", "reset"):
                retried.add(number)
            elif number not in retried and _failed(operation):
                found.append(operation)
        return found[::-1]

    def look_for_leaks(self, result: Any, kept: Kept) -> None:
        """Finds what a run without faults leaves unused, and where that has gone."""
        holders = [("the result", each) for each in futures_in(result)]
        holders += [(f"the variable {name}", each) for name, each in kept.held()]
        for name, future in holders:
            if isinstance(future, FDBRange):
                self._leak(
                    "leak",
                    None,
                    f"{name} holds a range of the transaction: read its rows in the function",
                )
        # That of a range has been told with the range.
        places = {id(getattr(each, "_first", each)): (name, type(each)) for name, each in holders}
        for operation in self._unused:
            holder, kind = places.get(id(operation.future), ("", None))
            if kind is FDBRange:
                continue
            if holder:
                self._leak(
                    "leak",
                    operation,
                    f"{holder} holds a read that the function has not waited for: its error would come where nothing is "
                    "retried any more",
                )
            elif not _is_unused(operation):
                self._leak(
                    "leak",
                    operation,
                    "what was read was used only after the transaction, where its error is not retried any more",
                )
            elif model_of(operation.future).must_await and _is_first_batch(operation):
                self._leak("not awaited", operation, "the read was never awaited")

    def _leak(self, kind: str, operation: Operation | None, text: str) -> None:
        if all(leak.text != text or leak.operation is not operation for leak in self.leaks):
            self.leaks.append(Leak(kind, operation, text))


def _is_unused(operation: Operation) -> bool:
    return operation.future is not None and operation.future._owes() != 0


def _failed(operation: Operation) -> bool:
    if operation.name == "commit":
        return operation.error != 0
    future: Any = operation.future
    if operation.name not in READS or future is None or not future._ready():
        return False
    return future._code() != 0 and not _is_unused(operation)


def _is_first_batch(operation: Operation) -> bool:
    """Ranges ask for the next batch ahead, and who leaves the loop does not want it."""
    return operation.name != "get_range" or operation.arguments[2] == 1


def _is_stamped(operation: Operation) -> bool:
    if operation.name == "atomic_op":
        return operation.arguments[0] in _STAMPED_OPERATIONS
    return operation.name == "get_versionstamp"
