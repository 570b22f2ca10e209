"""What a recorded transaction did: its reads, writes and conflict ranges, attempt by attempt.

All of it is for looking at: nothing here waits, and nothing changes a transaction. A read learns its result from its future, which
it does not keep alive: when somebody looks at the read, and when the future goes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fdb._errors import FDBError
from fdb._types import WaitCheck
from fdb.testing._tracing import Selector, Where

if TYPE_CHECKING:
    from fdb._sources import TransactionSource

#: What an attempt is before it has ended, and how it may end beside by an error.
OPEN, COMMITTED, CANCELLED, RESET, DROPPED = "open", "committed", "cancelled", "reset", "dropped"
NOT_COMMITTED, TOO_OLD = 1020, 1007


class KeyRange(NamedTuple):
    """The keys with begin <= key < end."""

    begin: bytes
    """The first key."""
    end: bytes
    """The first key behind it."""

    @classmethod
    def of_key(cls, key: bytes) -> KeyRange:
        """The range of one key."""
        return cls(key, key + b"\x00")

    @property
    def is_one_key(self) -> bool:
        """Whether no second key fits into the range."""
        return self.end == self.begin + b"\x00"

    def common(self, other: KeyRange) -> KeyRange | None:
        """Returns what is in both ranges, None for nothing."""
        both = KeyRange(max(self.begin, other.begin), min(self.end, other.end))
        return both if both.begin < both.end else None


def merged(ranges: Iterable[KeyRange]) -> list[KeyRange]:
    """Returns ranges in order; those that overlap or touch are one."""
    result: list[KeyRange] = []
    for each in sorted(ranges):
        if each.begin >= each.end:
            continue
        if result and each.begin <= result[-1].end:
            result[-1] = KeyRange(result[-1].begin, max(result[-1].end, each.end))
        else:
            result.append(each)
    return result


class _Ear:
    """Hangs on the future of a read until that goes, before that of another log; see `WaitCheck`."""

    __slots__ = ("_next", "_read")

    def __init__(self, read: Read, following: WaitCheck | None) -> None:
        self._read = read
        self._next = following

    def surrounds_caller(self) -> bool:
        return self._next is not None and self._next.surrounds_caller()

    def check_wait(self, future: Any) -> None:
        if self._next is not None:
            self._next.check_wait(future)

    def ended(self, result: Any, error: int) -> None:
        self._read._learn(result, error)
        if self._next is not None and self._next.ended is not None:
            self._next.ended(result, error)


@dataclass(eq=False, slots=True)
class Read:
    """One read of an attempt."""

    kind: str
    """How it was read: get, get_key, get_range or watch. Each batch of a range is a read of its own."""
    begin: bytes | Selector
    """The key of a get or watch, else the selector, for a range that of its begin."""
    end: Selector | None
    """The end of a range."""
    snapshot: bool
    """Whether it was one of `tr.snapshot`, which adds no conflict range."""
    limit: int
    """How many rows were asked for at most; 0 is no limit, and other reads have 0."""
    reverse: bool
    """Whether the range was read from its end."""
    where: Where
    """The line of the program."""
    number: int
    """Its place among the calls of the attempt."""
    _error: int = field(default=-1, init=False, repr=False)
    _value: bytes | None = field(default=None, init=False, repr=False)
    _rows: int = field(default=0, init=False, repr=False)
    _more: bool = field(default=False, init=False, repr=False)
    _ends: KeyRange | None = field(default=None, init=False, repr=False)
    _future: weakref.ref[Any] | None = field(default=None, init=False, repr=False)

    def listen(self, future: Any) -> None:
        """Learns the result of `future` now if it is there, else later."""
        if future._ready():
            self._learn(future._peek(), future._code())
            return
        self._future = weakref.ref(future)
        if self.kind != "watch":
            future._run = _Ear(self, future._run)

    def _learn(self, result: Any, error: int) -> None:
        if self._error >= 0:
            return
        if error == 0 and self.kind == "get_range":
            rows, self._rows, self._more = result
            if rows:
                keys = rows[0].key, rows[-1].key
                self._ends = KeyRange(min(keys), max(keys) + b"\x00")
        elif error == 0 and self.kind != "watch":
            self._value = result
        self._error = error
        self._future = None

    def _look(self) -> bool:
        """Whether the result is known."""
        if self._error < 0 and self._future is not None:
            future = self._future()
            if future is not None and future._ready():
                self._learn(future._peek(), future._code())
        return self._error >= 0

    @property
    def known(self) -> bool:
        """Whether the result has come, and the program, or the log while that was possible, has looked at it."""
        return self._look()

    @property
    def error(self) -> int:
        """The code of the error that it failed with; 0 for none, or where that is not known."""
        return max(self._error, 0) if self._look() else 0

    @property
    def value(self) -> bytes | None:
        """The value that a get has read, or the key that a get_key has; None for an absent one, or where it is not known."""
        self._look()
        return self._value

    @property
    def rows(self) -> int | None:
        """How many rows a range has read; None where that is not known."""
        return self._rows if self.kind == "get_range" and self._look() and not self._error else None

    @property
    def keys(self) -> KeyRange:
        """The keys that the result depends on, as far as it is known."""
        if isinstance(self.begin, bytes):
            return KeyRange.of_key(self.begin)
        first = _plain(self.begin)
        if self.end is None:
            found = self._value if self._look() else None
            if found is None:
                return KeyRange.of_key(first)
            if self.begin.offset <= 0:
                return KeyRange(min(found, first), first)
            return KeyRange(min(first, found), found + b"\x00")
        return self._keys_of_range(first, _plain(self.end), self.end)

    def _keys_of_range(self, low: bytes, high: bytes, end: Selector) -> KeyRange:
        assert isinstance(self.begin, Selector)
        if low >= high:
            if self.begin.offset >= end.offset:
                return KeyRange(low, low)
            low, high = high, low
        self._look()
        if self._ends is None:
            return KeyRange(low, high)
        # What lies behind the last row of a batch that is not the last one was not looked at.
        if self._more and not self.reverse and end.offset > 0:
            high = low
        if self._more and self.reverse and self.begin.offset <= 1:
            low = high
        return KeyRange(min(low, self._ends.begin), max(high, self._ends.end))


def _plain(selector: Selector) -> bytes:
    return selector.key + b"\x00" if selector.or_equal else selector.key


@dataclass(eq=False, slots=True)
class Write:
    """One write of an attempt."""

    kind: str
    """What wrote: set, clear, clear_range, or the name of an atomic operation as a method of Transaction."""
    key: bytes
    """The key, as it was given; the begin of a cleared range."""
    end: bytes | None
    """The end of a cleared range."""
    value: bytes | None
    """The value of a set, the operand of an atomic operation."""
    where: Where
    """The line of the program."""
    number: int
    """Its place among the calls of the attempt."""

    def keys(self, versionstamp: bytes | None = None) -> KeyRange:
        """The keys that it writes; that of set_versionstamped_key is known with the stamp."""
        if self.end is not None:
            return KeyRange(self.key, self.end)
        return KeyRange.of_key(self.stored_key(versionstamp))

    def stored_key(self, versionstamp: bytes | None) -> bytes:
        """The key that the database stores; as it was given where it is to have a stamp, and that is not known."""
        if self.kind != "set_versionstamped_key" or versionstamp is None:
            return self.key
        return stamped(self.key, versionstamp)


def stamped(data: bytes, versionstamp: bytes) -> bytes:
    """Puts a stamp where the last four bytes say, and leaves those out."""
    place, body = int.from_bytes(data[-4:], "little"), data[:-4]
    return body[:place] + versionstamp + body[place + len(versionstamp) :]


@dataclass(eq=False, slots=True)
class Conflict:
    """A conflict range that the program has added."""

    kind: str
    """What kind of range: "read" or "write"."""
    keys: KeyRange
    """The range."""
    where: Where
    """The line of the program."""
    number: int
    """Its place among the calls of the attempt."""


@dataclass(eq=False)
class Attempt:
    """What a transaction did from its begin, or the last retry, to its commit, retry or end."""

    transaction: RecordedTransaction
    """The transaction that it is an attempt at."""
    number: int
    """Counts the attempts of the transaction from 1 on."""
    reads: list[Read] = field(default_factory=list)
    """What it read, in order."""
    writes: list[Write] = field(default_factory=list)
    """What it wrote, in order."""
    conflicts: list[Conflict] = field(default_factory=list)
    """What `add_read_conflict_range` and its like have added."""
    outcome: str = OPEN
    """open (it has not ended), committed, the name of the error that ended it, cancelled, reset, or dropped (without a commit).
    """
    error: int = 0
    """The code of the error that ended it; 0 if there was none."""
    read_version: int | None = None
    """The version that it has read; None where that is not known."""
    committed_version: int | None = None
    """The version of the commit; -1 for one that wrote nothing, None without one."""
    versionstamp: bytes | None = None
    """The ten bytes of the commit's stamp, if one of the writes has asked for a stamp."""
    read_conflicts: list[KeyRange] | None = None
    """The read conflict ranges that were submitted, as the database reports them after the commit (API version 630 or newer)."""
    write_conflicts: list[KeyRange] | None = None
    """The write conflict ranges that were submitted, as the database reports them after the commit."""
    conflicting: list[KeyRange] | None = None
    """Which of its read conflict ranges the commit failed for with 1020, as the database reports them."""
    where: Where | None = None
    """The line of the commit, or of what else ended it."""
    began: int = 0
    """When its first call was, in the order of all that is recorded."""
    commit_began: int = 0
    """When its commit was called, in the order of all that is recorded; 0 without one."""
    commit_ended: int = 0
    """When the outcome of its commit was seen, in the order of all that is recorded; 0 without one."""
    started: float = 0.0
    """The time of the first call, in seconds of time.monotonic()."""
    ended: float | None = None
    """The time of its end, in seconds of time.monotonic(); None if it has not ended."""
    strand: object = field(default=None, repr=False)
    """Who made the first call: a thread, and the task in its loop."""

    @property
    def committed(self) -> bool:
        """Whether it was committed."""
        return self.outcome == COMMITTED

    def read_ranges(self) -> list[KeyRange]:
        """The read conflict ranges: as submitted, or as far as they follow from the reads."""
        if self.read_conflicts is not None:
            return self.read_conflicts
        explicit = [each.keys for each in self.conflicts if each.kind == "read"]
        return merged([*(each.keys for each in self.reads if not each.snapshot), *explicit])

    def write_ranges(self) -> list[KeyRange]:
        """The write conflict ranges: as submitted, or as far as they follow from the writes."""
        if self.write_conflicts is not None:
            return self.write_conflicts
        explicit = [each.keys for each in self.conflicts if each.kind == "write"]
        return merged([*(each.keys(self.versionstamp) for each in self.writes), *explicit])


def note_end(attempt: Attempt, outcome: str, error: int = 0, ended: float | None = None) -> None:
    """Notes how an attempt ended; the first of several ends counts."""
    if attempt.outcome == OPEN:
        attempt.outcome, attempt.error, attempt.ended = outcome, error, ended


def note_error(attempt: Attempt, error: int, ended: float | None = None) -> None:
    """Notes the error that ended an attempt."""
    note_end(attempt, FDBError(error).name, error, ended)


@dataclass(eq=False)
class RecordedTransaction:
    """One life of a transaction: from its first call to the commit that succeeded, the reset or the drop."""

    number: int
    """Counts the transactions of the log in the order of their first calls."""
    source: TransactionSource
    """The database or tenant that has made it."""
    tenant: bytes | None
    """The name of its tenant, None for one of the database itself."""
    function: Where | None
    """The transactional function that it was made for; None where there is none, as with `db[key]` or `create_transaction`."""
    where: Where
    """The line that has called that function, or has made the transaction."""
    attempts: list[Attempt] = field(default_factory=list)
    """Its attempts, in order; iterating over the transaction gives the same."""

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self.attempts)

    @property
    def committed(self) -> bool:
        """Whether an attempt was committed."""
        return any(attempt.committed for attempt in self.attempts)

    @property
    def outcome(self) -> str:
        """How its last attempt ended."""
        return self.attempts[-1].outcome

    @property
    def name(self) -> str:
        """What it is called in texts: its function, or the function that has made it."""
        return self.function.function if self.function is not None else self.where.function
