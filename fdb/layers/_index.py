"""Index: records found by what is in them, kept with the records in the same transaction.

Keys within the subspace, as tuples; the elements of an index key are elements of the tuple:

- ("entry", *index key, primary key as a nested tuple) = empty, in an index that is not unique;
- ("entry", *index key) = the primary key packed, in a unique one.
- ("state",) = (1, unique as 0 or 1, done as 0 or 1, count, last key) packed, once building it has begun: how many records
  were gone through, and the key of the last of them. 1 is the version of this format.
- ("receipt", ...) is what `_once` keeps.

Invariant: of the records that were built or written since the index was declared, the entries are those that the
records have, as of every version of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, overload

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb.layers._base import (
    AsyncSource,
    ReadSource,
    SubspaceArgument,
    WriteSource,
    once,
    read,
    subspace_of,
    write,
)
from fdb.layers._once import Receipts
from fdb.subspace_impl import Subspace

_FORMAT = 1

PrimaryKey = tuple[Any, ...]
IndexKey = tuple[Any, ...]


class IndexEntry(NamedTuple):
    """A record in an index."""

    key: IndexKey
    """What the record is found by, a tuple."""
    primary_key: PrimaryKey
    """The primary key of the record, a tuple."""


class NotUnique(ValueError):
    """Two records have the same key in a unique index."""

    def __init__(
        self, index: Index, key: IndexKey, holder: PrimaryKey, refused: PrimaryKey
    ) -> None:
        super().__init__(
            f"the key {key!r} of record {refused!r} is that of record {holder!r} already, and {index!r} is unique"
        )
        self.index: Index = index
        """The index."""
        self.key: IndexKey = key
        """The key that both records have in the index."""
        self.holder: PrimaryKey = holder
        """The primary key of the record that has it."""
        self.refused: PrimaryKey = refused
        """The primary key of the record that wanted it."""


class IndexNotReady(RuntimeError):
    """An index is read that was not built, or not to its end, so that records would be missing."""


class IndexState(NamedTuple):
    """How far the building of an index has got."""

    is_done: bool
    #: How many records were gone through, and the key of the last one; empty before the first one.
    gone_through: int
    last_key: bytes


def checked_tuple(key: Any, what: str) -> tuple[Any, ...]:
    """Returns the key. Raises TypeError for what is no tuple."""
    if not isinstance(key, tuple):
        raise TypeError(f"{what} must be a tuple, not {key!r}")
    return key


class Row(NamedTuple):
    """A row of an index."""

    key: bytes
    value: bytes
    #: The key of the record that it is of.
    index_key: IndexKey


class Changes(NamedTuple):
    """What a change of one record does to an index."""

    primary_key: PrimaryKey
    removed: list[Row]
    added: list[Row]


class Index:
    """Finds records by what is in them. Declared once, with a function that tells the key of a record.

        by_city = Index(space["by city"], lambda key, value: (json.loads(value)["city"],))

    The function is called as `function(primary_key, record)` and returns the index key, a tuple; a list of tuples if
    the record is to be found by several; or None if it is not to be in the index. It must return the same for the same
    record, on every machine. `Records` keeps indexes up to date with rows of the database; who has
    records of another form calls `update` for each change of one, in the same transaction.

    All programs that write the records must declare the index before it is built: see `Records.build`. Until then
    reading it raises IndexNotReady. What changes the function has to `drop` the index and to build it again.

    Operations take a Database, Tenant or Transaction first and block; with an AsyncDatabase or AsyncTenant, or one of
    its transactions in a running loop, they are coroutines. They raise FDBError. Immutable, so thread-safe.
    """

    __slots__ = ("_entries", "_function", "_state_key", "_subspace", "_unique", "_receipts")

    def __init__(
        self,
        subspace: SubspaceArgument,
        key: Callable[[PrimaryKey, Any], IndexKey | list[IndexKey] | None],
        *,
        unique: bool = False,
    ) -> None:
        """The index in `subspace`, a Subspace, directory, prefix as bytes or tuple, which nothing else may use.

        In a `unique` one no two records have the same key. Raises TypeError and ValueError for another subspace, and
        TypeError for a key that is no function.
        """
        self._subspace = subspace_of(subspace, "Index")
        if not callable(key):
            raise TypeError(f"the key of an Index must be a function of a record, not {key!r}")
        self._function = key
        self._unique = bool(unique)
        self._entries = Subspace(("entry",), self._subspace.rawPrefix)
        self._state_key = self._subspace.pack(("state",))
        #: For operations that concern this index first.
        self._receipts: Receipts = Receipts(self._subspace.pack(("receipt",)))

    def __repr__(self) -> str:
        return f"Index({self._subspace!r}, unique={self._unique})"

    @property
    def subspace(self) -> Subspace:
        """The subspace that it was made with."""
        return self._subspace

    @property
    def unique(self) -> bool:
        """Whether no two records have the same key."""
        return self._unique

    # ---- reading ----

    @overload
    def get(self, source: ReadSource, key: IndexKey) -> PrimaryKey | None: ...
    @overload
    def get(self, source: AsyncSource, key: IndexKey) -> Coroutine[Any, Any, PrimaryKey | None]: ...
    def get(self, source: Any, key: IndexKey) -> Any:
        """Returns the primary key of the record with this key; None if there is none. Of unique indexes only.

        Raises TypeError for one that is not, and IndexNotReady.
        """
        if not self._unique:
            raise TypeError(f"{self!r} may have several records with a key: find() them")
        packed = self._entries.pack(checked_tuple(key, "the key in an index"))

        def steps(tr: Any) -> Steps[PrimaryKey | None]:
            state, value = tr.get(self._state_key), tr.get(packed)
            self._check_ready((yield state))
            holder = yield value
            return None if holder is None else tuple_layer.unpack(holder)

        return read(source, steps)

    @overload
    def find(
        self, source: ReadSource, key: IndexKey = (), *, limit: int = 0, reverse: bool = False
    ) -> list[IndexEntry]: ...
    @overload
    def find(
        self, source: AsyncSource, key: IndexKey = (), *, limit: int = 0, reverse: bool = False
    ) -> Coroutine[Any, Any, list[IndexEntry]]: ...
    def find(
        self, source: Any, key: IndexKey = (), *, limit: int = 0, reverse: bool = False
    ) -> Any:
        """Returns the entries whose keys begin with the elements of `key`, in the order of the keys.

        At most `limit`, if that is not 0. Raises TypeError for a key that is no tuple, ValueError for a limit below 0,
        and IndexNotReady.
        """
        return read(source, self._finding(key, limit, reverse))

    def _finding(
        self, key: IndexKey, limit: int, reverse: bool
    ) -> Callable[[Any], Steps[list[IndexEntry]]]:
        """What `find` does, as steps."""
        prefix = self._entries.pack(checked_tuple(key, "the key in an index"))
        return self._reading(prefix, prefix + b"\xff", limit, reverse)

    @overload
    def between(
        self,
        source: ReadSource,
        begin: IndexKey,
        end: IndexKey,
        *,
        limit: int = 0,
        reverse: bool = False,
    ) -> list[IndexEntry]: ...
    @overload
    def between(
        self,
        source: AsyncSource,
        begin: IndexKey,
        end: IndexKey,
        *,
        limit: int = 0,
        reverse: bool = False,
    ) -> Coroutine[Any, Any, list[IndexEntry]]: ...
    def between(
        self,
        source: Any,
        begin: IndexKey,
        end: IndexKey,
        *,
        limit: int = 0,
        reverse: bool = False,
    ) -> Any:
        """Returns the entries with begin <= key < end, in the order of the keys: as `find`.

        A tuple is less than one that it begins. Raises ValueError if `end` is less than `begin`, too.
        """
        first = self._entries.pack(checked_tuple(begin, "the begin of a range in an index"))
        last = self._entries.pack(checked_tuple(end, "the end of a range in an index"))
        if last < first:
            raise ValueError(f"the range in an index ends at {end!r}, before its begin {begin!r}")
        return read(source, self._reading(first, last, limit, reverse))

    def _reading(
        self, begin: bytes, end: bytes, limit: int, reverse: bool
    ) -> Callable[[Any], Steps[list[IndexEntry]]]:
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise TypeError(f"the limit must be an int, not {limit!r}")
        if limit < 0:
            raise ValueError(f"the limit must be 0, for none, or more, not {limit}")

        def steps(tr: Any) -> Steps[list[IndexEntry]]:
            state, rows = tr.get(self._state_key), tr.get_range(begin, end, limit, reverse)
            self._check_ready((yield state))
            return [self._entry(key, value) for key, value in (yield rows)]

        return steps

    def _entry(self, key: bytes, value: bytes) -> IndexEntry:
        parts = self._entries.unpack(key)
        if self._unique:
            return IndexEntry(parts, tuple_layer.unpack(value))
        return IndexEntry(parts[:-1], parts[-1])

    # ---- keeping ----

    @overload
    def update(self, source: WriteSource, primary_key: PrimaryKey, old: Any, new: Any) -> None: ...
    @overload
    def update(
        self, source: AsyncSource, primary_key: PrimaryKey, old: Any, new: Any
    ) -> Coroutine[Any, Any, None]: ...
    def update(self, source: Any, primary_key: PrimaryKey, old: Any, new: Any) -> Any:
        """Replaces the entries of a record that was `old` and becomes `new`; None is no record.

        For records that `Records` does not keep. `old` must be what the transaction has read. Raises NotUnique, before
        anything is written, TypeError for a primary key that is no tuple, and what the index's function raises.
        """
        checked_tuple(primary_key, "a primary key")
        changes = self._changes(primary_key, old, new)

        def steps(tr: Any) -> Steps[None]:
            self._apply(tr, (yield from self._check(tr, [changes])))

        return write(source, once(self._receipts, steps))

    def _changes(self, primary_key: PrimaryKey, old: Any, new: Any) -> Changes:
        """What that change of a record does here."""
        before = {} if old is None else self._rows_of(primary_key, old)
        after = {} if new is None else self._rows_of(primary_key, new)
        return Changes(
            primary_key,
            [row for key, row in before.items() if key not in after],
            [row for key, row in after.items() if key not in before],
        )

    def _rows_of(self, primary_key: PrimaryKey, record: Any) -> dict[bytes, Row]:
        """The rows of a record by their keys, which tell apart what is equal in Python, as 1 and True are."""
        found: Any = self._function(primary_key, record)
        keys = [] if found is None else found if isinstance(found, list) else [found]
        rows = {}
        for key in keys:
            if not isinstance(key, tuple):
                raise TypeError(
                    f"the function of {self!r} must return a tuple, a list of tuples or None, not {found!r}"
                )
            row = self._row(key, primary_key)
            rows[row.key] = row
        return rows

    def _row(self, key: IndexKey, primary_key: PrimaryKey) -> Row:
        if self._unique:
            return Row(self._entries.pack(key), tuple_layer.pack(primary_key), key)
        return Row(self._entries.pack((*key, primary_key)), b"", key)

    def _check(self, tr: Any, changes: list[Changes]) -> Steps[list[Changes]]:
        """Returns what is to be applied of the changes of several records. Writes nothing.

        Raises NotUnique if another record has a key that is added. A key that is removed may be another record's, too,
        while a unique index is being built, and is left to that.
        """
        if not self._unique:
            return changes
        # All reads are under way before the first one is waited for.
        reads = [[tr.get(row.key) for row in (*each.removed, *each.added)] for each in changes]
        checked: list[Changes] = []
        taken: dict[bytes, bytes] = {}
        for each, pending in zip(changes, reads, strict=True):
            holders = []
            for read_ in pending:
                holders.append((yield read_))
            removed = [
                row
                for row, holder in zip(each.removed, holders, strict=False)
                if holder == row.value
            ]
            for row, holder in zip(each.added, holders[len(each.removed) :], strict=True):
                other = taken.setdefault(row.key, row.value) if holder is None else holder
                if other != row.value:
                    raise NotUnique(
                        self, row.index_key, tuple_layer.unpack(other), each.primary_key
                    )
            checked.append(each._replace(removed=removed))
        return checked

    def _apply(self, tr: Any, changes: list[Changes]) -> None:
        """Writes changes that were checked."""
        for each in changes:
            for row in each.removed:
                tr.clear(row.key)
            for row in each.added:
                tr.set(row.key, row.value)

    # ---- the state ----

    @overload
    def is_ready(self, source: ReadSource) -> bool: ...
    @overload
    def is_ready(self, source: AsyncSource) -> Coroutine[Any, Any, bool]: ...
    def is_ready(self, source: Any) -> Any:
        """Returns whether the index was built to its end, so that it can be read."""

        def steps(tr: Any) -> Steps[bool]:
            return (yield from self._get_state(tr)).is_done

        return read(source, steps)

    @overload
    def drop(self, source: WriteSource) -> None: ...
    @overload
    def drop(self, source: AsyncSource) -> Coroutine[Any, Any, None]: ...
    def drop(self, source: Any) -> Any:
        """Removes all entries: the index has to be built before it is read again."""

        def steps(tr: Any) -> Steps[None]:
            tr.clear_range(self._entries)
            tr.clear(self._entries.rawPrefix)
            tr.clear(self._state_key)
            return
            yield

        return write(source, once(self._receipts, steps))

    def _get_state(self, tr: Any) -> Steps[IndexState]:
        """How far building it has got. Raises ValueError if it is there and is of the other kind."""
        return self._state((yield tr.get(self._state_key)))

    def _state(self, value: bytes | None) -> IndexState:
        if value is None:
            return IndexState(False, 0, b"")
        written, unique, is_done, count, last_key = tuple_layer.unpack(value)
        if written != _FORMAT:
            raise ValueError(
                f"{self!r} has format {written} in the database, and this is {_FORMAT}"
            )
        if bool(unique) != self._unique:
            raise ValueError(f"{self!r} was built with unique={bool(unique)}: drop() it first")
        return IndexState(bool(is_done), count, last_key)

    def _set_state(self, tr: Any, state: IndexState) -> None:
        """Notes how far building it has got."""
        row = (_FORMAT, int(self._unique), int(state.is_done), state.gone_through, state.last_key)
        tr.set(self._state_key, tuple_layer.pack(row))

    def _check_ready(self, value: bytes | None) -> None:
        if not self._state(value).is_done:
            raise IndexNotReady(
                f"{self!r} was not built to its end, so records may be missing from it: Records.build does that"
            )
