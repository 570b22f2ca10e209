"""Counting, copying and clearing the rows of a range of any size: flows over a reader and a writer."""

from __future__ import annotations

from fdb._bulk import continuation as continuations
from fdb._bulk.arguments import check_batch_bytes, check_callable, check_target
from fdb._bulk.progress import OnProgress, Progress, Tally
from fdb._bulk.reader import Reader
from fdb._bulk.region import RangeArgument, Region, region_of
from fdb._bulk.writer import Batches, Write, cost
from fdb._flow_requests import Flow, Request
from fdb._native.extension import KeyValue, key_bytes, value_bytes
from fdb._sources import TenantMembers, TransactionSource
from fdb._transaction import Transaction
from fdb._typing import Any, Callable, Sequence

#: Makes of a row the one to be written, None for none.
Transform = Callable[[bytes, bytes], "tuple[Any, Any] | None"]


def size_of(rows: Sequence[KeyValue]) -> int:
    """Returns the bytes of keys and values."""
    return sum(len(row.key) + len(row.value) for row in rows)


def count(
    source: TransactionSource, rows: RangeArgument, consistent: bool, on_progress: OnProgress | None
) -> Flow[int]:
    """The flow of `Database.count`."""
    check_callable("on_progress", on_progress)
    reader = Reader(source, _undirected(rows), 0, 0 if consistent else None)
    return _count(reader, Tally(on_progress))


def _count(reader: Reader, tally: Tally) -> Flow[int]:
    rows = 0
    while (batch := (yield from reader.next())) is not None:
        rows += len(batch)
        if tally.is_wanted:
            yield from tally.done(len(batch), size_of(batch), batch[-1].key)
    return rows


def clear(
    source: TransactionSource, rows: RangeArgument, batch_bytes: int, on_progress: OnProgress | None
) -> Flow[Progress]:
    """The flow of `Database.clear_in_batches`."""
    check_batch_bytes(batch_bytes)
    check_callable("on_progress", on_progress)
    return _clear(source, _undirected(rows), batch_bytes, Tally(on_progress))


def _clear(
    source: TransactionSource, region: Region, batch_bytes: int, tally: Tally
) -> Flow[Progress]:
    reader = Reader(source, region, 0, None)
    begin, last = region.begin, b""
    found = size = 0
    while (batch := (yield from reader.next())) is not None:
        for row in batch:
            found += 1
            size += len(row.key) + len(row.value)
            last = row.key
            if size >= batch_bytes:
                end = last + b"\x00"
                yield Write(source, _clearing(begin, end))
                yield from tally.done(found, size, last)
                begin, found, size = end, 0, 0
    if found:
        yield Write(source, _clearing(begin, region.end))
        yield from tally.done(found, size, last)
    return tally.progress()


def _clearing(begin: bytes, end: bytes) -> Callable[[Transaction, bytes | None], None]:
    return lambda tr, _: tr.clear_range(begin, end)


def copy(
    source: TransactionSource,
    rows: RangeArgument,
    target: Any,
    transform: Transform | None,
    continuation: bytes | None,
    batch_bytes: int,
    on_progress: OnProgress | None,
) -> Flow[Progress]:
    """The flow of `Database.copy`."""
    check_target(source, target)
    check_callable("transform", transform)
    check_callable("on_progress", on_progress)
    check_batch_bytes(batch_bytes)
    whole = _undirected(rows)
    rest = whole
    if continuation is not None:
        rest, _ = continuations.unpack(whole, continuation)
    work = _Copy(source, whole, target, transform, Batches(batch_bytes), Tally(on_progress))
    return work.run(rest)


class _Pending:
    """A row of the source that is to be written: where, and what it counts."""

    __slots__ = ("key", "original", "size", "value")

    def __init__(self, row: KeyValue, key: bytes | None, value: bytes) -> None:
        self.original = row.key
        self.size = len(row.key) + len(row.value)
        self.key = key
        self.value = value


class _Copy:
    def __init__(
        self,
        source: TransactionSource,
        whole: Region,
        target: TransactionSource,
        transform: Transform | None,
        batches: Batches,
        tally: Tally,
    ) -> None:
        self._source = source
        self._whole = whole
        self._target = target
        self._transform = transform
        self._batches = batches
        self._tally = tally
        self._is_within = is_same(source, target)

    def run(self, rest: Region) -> Flow[Progress]:
        tally = self._tally
        reader = Reader(self._source, rest, 0, None)
        tally.continuation = continuations.pack(self._whole, rest, None)
        pending: list[_Pending] = []
        size = 0
        while (batch := (yield from reader.next())) is not None:
            for row in batch:
                item = self._made_of(row)
                pending.append(item)
                # What is left out counts, too, as it is held until the others are written.
                size += cost(item.original if item.key is None else item.key, item.value)
                if self._batches.is_full(len(pending), size):
                    yield from self._batches.write(pending, self._write)
                    pending, size = [], 0
        if pending:
            yield from self._batches.write(pending, self._write)
        tally.continuation = continuations.pack(self._whole, self._whole.nothing(), None)
        return tally.progress()

    def _made_of(self, row: KeyValue) -> _Pending:
        key: Any = row.key
        value: Any = row.value
        if self._transform is not None:
            made: Any = self._transform(key, value)
            if made is None:
                return _Pending(row, None, b"")
            if not isinstance(made, (tuple, KeyValue)) or len(made) != 2:
                raise TypeError(
                    f"transform returned {made!r} for the key {row.key!r}: a pair (key, value) is wanted, or "
                    "None to leave the row out"
                )
            key, value = key_bytes(made[0]), value_bytes(made[1])
        if self._is_within and self._whole.begin <= key < self._whole.end:
            raise ValueError(
                f"the key {key!r} lies in the range that is copied, of the same database: the copy would "
                "read what it has written, and overwrite what others change meanwhile. Have transform "
                "move the rows out of the range, or change them in place with a transactional function"
            )
        return _Pending(row, key, value)

    def _write(self, part: Sequence[_Pending]) -> Flow[None]:
        is_written = any(item.key is not None for item in part)
        if is_written:
            request: Request = Write(self._target, _setting(part))
            yield request
        last = part[-1].original
        self._tally.continuation = continuations.pack(self._whole, self._whole.after(last), None)
        size = sum(item.size for item in part)
        yield from self._tally.done(len(part), size, last, int(is_written))


def _setting(part: Sequence[_Pending]) -> Callable[[Transaction, bytes | None], None]:
    def act(tr: Transaction, _: bytes | None) -> None:
        for item in part:
            if item.key is not None:
                tr.set(item.key, item.value)

    return act


def is_same(source: TransactionSource, target: TransactionSource) -> bool:
    """Whether two objects are known to stand for the same keys."""
    # A session (fdb/_causality.py) has the handle of its database.
    if isinstance(source, TenantMembers) and isinstance(target, TenantMembers):
        same_database = source._database._handle is target._database._handle
        return same_database and source._name == target._name
    return source._handle is target._handle


def _undirected(rows: Any) -> Region:
    region = region_of(rows)
    if region.reverse:
        raise ValueError(
            "the step of a slice of keys is the direction of reading: leave it out here"
        )
    return region
