"""How the stack machine waits: one class for each event model of the package.

The machine is written once, as coroutines. Under the thread and gevent models a coroutine never
suspends, since each wait in it blocks the thread or greenlet, so `drive` runs it to its end like an
ordinary call. Under asyncio the same coroutines run in a loop and really suspend.
"""

from __future__ import annotations

import asyncio
import inspect
import random
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import fdb

Body = Callable[..., Coroutine[Any, Any, Any]]


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine that never suspends, and gives its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("a coroutine suspended under an event model that blocks")


class ThreadModel:
    """Waiting blocks the thread; machines that run at the same time are threads."""

    event_model: str | None = None

    def open(self, cluster_file: str | None) -> Any:
        return fdb.open(cluster_file, event_model=self.event_model)

    def run(self, body: Body) -> Any:
        """Runs a whole program written as a coroutine function."""
        return drive(body())

    async def wait(self, future: Any) -> Any:
        """The result of a future."""
        return future.wait()

    async def result(self, value: Any) -> Any:
        """The result of a method of a database, which has waited already."""
        return value

    async def rows(self, found: Any, to_list: bool) -> list[Any]:
        """All rows of a range, by its `to_list` or by iterating."""
        return found.to_list() if to_list else list(found)

    async def transact(self, db: Any, body: Body) -> Any:
        """Runs `body(tr)` under `fdb.transactional`."""

        @fdb.transactional
        def work(tr: Any) -> Any:
            return drive(body(tr))

        return work(db)

    async def layer(self, call: Callable[..., Any], *args: Any) -> Any:
        """Calls an operation of a data layer, which waits by itself."""
        return call(*args)

    async def collect(self, items: Any) -> list[Any]:
        """What an iterator of a data layer yields."""
        return list(items)

    def blocking(self, db: Any) -> Any:
        """A handle of the same database for programs that block."""
        return db

    def choose(self, spellings: tuple[str, str], on_source: bool) -> str:
        """One of two names of a method, at random: recorded runs have drawn a number for it."""
        return spellings[0] if random.random() < 0.5 else spellings[1]

    async def sleep(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    def start(self, body: Body) -> Any:
        """Starts `body()` to run beside this program; returns what `join` takes."""
        return _Started(body)

    async def join(self, started: Any) -> None:
        """Waits for what `start` began, and raises the exception that ended it, if any."""
        started.join()


class _Started(threading.Thread):
    """A thread that keeps the exception it ended with."""

    def __init__(self, body: Body) -> None:
        super().__init__(daemon=True)
        self.body = body
        self.problem: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            drive(self.body())
        except BaseException as problem:
            self.problem = problem

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        if self.problem is not None:
            raise self.problem


class GeventModel(ThreadModel):
    """Waiting blocks the greenlet while the hub goes on; machines are greenlets."""

    event_model = "gevent"

    async def sleep(self, seconds: float) -> None:
        import gevent

        gevent.sleep(seconds)

    def start(self, body: Body) -> Any:
        import gevent

        return gevent.spawn(lambda: drive(body()))

    async def join(self, started: Any) -> None:
        started.get()


class AsyncioModel(ThreadModel):
    """Waiting suspends the task; operations on a database, and of the layers, are coroutines."""

    event_model = "asyncio"

    def __init__(self) -> None:
        self.blocking_databases: dict[int, Any] = {}

    def open(self, cluster_file: str | None) -> Any:
        db = super().open(cluster_file)
        self.blocking_databases[id(db)] = fdb.open(cluster_file)
        return db

    def run(self, body: Body) -> Any:
        return asyncio.run(body())

    async def wait(self, future: Any) -> Any:
        return await future

    async def result(self, value: Any) -> Any:
        if inspect.isawaitable(value):
            return await value
        return value

    async def rows(self, found: Any, to_list: bool) -> list[Any]:
        if to_list:
            return list(await self.result(found.to_list()))
        return [row async for row in found]

    async def transact(self, db: Any, body: Body) -> Any:
        @fdb.transactional
        async def work(tr: Any) -> Any:
            return await body(tr)

        return await work(db)

    async def layer(self, call: Callable[..., Any], *args: Any) -> Any:
        return await self.result(call(*args))

    async def collect(self, items: Any) -> list[Any]:
        return [item async for item in items]

    def blocking(self, db: Any) -> Any:
        return self.blocking_databases.get(id(db), db)

    def choose(self, spellings: tuple[str, str], on_source: bool) -> str:
        chosen = super().choose(spellings, on_source)
        return spellings[0] if on_source else chosen  # db[key] = value cannot be awaited

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def start(self, body: Body) -> Any:
        return asyncio.ensure_future(body())

    async def join(self, started: Awaitable[Any]) -> None:
        await started


MODELS: dict[str, Callable[[], ThreadModel]] = {
    "threads": ThreadModel,
    "gevent": GeventModel,
    "asyncio": AsyncioModel,
}
