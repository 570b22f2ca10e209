"""Records: rows of the database with the indexes that are kept with them.

The subspace has a row for each record and nothing else: the key is the primary key, a tuple, in the subspace, the
value is the record. Rows that were there before are records, too. Indexes have subspaces of their own, see `_index`.
Immutable, so thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple, overload

from fdb import _flows
from fdb._flows import Flow, Transact
from fdb._layers import Steps
from fdb.impl import KeySelector
from fdb.layers._base import (
    AsyncSource,
    ReadSource,
    SubspaceArgument,
    WriteSource,
    check_source,
    once,
    read,
    subspace_of,
    write,
)
from fdb.layers._index import Index, IndexKey, IndexState, PrimaryKey, checked_tuple
from fdb.subspace_impl import Subspace

#: How many records one transaction puts into an index; half as many after each attempt that fails.
_BATCH = 500

HowFarBuilt = Callable[[Index, int], object]


class Record(NamedTuple):
    """A record that was found."""

    primary_key: PrimaryKey
    """The key of the record among its Records, a tuple."""
    value: bytes
    """The record itself, as it was written."""


class Records:
    """Records as rows of the database, and the indexes that every write keeps up to date in the same transaction.

        by_email = Index(space["by email"], email_of, unique=True)
        by_city = Index(space["by city"], city_of)
        people = Records(space["people"], by_email, by_city)
        people.build(db)                        # at the start of a program: nothing is done if all are built
        people.set(db, ("ada",), value)
        people.find(db, by_city, ("London",))

    Operations take a Database, Tenant or Transaction first and block; with an AsyncDatabase or AsyncTenant, or one of
    its transactions in a running loop, they are coroutines. They raise FDBError. Each takes effect once, also when it is
    retried after an unknown result.
    """

    __slots__ = ("_indexes", "_receipts", "_subspace")

    def __init__(self, subspace: SubspaceArgument, *indexes: Index) -> None:
        """The records in `subspace`, a Subspace, directory, prefix as bytes or tuple, and all of their indexes.

        Raises TypeError for another subspace and for what is no Index; ValueError without an index, and for
        subspaces of which one is within another.
        """
        self._subspace = subspace_of(subspace, "Records object")
        for index in indexes:
            if not isinstance(index, Index):
                raise TypeError(f"Records have objects of Index, not {index!r}")
        if not indexes:
            raise ValueError("Records need an Index: without one, rows are all there is to it")
        self._indexes = indexes
        self._receipts = indexes[0]._receipts
        spaces = sorted([self._subspace.key(), *(index.subspace.key() for index in indexes)])
        for one, other in zip(spaces, spaces[1:], strict=False):
            if other.startswith(one):
                raise ValueError(
                    f"records and indexes need subspaces of their own: {other!r} is within {one!r}"
                )

    def __repr__(self) -> str:
        indexes = "".join(f", {index!r}" for index in self._indexes)
        return f"Records({self._subspace!r}{indexes})"

    @property
    def subspace(self) -> Subspace:
        """The subspace that it was made with."""
        return self._subspace

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that are kept."""
        return self._indexes

    def _key(self, primary_key: PrimaryKey) -> bytes:
        if not checked_tuple(primary_key, "a primary key"):
            raise ValueError("a primary key must have an element, and () has none")
        return self._subspace.pack(primary_key)

    @overload
    def get(self, source: ReadSource, primary_key: PrimaryKey) -> bytes | None: ...
    @overload
    def get(
        self, source: AsyncSource, primary_key: PrimaryKey
    ) -> Coroutine[Any, Any, bytes | None]: ...
    def get(self, source: Any, primary_key: PrimaryKey) -> Any:
        """Returns the record with that primary key; None if there is none."""
        key = self._key(primary_key)

        def steps(tr: Any) -> Steps[bytes | None]:
            value: bytes | None = yield tr.get(key)
            return value

        return read(source, steps)

    @overload
    def set(self, source: WriteSource, primary_key: PrimaryKey, value: bytes) -> None: ...
    @overload
    def set(
        self, source: AsyncSource, primary_key: PrimaryKey, value: bytes
    ) -> Coroutine[Any, Any, None]: ...
    def set(self, source: Any, primary_key: PrimaryKey, value: bytes) -> Any:
        """Writes a record, or replaces it, and keeps the indexes up to date.

        Raises NotUnique if another record has its key in a unique index, before anything is written; TypeError for a
        primary key that is no tuple and a value that is not bytes, ValueError for an empty primary key; and what the
        functions of the indexes raise.
        """
        if not isinstance(value, bytes):
            raise TypeError(f"a record must be bytes, not {value!r}")
        return self._replace(source, primary_key, value)

    @overload
    def delete(self, source: WriteSource, primary_key: PrimaryKey) -> None: ...
    @overload
    def delete(self, source: AsyncSource, primary_key: PrimaryKey) -> Coroutine[Any, Any, None]: ...
    def delete(self, source: Any, primary_key: PrimaryKey) -> Any:
        """Removes a record, from the indexes, too; nothing happens if it is not there."""
        return self._replace(source, primary_key, None)

    def _replace(self, source: Any, primary_key: PrimaryKey, value: bytes | None) -> Any:
        key = self._key(primary_key)

        def steps(tr: Any) -> Steps[None]:
            old = yield tr.get(key)
            checked = []
            for index in self._indexes:
                changes = index._changes(primary_key, old, value)
                checked.append((yield from index._check(tr, [changes])))
            for index, applied in zip(self._indexes, checked, strict=True):
                index._apply(tr, applied)
            if value is not None:
                tr.set(key, value)
            else:
                tr.clear(key)

        return write(source, once(self._receipts, steps))

    @overload
    def find(
        self,
        source: ReadSource,
        index: Index,
        key: IndexKey = (),
        *,
        limit: int = 0,
        reverse: bool = False,
    ) -> list[Record]: ...
    @overload
    def find(
        self,
        source: AsyncSource,
        index: Index,
        key: IndexKey = (),
        *,
        limit: int = 0,
        reverse: bool = False,
    ) -> Coroutine[Any, Any, list[Record]]: ...
    def find(
        self,
        source: Any,
        index: Index,
        key: IndexKey = (),
        *,
        limit: int = 0,
        reverse: bool = False,
    ) -> Any:
        """Returns the records whose keys in `index` begin with the elements of `key`, in the order of these.

        At most `limit`, if that is not 0; one that has several such keys comes several times. Raises ValueError for an
        index that is none of these records, RuntimeError if the index has a record that is not there, because it was
        removed by other means, and what `Index.find` raises.
        """
        if index not in self._indexes:
            raise ValueError(f"{index!r} is no index of {self!r}")
        found = index._finding(key, limit, reverse)

        def steps(tr: Any) -> Steps[list[Record]]:
            entries = yield from found(tr)
            values = [tr.get(self._key(entry.primary_key)) for entry in entries]
            records = []
            for entry, pending in zip(entries, values, strict=True):
                value = yield pending
                if value is None:
                    raise RuntimeError(
                        f"{index!r} has {entry!r}, and there is no such record: it was removed by other means"
                    )
                records.append(Record(entry.primary_key, value))
            return records

        return read(source, steps)

    # ---- building indexes ----

    @overload
    def build(self, source: WriteSource, *, on_progress: HowFarBuilt | None = None) -> None: ...
    @overload
    def build(
        self, source: AsyncSource, *, on_progress: HowFarBuilt | None = None
    ) -> Coroutine[Any, Any, None]: ...
    def build(self, source: Any, *, on_progress: HowFarBuilt | None = None) -> Any:
        """Puts all records into those indexes that are not built yet; then they can be read.

        Others may go on writing meanwhile, if they declare these indexes, too. It takes as many transactions as it
        needs, goes on where it or another program has stopped, and may run in several programs at the same time. Done
        before, it is one read for each index. On a transaction all is done in that.

        `on_progress` is called after each transaction with the index and how many records were gone through for it.

        Raises NotUnique if two records have the same key in a unique index, which then is not ready: change one
        of them and build again. Raises what the function of an index raises, and ValueError for an index that was built
        with another `unique`.
        """
        check_source(source, writes=True)
        if on_progress is not None and not callable(on_progress):
            raise TypeError(f"on_progress must be a function, not {on_progress!r}")
        return _flows.run(source, self._build(source, on_progress))

    def _build(self, source: Any, on_progress: HowFarBuilt | None) -> Flow[None]:
        for index in self._indexes:
            is_done = (yield Transact(source, index._get_state)).is_done
            while not is_done:
                state = yield Transact(source, partial(self._build_on, index))
                is_done = state.is_done
                if on_progress is not None:
                    on_progress(index, state.gone_through)

    def _build_on(self, index: Index, tr: Any) -> Steps[IndexState]:
        """Puts some more records into an index. Right also if an earlier attempt was committed: it goes on after it."""
        state = yield from index._get_state(tr)
        if state.is_done:
            return state
        limit = max(_BATCH >> tr._failed_attempts, 1)
        keys = self._subspace.range()
        begin = KeySelector.first_greater_than(state.last_key) if state.last_key else keys.start
        rows = yield tr.get_range(begin, keys.stop, limit)
        changes = [index._changes(self._subspace.unpack(key), None, value) for key, value in rows]
        index._apply(tr, (yield from index._check(tr, changes)))
        # Fewer than asked for are the last ones, and a record that is added behind them is a conflict.
        last_key = rows[-1].key if rows else state.last_key
        state = IndexState(len(rows) < limit, state.gone_through + len(rows), last_key)
        index._set_state(tr, state)
        return state
