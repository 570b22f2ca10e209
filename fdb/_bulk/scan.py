"""Scans: the rows of a range of any size, one after the other or page by page."""

from __future__ import annotations

from itertools import chain, islice
from operator import length_hint
from types import TracebackType

from fdb._bulk import continuation as continuations
from fdb._bulk.arguments import check_count
from fdb._bulk.reader import Reader
from fdb._bulk.region import RangeArgument, Region, region_of
from fdb._flow_requests import (
    AsyncFlowIterator,
    Flow,
    FlowIterator,
    Give,
    model_of,
    run_blocking,
    run_in_loop,
)
from fdb._native.extension import KeyValue
from fdb._notebooks import repr_html
from fdb._range import Rows
from fdb._sources import TransactionSource
from fdb._types import KeyArgument
from fdb._typing import Any, AsyncIterator, Callable, Iterator, Sequence, TypeVar

SelfT = TypeVar("SelfT", bound="Scan")
AsyncSelfT = TypeVar("AsyncSelfT", bound="AsyncScan")
_PAGE_SIZE = 1000


class Page(Rows):
    """Some rows of a scan that follow each other: a list of KeyValue."""

    def __init__(self) -> None:
        super().__init__()
        self.continuation: bytes = b""
        """Where a scan of the same range goes on behind the page."""
        self.more: bool = False
        """Whether there were rows behind the page when it was read."""

    def __reduce__(self) -> tuple[Any, ...]:
        # With its attributes, other than plain rows.
        return type(self), (), vars(self), iter(self)


class _ScanBase:
    """What scans of all event models have in common: a position, and the flows that move it."""

    _repr_html_ = repr_html

    def __init__(
        self,
        source: TransactionSource,
        rows: RangeArgument,
        page_size: int | None,
        reverse: bool,
        continuation: bytes | None,
        consistent: bool,
    ) -> None:
        if page_size is not None:
            check_count("page_size", page_size)
        self._whole = region_of(rows, reverse)
        rest, version = self._whole, 0 if consistent else None
        if continuation is not None:
            rest, known = continuations.unpack(self._whole, continuation)
            if consistent:
                if known is None:
                    raise ValueError(
                        "the continuation is of a scan without consistent=True, which has no version to go on with"
                    )
                version = known
        self._source = source
        self._page_size = page_size or _PAGE_SIZE
        # One more than a page tells whether there are more.
        limit = page_size + 1 if page_size is not None else 0
        self._reader = Reader(source, rest, limit, version)
        self._batch: list[KeyValue] = []
        self._left: Iterator[KeyValue] = iter(self._batch)  # of the batch
        self._before = self._after = rest  # what remains without and with the batch
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._whole!r} of {self._source!r}>"

    @property
    def continuation(self) -> bytes:
        """Where a scan of the same range and direction goes on behind the last row that was given out.

        It is good in other processes, for as long as is wanted; at the end it gives no rows. It is not
        secret: it shows a key. That of a scan with consistent=True has its version, and goes on at that with
        consistent=True, else at a new one.
        """
        return continuations.pack(self._whole, self._rest(), self._reader.version)

    def _rest(self) -> Region:
        """Returns what remains to be given out."""
        left = length_hint(self._left)
        if not left:
            return self._after
        if left == len(self._batch):
            return self._before
        return self._before.after(self._batch[-left - 1].key)

    def _fill(self) -> Flow[bool]:
        """Reads the next batch; False at the end."""
        self._batch = []  # gone before the rows of the next one are made
        rows = None if self._is_closed else (yield from self._reader.next())
        if self._is_closed:
            return False
        self._before, self._after = self._after, self._reader.region
        self._batch = rows or []
        self._left = iter(self._batch)
        return rows is not None

    def _batches(self) -> Flow[None]:
        """Gives iterators over rows, which are the position in their batch."""
        while length_hint(self._left) or (yield from self._fill()):
            yield Give(self._left)

    def _next_page(self) -> Flow[Page]:
        page = Page()
        rest = self._rest()
        try:
            while True:
                page.extend(islice(self._left, self._page_size - len(page)))
                page.more = length_hint(self._left) > 0
                if page.more or not (yield from self._fill()):
                    page.continuation = self.continuation
                    return page
        except BaseException:
            # Nobody gets the page, so its rows are still to be given out.
            self._before, self._batch = rest, list(page)
            self._left = iter(self._batch)
            raise

    def _pages(self) -> Flow[None]:
        while page := (yield from self._next_page()):
            yield Give(page)

    def _close(self) -> None:
        self._is_closed = True
        self._reader.close()
        self._before = self._after = self._rest()
        self._batch = []
        self._left = iter(self._batch)


class Scan(_ScanBase):
    """The rows of a range, as `Database.scan` returns them: to be iterated over, in order, as KeyValue objects.

    Each row is given out once, also if an iteration is broken off: another one goes on behind its last row.
    Iterating blocks where rows have not arrived, and raises FDBError for what a retry does not help; the scan
    may then be iterated over again. One thread or greenlet at a time.
    """

    def __iter__(self) -> Iterator[KeyValue]:
        # Without a frame of Python for a row: the iterator of the list is the position.
        return chain.from_iterable(
            FlowIterator[Iterator[KeyValue]](self._batches(), model_of(self._source))
        )

    def pages(self) -> Iterator[Page]:
        """Returns an iterator over the rest of the rows in pages of `page_size` rows, 1,000 unless said.

        All but the last have as many; none is empty. Blocks and raises as iterating over the scan does.
        """
        return FlowIterator(self._pages(), model_of(self._source))

    def page(self) -> Page:
        """Returns the next page, as `pages` gives it; an empty one at the end."""
        return run_blocking(self._next_page(), model_of(self._source))

    def to_frame(
        self,
        columns: Sequence[str] | None = None,
        *,
        within: KeyArgument | None = None,
        decode: Callable[[bytes], Any] | None = None,
        value_columns: Sequence[str] | None = None,
        library: str | None = None,
        limit: int | None = None,
    ) -> Any:
        """Returns the rows as a frame of pandas or polars. Takes the rest of the rows. Blocks and raises as iterating does.

        Without `columns` there is one of keys; with them the keys are unpacked as tuples, whose elements go into the columns,
        None where a tuple is shorter. `within` is what is not part of the tuples: a Subspace, a directory, or bytes that
        all keys begin with. `decode` is called with each value. With `value_columns` it returns a mapping with (some of)
        these names, a sequence, or None for a row without. `library` is "pandas" or "polars"; None takes the one that is
        loaded, else installed, pandas before polars. The types of columns are in docs/guides/notebooks.md.

        `limit` is the most rows; the next ones are still to be given out. Raises ImportError if there is no such library,
        ValueError for a key that is no tuple, or has more elements than there are columns, and TypeError or ValueError for
        wrong arguments.
        """
        from fdb._frames import maker_of  # few programs want frames

        if limit is not None:
            check_count("limit", limit)
        maker = maker_of(columns, within, decode, value_columns, library, limit)
        for rows in FlowIterator[Iterator[KeyValue]](self._batches(), model_of(self._source)):
            if not maker.take(rows):
                break
        return maker.frame()

    def close(self) -> None:
        """Gives up the scan: there are no more rows, and the continuation remains. Not needed at its end."""
        self._close()

    def __enter__(self: SelfT) -> SelfT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncScan(_ScanBase):
    """The rows of a range, as `AsyncDatabase.scan` returns them: for `async for`. See `Scan`. One task at a time."""

    async def __aiter__(self) -> AsyncIterator[KeyValue]:
        async for rows in AsyncFlowIterator[Iterator[KeyValue]](self._batches()):
            for row in rows:
                yield row

    def pages(self) -> AsyncIterator[Page]:
        """Returns an asynchronous iterator over pages. See `Scan.pages`."""
        return AsyncFlowIterator(self._pages())

    async def page(self) -> Page:
        """Returns the next page. See `Scan.page`."""
        return await run_in_loop(self._next_page())

    async def to_frame(
        self,
        columns: Sequence[str] | None = None,
        *,
        within: KeyArgument | None = None,
        decode: Callable[[bytes], Any] | None = None,
        value_columns: Sequence[str] | None = None,
        library: str | None = None,
        limit: int | None = None,
    ) -> Any:
        """Returns the rest of the rows as a frame of pandas or polars. See `Scan.to_frame`."""
        from fdb._frames import maker_of  # few programs want frames

        if limit is not None:
            check_count("limit", limit)
        maker = maker_of(columns, within, decode, value_columns, library, limit)
        async for rows in AsyncFlowIterator[Iterator[KeyValue]](self._batches()):
            if not maker.take(rows):
                break
        return maker.frame()

    async def aclose(self) -> None:
        """Gives up the scan: there are no more rows, and the continuation remains. Not needed at its end."""
        self._close()

    async def __aenter__(self: AsyncSelfT) -> AsyncSelfT:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
