"""The log that `record` gives: transactions, what they left behind, and assertions about them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._generated.errors import MAYBE_COMMITTED
from fdb._keys import prefix_range
from fdb._native import extension
from fdb._sources import TenantMembers, TransactionSource
from fdb.directory_impl import DirectoryLayer
from fdb.subspace_impl import Subspace
from fdb.testing._actions import Attempt, KeyRange, RecordedTransaction, merged
from fdb.testing._explain import (
    ConflictExplanation,
    explain_conflict,
    is_conflict,
    is_too_old,
    too_old_text,
)
from fdb.testing._keys_shown import DirectoryNames, value_text
from fdb.testing._replay import AtomicWrite, Final, FinalState, final_state
from fdb.testing._table import (
    log_text,
    place_text,
    read_kind,
    read_text,
    transaction_text,
    write_text,
)
from fdb.testing._tracing import place_of

#: A range of keys in an assertion: all keys below a Subspace, those of a slice or of (begin, end), one key, or the metadata of a
#: directory layer.
Area: TypeAlias = Subspace | slice | tuple[bytes, bytes] | bytes | DirectoryLayer
#: The value of a key in an assertion.
ExpectedValue: TypeAlias = bytes | None | AtomicWrite | tuple[AtomicWrite, ...] | list[bytes]

_SPECIAL_KEYS = b"\xff\xff"
#: How many transactions the text of a failed assertion shows.
_MOST_SHOWN = 20


class Records:
    """What the log of all transactions and those of parts of them have in common. Thread-safe."""

    def __init__(self) -> None:
        self.transactions: list[RecordedTransaction] = []
        #: Counts the commits that succeeded.
        self.commits = 0
        #: What tells that transactions have gone, for as long as it is kept.
        self._alive: list[weakref.ref[Any]] = []
        self._names: dict[bytes | None, tuple[int, DirectoryNames]] = {}

    def add(self, transaction: RecordedTransaction, alive: weakref.ref[Any]) -> None:
        """Adds a transaction that has made its first call."""
        self.transactions.append(transaction)
        self._alive.append(alive)

    def attempts(self) -> list[Attempt]:
        """Returns the attempts of all transactions."""
        return [attempt for each in list(self.transactions) for attempt in list(each.attempts)]

    def names_of(self, source: TransactionSource) -> DirectoryNames:
        """Returns the directories of a key space; they are read anew after a commit."""
        space = source._name if isinstance(source, TenantMembers) else None
        known = self._names.get(space)
        if known is None or known[0] != self.commits:
            known = self._names[space] = self.commits, DirectoryNames.of(source)
        return known[1]


class TransactionLog:
    """What the transactions of a database did. `print(log)` shows it as a table. Thread-safe; never blocks but to show keys."""

    def __init__(
        self, database: Database | AsyncDatabase, tenant: TenantMembers | None = None
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._filters: tuple[Callable[[RecordedTransaction], bool], ...] = ()
        if tenant is not None:
            self._filters = (_is_of(tenant),)
        self._records = Records()

    # ---- what was recorded ----

    @property
    def transactions(self) -> list[RecordedTransaction]:
        """The transactions in the order of their first calls. Those of the database and of all of its tenants, but see `of`."""
        return [
            each
            for each in list(self._records.transactions)
            if all(fits(each) for fits in self._filters)
        ]

    @property
    def attempts(self) -> list[Attempt]:
        """The attempts of all transactions."""
        return [attempt for each in self.transactions for attempt in list(each.attempts)]

    @property
    def committed(self) -> list[Attempt]:
        """The attempts that were committed."""
        return [attempt for attempt in self.attempts if attempt.committed]

    def __len__(self) -> int:
        return len(self.transactions)

    def __iter__(self) -> Iterator[RecordedTransaction]:
        return iter(self.transactions)

    def of(self, what: TransactionSource | Callable[..., Any]) -> TransactionLog:
        """Returns the log of a part of the transactions; it grows with this one.

        `what` is a tenant, the database for what was done in none, or a transactional function. Raises TypeError for anything else.
        """
        fits: Callable[[RecordedTransaction], bool]
        if isinstance(what, TransactionSource):
            fits = _is_of(what)
        elif callable(what):
            place = place_of(what)
            fits = lambda each: each.function is not None and each.function == place  # noqa: E731
        else:
            raise TypeError(
                f"of() takes a database, a tenant or a transactional function, not {type(what).__name__}"
            )
        part = TransactionLog(self._database)
        part._records = self._records
        part._filters = (*self._filters, fits)
        return part

    # ---- showing it ----

    def __str__(self) -> str:
        return log_text(self.transactions, self._records.names_of)

    def __repr__(self) -> str:
        return f"<TransactionLog of {self._database!r} with {len(self)} transactions>"

    # ---- conflicts ----

    @property
    def conflicts(self) -> list[ConflictExplanation]:
        """Why commits failed with 1020, one explanation for each. `print` them."""
        everything = self._records.attempts()
        return [
            explain_conflict(attempt, everything, self._records.names_of)
            for attempt in self.attempts
            if is_conflict(attempt)
        ]

    def explain(self) -> str:
        """Returns a text with all conflicts, and with all attempts that were too old (1007)."""
        everything = self._records.attempts()
        texts = [str(conflict) for conflict in self.conflicts]
        texts += [
            too_old_text(attempt, everything) for attempt in self.attempts if is_too_old(attempt)
        ]
        return "\n\n".join(texts) or "no conflicts"

    def no_conflicts(self) -> None:
        """Asserts that no commit failed with 1020. Raises AssertionError with the explanations."""
        conflicts = self.conflicts
        if conflicts:
            texts = "\n\n".join(map(str, conflicts[:_MOST_SHOWN]))
            counted = "1 commit" if len(conflicts) == 1 else f"{len(conflicts)} commits"
            raise AssertionError(f"{counted} failed with a conflict:\n{texts}")

    #: The same, under a name like those of the others.
    assert_no_conflicts = no_conflicts

    # ---- assertions ----

    def assert_writes(
        self, expected: Mapping[Any, ExpectedValue], *, cleared: Iterable[Area] = ()
    ) -> None:
        """Asserts that the committed transactions have left exactly these values, and cleared these ranges.

        A key is bytes, what is used as a key, or a pair of a Subspace and the rest of a tuple (or one element). A value is bytes,
        None for a cleared key, or an AtomicWrite (several as a tuple) for operations on a value that is not known, as it was written
        before the log began; the last operation on a key may always be given. A key in a cleared range is a cleared key, and the
        range has to be given in `cleared`. A key for `set_versionstamped_key` is given as it was to that, with a list of values in the order
        of their versions, or one value. Special keys do not count.

        Raises AssertionError with what was written otherwise, and where.
        """
        state, names = self._final_state()
        ranges = merged(_area(each) for each in cleared)
        complaints: list[str] = []
        wanted: dict[bytes, Final] = {}
        for given, value in expected.items():
            key = _key_of(given)
            keys, values = (
                state.stamped.get(key, [key]),
                value if isinstance(value, list) else [value],
            )
            if len(keys) != len(values):
                complaints.append(
                    f"{names.key(key)} should have {len(values)} values, and {len(keys)} were written"
                )
            wanted.update(zip(keys, map(_value_of, values), strict=False))
        complaints += [
            f"{names.key(key)} should be {_final_text(final)} and is {_final_text(state.value(key))}"
            for key, final in wanted.items()
            if not _is_final(state, key, final)
        ]
        complaints += [
            f"{names.key(key)} was written, and is not expected: it is {_final_text(final)}"
            for key, final in sorted(state.values.items(), key=lambda item: item[0])
            if key not in wanted
            and not (final is None and any(r.begin <= key < r.end for r in ranges))
        ]
        for each in state.cleared:
            if each not in ranges:
                complaints.append(f"the range {names.range(each)} was cleared: give it in cleared=")
        for each in ranges:
            if each not in state.cleared:
                complaints.append(f"the range {names.range(each)} was not cleared")
        unknown = [each for each in self.attempts if each.writes and each.error in MAYBE_COMMITTED]
        if complaints and unknown:
            complaints.append(
                f"{len(unknown)} attempts ended without saying whether they were committed: what they wrote may be there"
            )
        self._complain("the committed writes are not those expected", complaints)

    def assert_reads_only(self, *areas: Area, snapshots: bool = True) -> None:
        """Asserts that all keys that were read, by all attempts, lie in these areas, and all read conflict ranges.

        An area is a Subspace, a slice or pair of keys, a key, or a DirectoryLayer for its metadata. Watches and, unless `snapshots` is
        False, snapshot reads count; special keys do not. Raises AssertionError with the reads that lie outside.
        """
        allowed = merged(_area(each) for each in areas)
        complaints: list[str] = []
        for attempt in self.attempts:
            names = self._records.names_of(attempt.transaction.source)
            found = [
                f"{read_kind(read)} {read_text(read, names)} at {place_text(read.where)}"
                for read in attempt.reads
                if (snapshots or not read.snapshot) and not _is_inside(read.keys, allowed)
            ]
            found += _ranges_outside(attempt, "read", allowed, names)
            # A selector may have gone further than the rows show.
            found = found or [
                f"the read conflict range {names.range(each)}"
                for each in attempt.read_ranges()
                if not _is_inside(each, allowed)
            ]
            complaints += [f"{text}, in {transaction_text(attempt.transaction)}" for text in found]
        self._complain("reads lie outside of what is allowed", complaints)

    def assert_writes_only(self, *areas: Area) -> None:
        """Asserts that all keys that were written, by all attempts, lie in these areas, and all write conflict ranges.

        Areas are those of `assert_reads_only`. Raises AssertionError with the writes that lie outside.
        """
        allowed = merged(_area(each) for each in areas)
        complaints: list[str] = []
        for attempt in self.attempts:
            names = self._records.names_of(attempt.transaction.source)
            found = [
                f"{write.kind} {write_text(write, names, attempt.versionstamp)} at {place_text(write.where)}"
                for write in attempt.writes
                if not _is_inside(write.keys(attempt.versionstamp), allowed)
            ]
            found += _ranges_outside(attempt, "write", allowed, names)
            complaints += [f"{text}, in {transaction_text(attempt.transaction)}" for text in found]
        self._complain("writes lie outside of what is allowed", complaints)

    def _final_state(self) -> tuple[FinalState, DirectoryNames]:
        spaces = {each.transaction.tenant: each.transaction.source for each in self.committed}
        if len(spaces) > 1:
            written = {each.transaction.tenant for each in self.committed if each.writes}
            spaces = {space: source for space, source in spaces.items() if space in written}
        if len(spaces) > 1:
            raise AssertionError(
                f"transactions have written in several key spaces ({_spaces_text(spaces)}): ask for one of them with "
                "log.of(tenant) or log.of(db)"
            )
        space = next(iter(spaces), None)
        source = spaces.get(space, self._tenant or self._database)
        attempts = [each for each in self.committed if each.transaction.tenant == space]
        return final_state(attempts), self._records.names_of(source)

    def _complain(self, summary: str, complaints: list[str]) -> None:
        if complaints:
            listed = "\n".join(f"  {each}" for each in complaints)
            done = self.transactions
            shown = log_text(done[-_MOST_SHOWN:], self._records.names_of)
            last = f" by the last {_MOST_SHOWN} transactions" if len(done) > _MOST_SHOWN else ""
            raise AssertionError(f"{summary}:\n{listed}\nThis is what was done{last}:\n{shown}")


def _spaces_text(spaces: Iterable[bytes | None]) -> str:
    return ", ".join("the database" if each is None else f"tenant {each!r}" for each in spaces)


def _is_of(source: TransactionSource) -> Callable[[RecordedTransaction], bool]:
    name = source._name if isinstance(source, TenantMembers) else None
    return lambda each: each.tenant == name


def _ranges_outside(
    attempt: Attempt, kind: str, allowed: list[KeyRange], names: DirectoryNames
) -> list[str]:
    """The conflict ranges of a kind that the program has added outside of what is allowed."""
    return [
        f"add_{kind}_conflict_range {names.range(each.keys)} at {place_text(each.where)}"
        for each in attempt.conflicts
        if each.kind == kind and not _is_inside(each.keys, allowed)
    ]


def _key_of(key: Any) -> bytes:
    if isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], Subspace):
        rest = key[1] if isinstance(key[1], tuple) else (key[1],)
        return key[0].pack(rest)
    return extension.key_bytes(key)


def _value_of(value: Any) -> Final:
    if isinstance(value, AtomicWrite):
        return (value,)
    if value is None or isinstance(value, tuple):
        return value
    return extension.value_bytes(value)


def _is_final(state: FinalState, key: bytes, value: Final) -> bool:
    if state.value(key) == value and value != ():
        return True
    return isinstance(value, tuple) and value == (state.last.get(key),)


def _final_text(value: Final) -> str:
    if value is None:
        return "cleared"
    if isinstance(value, tuple):
        return ", ".join(map(repr, value)) or "not written"
    return value_text(value)


def _area(area: Any) -> KeyRange:
    """Returns the range of an area. Raises TypeError for anything else."""
    if isinstance(area, DirectoryLayer):
        return KeyRange(*prefix_range(area._store.nodes.key()))
    if isinstance(area, Subspace):
        prefix = area.key()
        return KeyRange(*prefix_range(prefix)) if prefix else KeyRange(b"", b"\xff")
    if isinstance(area, slice):
        begin = b"" if area.start is None else area.start
        end = b"\xff" if area.stop is None else area.stop
        return KeyRange(extension.key_bytes(begin), extension.key_bytes(end))
    if isinstance(area, tuple) and len(area) == 2:
        return KeyRange(extension.key_bytes(area[0]), extension.key_bytes(area[1]))
    if isinstance(area, bytes):
        return KeyRange.of_key(area)
    raise TypeError(
        f"an area of keys is a Subspace, a slice, a pair of keys, a key or a DirectoryLayer, not {type(area).__name__}"
    )


def _is_inside(keys: KeyRange, areas: list[KeyRange]) -> bool:
    if keys.begin >= keys.end or keys.begin >= _SPECIAL_KEYS:
        return True
    return any(area.begin <= keys.begin and keys.end <= area.end for area in areas)
