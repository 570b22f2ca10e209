"""Range reads: batches of rows, fetched while the rows before them are used."""

from __future__ import annotations

from fdb._future import FutureKeyValueArray
from fdb._generated.options import (
    STREAMING_MODE_EXACT,
    STREAMING_MODE_ITERATOR,
    STREAMING_MODE_WANT_ALL,
)
from fdb._keys import KeySelector
from fdb._native.extension import KeyValue, RowIterator, RowList
from fdb._notebooks import repr_html
from fdb._startup import api_version
from fdb._typing import (
    TYPE_CHECKING,
    Any,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    NoReturn,
    Protocol,
    Sequence,
    cast,
)
from fdb._waiting.model import NOT_IN_A_LOOP

if TYPE_CHECKING:
    from fdb._frames import FrameMaker
    from fdb._types import KeyArgument


class Pages(Protocol):
    """What a range needs of its transaction."""

    def _request(
        self,
        first: KeySelector,
        last: KeySelector,
        limit: int,
        streaming_mode: int,
        iteration: int,
        reverse: bool,
    ) -> FutureKeyValueArray:
        """Requests a batch of rows."""
        ...


class _Batches:
    """The position of one pass over a range: which request comes next."""

    __slots__ = ("_begin", "_end", "_iteration", "_limit", "_mode", "_range")

    def __init__(self, rows: FDBRange, mode: int) -> None:
        self._range = rows
        self._begin = rows._begin
        self._end = rows._end
        self._limit = rows._limit
        self._mode = mode
        self._iteration = 1

    def after(self, batch: list[KeyValue], more: bool) -> FutureKeyValueArray | None:
        """Requests what follows a batch; None if nothing does."""
        if not batch or not more or self._limit == len(batch):
            return None
        if self._limit > 0:
            self._limit -= len(batch)
        last = batch[-1].key
        if self._range._reverse:
            self._end = KeySelector(last, False, 1)
        else:
            self._begin = KeySelector(last, True, 1)
        self._iteration += 1
        rows = self._range
        return rows._transaction._request(
            self._begin, self._end, self._limit, self._mode, self._iteration, rows._reverse
        )


class Rows(RowList):
    """All rows of a range: a list, which notebooks show as a table."""

    __slots__ = ()
    _repr_html_ = repr_html

    def to_frame(
        self,
        columns: Sequence[str] | None = None,
        *,
        within: KeyArgument | None = None,
        decode: Callable[[bytes], Any] | None = None,
        value_columns: Sequence[str] | None = None,
        library: str | None = None,
    ) -> Any:
        """Returns the rows as a frame of pandas or polars. Does not block.

        Without `columns` there is one of keys; with them the keys are unpacked as tuples, whose elements go into the columns,
        None where a tuple is shorter. `within` is what is not part of the tuples: a Subspace, a directory, or bytes that
        all keys begin with. `decode` is called with each value. With `value_columns` it returns a mapping with (some of)
        these names, a sequence, or None for a row without. `library` is "pandas" or "polars"; None takes the one that is
        loaded, else installed, pandas before polars. The types of columns are in docs/guides/notebooks.md.

        Raises ImportError if there is no such library, ValueError for a key that is no tuple, or has more elements than
        there are columns, and TypeError or ValueError for wrong arguments.
        """
        from fdb._frames import maker_of  # few programs want frames

        return maker_of(columns, within, decode, value_columns, library).frame_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as the list that it is: the name of this class is no part of what programs store.
        return list, (list(self),)


class FDBRange:
    """The rows between two keys, read in batches. Iterating over it gives KeyValue objects.

    The first batch is requested at once. Every iteration uses it and reads the others anew; the
    next batch is requested before the last row of the one before is given out. Iterating blocks
    where rows have not arrived, and raises FDBError. With the asyncio event model use `async for`,
    or `await` the range (or its `to_list()`) for a list.
    """

    _legacy_iterator: Iterator[KeyValue] | None = None
    _repr_html_ = repr_html

    def __init__(
        self,
        transaction: Pages,
        begin: KeySelector,
        end: KeySelector,
        limit: int,
        reverse: bool,
        streaming_mode: int,
    ) -> None:
        self._transaction = transaction
        self._begin = begin
        self._end = end
        self._limit = limit
        self._reverse = reverse
        self._mode = streaming_mode
        self._first = transaction._request(begin, end, limit, streaming_mode, 1, reverse)

    def __repr__(self) -> str:
        options = f"limit={self._limit}, " if self._limit else ""
        options += "reverse=True, " if self._reverse else ""
        return (
            f"<{type(self).__name__} from {self._begin!r} to {self._end!r}, {options}"
            f"of {self._transaction!r}>"
        )

    def _list_mode(self) -> int:
        """The mode of all batches but the first when every row is wanted."""
        if self._mode != STREAMING_MODE_ITERATOR:
            return self._mode
        return STREAMING_MODE_EXACT if self._limit > 0 else STREAMING_MODE_WANT_ALL

    def to_list(self) -> _ListOfRows:
        """Returns all rows. Blocks; raises FDBError.

        With the asyncio event model, in a running loop, it is to be awaited, as the range itself.
        """
        model = self._first._model
        if model is not None and model.in_loop():
            return cast("_ListOfRows", RowsToAwait(self._collect))
        return cast("_ListOfRows", self._read_all())

    def _read_all(self) -> Rows:
        rows, _, more = self._first.wait()
        result = Rows(rows)
        if not more:
            return result
        batches = _Batches(self, self._list_mode())
        future = batches.after(rows, more)
        while future is not None:
            rows, _, more = future.wait()
            result += rows
            future = batches.after(rows, more)
        return result

    def __iter__(self) -> Iterator[KeyValue]:
        return RowIterator(self._first, self._batches)

    def _batches(self) -> Callable[[list[KeyValue], bool], FutureKeyValueArray | None]:
        """Begins a pass with more than one batch; returns what requests the one after a batch."""
        return _Batches(self, self._mode).after

    async def __aiter__(self) -> AsyncIterator[KeyValue]:
        """Yields the rows without blocking the loop; for the asyncio event model."""
        batches = _Batches(self, self._mode)
        future: FutureKeyValueArray | None = self._first
        while future is not None:
            rows, _, more = await future
            if not rows:
                return
            for row in rows[:-1]:
                yield row
            future = batches.after(rows, more)
            yield rows[-1]

    def iterate(self) -> AsyncIterator[KeyValue]:
        """Returns an asynchronous iterator over the rows, as `async for` does."""
        return self.__aiter__()

    def __await__(self) -> Generator[Any, None, Rows]:
        """Returns all rows as a list, without blocking the loop; for the asyncio event model."""
        return self._collect().__await__()

    async def _collect(self) -> Rows:
        rows, _, more = await self._first
        result = Rows(rows)
        batches = _Batches(self, self._list_mode())
        future = batches.after(rows, more)
        while future is not None:
            rows, _, more = await future
            result += rows
            future = batches.after(rows, more)
        return result

    def to_frame(
        self,
        columns: Sequence[str] | None = None,
        *,
        within: KeyArgument | None = None,
        decode: Callable[[bytes], Any] | None = None,
        value_columns: Sequence[str] | None = None,
        library: str | None = None,
    ) -> Any:
        """Returns the rows as a frame of pandas or polars. Blocks, and raises as `to_list` does.

        Without `columns` there is one of keys; with them the keys are unpacked as tuples, whose elements go into the columns,
        None where a tuple is shorter. `within` is what is not part of the tuples: a Subspace, a directory, or bytes that
        all keys begin with. `decode` is called with each value. With `value_columns` it returns a mapping with (some of)
        these names, a sequence, or None for a row without. `library` is "pandas" or "polars"; None takes the one that is
        loaded, else installed, pandas before polars. The types of columns are in docs/guides/notebooks.md.

        With the asyncio event model, in a running loop, it is to be awaited. Raises ImportError if there is no such library,
        ValueError for a key that is no tuple, or has more elements than there are columns, and TypeError or ValueError for
        wrong arguments.
        """
        from fdb._frames import maker_of  # few programs want frames

        maker = maker_of(columns, within, decode, value_columns, library)
        model = self._first._model
        if model is not None and model.in_loop():
            return self._collect_frame(maker)
        return maker.frame_of(self._read_all())

    async def _collect_frame(self, maker: FrameMaker) -> Any:
        return maker.frame_of(await self._collect())

    def pages(self, n: int) -> RangePages:
        """Returns the rows in lists of `n` rows, the last of which may be shorter: to be iterated over.

        The rows are read as iterating over the range reads them, each time anew, within the transaction and
        its 5 seconds: `Database.scan` has pages beyond. With the asyncio event model use `async for`.
        Raises TypeError for what is no int, ValueError for a number below 1.
        """
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"pages() takes a number of rows, not {type(n).__name__}")
        if n < 1:
            raise ValueError(f"a page must have at least 1 row, not {n}")
        return RangePages(self, n)

    @property
    def next(self) -> Callable[[], KeyValue]:
        """At API version 13 returns the next row of one pass; at others there is no such attribute."""
        if not (api_version.is_selected() and api_version.get() == 13):
            raise AttributeError("'FDBRange' object has no attribute 'next'")
        if self._legacy_iterator is None:
            self._legacy_iterator = iter(self)
        return self._legacy_iterator.__next__


class RangePages:
    """The rows of a range in lists of the same length. See `FDBRange.pages`."""

    __slots__ = ("_range", "_rows")

    def __init__(self, rows: FDBRange, number: int) -> None:
        self._range = rows
        self._rows = number

    def __repr__(self) -> str:
        return f"<pages of {self._rows} rows of {self._range!r}>"

    def __iter__(self) -> Iterator[list[KeyValue]]:
        from itertools import islice

        rows = iter(self._range)
        while page := list(islice(rows, self._rows)):
            yield page

    async def __aiter__(self) -> AsyncIterator[list[KeyValue]]:
        page: list[KeyValue] = []
        async for row in self._range:
            page.append(row)
            if len(page) == self._rows:
                yield page
                page = []
        if page:
            yield page


if TYPE_CHECKING:

    class _ListOfRows(Rows):
        """What checkers know of `to_list`: a list, or with asyncio something to await for one."""

        def __await__(self) -> Generator[Any, None, list[KeyValue]]: ...


class RowsToAwait(Coroutine[Any, Any, "list[KeyValue]"]):
    """What `FDBRange.to_list` gives in a running loop: a coroutine, to be awaited once.

    Using it as the list that it is not yet raises the RuntimeError that reading the rows would.
    """

    __slots__ = ("_coroutine", "_start")

    def __init__(self, start: Callable[[], Coroutine[Any, Any, list[KeyValue]]]) -> None:
        self._start = start
        self._coroutine: Coroutine[Any, Any, list[KeyValue]] | None = None

    def _begun(self) -> Coroutine[Any, Any, list[KeyValue]]:
        # Not begun before it is wanted: dropping it unawaited has no effect.
        if self._coroutine is None:
            self._coroutine = self._start()
        return self._coroutine

    def send(self, value: Any) -> Any:
        """Runs the coroutine up to where it waits."""
        return self._begun().send(value)

    def throw(self, *args: Any) -> Any:
        """Raises an exception where the coroutine waits."""
        return self._begun().throw(*args)

    def __repr__(self) -> str:
        return "<the rows of a range, to be awaited>"

    def close(self) -> None:
        """Ends the coroutine."""
        if self._coroutine is not None:
            self._coroutine.close()

    def __await__(self) -> Generator[Any, None, list[KeyValue]]:
        return self._begun().__await__()

    def _refuse(self, *_: Any) -> NoReturn:
        raise RuntimeError(NOT_IN_A_LOOP)

    __iter__ = __len__ = __bool__ = __getitem__ = __contains__ = __add__ = __radd__ = __eq__ = (
        _refuse
    )
    __hash__ = object.__hash__  # of a coroutine, for asyncio
