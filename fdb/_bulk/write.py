"""Writing any number of rows, and going on behind what an earlier process has written.

Under the position key stands a tuple: 1 (the format), how many items of the iterable are done, the key of the last
of them. It is written in the transaction of the items, and read there: a transaction whose result was unknown is not
done twice, and a second writer with the same position key is found out.
"""

from __future__ import annotations

from fdb import tuple as tuple_layer
from fdb._bulk.arguments import check_batch_bytes, check_callable
from fdb._bulk.progress import OnProgress, Progress, Tally
from fdb._bulk.writer import Batches, Write, cost
from fdb._errors import FDBError
from fdb._flow_requests import Flow
from fdb._native.extension import key_bytes, value_bytes
from fdb._sources import TransactionSource
from fdb._transaction import Transaction
from fdb._typing import Any, Awaitable, Sequence
from fdb._waiting.model import EventModel

_FORMAT = 1
_END: Any = object()
#: What the library says of a key and of a value that is too large.
_ROW_TOO_LARGE = (2102, 2103)
_Item = tuple[bytes, "bytes | None"]


class _NextItem:
    """The next item of an asynchronous iterable, `_END` at its end."""

    __slots__ = ("_iterator",)

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def block(self, model: EventModel) -> Any:
        """Never called: a blocking database is given no such iterable."""
        raise TypeError("an asynchronous iterable needs a database of the asyncio event model")

    def perform(self) -> Awaitable[Any]:
        """See Request."""
        awaited: Awaitable[Any] = anext(self._iterator, _END)
        return awaited


def write(
    source: TransactionSource,
    rows: Any,
    position_key: Any,
    batch_bytes: int,
    on_progress: OnProgress | None,
    may_await: bool,
) -> Flow[Progress]:
    """The flow of `Database.write_in_batches`; `may_await` tells whether the iterable may be asynchronous."""
    check_batch_bytes(batch_bytes)
    check_callable("on_progress", on_progress)
    position = None if position_key is None else key_bytes(position_key)
    awaits = may_await and hasattr(rows, "__aiter__")
    if not awaits and not hasattr(rows, "__iter__"):
        kinds = "an iterable or asynchronous iterable" if may_await else "an iterable"
        raise TypeError(
            f"the rows must be {kinds} of pairs (key, value), not {type(rows).__name__}"
        )
    iterator = aiter(rows) if awaits else iter(rows)
    work = _Writing(source, iterator, awaits, position, Batches(batch_bytes), Tally(on_progress))
    return work.run()


class _Writing:
    def __init__(
        self,
        source: TransactionSource,
        iterator: Any,
        awaits: bool,
        position_key: bytes | None,
        batches: Batches,
        tally: Tally,
    ) -> None:
        self._source = source
        self._iterator = iterator
        self._awaits = awaits
        self._position_key = position_key
        self._batches = batches
        self._tally = tally
        #: What stands under the position key, as far as this call knows.
        self._stored: bytes | None = None
        self._position = 0

    def run(self) -> Flow[Progress]:
        tally = self._tally
        if self._position_key is not None:
            self._stored = yield Write(self._source, lambda tr, found: found, self._position_key)
            if self._stored is not None:
                yield from self._skip(self._stored)
        tally.position = self._position
        pending: list[_Item] = []
        size = 0
        while (item := (yield from self._next())) is not _END:
            key, value = self._checked(item, self._position + len(pending))
            pending.append((key, value))
            size += cost(key, value)
            if self._batches.is_full(len(pending), size):
                yield from self._batches.write(pending, self._write)
                pending, size = [], 0
        if pending:
            yield from self._batches.write(pending, self._write)
        return tally.progress()

    def _next(self) -> Flow[Any]:
        if self._awaits:
            return (yield _NextItem(self._iterator))
        return next(self._iterator, _END)

    def _checked(self, item: Any, number: int) -> _Item:
        try:
            key, value = item
            row = key_bytes(key), None if value is None else value_bytes(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"item {number} of the rows is no pair (key, value), {item!r}: {error}"
            ) from error
        if row[0] == self._position_key:
            raise ValueError(
                f"item {number} of the rows has the position key, {row[0]!r}, as its key"
            )
        return row

    def _skip(self, stored: bytes) -> Flow[None]:
        """Takes the items that are done out of the iterable."""
        key = self._position_key
        count, last = _position_of(key, stored)
        item: Any = _END
        for number in range(count):
            item = yield from self._next()
            if item is _END:
                raise ValueError(
                    f"the position key {key!r} says that {count} items are done, and the rows end after {number}: "
                    "they are not those that were begun with"
                )
        if self._checked(item, count - 1)[0] != last:
            raise ValueError(
                f"the position key {key!r} says that item {count - 1} has the key {last!r}, and it has "
                f"{item[0]!r}: the rows are not those that were begun with"
            )
        self._position = count

    def _write(self, part: Sequence[_Item]) -> Flow[None]:
        done = self._position + len(part)
        mark = tuple_layer.pack((_FORMAT, done, part[-1][0]))

        def act(tr: Transaction, found: bytes | None) -> bool:
            if self._position_key is not None:
                if found == mark:
                    return True  # by an attempt whose result was unknown
                if found != self._stored:
                    return False
                tr.set(self._position_key, mark)
            for key, value in part:
                if value is None:
                    tr.clear(key)
                else:
                    tr.set(key, value)
            return True

        try:
            is_done = yield Write(self._source, act, self._position_key)
        except FDBError as error:
            if error.code in _ROW_TOO_LARGE:
                error._tell(f"one of the items {self._position} to {done - 1} of the rows is")
            raise
        if not is_done:
            raise RuntimeError(
                f"the position key {self._position_key!r} was changed while rows were written: another "
                f"write_in_batches uses it. {self._position} items are done"
            )
        self._stored = mark
        self._position = self._tally.position = done
        size = sum(len(key) + (len(value) if value is not None else 0) for key, value in part)
        yield from self._tally.done(len(part), size, part[-1][0])


def _position_of(position_key: bytes | None, stored: bytes) -> tuple[int, bytes]:
    """Returns the number of items that are done and the key of the last of them."""
    position: tuple[Any, ...] = ()
    try:
        position = tuple_layer.unpack(stored)
    except (TypeError, ValueError, IndexError):
        pass  # the same as a tuple of another form
    kinds = [type(element) for element in position]
    if kinds != [int, int, bytes] or position[0] != _FORMAT or position[1] < 1:
        raise ValueError(f"under the position key {position_key!r} stands no position: {stored!r}")
    return position[1], position[2]
