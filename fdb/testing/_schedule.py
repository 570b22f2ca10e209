"""A scheduler: functions in threads of their own, of which exactly one runs at a time.

Control comes back before every read, commit and `on_error` of their transactions, through the seam of `_tracing`; then
somebody says which function goes on. The same answers give the same run.

Invariants:
1. A function runs only between the release of its baton and its next point (or its end).
2. When `run` returns or raises, no function waits for its baton any more, and none does anything more to the database.

The scheduler is used by one thread; `before` and `after` are called by those of the functions, one at a time.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fdb.testing._tracing import Operation

#: The calls before which another function may go on: what they find or do depends on the others.
POINTS = frozenset(
    {"get", "get_key", "get_range", "get_read_version", "watch", "commit", "on_error"}
)
#: More steps of one run are taken for a function that waits for another one, asking again and again.
MOST_STEPS = 2_000
_FAREWELL_SECONDS = 2.0

#: Says who goes on: (number of the step, the functions that can, the one that ran last or -1) -> one of them.
Choose = Callable[[int, Sequence[int], int], int]


class Stuck(RuntimeError):
    """A function did not come back to the scheduler: it waits for another one, which may not run meanwhile."""


class Abandoned(BaseException):
    """Ends a function of a run that is over; no Exception, which the function might catch."""


class Step(NamedTuple):
    """What one function did between two points."""

    #: The function's place in the workload.
    function: int
    #: What its transactions did, in order.
    operations: list[Operation]


class Ended(NamedTuple):
    """How a function ended."""

    #: What it returned; None if it raised.
    result: Any
    #: What it raised, or None.
    error: BaseException | None


class Run(NamedTuple):
    """One run of a workload."""

    #: Who ran, step by step: what `replay` takes.
    schedule: tuple[int, ...]
    steps: list[Step]
    #: How each function ended, in the order of the workload.
    ended: list[Ended]


class _Worker:
    """A function with its thread."""

    def __init__(self, number: int, function: Callable[[Any], Any], db: Any) -> None:
        self.number = number
        self.name = getattr(function, "__qualname__", None) or repr(function)
        self.baton = threading.Semaphore(0)
        self.ended: Ended | None = None
        self._function = function
        self._db = db

    def call(self) -> None:
        """Calls the function; a coroutine runs in a loop of its own."""
        try:
            result = self._function(self._db)
            if inspect.iscoroutine(result):
                result = asyncio.run(result)
            self.ended = Ended(result, None)
        except BaseException as error:
            self.ended = Ended(None, error)


class Scheduler:
    """Runs a workload once. A tracer: `trace(db, scheduler)` has to surround `run`."""

    def __init__(self, functions: Sequence[Callable[[Any], Any]], db: Any, patience: float) -> None:
        """`patience` is how many seconds a function may take from one point to the next."""
        self._workers = [_Worker(number, function, db) for number, function in enumerate(functions)]
        self._patience = patience
        self._by_thread: dict[int, _Worker] = {}
        #: Released by the function that has come to a point or its end.
        self._control = threading.Semaphore(0)
        self._steps: list[Step] = []
        self._is_over = False

    def before(self, operation: Operation) -> None:
        """Waits at a point until the function is to go on. Raises Abandoned when it is not to."""
        worker = self._by_thread.get(threading.get_ident())
        if worker is not None and operation.name in POINTS and not self._is_over:
            self._control.release()
            worker.baton.acquire()
        if worker is not None and self._is_over:
            raise Abandoned

    def after(self, operation: Operation) -> None:
        """Notes what was done."""
        if self._steps and not self._is_over:
            self._steps[-1].operations.append(operation)

    def run(self, choose: Choose) -> Run:
        """Runs all functions to their ends. Blocks.

        Raises Stuck if one does not come back in time, or makes no end of it.
        """
        threads = [
            threading.Thread(target=self._live, args=(worker,), daemon=True, name=worker.name)
            for worker in self._workers
        ]
        try:
            for thread in threads:
                thread.start()
            self._take_turns(choose)
        finally:
            self._is_over = True
            for worker in self._workers:
                worker.baton.release()
            for thread in threads:
                if thread.ident is not None:
                    thread.join(_FAREWELL_SECONDS)
        ended = [worker.ended for worker in self._workers if worker.ended is not None]
        return Run(tuple(step.function for step in self._steps), self._steps, ended)

    def _live(self, worker: _Worker) -> None:
        self._by_thread[threading.get_ident()] = worker
        worker.baton.acquire()
        if not self._is_over:
            worker.call()
            self._control.release()

    def _take_turns(self, choose: Choose) -> None:
        last = -1
        while runnable := [worker.number for worker in self._workers if worker.ended is None]:
            last = choose(len(self._steps), runnable, last)
            if len(self._steps) >= MOST_STEPS:
                raise Stuck(
                    f"the functions have taken {MOST_STEPS} steps without an end, the last one of "
                    f"{self._workers[last].name}: does it ask again and again for what another function is to do?"
                )
            self._steps.append(Step(last, []))
            self._workers[last].baton.release()
            if not self._control.acquire(timeout=self._patience):
                raise Stuck(self._why_stuck(self._workers[last]))

    def _why_stuck(self, worker: _Worker) -> str:
        waiting = ", ".join(
            each.name for each in self._workers if each.ended is None and each is not worker
        )
        others = f" while {waiting} waited for a turn" if waiting else ""
        done = self._steps[-1].operations
        behind = f" after {done[-1].name} at {done[-1].where}" if done else ""
        return (
            f"{worker.name} has come to no read and no commit for {self._patience:g} s{behind}{others}. Only one function "
            "runs at a time, so one that waits for another by a lock, a queue, an event or a watch never goes on: give "
            "each function work that it can finish by itself"
        )


def keep_on(order: Sequence[int], switches: Sequence[tuple[int, int]] = ()) -> Choose:
    """The functions in an order, each to its end, but for some switches: at a step to another function.

    A switch to a function that has ended is left out.
    """
    wanted = dict(reversed(switches))

    def choose(step: int, runnable: Sequence[int], last: int) -> int:
        if wanted.get(step) in runnable:
            return wanted[step]
        return last if last in runnable else next(each for each in order if each in runnable)

    return choose


def replay(schedule: Sequence[int]) -> Choose:
    """As a run went whose `schedule` this is; where that does not fit, the function that ran last goes on."""

    def choose(step: int, runnable: Sequence[int], last: int) -> int:
        if step < len(schedule) and schedule[step] in runnable:
            return schedule[step]
        return last if last in runnable else runnable[0]

    return choose


def switches_of(schedule: Sequence[int]) -> int:
    """How often a schedule goes from one function to another."""
    return sum(one != other for one, other in zip(schedule, schedule[1:], strict=False))
