"""The seam of the tools that look on: what the transactions of a database do, call by call.

`trace(db, tracer)` makes the handles of new transactions `TracedHandle`s, through which all of their calls go, those of
their snapshot views, ranges and directories, too. Works on a cluster as well as on the engine.

Invariants:
1. A tracer is told of a call before it is carried out, and again once; of a commit when its outcome is known.
2. Transactions made before `trace`, and calls after its end, are not traced.
3. Without a tracer a database makes plain handles.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar

from fdb import _retry
from fdb._errors import FDBError
from fdb._native import extension
from fdb._types import KeyArgument, ValueArgument
from fdb._waiting.threads import THREADS, model_of
from fdb.testing._engine import database_of

if TYPE_CHECKING:
    from fdb._sources import TransactionSource

    Base = extension.TransactionHandle[Any, Any, Any, Any, Any, Any]
else:
    Base = extension.TransactionHandle

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
#: What starts threads and tasks: no line of the program is behind it.
_STARTERS = tuple(
    os.path.join(os.path.dirname(os.__file__), name)
    for name in ("asyncio" + os.sep, "concurrent" + os.sep, "threading.py")
)
#: The methods for the codes of `atomic_op`.
ATOMIC_NAMES = {
    2: "add",
    6: "bit_and",
    7: "bit_or",
    8: "bit_xor",
    9: "append_if_fits",
    12: "max",
    13: "min",
    14: "set_versionstamped_key",
    15: "set_versionstamped_value",
    16: "byte_min",
    17: "byte_max",
    20: "compare_and_clear",
}
_PREFIX = "fdb_transaction_"
#: What waiting in a callback raises.
_IN_A_CALLBACK = 2026
_numbers = itertools.count(1)


class Where(NamedTuple):
    """A line of the program."""

    file: str
    """The path of the file, as Python has it."""
    line: int
    """The line, from 1 on."""
    function: str
    """The name of the function that the line is in."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


class Selector(NamedTuple):
    """A key selector, as the C API has it."""

    key: bytes
    """The key that it begins at."""
    or_equal: bool
    """Whether it begins behind that key."""
    offset: int
    """How many keys further on it points."""


class TracedTransaction:
    """What all calls of one transaction have in common."""

    def __init__(self, source: TransactionSource, where: Where) -> None:
        #: Counts the traced transactions of the process, from 1 on.
        self.number = next(_numbers)
        #: The database or tenant that has made it.
        self.source = source
        #: The line of the program that made it: the call of the transactional function, or of `create_transaction`.
        self.where = where
        #: The transactional function that it was made for, with its first line; None where there is none.
        self.function = _transactional_function()
        #: Counts attempts: `on_error` begins the next one, `reset` and a commit that succeeded begin anew with 1.
        self.attempt = 1
        #: Counts the calls of an attempt.
        self.calls = 0
        #: How often it began anew.
        self.lives = 1

    def __repr__(self) -> str:
        return f"<transaction {self.number} of {self.source!r}>"

    def begin_attempt(self, attempt: int) -> None:
        """The calls that follow belong to another attempt."""
        self.lives += attempt == 1
        self.attempt = attempt
        self.calls = 0


class Operation:
    """One call of a transaction.

    `name` is that of the C API without its prefix: get, get_key, get_range, get_read_version, watch, set, clear, clear_range,
    atomic_op, add_conflict_range, commit, on_error, reset, cancel, and those that are rare: set_option,
    set_read_version, get_committed_version, get_versionstamp, get_approximate_size, get_estimated_range_size_bytes,
    get_range_split_points, get_addresses_for_key.
    """

    __slots__ = (
        "_handle",
        "arguments",
        "attempt",
        "begin",
        "end",
        "error",
        "future",
        "life",
        "name",
        "number",
        "snapshot",
        "transaction",
        "value",
        "version",
        "waits",
        "where",
    )

    def __init__(
        self,
        handle: TracedHandle,
        name: str,
        begin: bytes | Selector | None = None,
        end: bytes | Selector | None = None,
        value: bytes | None = None,
        snapshot: bool = False,
        arguments: tuple[Any, ...] = (),
    ) -> None:
        self._handle = handle
        transaction = handle.transaction
        transaction.calls += 1
        self.transaction = transaction
        self.attempt = transaction.attempt
        self.life = transaction.lives
        #: Counts the calls of the attempt, from 1 on.
        self.number = transaction.calls
        self.name = name
        #: The key of the call, or the begin of its range; a Selector for get_key and get_range.
        self.begin = begin
        #: The end of the range of clear_range, add_conflict_range and get_range (there a Selector).
        self.end = end
        #: The value of a set, the operand of an atomic_op.
        self.value = value
        self.snapshot = snapshot
        #: What else was given: (limit, mode, iteration, reverse) of get_range; the code of atomic_op and on_error; the type of
        #: add_conflict_range; all of a rare call.
        self.arguments = arguments
        #: What the call returned, if that is a future.
        self.future: Any = None
        #: The code of the error that the call raised, or that the commit failed with; 0 for success.
        self.error = 0
        #: The version of a commit that succeeded; -1 if it wrote nothing.
        self.version = -1
        #: To be set by `Tracer.before` of a commit: the outcome is waited for, also in a loop, which stands still meanwhile.
        self.waits = False
        self.where = program_line()

    def __repr__(self) -> str:
        return f"<{self.name} {self.number} of attempt {self.attempt} of {self.transaction!r}>"

    def inject(self, fault: str) -> None:
        """Has this call, or the next one that it can hit, fail with a fault, given as in docs/guides/faults.md.

        To be called by `Tracer.before`. Raises RuntimeError for a transaction of a cluster, FDBError 2006 for text of no use.
        """
        self._handle.inject(fault)


class Tracer(Protocol):
    """Who looks on. Called on the thread that makes the call; what it raises the program gets instead of a result."""

    def before(self, operation: Operation) -> None:
        """A call is about to be carried out."""
        ...

    def after(self, operation: Operation) -> None:
        """It was carried out, or raised; `future`, `error` and `version` are set.

        For a commit its outcome is known; with the asyncio event model this may be on another task's turn of the loop.
        """
        ...


class Tracing:
    """The tracers of one database. Thread-safe."""

    def __init__(self) -> None:
        #: Replaced, never changed: a call goes by those that there were when it began.
        self.tracers: tuple[Tracer, ...] = ()

    def create_handle(self, source: TransactionSource) -> TracedHandle:
        """Takes the place of `DatabaseHandle.create_transaction`."""
        handle = source._handle.create_transaction_of(TracedHandle)
        handle.tracing = self
        handle.transaction = TracedTransaction(source, program_line())
        return handle


class TracedHandle(Base):
    """The handle of a transaction whose calls are told to the tracers."""

    tracing: Tracing
    transaction: TracedTransaction

    def _told(self, operation: Operation, carry_out: Callable[[], ResultT]) -> ResultT:
        """Carries out a call between the tracers' two methods."""
        tracers = self.tracing.tracers
        for tracer in tracers:
            tracer.before(operation)
        try:
            result = carry_out()
        except FDBError as error:
            operation.error = error.code
            self._tell_after(tracers, operation)
            raise
        if isinstance(result, extension.FutureBase):
            operation.future = result
        self._tell_after(tracers, operation)
        return result

    def _tell_after(self, tracers: tuple[Tracer, ...], operation: Operation) -> None:
        for tracer in reversed(tracers):
            tracer.after(operation)

    def inject(self, fault: str) -> None:
        """See `Operation.inject`."""
        library = self.transaction.source._library
        if not library.has("fdb_embedded_inject"):
            raise RuntimeError(
                f"a fault can be injected into transactions of the embedded engine only, not of {self.transaction.source!r}"
            )
        super().call(library.fdb_embedded_inject, fault.encode())

    # ---- reads ----

    def get(self, key: KeyArgument, snapshot: bool, /) -> Any:
        name = extension.key_bytes(key)
        operation = Operation(self, "get", name, snapshot=bool(snapshot))
        return self._told(operation, lambda: super(TracedHandle, self).get(name, snapshot))

    def get_key(self, key: KeyArgument, or_equal: bool, offset: int, snapshot: bool, /) -> Any:
        selector = Selector(extension.key_bytes(key), or_equal, offset)
        operation = Operation(self, "get_key", selector, snapshot=bool(snapshot))
        return self._told(operation, lambda: super(TracedHandle, self).get_key(*selector, snapshot))

    def get_range(
        self,
        begin: KeyArgument,
        begin_or_equal: bool,
        begin_offset: int,
        end: KeyArgument,
        end_or_equal: bool,
        end_offset: int,
        limit: int,
        mode: int,
        iteration: int,
        snapshot: bool,
        reverse: bool,
        /,
    ) -> Any:
        first = Selector(extension.key_bytes(begin), begin_or_equal, begin_offset)
        last = Selector(extension.key_bytes(end), end_or_equal, end_offset)
        operation = Operation(
            self, "get_range", first, last, None, bool(snapshot), (limit, mode, iteration, reverse)
        )
        return self._told(
            operation,
            lambda: super(TracedHandle, self).get_range(
                *first, *last, limit, mode, iteration, snapshot, reverse
            ),
        )

    def get_read_version(self) -> Any:
        return self._told(Operation(self, "get_read_version"), super().get_read_version)

    def watch(self, key: KeyArgument, /) -> Any:
        name = extension.key_bytes(key)
        return self._told(
            Operation(self, "watch", name), lambda: super(TracedHandle, self).watch(name)
        )

    # ---- writes ----

    def set(self, key: KeyArgument, value: ValueArgument, /) -> None:
        name, stored = extension.key_bytes(key), extension.value_bytes(value)
        operation = Operation(self, "set", name, value=stored)
        self._told(operation, lambda: super(TracedHandle, self).set(name, stored))

    def clear(self, key: KeyArgument, /) -> None:
        name = extension.key_bytes(key)
        self._told(Operation(self, "clear", name), lambda: super(TracedHandle, self).clear(name))

    def clear_range(self, begin: KeyArgument, end: KeyArgument, /) -> None:
        first, last = extension.key_bytes(begin), extension.key_bytes(end)
        operation = Operation(self, "clear_range", first, last)
        self._told(operation, lambda: super(TracedHandle, self).clear_range(first, last))

    def atomic_op(self, code: int, key: KeyArgument, operand: ValueArgument, /) -> None:
        name, value = extension.key_bytes(key), extension.value_bytes(operand)
        operation = Operation(self, "atomic_op", name, value=value, arguments=(code,))
        self._told(operation, lambda: super(TracedHandle, self).atomic_op(code, name, value))

    def add_conflict_range(self, begin: KeyArgument, end: KeyArgument, type: int, /) -> None:
        first, last = extension.key_bytes(begin), extension.key_bytes(end)
        operation = Operation(self, "add_conflict_range", first, last, arguments=(int(type),))
        self._told(
            operation, lambda: super(TracedHandle, self).add_conflict_range(first, last, type)
        )

    def set_option(self, code: int, value: bytes | None, /) -> None:
        operation = Operation(self, "set_option", arguments=(code, value))
        self._told(operation, lambda: super(TracedHandle, self).set_option(code, value))

    # ---- attempts ----

    def commit(self) -> Any:
        tracers = self.tracing.tracers
        operation = Operation(self, "commit")
        for tracer in tracers:
            tracer.before(operation)
        future = operation.future = super().commit()

        def finish(_: Any) -> None:
            operation.error = max(future._code(), 0)
            if operation.error == 0:
                operation.version = self._committed_version()
                self.transaction.begin_attempt(1)
            self._tell_after(tracers, operation)

        # Who commits waits anyway; and the next call of any thread comes after the outcome.
        when_ready(future, finish, operation.waits)
        return future

    def _committed_version(self) -> int:
        library = self.transaction.source._library
        return super().call(library.fdb_transaction_get_committed_version)

    def on_error(self, code: int, /) -> Any:
        operation = Operation(self, "on_error", arguments=(code,))
        future = self._told(operation, lambda: super(TracedHandle, self).on_error(code))
        self.transaction.begin_attempt(self.transaction.attempt + 1)
        return future

    def reset(self) -> None:
        self._told(Operation(self, "reset"), super().reset)
        self.transaction.begin_attempt(1)

    def cancel(self) -> None:
        self._told(Operation(self, "cancel"), super().cancel)

    # ---- everything else ----

    def call(
        self,
        function: Callable[..., ResultT],
        /,
        *args: Any,
        **kwargs: Any,
    ) -> ResultT:
        name = function.__name__.removeprefix(_PREFIX)
        operation = Operation(self, name, arguments=args)
        return self._told(
            operation, lambda: super(TracedHandle, self).call(function, *args, **kwargs)
        )


class _Seen:
    """Stands for a future in a callback: that somebody looks on is no use of it, and nobody has awaited it."""

    __slots__ = ("_future",)

    def __init__(self, future: Any) -> None:
        self._future = future

    def _ready(self) -> bool:
        ready: bool = self._future._ready()
        return ready

    def _subscribe(self, mailbox: extension.Mailbox, token: int) -> bool:
        subscribed: bool = self._future._subscribe(mailbox, token)
        return subscribed

    def _awaited(self) -> None:
        pass


def when_ready(future: Any, act: Callable[[Any], None], waits: bool = False) -> None:
    """Calls `act(future)` when the future is ready: waits for that where it may, else it is called later.

    It must not wait in callbacks, and in a loop only if `waits` says so.
    """
    model = model_of(future)
    if waits or not model.must_await:
        waiter = THREADS if model.must_await else model
        try:
            while not future._ready():
                waiter.wait(future)
        except FDBError as error:
            if error.code != _IN_A_CALLBACK:
                raise
    if future._ready():
        act(future)
    else:
        seen: Any = _Seen(future)
        model.on_ready(seen, lambda _: act(future))


def program_line() -> Where:
    """Returns the innermost line of the program, outside of this package, that led to the call.

    Where a task or thread consists of a function of this package, as of a transactional one, there is none: its file is "".
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_STARTERS):
            break
        if not code.co_filename.startswith(_PACKAGE):
            return Where(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return Where("", 0, "")


def _transactional_function() -> Where | None:
    """Returns the function whose wrapper is making a transaction, unless it is one of this package."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_code.co_filename == _retry.__file__ and frame.f_code.co_name == "wrapper":
            return place_of(frame.f_locals["func"])
        frame = frame.f_back
    return None


def place_of(function: Callable[..., Any]) -> Where | None:
    """Returns where a function of the program begins, None for one of this package or without a line."""
    innermost = inspect.unwrap(function)
    code = getattr(innermost, "__code__", None)
    if code is None or code.co_filename.startswith(_PACKAGE):
        return None
    return Where(code.co_filename, code.co_firstlineno, innermost.__qualname__)


@contextlib.contextmanager
def trace(db: object, tracer: Tracer) -> Iterator[None]:
    """Has `tracer` see what new transactions of a database do, and of its tenants, within the `with` block.

    `db` is a Database, AsyncDatabase or tenant, which stands for its database: `fdb.open` gives one object to all who open the same
    database with the same event model, and those see each other's tracers. Raises TypeError for anything else.
    """
    database = database_of(db, "trace()")
    with _attaching:
        tracing = database._tracing
        if not isinstance(tracing, Tracing):
            tracing = Tracing()
        tracing.tracers = (*tracing.tracers, tracer)
        database._tracing = tracing
    try:
        yield
    finally:
        with _attaching:
            tracing.tracers = tuple(each for each in tracing.tracers if each is not tracer)
            if not tracing.tracers:
                database._tracing = None


_attaching = threading.Lock()
