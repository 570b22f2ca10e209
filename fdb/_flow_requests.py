"""What flows yield, and what runs them: the part of `fdb/_flows.py` that knows no databases, so that these may use it.

Everything but `Transact`, `run` and `iterate`, which choose by what they are given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Generator, Iterator, Sequence
from types import TracebackType

from fdb._future import Future
from fdb._range import FDBRange
from fdb._typing import Any, Generic, Protocol, TypeVar
from fdb._values import Value
from fdb._waiting import timed
from fdb._waiting.model import EventModel
from fdb._waiting.threads import THREADS

T = TypeVar("T")
SelfT = TypeVar("SelfT")


class Request(Protocol):
    """What a flow may yield."""

    def block(self, model: EventModel) -> Any:
        """Does it, blocking what the event model blocks; returns the answer."""
        ...

    def perform(self) -> Awaitable[Any]:
        """Does it in the running loop, when awaited; the result is the answer."""
        ...


Flow = Generator[Request, Any, T]


class Await:
    """Waits for a read or another future.

    The answer is bytes or None for a Value, a list for a range, (rows, count, whether there are more) for a page of
    one, and the result of any other future.
    """

    __slots__ = ("_future",)

    def __init__(self, future: Future[Any] | FDBRange) -> None:
        self._future = future

    def block(self, model: EventModel) -> Any:
        """See Request."""
        future = self._future
        if isinstance(future, FDBRange):
            return future.to_list()
        return future.value if isinstance(future, Value) else future.wait()

    async def perform(self) -> Any:
        """See Request."""
        answer = await self._future
        return answer.value if isinstance(answer, Value) else answer


class Sleep:
    """Lets some time pass. The answer is None."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def block(self, model: EventModel) -> None:
        """See Request."""
        timed.sleep(model, self._seconds)

    def perform(self) -> Awaitable[None]:
        """See Request."""
        return timed.sleep_in_loop(self._seconds)


class WaitFor:
    """Waits until one of some futures is ready, of the same event model, or for some seconds; None is for ever.

    A bell, if there is one, ends it when it is rung. The answer is the index of the first future that is ready, None
    if there is none. The results of the futures are not taken.
    """

    __slots__ = ("_bell", "_futures", "_seconds")

    def __init__(
        self,
        futures: Sequence[Future[Any]],
        seconds: float | None = None,
        bell: timed.Bell | None = None,
    ) -> None:
        self._futures = futures
        self._seconds = seconds
        self._bell = bell

    def block(self, model: EventModel) -> int | None:
        """See Request."""
        return timed.wait_any(model, self._futures, self._seconds, self._bell)

    def perform(self) -> Awaitable[int | None]:
        """See Request."""
        return timed.wait_any_in_loop(self._futures, self._seconds, self._bell)


class Give(Generic[T]):
    """Gives an item to who iterates over the flow; only for `iterate`. The answer is None."""

    __slots__ = ("item",)

    def __init__(self, item: T) -> None:
        self.item = item

    def block(self, model: EventModel) -> None:
        """Never called: the iterator returns the item."""
        raise RuntimeError("an item is given, and nobody iterates over the flow")

    async def perform(self) -> None:
        """Never called: the iterator returns the item."""
        self.block(THREADS)


def model_of(source: Any) -> EventModel:
    """Returns the event model of a database, tenant or transaction."""
    model: EventModel | None = source._handle.model
    return THREADS if model is None else model


def _next_blocking(flow: Flow[Any], request: Request, model: EventModel) -> Request:
    """Carries out a request and returns the next one; StopIteration is the end of the flow."""
    try:
        answer = request.block(model)
    except BaseException as error:
        return flow.throw(error)
    return flow.send(answer)


def run_blocking(flow: Flow[T], model: EventModel) -> T:
    """Runs a flow to its end and returns what it returns. Blocks what the event model blocks."""
    try:
        request = next(flow)
        while True:
            request = _next_blocking(flow, request, model)
    except StopIteration as end:
        result: T = end.value
        return result


async def run_in_loop(flow: Flow[T]) -> T:
    """Runs a flow to its end in the running loop and returns what it returns."""
    try:
        request = next(flow)
        while True:
            try:
                answer = await request.perform()
            except BaseException as error:
                request = flow.throw(error)
            else:
                request = flow.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


class FlowIterator(Iterator[T]):
    """The items of a flow, in a blocking program. `close` and the end of a `with` block give it up.

    One thread or greenlet at a time.
    """

    def __init__(self, flow: Flow[None], model: EventModel) -> None:
        self._flow = flow
        self._model = model

    def __iter__(self) -> FlowIterator[T]:
        return self

    def __next__(self) -> T:
        request = next(self._flow)
        while not isinstance(request, Give):
            request = _next_blocking(self._flow, request, self._model)
        item: T = request.item
        return item

    def close(self) -> None:
        """Gives the flow up: there are no more items. A second call does nothing."""
        self._flow.close()

    def __enter__(self: SelfT) -> SelfT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncFlowIterator(AsyncIterator[T]):
    """The items of a flow, in an asyncio loop. `aclose` and the end of an `async with` block give it up.

    One task at a time.
    """

    def __init__(self, flow: Flow[None]) -> None:
        self._flow = flow

    def __aiter__(self) -> AsyncFlowIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            request = next(self._flow)
            while not isinstance(request, Give):
                try:
                    answer = await request.perform()
                except BaseException as error:
                    request = self._flow.throw(error)
                else:
                    request = self._flow.send(answer)
        except StopIteration:
            raise StopAsyncIteration from None
        item: T = request.item
        return item

    async def aclose(self) -> None:
        """Gives the flow up: there are no more items. A second call does nothing."""
        self._flow.close()

    async def __aenter__(self: SelfT) -> SelfT:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
