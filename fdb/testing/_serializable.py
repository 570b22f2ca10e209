"""`assert_serializable`: looks for an order of steps whose outcome no serial order of the functions gives."""

from __future__ import annotations

import asyncio
import functools
import itertools
import math
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, overload

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb.testing._content import Rows, Stamps, put_back, read_all, shown, shown_value, version_of
from fdb.testing._describe import told
from fdb.testing._engine import embedded_database
from fdb.testing._fault_text import drawn_seed
from fdb.testing._kept import Kept
from fdb.testing._plain import Raised, plain, raised
from fdb.testing._schedule import (
    Choose,
    Ended,
    Run,
    Scheduler,
    keep_on,
    replay,
    switches_of,
)
from fdb.testing._tracing import Operation, trace
from fdb.testing._undisturbed import undisturbed

_FEWEST, _MOST = 2, 6
_MOST_SWITCHES = 6
MOST_ROWS_SHOWN = 12
_LONGEST_LABEL = 50
_QUIET = frozenset(
    {"set_option", "get_committed_version", "get_versionstamp", "get_approximate_size", "reset"}
)

Function = Callable[[Any], Any]


class Outcome(NamedTuple):
    """What a run of the workload led to."""

    content: dict[bytes, bytes]
    """The rows of the database (or tenant) after it; versionstamps are replaced by their place among those of the run."""
    results: tuple[Any, ...]
    """What each function returned, or the exception that it raised, in a plain form that compares."""


class NotSerializable(AssertionError):
    """Functions that ran at the same time did what they never do one after the other. The text has it in full."""

    def __init__(
        self,
        text: str,
        schedule: tuple[int, ...],
        seed: int | None,
        outcome: Any,
        serial: dict[Any, Any],
    ) -> None:
        super().__init__(text)
        self.schedule = schedule
        """Which function ran, step by step: `schedule=` takes it and does the same again."""
        self.seed = seed
        """What to give as `seed=` for the same search; None if a schedule was given."""
        self.outcome = outcome
        """The outcome that no serial order has: an Outcome, or what `outcome=` made of one."""
        self.serial = serial
        """The outcome of each serial order; the keys are the orders."""


@overload
def assert_serializable(
    workload: Sequence[Function],
    db: Database | Tenant,
    *,
    schedules: int = 100,
    seed: int | None = None,
    schedule: Sequence[int] | None = None,
    outcome: Callable[[Outcome], Any] | None = None,
    patience: float = 10.0,
) -> None: ...
@overload
def assert_serializable(
    workload: Sequence[Function],
    db: AsyncDatabase | AsyncTenant,
    *,
    schedules: int = 100,
    seed: int | None = None,
    schedule: Sequence[int] | None = None,
    outcome: Callable[[Outcome], Any] | None = None,
    patience: float = 10.0,
) -> Coroutine[Any, Any, None]: ...
def assert_serializable(
    workload: Sequence[Function],
    db: Database | Tenant | AsyncDatabase | AsyncTenant,
    *,
    schedules: int = 100,
    seed: int | None = None,
    schedule: Sequence[int] | None = None,
    outcome: Callable[[Outcome], Any] | None = None,
    patience: float = 10.0,
) -> Coroutine[Any, Any, None] | None:
    """Raises NotSerializable if the functions of a workload, run at the same time, do what no serial order of them does.

    `workload` has 2 to 6 functions, each of which is called with `db` (functools.partial adds more arguments) and may run
    several transactions; what each does has to depend on nothing but the database and its arguments. First they run in all
    their serial orders. Then up to `schedules` times at the same time: each in a thread of its own, of which one runs
    at a time; before every read, commit and on_error another one may go on. Hypothesis chooses (it has to be installed) and,
    when something was found, reduces that to the fewest switches it can.

    Compared are the rows of the database and what the functions returned or raised: an Outcome, or what the function
    `outcome` makes of it. Before every run, and at the end, the database gets back the rows that it had, and the functions' variables
    what they held. Meanwhile its clock stands and jumps over every wait, faults are suspended, and nobody else may use it.

    With an asyncio database this is a coroutine, and the functions are `async def`: each runs in a loop of its own, so
    they can share nothing that belongs to a loop. `seed` (drawn by chance if None; the error names it) makes the same search
    again, `schedule` runs only that of an error. `patience` is how many seconds a function may take between two steps.

    Raises TypeError and ValueError for arguments of no use, ValueError for functions that depend on chance or the clock (all that
    `outcome` looks at must be the same every time), RuntimeError for a database of a cluster, Stuck (a RuntimeError) for
    functions that wait for each other, and the exception of the first function if all functions raise in all serial orders.
    """
    embedded_database(db, "assert_serializable()")
    _check(workload, schedules, patience)
    _check_choice(seed, schedule)
    if seed is None:
        seed = drawn_seed()
    search = _Search(tuple(workload), db, outcome, patience)
    if isinstance(db, AsyncDatabase | AsyncTenant):
        return _run_in_thread(search, functools.partial(search.run, schedules, seed, schedule))
    search.run(schedules, seed, schedule)
    return None


def _check(workload: Any, schedules: Any, patience: Any) -> None:
    if callable(workload) or not isinstance(workload, Sequence):
        raise TypeError(
            f"workload must be a list of functions, each of which takes the database, not {type(workload).__name__}"
        )
    for number, function in enumerate(workload):
        if not callable(function):
            raise TypeError(
                f"workload[{number}] must be a function that takes the database, not {type(function).__name__}: "
                "functools.partial(function, tr=...) or a lambda adds arguments"
            )
    if not _FEWEST <= len(workload) <= _MOST:
        raise ValueError(
            f"a workload has {_FEWEST} to {_MOST} functions, and this one has {len(workload)}: all their serial orders "
            "are tried, which are n! for n functions"
        )
    if isinstance(schedules, bool) or not isinstance(schedules, int) or schedules < 1:
        raise ValueError(f"schedules must be a number from 1 on, not {schedules!r}")
    if not isinstance(patience, int | float) or not 0 < patience < math.inf:
        raise ValueError(f"patience must be a number of seconds above 0, not {patience!r}")


def _check_choice(seed: Any, schedule: Any) -> None:
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise TypeError(
            f"seed must be an int, or None for one by chance, not {type(seed).__name__}"
        )
    if schedule is None:
        return
    numbers = schedule if isinstance(schedule, list | tuple) else [schedule]
    if not isinstance(schedule, list | tuple) or not all(type(each) is int for each in numbers):
        raise TypeError(
            "schedule must be what the attribute of that name of NotSerializable has, the number of a function for "
            f"each step, not {schedule!r}"
        )


async def _run_in_thread(search: _Search, run: Callable[[], None]) -> None:
    """Runs a search without blocking the loop. Cancelled, it waits for the end of the run under way."""
    searching = asyncio.ensure_future(asyncio.to_thread(run))
    try:
        await asyncio.shield(searching)
    except asyncio.CancelledError:
        search.is_cancelled = True
        await asyncio.wait([searching])
        searching.cancelled() or searching.exception()  # which is of no interest any more
        raise


class _Cancelled(BaseException):
    """Ends a search; no Exception, which Hypothesis would look into."""


class _Found(NamedTuple):
    """A run whose outcome no serial order has."""

    run: Run
    outcome: Outcome
    compared: Any

    def length(self) -> tuple[int, int]:
        """The shorter, the better to read."""
        return switches_of(self.run.schedule), len(self.run.schedule)


class _Search:
    """The runs of one workload."""

    def __init__(
        self,
        workload: tuple[Function, ...],
        db: Database | Tenant | AsyncDatabase | AsyncTenant,
        outcome: Callable[[Outcome], Any] | None,
        patience: float,
    ) -> None:
        self._workload = workload
        self._db = db
        self._outcome = outcome
        self._patience = patience
        self._names = [f"{number}: {_label(each)}" for number, each in enumerate(workload)]
        self._kept = [Kept(each, (db,), {}, ()) for each in workload]
        self._initial: Rows = {}
        self._present: Rows = {}
        self._serial: dict[tuple[int, ...], Outcome] = {}
        self._allowed: list[Any] = []
        self._best: _Found | None = None
        #: Set by another thread: no further run is begun.
        self.is_cancelled = False

    def run(self, schedules: int, seed: int, schedule: Sequence[int] | None) -> None:
        """Does it all. Blocks; raises NotSerializable."""
        with undisturbed(self._db):
            self._run_all(schedules, seed, schedule)
        if self._best is not None:
            raise self._failure(self._best, None if schedule is not None else seed)

    def _run_all(self, schedules: int, seed: int, schedule: Sequence[int] | None) -> None:
        self._initial = self._present = read_all(self._db)
        try:
            longest = self._run_serially()
            if schedule is not None:
                self._try(replay(schedule))
            else:
                self._look(schedules, seed, longest)
        finally:
            self._put_back()

    def _run_serially(self) -> int:
        """Runs all serial orders; returns the number of steps of the longest."""
        longest = 0
        errors: list[BaseException] = []
        succeeded = False
        for order in itertools.permutations(range(len(self._workload))):
            run, outcome = self._run_once(keep_on(order))
            longest = max(longest, len(run.steps))
            errors += [each.error for each in run.ended if each.error is not None]
            succeeded = succeeded or any(each.error is None for each in run.ended)
            self._serial[order] = outcome
            compared = self._compared(outcome)
            if compared not in self._allowed:
                self._allowed.append(compared)
        if not succeeded:
            raise errors[0]  # what never works shows nothing
        order, outcome = next(iter(self._serial.items()))
        self._refuse_chance(outcome, self._run_once(keep_on(order))[1])
        return longest

    def _refuse_chance(self, one: Outcome, other: Outcome) -> None:
        if self._compared(one) == self._compared(other):
            return
        keys = sorted(
            key
            for key in one.content.keys() | other.content.keys()
            if one.content.get(key) != other.content.get(key)
        )
        what = f"the rows {', '.join(map(shown, keys[:MOST_ROWS_SHOWN]))}" if keys else "results"
        raise ValueError(
            "the functions do something else every time, also one after the other: give them their random numbers and "
            f"times as arguments, or say with outcome= what is to be compared ({what} differ)"
        )

    def _look(self, schedules: int, seed: int, longest: int) -> None:
        try:
            import hypothesis
            from hypothesis import errors, strategies
        except ImportError:
            raise RuntimeError(
                "assert_serializable() needs Hypothesis, which chooses the schedules: pip install hypothesis, or give "
                "the schedule= of an earlier failure"
            ) from None
        count = len(self._workload)
        # Attempts that fail are repeated, so a run may have more steps than those one after the other.
        switch = strategies.tuples(
            strategies.integers(1, longest + longest // 2), strategies.integers(0, count - 1)
        )
        cases = strategies.tuples(
            strategies.permutations(range(count)), strategies.lists(switch, max_size=_MOST_SWITCHES)
        )
        # Of the time it takes, for example.
        checks: Any = list(hypothesis.HealthCheck)
        settings = hypothesis.settings(
            max_examples=schedules,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
            suppress_health_check=checks,
        )
        try:
            hypothesis.find(
                cases,
                lambda case: self._try(keep_on(*case)),
                settings=settings,
                random=random.Random(seed),
            )
        except errors.NoSuchExample:
            pass
        except errors.Flaky:
            # Functions that depend on more than the database: what was seen is still true.
            if self._best is None:
                raise

    def _try(self, choose: Choose) -> bool:
        """Runs a schedule; True if no serial order has its outcome."""
        run, outcome = self._run_once(choose)
        compared = self._compared(outcome)
        if compared in self._allowed:
            return False
        found = _Found(run, outcome, compared)
        if self._best is None or found.length() < self._best.length():
            self._best = found
        return True

    def _run_once(self, choose: Choose) -> tuple[Run, Outcome]:
        if self.is_cancelled:
            raise _Cancelled
        self._put_back()
        before = version_of(self._db)
        scheduler = Scheduler(self._workload, self._db, self._patience)
        try:
            with trace(self._db, scheduler):
                run = scheduler.run(choose)
        finally:
            self._present = read_all(self._db)
        stamps = Stamps(before, version_of(self._db))
        content: Any = self._present
        results: Any = tuple(map(_result, run.ended))
        if _has_stamps(run):
            stamps.find(
                {key: value for key, value in content.items() if self._initial.get(key) != value}
            )
            stamps.find(results)
            content, results = stamps.mask(content), stamps.mask(results)
        return run, Outcome(content, results)

    def _put_back(self) -> None:
        for each in self._kept:
            each.put_back()
        put_back(self._db, self._initial, self._present)

    def _compared(self, outcome: Outcome) -> Any:
        return outcome if self._outcome is None else self._outcome(outcome)

    # ---- the report ----

    def _failure(self, found: _Found, seed: int | None) -> NotSerializable:
        schedule = found.run.schedule
        again = f"schedule={schedule!r}"
        if seed is not None:
            again += f" (or seed={seed} for the search)"
        count = len(self._serial)
        text = "\n".join(
            [
                f"no serial order of the {len(self._workload)} functions has the outcome of this one:",
                "",
                *_table(self._names, found.run),
                "",
                *self._outcomes(found, count),
                "",
                f"the same again: {again}",
            ]
        )
        serial = {order: self._compared(outcome) for order, outcome in self._serial.items()}
        return NotSerializable(text, schedule, seed, found.compared, serial)

    def _outcomes(self, found: _Found, count: int) -> list[str]:
        if self._outcome is not None:
            lines = [f"outcome: {found.compared!r}"]
            lines += [f"serially: {each!r}" for each in self._allowed]
            return lines
        all_outcomes = [found.outcome, *self._serial.values()]
        keys = sorted(
            key
            for key in set().union(*(each.content for each in all_outcomes))
            if len({each.content.get(key) for each in all_outcomes}) > 1
        )
        lines = ["outcome:", *self._listed(found.outcome, keys)]
        groups: list[tuple[Outcome, list[str]]] = []
        for order, outcome in self._serial.items():
            name = " then ".join(map(str, order))
            for known, names in groups:
                if known == outcome:
                    names.append(name)
                    break
            else:
                groups.append((outcome, [name]))
        for outcome, names in groups:
            more = f" (and {len(names) - 1} more orders)" if len(names) > 1 else ""
            lines += [f"serially, {names[0]}{more}:", *self._listed(outcome, keys)]
        return lines

    def _listed(self, outcome: Outcome, keys: Sequence[bytes]) -> list[str]:
        lines = [
            f"    {number}: {_came_of(result)}"
            for number, result in enumerate(outcome.results)
            if result is not None
        ]
        lines += [
            f"    {shown(key)} = {shown_value(outcome.content.get(key))}"
            for key in keys[:MOST_ROWS_SHOWN]
        ]
        if len(keys) > MOST_ROWS_SHOWN:
            lines.append(f"    and {len(keys) - MOST_ROWS_SHOWN} more keys")
        return lines or ["    (nothing returned, no rows that differ)"]


def _label(function: Any) -> str:
    """The name of a function; of a functools.partial with what was added."""
    added = ""
    if isinstance(function, functools.partial):
        given = [repr(each) for each in function.args]
        given += [f"{name}={value!r}" for name, value in function.keywords.items()]
        added = f"({', '.join(given)})"
        function = function.func
    label = (getattr(function, "__name__", None) or type(function).__name__) + added
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 3] + "..."


def _result(ended: Ended) -> Any:
    return plain(ended.result) if ended.error is None else raised(ended.error)


def _came_of(result: Any) -> str:
    return f"{'raised' if isinstance(result, Raised) else 'returned'} {result!r}"


def _has_stamps(run: Run) -> bool:
    return any(
        operation.name == "get_versionstamp"
        or (operation.name == "atomic_op" and operation.arguments[0] in (14, 15))
        for step in run.steps
        for operation in step.operations
    )


def _table(names: Sequence[str], run: Run) -> list[str]:
    """A column a function, a row a call, in the order of the calls."""
    rows: list[tuple[int, str]] = [
        (step.function, told(operation))
        for step in run.steps
        for operation in step.operations
        if _is_shown(operation)
    ]
    widths = [
        max([len(name), *(len(text) for function, text in rows if function == number)])
        for number, name in enumerate(names)
    ]
    lines = ["  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True))]
    lines.append("  ".join("-" * width for width in widths))
    for function, text in rows:
        indent = sum(widths[:function]) + 2 * function
        lines.append(" " * indent + text)
    return [line.rstrip() for line in lines]


def _is_shown(operation: Operation) -> bool:
    return operation.name not in _QUIET
