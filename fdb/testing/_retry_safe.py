"""`assert_retry_safe`: runs a transactional function under every fault at every point, and compares with a run without."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import warnings
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple, overload

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb._errors import FDBError
from fdb._range import FDBRange
from fdb._watch import Watch
from fdb.subspace_impl import Subspace
from fdb.testing._content import Rows, Stamps, put_back, read_all, version_of
from fdb.testing._describe import described
from fdb.testing._driven import Ask, Steps, drive, drive_in_loop
from fdb.testing._engine import embedded_database
from fdb.testing._kept import Kept, futures_in
from fdb.testing._plain import plain, raised
from fdb.testing._retry_observer import Endless, Observer
from fdb.testing._retry_plans import Plan, Point, endings_of, plans_of
from fdb.testing._retry_report import Difference, Finding, RetryUnsafe, rows_that_differ
from fdb.testing._tracing import Operation, trace
from fdb.testing._undisturbed import undisturbed

Source = Database | Tenant | AsyncDatabase | AsyncTenant

RESULT = "result"
_MANAGEMENT = b"\xff\xff/management/"
_USE_IGNORE = (
    "ignore takes Subspaces, pairs of keys (begin, end) and prefixes (bytes) whose rows are not to be compared, names of "
    f"variables, and {RESULT!r} for what the function returns"
)


@overload
def assert_retry_safe(
    function: Callable[..., Any],
    db: Database | Tenant,
    /,
    *args: Any,
    ignore: Iterable[Any] = (),
    **kwargs: Any,
) -> None: ...
@overload
def assert_retry_safe(
    function: Callable[..., Any],
    db: AsyncDatabase | AsyncTenant,
    /,
    *args: Any,
    ignore: Iterable[Any] = (),
    **kwargs: Any,
) -> Coroutine[Any, Any, None]: ...
def assert_retry_safe(
    function: Callable[..., Any],
    db: Database | Tenant | AsyncDatabase | AsyncTenant,
    /,
    *args: Any,
    ignore: Iterable[Any] = (),
    **kwargs: Any,
) -> Coroutine[Any, Any, None] | None:
    """Raises RetryUnsafe if a fault anywhere in the life of a function makes it do something else than without.

    `function` is called as `function(db, *args, **kwargs)`: it is transactional, or runs transactions of its own. First it runs
    without faults, twice. Then for each call of its transactions, and each fault that this call can have, it runs from the same
    beginning with that fault: 1007, 1009, 1037, 1039 and short batches for reads; throttling, a locked database and others for versions;
    1020, 1021, 1039 and others for commits, those of unknown result with and without effect; and with some faults in two attempts. Each
    time the rows of the database, what is returned, and what the function keeps (in its closure, defaults, arguments, the object of a
    method, variables of its module) have to be the same as without faults. Also found are errors that the function swallows, futures and
    ranges that leave the function unused, what an `async def` function forgets to await, and retries without end.

    Then it is ended early: by a timeout (1031) at every read and commit, and the task of an `async def` function by being cancelled there.
    Where that leaves neither nothing nor all done, the function is called again, and has to finish it.

    What depends on the version is no difference: versionstamps are compared by their order. A function that uses chance or the
    clock does something else every time: say with `ignore` what that is. It takes Subspaces, pairs of keys (begin, end) and
    prefixes (bytes) whose rows are not compared, names of variables, and "result" for what is returned. An exception of the run without faults is
    raised as it is.

    Before every run, and at the end, the database gets back the rows that it had, and the variables what they held. Meanwhile its
    clock stands and jumps over every wait, other faults are suspended, and nobody else may use it. It blocks; with an asyncio database it is a coroutine, and so must the function be. The number
    of runs grows with the number of calls.

    Raises TypeError and ValueError for arguments of no use, ValueError for a function that does something else without faults,
    too, RuntimeError for a database of a cluster.
    """
    embedded_database(db, "assert_retry_safe()")
    if not callable(function):
        raise TypeError(
            f"function must be one that takes the database (or a transaction), not {type(function).__name__}"
        )
    ignored = _Ignored(ignore)
    call = functools.partial(function, db, *args, **kwargs)
    kept = Kept(function, (db, *args), kwargs, ignored.names)
    examination = _Examination(call, db, kept, ignored)
    if isinstance(db, AsyncDatabase | AsyncTenant):
        return drive_in_loop(examination.run())
    if inspect.iscoroutinefunction(inspect.unwrap(_innermost(function))):
        raise TypeError(
            f'an async def function needs a database opened with event_model="asyncio", not {type(db).__name__}'
        )
    drive(examination.run())
    return None


def _innermost(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


class _Ignored:
    """What is not compared."""

    def __init__(self, ignore: Any) -> None:
        if isinstance(ignore, str | bytes | Subspace) or not isinstance(ignore, Iterable):
            raise TypeError(f"{_USE_IGNORE}: give a list of them, not {type(ignore).__name__}")
        self.names: set[str] = set()
        self._ranges: list[tuple[bytes, bytes | None]] = []
        for each in ignore:
            if isinstance(each, str):
                self.names.add(each)
            elif isinstance(each, Subspace):
                self._ranges.append((each.key(), None))
            elif isinstance(each, bytes):
                self._ranges.append((each, None))
            elif isinstance(each, tuple) and [type(key) for key in each] == [bytes, bytes]:
                self._ranges.append(each)
            else:
                raise TypeError(f"{_USE_IGNORE}, not {each!r}")

    def without(self, rows: Rows) -> Rows:
        """Returns the rows that are compared."""
        return {
            key: value
            for key, value in rows.items()
            if not any(_is_in(key, each) for each in self._ranges)
        }


def _is_in(key: bytes, keys: tuple[bytes, bytes | None]) -> bool:
    begin, end = keys
    return key.startswith(begin) if end is None else begin <= key < end


# ---- the examination ----


class _Outcome(NamedTuple):
    """What a run led to."""

    content: Rows
    result: Any
    state: dict[tuple[str, str], Any]
    error: BaseException | None
    observer: Observer
    #: What Python said of coroutines that nobody awaited.
    unawaited: list[str]


class _Examination:
    """All runs of one function."""

    def __init__(
        self, call: functools.partial[Any], db: Source, kept: Kept, ignored: _Ignored
    ) -> None:
        self._call = call
        self._db = db
        self._kept = kept
        self._ignored = ignored
        self._initial: Rows = {}
        self._present: Rows = {}
        self._findings: list[Finding] = []
        self._most_calls = 0
        self._points: list[Point] = []
        self._first_state = kept.now()

    def run(self) -> Steps[None]:
        """Does it all; raises RetryUnsafe."""
        with undisturbed(self._db):
            yield from self._run_all()
        if self._findings:
            raise RetryUnsafe(_name(self._call), self._findings)

    def _run_all(self) -> Steps[None]:
        self._initial = self._present = yield Ask(lambda: read_all(self._db))
        try:
            clean = yield from self._clean()
            for plan in plans_of(clean.observer.points):
                faulty = yield from self._run_once(plan)
                self._compare(clean, faulty, plan)
            is_async = isinstance(self._db, AsyncDatabase | AsyncTenant)
            for plan in endings_of(clean.observer.points, is_async):
                yield from self._end_early(clean, plan)
        finally:
            self._kept.put_back()
            yield Ask(self._put_back)

    def _put_back(self) -> None:
        put_back(self._db, self._initial, read_all(self._db))

    def _clean(self) -> Steps[_Outcome]:
        """Runs the function without faults, and looks at what shows already then."""
        clean = yield from self._run_once(None)
        if clean.error is not None:
            raise clean.error
        self._points = clean.observer.points
        self._refuse_management(clean)
        self._most_calls = 1000 + 20 * len(clean.observer.points)
        again = yield from self._run_once(None)
        differences = self._differences(clean, again)
        if differences:
            listed = "\n".join(f"    {each}" for _, _, group in differences for each in group)
            raise ValueError(
                f"{_name(self._call)} does something else every time, also without faults: say with ignore= what is not "
                f"to be compared ({_USE_IGNORE}), or give it its random numbers and times as arguments\n"
                + listed.replace("with this one", "the next time")
            )
        self._look_for_leaks(clean)
        for text in dict.fromkeys(clean.unawaited):
            self._find("not awaited", None, text)
        return clean

    def _refuse_management(self, clean: _Outcome) -> None:
        for _, operation in clean.observer.points:
            if isinstance(operation.begin, bytes) and operation.begin.startswith(_MANAGEMENT):
                if operation.name in ("set", "clear", "clear_range"):
                    raise ValueError(
                        f"{_name(self._call)} changes what is not put back between its runs ({described(operation)}): "
                        "functions that create or delete tenants, or manage the database otherwise, cannot be examined"
                    )

    def _run_once(self, plan: Plan | None, goes_on: bool = False) -> Steps[_Outcome]:
        """Runs the function from the beginning, or from where the last run has ended."""
        begin = functools.partial(version_of, self._db) if goes_on else self._begin
        before = yield Ask(begin)
        observer = Observer(plan, self._most_calls)
        result: Any = None
        error: BaseException | None = None
        with trace(self._db, observer), warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                result = yield Ask(self._call, is_call=True)
            except (Exception, Endless) as failure:
                error = failure
            except asyncio.CancelledError as failure:
                if not observer.was_cancelled:
                    raise
                error = failure
            if plan is None and not goes_on:
                observer.look_for_leaks(result, self._kept)
                gc.collect()
            unawaited = [
                str(each.message) for each in heard if "was never awaited" in str(each.message)
            ]
        if observer.failure is not None:
            raise observer.failure
        yield Ask(functools.partial(_wait_for_reads, result))
        plain_result = plain(result)
        state = self._kept.now()
        stamps = Stamps(before, (yield Ask(self._end)))
        content: Any = self._ignored.without(self._present)
        if observer.has_stamps:
            stamps.find(
                {key: value for key, value in content.items() if self._initial.get(key) != value}
            )
            stamps.find([plain_result, *state.values()])
            content, plain_result, state = map(stamps.mask, (content, plain_result, state))
        return _Outcome(content, plain_result, state, error, observer, unawaited)

    def _begin(self) -> int:
        self._kept.put_back()
        put_back(self._db, self._initial, self._present)
        return version_of(self._db)

    def _end(self) -> int:
        self._present = read_all(self._db)
        return version_of(self._db)

    # ---- comparisons ----

    def _differences(
        self, clean: _Outcome, other: _Outcome
    ) -> list[tuple[str, str, tuple[Difference, ...]]]:
        """Returns kind, words and details of what is not the same."""
        found: list[tuple[str, str, tuple[Difference, ...]]] = []
        rows = rows_that_differ(clean.content, other.content)
        if rows:
            found.append(("content", "the rows of the database differ", rows))
        if clean.result != other.result and RESULT not in self._ignored.names:
            found.append(
                (
                    "result",
                    "what is returned differs",
                    (Difference(RESULT, clean.result, other.result),),
                )
            )
        for (name, of), value in clean.state.items():
            if other.state.get((name, of)) != value:
                change = Difference(name, value, other.state.get((name, of)))
                found.append(
                    (
                        "state",
                        f"{name!r}, in {of}, keeps something of an attempt that failed",
                        (change,),
                    )
                )
        return found

    def _compare(self, clean: _Outcome, faulty: _Outcome, plan: Plan) -> None:
        if not faulty.observer.was_reached:
            return
        error = faulty.error
        if isinstance(error, Endless):
            self._find("endless", plan, f"it had not ended after {self._most_calls} calls")
            return
        if isinstance(error, FDBError):
            self._find("not retried", plan, f"{raised(error)!r} reached the caller: {error}")
        elif error is not None:
            self._find("exception", plan, f"{raised(error)!r} was raised, only with the fault")
        # Who tries again with another transaction has more of them.
        elif faulty.observer.transactions <= clean.observer.transactions:
            for operation in faulty.observer.swallowed():
                self._find(
                    "swallowed",
                    plan,
                    f"the error of {described(operation)} was swallowed: it has to reach a retry loop (fdb.transactional, or "
                    "on_error), or the caller",
                )
        # Who has got an exception does not expect that all was done.
        for kind, text, differences in self._differences(clean, faulty) if error is None else ():
            self._find(kind, plan, text, differences)

    def _end_early(self, clean: _Outcome, plan: Plan) -> Steps[None]:
        """Ends the function somewhere, and runs it once more where that has left it half done."""
        ended = yield from self._run_once(plan)
        if not (ended.observer.was_cancelled or ended.observer.was_reached):
            return
        if not ended.observer.was_cancelled and (
            ended.error is None or isinstance(ended.error, Endless)
        ):
            self._compare(clean, ended, plan)
            return
        before = self._ignored.without(self._initial)
        if ended.content == before and ended.state == self._first_state:
            return
        if ended.content == clean.content and ended.state == clean.state:
            return
        again = yield from self._run_once(None, goes_on=True)
        if again.error is not None:
            self._find(
                "half done",
                plan,
                f"it ended there, and called again it raised {raised(again.error)!r}",
            )
        elif again.content != clean.content:
            self._find(
                "half done",
                plan,
                "it ended there, and called again it leaves other rows: what it had begun is lost, or done twice",
                rows_that_differ(clean.content, again.content),
            )

    def _look_for_leaks(self, clean: _Outcome) -> None:
        for leak in clean.observer.leaks:
            operation = leak.operation
            self._findings.append(
                Finding(
                    leak.kind,
                    "",
                    described(operation) if operation is not None else "",
                    _line(operation, clean.observer.points),
                    leak.text,
                )
            )

    def _find(
        self, kind: str, plan: Plan | None, text: str, differences: tuple[Difference, ...] = ()
    ) -> None:
        operation = plan.point.operation if plan is not None else None
        self._findings.append(
            Finding(
                kind,
                plan.words if plan is not None else "",
                described(operation) if operation is not None else "",
                _line(operation, self._points),
                text,
                differences,
            )
        )


def _line(point: Operation | None, points: Sequence[Point]) -> str:
    """The line of a call. Where only the loop is behind it, as behind the commit of a coroutine, that of the call before it."""
    line = ""
    for _, operation in points:
        if operation.transaction is (point and point.transaction) and operation.where.file:
            line = str(operation.where)
        if operation is point:
            return line
    return line


def _wait_for_reads(result: Any) -> None:
    """Waits for what a function has returned without waiting for it."""
    for future in futures_in(result):
        if not isinstance(future, FDBRange) and type(future) is not Watch:
            future.block_until_ready()


def _name(call: functools.partial[Any]) -> str:
    function = _innermost(call)
    return getattr(function, "__qualname__", None) or type(function).__qualname__
