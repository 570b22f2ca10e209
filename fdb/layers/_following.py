"""Following a stream: what subscriptions and consumers have in common.

A follower is a flow (see `fdb._flows`) that gives events for ever. Every wait of it ends when its bell is rung, and
every read and commit has to be answered within some seconds. Trouble of the cluster is waited for, with back-off.

Invariant: a follower can be interrupted while it waits (Ctrl-C, a cancelled task), and goes on where it was: what it
has asked for stays with the iterator.
"""

from __future__ import annotations

import _thread
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import TracebackType

from fdb._errors import FDBError
from fdb._flow_requests import model_of
from fdb._flows import Await, Flow, Give, WaitFor
from fdb._generated.errors import RETRYABLE
from fdb._layers import Steps, is_asynchronous
from fdb._typing import Any, TypeVar
from fdb._waiting.timed import Bell
from fdb.impl import FutureKeyValueArray
from fdb.layers._stream_log import BEGIN, Log, StreamEvent

T = TypeVar("T")

TRANSACTION_TIMED_OUT = 1031
_NOT_COMMITTED = 1020
#: Beside what is retried: a timeout of the database, and what a watch can fail with.
TROUBLE = {*RETRYABLE, TRANSACTION_TIMED_OUT, 1025, 1032, 1101}
#: How long an answer may take before that is trouble, and how long a watch is trusted before all is looked at again.
ANSWER_SECONDS = 10.0
WATCH_SECONDS = 60.0
_FIRST_BACKOFF = 0.01


class StatusEvent:
    """What happens to a subscription; given among the events of the stream if that is asked for.

    `status` is "started" (at the begin), "caught_up" (all events up to `version` of the database were given),
    "retrying" (`error` was met, and all is tried again after `delay` seconds: the failed attempt number `attempt` in
    a row) or "recovered" (after that). `cursor` is where to go on, as that of an event.
    """

    __slots__ = ("attempt", "cursor", "delay", "error", "status", "version")

    def __init__(
        self,
        status: str,
        cursor: bytes,
        version: int | None = None,
        error: FDBError | None = None,
        attempt: int = 0,
        delay: float = 0.0,
    ) -> None:
        self.status: str = status
        """What happened: "started", "caught_up", "retrying" or "recovered"."""
        self.cursor: bytes = cursor
        """Where to go on, as that of an event."""
        self.version: int | None = version
        """Of "caught_up": the version of the database up to which all events were given; else None."""
        self.error: FDBError | None = error
        """Of "retrying": the error that was met; else None."""
        self.attempt: int = attempt
        """Of "retrying": how many attempts in a row have failed; else 0."""
        self.delay: float = delay
        """Of "retrying": in how many seconds it is tried again; else 0."""

    def __repr__(self) -> str:
        more = f", {self.error!r}, attempt {self.attempt}" if self.error is not None else ""
        return f"<StatusEvent {self.status}{more}>"


Item = StreamEvent | StatusEvent


class Closed(Exception):
    """Ends a flow whose bell was rung."""


#: Given once the follower has begun, to who starts it.
BEGUN: Any = object()


class Follower(ABC):
    """The state of a flow that follows a stream, and what it does with transactions."""

    def __init__(
        self,
        log: Log,
        source: Any,
        status_events: bool,
        max_attempts: int | None,
        max_backoff: float,
    ) -> None:
        self.log = log
        self.source = source
        self.bell: Bell = Bell()
        self._status_events = status_events
        self._max_attempts = max_attempts
        self._max_backoff = max_backoff
        #: How many attempts in a row have failed, and whether the last of them was to wait for a watch.
        self._failures = 0
        self._watch_failed = False
        #: The name of the stream, and the position of the last event that was given.
        self.name = b""
        self.place = BEGIN

    @property
    def cursor(self) -> bytes:
        """Where to go on after what was given; empty before the begin."""
        return self.log.cursor(self.name, self.place) if self.name else b""

    def described(self, kind: str) -> str:
        """Returns how a subscription of the class so called prints."""
        closed = ", closed" if self.bell.rung else ""
        return f"<{kind} to the stream at {self.log.prefix!r} of {self.source!r}{closed}>"

    def flow(self) -> Flow[None]:
        """Gives BEGUN, then events, until the bell is rung."""
        try:
            yield from self.begin()
            yield from self.status("started")
            yield Give(BEGUN)
            while True:
                yield from self.follow()
        except Closed:
            yield from self.end()

    @abstractmethod
    def begin(self) -> Flow[None]:
        """Finds out where to begin."""

    @abstractmethod
    def follow(self) -> Flow[None]:
        """Gives what there is, or waits until there is something."""

    @abstractmethod
    def handled(self) -> None:
        """Notes that what was given is handled."""

    def end(self) -> Flow[None]:
        """Leaves what belongs to others; the bell was rung."""
        return
        yield

    def give(self, item: Item) -> Flow[None]:
        """Gives an item; raises Closed if the iterator was closed meanwhile."""
        yield Give(item)
        if self.bell.rung:
            raise Closed

    def status(self, status: str, **details: Any) -> Flow[None]:
        """Gives a status event if they are wanted."""
        if self._status_events:
            yield from self.give(StatusEvent(status, self.cursor, **details))

    def persist(self, start: Callable[[Any], Steps[T]]) -> Flow[T]:
        """Runs steps in a transaction of their own, again and again until one succeeds; they must bear that."""
        while True:
            try:
                result = yield from self.attempt(start, self.bell)
            except FDBError as error:
                yield from self.bear(error)
            else:
                # What watches say of the cluster is known once one of them ends well.
                if self._failures and not self._watch_failed:
                    yield from self._recover()
                return result

    def _recover(self) -> Flow[None]:
        self._failures = 0
        self._watch_failed = False
        yield from self.status("recovered")

    def attempt(self, start: Callable[[Any], Steps[T]], bell: Bell | None) -> Flow[T]:
        """Runs steps in a transaction of their own, once."""
        tr = self.source.create_transaction()
        steps = start(tr)
        answer: Any = None
        while True:
            try:
                read = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                break
            answer = yield from self.answer(read, bell)
        yield from self.answer(tr.commit(), bell)
        return result

    def answer(self, future: Any, bell: Bell | None) -> Flow[Any]:
        """Waits for the answer of a future; raises Closed if the bell is rung, FDBError 1031 after some time."""
        if not future.is_ready():
            index = yield WaitFor((future,), ANSWER_SECONDS, bell)
            if index is None:
                future.cancel()
                if bell is not None and bell.rung:
                    raise Closed
                raise FDBError(TRANSACTION_TIMED_OUT, f"no answer within {ANSWER_SECONDS:g} s")
        answer = yield Await(future)
        return answer[0] if isinstance(future, FutureKeyValueArray) else answer

    def bear(self, error: FDBError) -> Flow[None]:
        """Waits a bit after an error that another attempt may not meet; raises it if it is none or one too many."""
        if error.code not in TROUBLE:
            raise error
        if error.code == _NOT_COMMITTED:
            # Another consumer was first: the cluster is well.
            yield from self.sleep(_FIRST_BACKOFF * random.random())
            return
        self._failures += 1
        if self._max_attempts is not None and self._failures >= self._max_attempts:
            error._tell(f"given up after {self._failures} failed attempts in a row")
            raise error
        most = min(self._max_backoff, _FIRST_BACKOFF * 2.0 ** min(self._failures, 60))
        delay = most * random.uniform(0.5, 1.0)
        yield from self.status("retrying", error=error, attempt=self._failures, delay=delay)
        yield from self.sleep(delay)

    def sleep(self, seconds: float) -> Flow[None]:
        """Lets some time pass; raises Closed if the bell is rung."""
        yield WaitFor((), seconds, self.bell)
        if self.bell.rung:
            raise Closed

    def wait(self, watches: list[Any], seconds: float) -> Flow[None]:
        """Waits until one of some watches is ready, or some time has passed."""
        index = yield WaitFor(watches, seconds, self.bell)
        if self.bell.rung:
            raise Closed
        if index is not None:
            try:
                yield Await(watches[index])
            except FDBError as error:
                self._watch_failed = True
                yield from self.bear(error)
                return
        if self._watch_failed:
            yield from self._recover()


def _once(turn: Any) -> None:
    if not turn.acquire(False):
        raise RuntimeError("another thread, greenlet or task waits for the next event already")


class Subscription(Iterator[T]):
    """The events of a stream, as an iterator that blocks until there is one. Ends when it is closed.

    One thread or greenlet at a time takes events; any other may close it.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._flow = follower.flow()
        self._model = model_of(follower.source)
        #: What the flow has asked for and has no answer to yet.
        self._request: Any = None
        self._turn = _thread.allocate_lock()
        #: Status events from before the begin.
        self._early: deque[T] = deque()
        while (item := self._next()) is not BEGUN:
            self._early.append(item)

    @property
    def cursor(self) -> bytes:
        """Where to go on after what was given so far; see `StreamEvent.cursor`."""
        return self._follower.cursor

    def handled(self) -> None:
        """Says that the event that was given last is handled, as asking for the next one does.

        What a consumer of a group has handled is not given to others when it is closed.
        """
        self._follower.handled()

    def __repr__(self) -> str:
        return self._follower.described("Subscription")

    def __iter__(self) -> Subscription[T]:
        return self

    def __next__(self) -> T:
        _once(self._turn)
        try:
            if self._early:
                return self._early.popleft()
            return self._next()
        finally:
            self._turn.release()

    def _next(self) -> T:
        request = self._request
        self._request = None
        if request is None:
            request = next(self._flow)
        while not isinstance(request, Give):
            self._request = request  # what is interrupted is done again by the next call
            try:
                answer = request.block(self._model)
            except Exception as error:
                self._request = None
                request = self._flow.throw(error)
            else:
                self._request = None
                request = self._flow.send(answer)
        item: T = request.item
        return item

    def close(self) -> None:
        """Ends it: the iterator, wherever it is waited for, has no more events.

        May be called in any thread or greenlet. A consumer leaves what it has not handled to others; that blocks
        unless another one waits for an event, which does it then. A second call does nothing.
        """
        self._follower.bell.ring()
        if self._turn.acquire(False):
            try:
                self._early.clear()
                while True:
                    self._next()
            except StopIteration:
                pass
            finally:
                self._turn.release()

    def __enter__(self) -> Subscription[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncSubscription(AsyncIterator[T]):
    """The events of a stream, as an asynchronous iterator that waits until there is one. Ends when it is closed.

    It begins with `async with`, or when the first event is asked for: from there on "latest" counts. One task at a
    time takes events; any task or thread may close it. A wait that is cancelled loses no event.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._flow = follower.flow()
        self._request: Any = None
        self._turn = _thread.allocate_lock()
        self._early: deque[T] = deque()
        self._begun = False

    @property
    def cursor(self) -> bytes:
        """Where to go on after what was given so far; see `StreamEvent.cursor`. Empty before the begin."""
        return self._follower.cursor

    def handled(self) -> None:
        """Says that the event that was given last is handled; see `Subscription.handled`."""
        self._follower.handled()

    def __repr__(self) -> str:
        return self._follower.described("AsyncSubscription")

    def __aiter__(self) -> AsyncSubscription[T]:
        return self

    async def __anext__(self) -> T:
        _once(self._turn)
        try:
            await self._begin()
            if self._early:
                return self._early.popleft()
            return await self._next()
        finally:
            self._turn.release()

    async def _enter(self) -> None:
        _once(self._turn)
        try:
            await self._begin()
        except StopAsyncIteration:
            pass  # closed already
        finally:
            self._turn.release()

    async def _begin(self) -> None:
        while not self._begun:
            item = await self._next()
            if item is BEGUN:
                self._begun = True
            else:
                self._early.append(item)

    async def _next(self) -> T:
        try:
            request = self._request
            self._request = None
            if request is None:
                request = next(self._flow)
            while not isinstance(request, Give):
                self._request = request
                try:
                    answer = await request.perform()
                except Exception as error:
                    self._request = None
                    request = self._flow.throw(error)
                else:
                    self._request = None
                    request = self._flow.send(answer)
        except StopIteration:
            raise StopAsyncIteration from None
        item: T = request.item
        return item

    def close(self) -> Closing:
        """Ends it: the iterator, wherever it is waited for, has no more events. A second call does nothing.

        May be called in any task, and in any thread. What it returns can be awaited, in the loop: a consumer has left
        what it has not handled to others then.
        """
        self._follower.bell.ring()
        return Closing(self)

    async def aclose(self) -> None:
        """The same as awaiting `close`."""
        await self.close()

    async def _finish(self) -> None:
        if self._turn.acquire(False):
            try:
                self._early.clear()
                while True:
                    await self._next()
            except StopAsyncIteration:
                pass
            finally:
                self._turn.release()

    async def __aenter__(self) -> AsyncSubscription[T]:
        await self._enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class Closing:
    """What `AsyncSubscription.close` returns: awaiting it waits for the end."""

    __slots__ = ("_subscription",)

    def __init__(self, subscription: AsyncSubscription[Any]) -> None:
        self._subscription = subscription

    def __await__(self) -> Generator[Any, None, None]:
        return self._subscription._finish().__await__()


def iterator(follower: Follower) -> Any:
    """Returns a Subscription, which has begun, or an AsyncSubscription if the source is asynchronous."""
    if is_asynchronous(follower.source):
        return AsyncSubscription(follower)
    return Subscription(follower)
