"""`record(db)`: a log of what the transactions of a database do. Works on a cluster as well as on the engine.

Invariants:
1. The program sees what it would see without: results, errors, order, the lives of its futures and transactions. What the recorder
   asks of a transaction beyond the program's calls is asked right before the commit (to report conflicting keys, for a stamp where
   one is written) and after its end (versions and conflict ranges, which are there then).
2. An attempt is known completely when `commit` has told its outcome; with asyncio on a cluster a moment later.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from typing import Any

from fdb._errors import FDBError
from fdb._native import extension
from fdb._sources import TenantMembers
from fdb._startup import api_version
from fdb._values import Key
from fdb._waiting.threads import THREADS
from fdb.testing._actions import (
    CANCELLED,
    COMMITTED,
    DROPPED,
    NOT_COMMITTED,
    RESET,
    TOO_OLD,
    Attempt,
    Conflict,
    KeyRange,
    Read,
    RecordedTransaction,
    Write,
    note_end,
    note_error,
)
from fdb.testing._engine import database_of
from fdb.testing._log import TransactionLog
from fdb.testing._tracing import (
    ATOMIC_NAMES,
    Base,
    Operation,
    TracedTransaction,
    Where,
    trace,
    when_ready,
)

_REPORT_CONFLICTING_KEYS = 712
_MODULE, _MODULE_END = b"\xff\xff/transaction/", b"\xff\xff/transaction0"
_READ_RANGES = _MODULE + b"read_conflict_range/"
_WRITE_RANGES = _MODULE + b"write_conflict_range/"
_CONFLICTING = _MODULE + b"conflicting_keys/"
_SPECIAL_KEYS = b"\xff\xff"
_LONGEST_KEY = 10_000
_HAVE_SPECIAL_KEYS = 630
_KEEP_READ_VERSION = 700
_WANT_ALL = -2
_WRITE_CONFLICT = 1

_Steps = Generator[Any, None, None]


@contextlib.contextmanager
def record(db: object) -> Iterator[TransactionLog]:
    """Records what new transactions of a database do within the `with` block, and gives the log of it.

    `db` is a Database or AsyncDatabase, whose log has the transactions of its tenants, too, or a tenant, whose log has only those
    of the tenant. Other objects for the same database, as one of another event model, and other processes are not recorded. The log
    stays when the block has ended. Works on clusters, too. Raises TypeError for anything else.

    Costs time and memory for each call. Recorded transactions have the option report_conflicting_keys. But with asyncio, `commit` of one
    returns when the outcome is known, so what is done with the transaction until then is not seen to come too early. Showing keys reads
    the directories, in a transaction that is not recorded but meets faults as all do.
    """
    database = database_of(db, "record()")
    log = TransactionLog(database, db if isinstance(db, TenantMembers) else None)
    with trace(database, Recorder(log)):
        yield log


class Recorder:
    """The tracer that writes a log. Thread-safe."""

    def __init__(self, log: TransactionLog) -> None:
        self._records = log._records
        # Reentrant, as a finalizer or a signal handler may use the database in the midst of what is done with it.
        self._lock = threading.RLock()
        self._lives: dict[tuple[int, int], dict[int, Attempt]] = {}
        self._order = itertools.count(1)
        #: The futures of stamps, from before a commit until its outcome is known.
        self._stamps: dict[Attempt, Key] = {}

    # ---- the tracer ----

    def before(self, operation: Operation) -> None:
        """See `Tracer.before`."""
        if operation.name == "commit":
            attempt = self._attempt_of(operation)
            attempt.commit_began = next(self._order)
            attempt.where = operation.where if operation.where.file else _last_line(attempt)
            with contextlib.suppress(FDBError, RuntimeError):
                self._prepare(operation, attempt)
        elif operation.name == "on_error" and operation.arguments[0] == TOO_OLD:
            # Of a read: what it was too old for is still to be had.
            known = self._known_attempt(operation)
            if known is not None and known.read_version is None and _has_version(known):
                _drive(_learn_version(operation, known))

    def after(self, operation: Operation) -> None:
        """See `Tracer.after`."""
        note = _NOTES.get(operation.name)
        if note is not None:
            note(self, operation)

    # ---- attempts ----

    def _attempt_of(self, operation: Operation) -> Attempt:
        life = operation.transaction.number, operation.life
        attempts = self._lives.get(life)
        attempt = attempts.get(operation.attempt) if attempts is not None else None
        if attempt is not None:
            return attempt
        with self._lock:
            return self._new_attempt(operation, life)

    def _new_attempt(self, operation: Operation, life: tuple[int, int]) -> Attempt:
        attempts = self._lives.get(life)
        if attempts is None:
            attempts = self._lives[life] = {}
            transaction = recorded(operation.transaction, len(self._lives))
        else:
            known = attempts.get(operation.attempt)
            if known is not None:
                return known
            transaction = next(iter(attempts.values())).transaction
        attempt = Attempt(transaction, operation.attempt, began=next(self._order))
        attempt.started, attempt.strand = time.monotonic(), strand_of(operation)
        transaction.attempts.append(attempt)
        attempts[operation.attempt] = attempt
        if len(attempts) == 1:
            # The transaction itself is not to be kept: this tells when it goes.
            gone = functools.partial(_dropped, transaction)
            self._records.add(transaction, weakref.ref(operation.transaction, gone))
        return attempt

    def _known_attempt(self, operation: Operation) -> Attempt | None:
        return self._lives.get((operation.transaction.number, operation.life), {}).get(
            operation.attempt
        )

    # ---- calls ----

    def _note_read(self, operation: Operation) -> None:
        begin = operation.begin
        if operation.error or begin is None:
            return
        limit, reverse = 0, False
        if operation.name == "get_range":
            limit, reverse = operation.arguments[0], bool(operation.arguments[3])
        end: Any = operation.end
        read = Read(
            operation.name,
            begin,
            end,
            operation.snapshot,
            limit,
            reverse,
            operation.where,
            operation.number,
        )
        read.listen(operation.future)
        self._attempt_of(operation).reads.append(read)

    def _note_write(self, operation: Operation) -> None:
        key, end = operation.begin, operation.end
        if operation.error or not isinstance(key, bytes):
            return
        kind = operation.name
        if kind == "atomic_op":
            code = operation.arguments[0]
            kind = ATOMIC_NAMES.get(code, f"atomic_op {code}")
        write = Write(
            kind,
            key,
            end if isinstance(end, bytes) else None,
            operation.value,
            operation.where,
            operation.number,
        )
        self._attempt_of(operation).writes.append(write)

    def _note_conflict(self, operation: Operation) -> None:
        begin, end = operation.begin, operation.end
        if operation.error or not (isinstance(begin, bytes) and isinstance(end, bytes)):
            return
        kind = "write" if operation.arguments[0] == _WRITE_CONFLICT else "read"
        conflict = Conflict(kind, KeyRange(begin, end), operation.where, operation.number)
        self._attempt_of(operation).conflicts.append(conflict)

    def _note_version(self, operation: Operation) -> None:
        attempt = self._attempt_of(operation)
        if operation.name == "set_read_version" and not operation.error:
            attempt.read_version = operation.arguments[0]
        elif operation.future is not None and operation.future._ready():
            attempt.read_version = operation.future._peek()

    def _note_retry(self, operation: Operation) -> None:
        attempt = self._known_attempt(operation)
        if attempt is None:
            return
        attempt.where = attempt.where or operation.where
        error = operation.arguments[0]
        note_error(attempt, error, time.monotonic())

    def _note_end(self, operation: Operation) -> None:
        attempt = self._known_attempt(operation)
        if attempt is not None:
            attempt.where = attempt.where or operation.where
            note_end(
                attempt, RESET if operation.name == "reset" else CANCELLED, 0, time.monotonic()
            )

    # ---- commits ----

    def _prepare(self, operation: Operation, attempt: Attempt) -> None:
        handle = operation._handle
        Base.set_option(handle, _REPORT_CONFLICTING_KEYS, None)
        if any(write.kind.startswith("set_versionstamped") for write in attempt.writes):
            library = operation.transaction.source._library
            address = Base.call(handle, library.fdb_transaction_get_versionstamp)
            self._stamps[attempt] = Key(handle, address, extension.KEY)

    def _note_commit(self, operation: Operation) -> None:
        attempt = self._attempt_of(operation)
        stamp = self._stamps.pop(attempt, None)
        attempt.commit_ended = next(self._order)
        if operation.error:
            note_error(attempt, operation.error, time.monotonic())
        else:
            attempt.committed_version = operation.version
            note_end(attempt, COMMITTED, 0, time.monotonic())
            self._records.commits += 1
        _drive(_collect(operation, attempt, stamp))


_NOTES: dict[str, Callable[[Recorder, Operation], None]] = {
    **dict.fromkeys(("get", "get_key", "get_range", "watch"), Recorder._note_read),
    **dict.fromkeys(("set", "clear", "clear_range", "atomic_op"), Recorder._note_write),
    **dict.fromkeys(("reset", "cancel"), Recorder._note_end),
    **dict.fromkeys(("get_read_version", "set_read_version"), Recorder._note_version),
    "add_conflict_range": Recorder._note_conflict,
    "on_error": Recorder._note_retry,
    "commit": Recorder._note_commit,
}


def recorded(transaction: TracedTransaction, number: int) -> RecordedTransaction:
    """Returns an empty record of a transaction, the one with this number in its log."""
    source = transaction.source
    tenant = source._name if isinstance(source, TenantMembers) else None
    return RecordedTransaction(number, source, tenant, transaction.function, transaction.where)


def strand_of(operation: Operation) -> object:
    """Tells who makes a call: a thread or greenlet, and where it runs a loop, the task in that. Keeps none of them."""
    strand = (operation._handle.model or THREADS).strand()
    number = strand if isinstance(strand, int) else id(strand)
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return number
    return number, id(asyncio.current_task())


def _last_line(attempt: Attempt) -> Where:
    """The line of the program that the attempt has come to before its commit."""
    calls: list[Read | Write | Conflict] = [*attempt.reads, *attempt.writes, *attempt.conflicts]
    last = max(calls, key=lambda call: call.number, default=None)
    return attempt.transaction.where if last is None else last.where


def _dropped(transaction: RecordedTransaction, _: object) -> None:
    note_end(transaction.attempts[-1], DROPPED, 0, time.monotonic())


def _has_version(attempt: Attempt) -> bool:
    """Whether a read has taken a read version: asking for it must not be what takes one."""
    return any(_needs_version(read, attempt) for read in attempt.reads)


def _needs_version(read: Read, attempt: Attempt) -> bool:
    keys = read.keys
    if not read.known or read.error:
        return False
    if keys.begin >= min(keys.end, _SPECIAL_KEYS) or len(keys.begin) > _LONGEST_KEY:
        return False
    # What the transaction itself has written is read without a version.
    before = (write for write in attempt.writes if write.number < read.number)
    return not any(write.keys().common(keys) for write in before)


def _learn_version(operation: Operation, attempt: Attempt) -> _Steps:
    if api_version.get() >= _KEEP_READ_VERSION:
        future = Base.get_read_version(operation._handle)
        yield future
        attempt.read_version = future._peek()


def _collect(operation: Operation, attempt: Attempt, stamp: Key | None) -> _Steps:
    """Learns what is known after a commit. Yields the futures that it needs to be ready."""
    handle = operation._handle
    if stamp is not None and operation.error == 0:
        yield stamp
        attempt.versionstamp = stamp._peek()
    if api_version.get() >= _HAVE_SPECIAL_KEYS:
        rows = yield from _special_rows(handle)
        if rows is not None:
            attempt.read_conflicts = _ranges(rows, _READ_RANGES)
            attempt.write_conflicts = _ranges(rows, _WRITE_RANGES)
            # Those of an earlier attempt stay there.
            if operation.error == NOT_COMMITTED:
                attempt.conflicting = _ranges(rows, _CONFLICTING)
    is_taken = operation.version != -1 or attempt.conflicting or _has_version(attempt)
    if attempt.read_version is None and is_taken:
        yield from _learn_version(operation, attempt)


def _special_rows(handle: Any) -> Generator[Any, None, list[Any] | None]:
    """Reads what the library tells of the transaction by special keys; None if that fails."""
    found: list[Any] = []
    begin, after = _MODULE, False
    while True:
        page = Base.get_range(
            handle, begin, after, 1, _MODULE_END, False, 1, 0, _WANT_ALL, 1, True, False
        )
        yield page
        answer = page._peek()
        if answer is None:
            return None
        rows, _, more = answer
        found += rows
        if not more or not rows:
            return found
        begin, after = rows[-1].key, True


def _ranges(rows: list[Any], prefix: bytes) -> list[KeyRange]:
    """Returns the ranges that keys with a prefix give by their boundaries."""
    length = len(prefix)
    bounds = [row.key[length:] for row in rows if row.key.startswith(prefix)]
    # The boundary behind all keys is no key of that range of special keys.
    bounds += [_SPECIAL_KEYS] * (len(bounds) % 2)
    return [KeyRange(*pair) for pair in zip(bounds[::2], bounds[1::2], strict=True)]


def _drive(steps: _Steps) -> None:
    """Runs steps to their end: here, or where that must not block, when their futures are ready."""
    # Where the library refuses, as that of a closed database does, less is known.
    with contextlib.suppress(FDBError, RuntimeError):
        for future in steps:
            if not future._ready():
                when_ready(future, lambda _: _drive(steps))
                return
