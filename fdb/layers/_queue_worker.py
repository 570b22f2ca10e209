"""Workers: iterators over the items of a queue, which wait for them.

All that a worker knows is in a `Work`, so that a wait that is interrupted (Ctrl-C, a cancelled task) ends nothing: the
next call goes on, and looks first whether the claim that was under way has taken something.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType

from fdb import _flows
from fdb._flows import Flow, Transact
from fdb._layers import Steps
from fdb._typing import Any, TypeVar
from fdb._waiting.timed import Bell
from fdb.layers._claiming import Taken
from fdb.layers._leased import wait_for_change
from fdb.layers._queue_item import QueueItem
from fdb.layers._queue_store import QueueStore

SelfT = TypeVar("SelfT")


class Work:
    """What a worker does, in any event model. Thread-safe, as several may share a worker."""

    def __init__(self, source: Any, store: QueueStore, batch: int, lease: int) -> None:
        self.source = source
        self._store = store
        self._batch = batch
        self._lease = lease
        self._bell = Bell()
        #: What is claimed and was not given yet.
        self._claimed: deque[Taken] = deque()
        #: What was to be claimed by transactions that were interrupted.
        self._unsure: deque[list[Taken]] = deque()

    def described(self, kind: str) -> str:
        """Returns how a worker of the class so called prints."""
        closed = ", closed" if self._bell.rung else ""
        return f"<{kind} of the queue at {self._store.prefix!r} of {self.source!r}{closed}>"

    def next(self) -> Flow[QueueItem | None]:
        """Returns the next item, None if the worker was closed."""
        while not self._bell.rung:
            try:
                return QueueItem(self._store, self.source, self._claimed.popleft())
            except IndexError:
                pass
            if (taken := self._popped()) is not None:
                self._claimed.extend((yield from self._settle(taken)))
                continue
            taken, watch, seconds = yield from self._claim()
            if taken:
                self._claimed.extend(taken)
            else:
                store = self._store
                yield from wait_for_change(self.source, watch, seconds, store.tick, self._bell)
        # What was being claimed while somebody else closed it.
        yield from self.close()
        return None

    def _popped(self) -> list[Taken] | None:
        try:
            return self._unsure.popleft()
        except IndexError:
            return None

    def _claim(self) -> Flow[tuple[list[Taken], Any, float | None]]:
        taking: list[Taken] = []

        def steps(tr: Any) -> Steps[tuple[list[Taken], Any, float | None]]:
            result = yield from self._store.claim_or_watch(tr, self._batch, self._lease)
            taking[:] = result[0]
            return result

        try:
            claimed: tuple[list[Taken], Any, float | None]
            claimed = yield Transact(self.source, steps)
        except BaseException:
            if taking:
                self._unsure.append(taking)
            raise
        return claimed

    def _settle(self, taken: list[Taken]) -> Flow[list[Taken]]:
        try:
            held: list[Taken] = yield Transact(self.source, lambda tr: self._store.held(tr, taken))
        except BaseException:
            self._unsure.append(taken)
            raise
        return held

    def close(self) -> Flow[None]:
        """Ends all calls of `next`, and releases what was not given."""
        self._bell.ring()
        while True:
            taken: list[Taken] = []
            while self._claimed:
                try:
                    taken.append(self._claimed.popleft())
                except IndexError:
                    break
            while (unsure := self._popped()) is not None:
                taken += unsure
            if not taken:
                return
            yield Transact(self.source, self._release(taken))

    def _release(self, taken: list[Taken]) -> Callable[[Any], Steps[None]]:
        return lambda tr: self._store.release_if_held(tr, taken, failed=False)


class QueueWorker(Iterator[QueueItem]):
    """The items of a queue as a worker gets them; waits for them, and ends when it is closed.

    Several threads or greenlets may take items from one worker. Raises FDBError where the transaction of a claim does;
    it can be asked again then.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def __repr__(self) -> str:
        return self._work.described("QueueWorker")

    def __iter__(self) -> QueueWorker:
        return self

    def __next__(self) -> QueueItem:
        item: QueueItem | None = _flows.run(self._work.source, self._work.next())
        if item is None:
            raise StopIteration
        return item

    def close(self) -> None:
        """Ends the iteration, also where it waits, and releases what was claimed and not given; that attempt does not count.

        May be called in any thread or greenlet, and more than once. The item that was given last is not touched.
        """
        _flows.run(self._work.source, self._work.close())

    def __enter__(self: SelfT) -> SelfT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncQueueWorker(AsyncIterator[QueueItem]):
    """As QueueWorker, for asyncio: several tasks of one loop may take items from one worker.

    A wait that is cancelled loses no item.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def __repr__(self) -> str:
        return self._work.described("AsyncQueueWorker")

    def __aiter__(self) -> AsyncQueueWorker:
        return self

    async def __anext__(self) -> QueueItem:
        item: QueueItem | None = await _flows.run(self._work.source, self._work.next())
        if item is None:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Ends the iteration, as `QueueWorker.close` does."""
        await _flows.run(self._work.source, self._work.close())

    close = aclose

    async def __aenter__(self: SelfT) -> SelfT:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
