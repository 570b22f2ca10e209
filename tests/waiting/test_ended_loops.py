"""Event loops and hubs that end while something is pending: nothing of them stays."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

import fdb
from helpers.processes import RunPython
from helpers.waiting import LOOPS, loop_maker

TIMES = 300
Start = Callable[[Any], Awaitable[None]]

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="no way to count descriptors"
)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(params=LOOPS)
def new_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes an event loop."""
    make = loop_maker(request.param)
    make().close()  # the first one may open what stays open
    return make


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Shows what stays open until a collection that may be far away."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Situation:
    """How a program leaves something pending in the loop that runs; all take a new future each time."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    @staticmethod
    async def wait(future: Any) -> None:
        await future

    async def a_task(self, future: Any) -> None:
        self.kept = [asyncio.ensure_future(self.wait(future))]
        await asyncio.sleep(0)

    async def a_cancelled_task(self, future: Any) -> None:
        await self.a_task(future)
        self.kept.pop().cancel()
        await asyncio.sleep(0)

    async def a_task_that_timed_out(self, future: Any) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.wait(future), 0.0001)

    async def a_task_beside_a_timeout(self, future: Any) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.wait(future)), 0.0001)

    async def a_closed_coroutine(self, future: Any) -> None:
        coroutine = self.wait(future)
        coroutine.send(None)
        coroutine.close()

    async def a_suspended_coroutine(self, future: Any) -> None:
        coroutine = self.wait(future)
        coroutine.send(None)
        self.kept = [coroutine]

    async def a_generator(self, future: Any) -> None:
        async def generate() -> AsyncIterator[Any]:
            yield await future

        generator = generate()
        self.kept = [generator, asyncio.ensure_future(generator.__anext__())]  # type: ignore[arg-type]
        await asyncio.sleep(0)

    async def a_callback(self, future: Any) -> None:
        loop = asyncio.get_running_loop()
        future.on_ready(lambda _: loop.call_soon(print))

    async def a_withdrawn_callback(self, future: Any) -> None:
        future.on_ready(print)
        assert future.remove_done_callback(print) == 1

    async def a_callback_of_a_thread(self, future: Any) -> None:
        await asyncio.to_thread(future.on_ready, print)
        future.cancel()


SITUATIONS = [name for name in vars(Situation) if name.startswith("a_")]


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_loop_that_was_closed(
    stub_library: fdb.ClientLibrary,
    new_loop: Callable[[], asyncio.AbstractEventLoop],
    without_collector: None,
    name: str,
) -> None:
    db: Any = stub_library.open("stub", event_model="asyncio")
    tr = db.create_transaction()
    situation = Situation()
    loops = []
    before = 0
    for n in range(TIMES):
        loop = new_loop()
        loop.set_exception_handler(lambda *_: None)  # tasks that were destroyed
        loop.run_until_complete(getattr(situation, name)(tr[b"never"]))
        if hasattr(loop, "_default_executor"):
            loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        loops.append(weakref.ref(loop))
        if n == 0:
            before = descriptors()
    assert descriptors() - before < 3
    situation.kept.clear()
    del loop
    gc.enable()
    gc.collect()
    assert [loop() for loop in loops if loop() is not None] == []


def test_many_runs_with_pending_watches(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import asyncio, gc, os, resource
        import fdb
        fdb.api_version(740)
        db = fdb.open("memory:", event_model="asyncio")
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        def descriptors():
            gc.collect()  # from Python 3.13 on a task that asyncio.run cancels is in a cycle with its loop
            return len(os.listdir("/proc/self/fd"))

        async def wait_for(watch):
            await watch

        async def main():
            watch = await db.set_and_watch(b"k", b"v")
            loop = asyncio.get_running_loop()
            watch.on_ready(lambda _: loop.call_soon(print))
            other = await db.clear_and_watch(b"other")
            task = asyncio.create_task(wait_for(other))
            await asyncio.sleep(0)

        asyncio.run(main())
        before = descriptors()
        for number in range(300):
            asyncio.run(main())
            if number % 10 == 0:
                assert descriptors() == before
        print(descriptors() - before)
        """
    )
    assert outcome.returncode == 0 and outcome.stdout == "0\n"


def test_a_loop_goes_on_after_a_coroutine_was_closed(stub_library: fdb.ClientLibrary) -> None:
    db: Any = stub_library.open("stub", event_model="asyncio")

    async def main() -> None:
        tr = db.create_transaction()
        coroutine = Situation.wait(tr[b"delay:200"])
        coroutine.send(None)
        coroutine.close()
        called: asyncio.Queue[Any] = asyncio.Queue()
        other = tr[b"delay:300"]
        other.on_ready(called.put_nowait)
        assert await other == b"delay:300"
        # A future is ready a moment before the loop hears of it.
        assert await asyncio.wait_for(called.get(), 30) is other
        assert called.empty()

    asyncio.run(main())


@pytest.mark.parametrize("in_threads", [True, False])
@pytest.mark.parametrize("pending", ["greenlet", "killed greenlet", "callback"])
def test_a_hub_that_was_destroyed(
    stub_library: fdb.ClientLibrary, without_collector: None, pending: str, in_threads: bool
) -> None:
    gevent = pytest.importorskip("gevent")
    db: Any = stub_library.open("stub", event_model="gevent")

    def work() -> None:
        hub = gevent.get_hub()
        future = db.create_transaction()[b"never"]
        if pending == "callback":
            future.on_ready(lambda _: hub)
        else:
            greenlet = gevent.spawn(future.wait)
            gevent.sleep(0)
            if pending == "killed greenlet":
                greenlet.kill()
        hub.destroy(destroy_loop=True)

    def run() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    (run if in_threads else work)()
    before = descriptors()
    for _ in range(TIMES):
        (run if in_threads else work)()
    assert descriptors() - before < 3


def test_a_future_of_a_dropped_hub_is_dropped(stub_library: fdb.ClientLibrary) -> None:
    gevent = pytest.importorskip("gevent")
    db: Any = stub_library.open("stub", event_model="gevent")
    future = db.create_transaction()[b"never"]
    reference = weakref.ref(future)

    def work(futures: list[Any]) -> None:
        futures.pop().on_ready(print)
        gevent.get_hub().destroy(destroy_loop=True)

    thread = threading.Thread(target=work, args=([future],))
    del future
    thread.start()
    thread.join()
    gc.collect()
    assert reference() is None
