"""fdb/_waiting/asyncio_model.py: futures are awaited in whatever loop runs."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from typing import Any

import pytest

import fdb
from helpers.waiting import WAIT_SECONDS, RunAsync


@pytest.fixture(scope="module")
def slow(stub_library: fdb.ClientLibrary) -> fdb.AsyncDatabase:
    """A database of the stub library, whose answers take time."""
    return stub_library.open("x", event_model="asyncio")


pytestmark = pytest.mark.usefixtures("no_unawaited_coroutines")


def test_futures_are_awaitable(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = slow.create_transaction()
        value = await tr[b"delay:20"]
        assert value == b"delay:20" and value.is_ready()
        assert await value is value
        assert await tr[b"at once"] == b"at once"
        with pytest.raises(fdb.FDBError) as failed:
            await tr[b"error:1020"]
        assert failed.value.code == 1020
        assert await tr.commit() is None
        assert isinstance(await tr.get_read_version(), int)

    run_async(main)


def test_concurrent_reads(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = slow.create_transaction()
        keys = [b"delay:%d" % (i % 30) for i in range(500)]
        assert await asyncio.gather(*(tr[key] for key in keys)) == keys
        tasks = [asyncio.ensure_future(tr[key]) for key in keys]
        done, pending = await asyncio.wait(tasks)
        assert len(done) == 500 and not pending

    run_async(main)


def test_ranges(
    run_async: RunAsync, slow: fdb.AsyncDatabase, async_db: fdb.AsyncDatabase, test_prefix: bytes
) -> None:
    expected = [b"row%d" % i for i in range(7)]

    async def main() -> None:
        for begin in (b"a", b"slow-begin"):
            found = slow.create_transaction()[begin:b"z"]
            assert [row.key async for row in found] == expected
            assert [row.key for row in await found] == expected
            assert [row.key async for row in found.iterate()] == expected
        for i in range(300):
            await async_db.set(test_prefix + b"%03d" % i, b"x" * 100)
        rows = async_db.create_transaction().get_range_startswith(test_prefix, limit=250)
        assert len(await rows) == 250 and len([row async for row in rows]) == 250
        assert [row async for row in async_db.create_transaction()[b"b":b"a"]] == []

    run_async(main)


def test_transactional(
    run_async: RunAsync, async_db: fdb.AsyncDatabase, test_prefix: bytes
) -> None:
    attempts: list[fdb.Transaction] = []

    @fdb.transactional
    async def inner(tr: fdb.Transaction, key: bytes) -> bytes | None:
        value: bytes | None = (await tr[key]).value
        return value

    @fdb.transactional
    async def outer(tr: fdb.Transaction, result: str) -> str:
        """The text."""
        await inner(tr, test_prefix)
        attempts.append(tr)
        if len(attempts) < 3:
            await async_db.set(test_prefix, b"conflict")
        tr[test_prefix] = b"done"
        return result

    async def main() -> None:
        assert await outer(async_db, result="r") == "r"
        assert len(attempts) == 3 and len(set(map(id, attempts))) == 1
        assert await inner(async_db, test_prefix) == b"done"
        with pytest.raises(ZeroDivisionError):
            await failing(async_db)
        assert await inner(async_db, test_prefix) == b"done"

    @fdb.transactional
    async def failing(tr: fdb.Transaction) -> None:
        tr[test_prefix] = b"never"
        raise ZeroDivisionError

    assert outer.__doc__ == "The text."
    run_async(main)


def test_an_increment_by_many_tasks(
    run_async: RunAsync, async_db: fdb.AsyncDatabase, test_prefix: bytes
) -> None:
    @fdb.transactional
    async def increment(tr: fdb.Transaction) -> None:
        value = await tr[test_prefix]
        await asyncio.sleep(0)
        tr[test_prefix] = b"%d" % (int(value or b"0") + 1)

    async def main() -> None:
        await asyncio.gather(*(increment(async_db) for _ in range(40)))
        assert await async_db[test_prefix] == b"40"

    run_async(main)


def test_cancelling_a_task(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    async def counted(what: str) -> int:
        return int(await slow.get(b"count:" + what.encode()) or b"")

    async def main() -> None:
        tr = slow.create_transaction()
        before = await counted("cancellations")
        waited = tr[b"never"]
        task = asyncio.ensure_future(waited)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await counted("cancellations") == before + 1
        assert waited.is_ready() and waited.cancelled()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(slow.get(b"never"), 0.02)
        assert await counted("cancellations") == before + 2
        assert await tr[b"delay:5"] == b"delay:5"

    run_async(main)


def test_cancelling_a_future_ends_the_waiting(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        future = slow.create_transaction()[b"never"]
        asyncio.get_running_loop().call_later(0.02, future.cancel)
        with pytest.raises(fdb.FDBError) as failed:
            await future
        assert failed.value.code == 1101

    run_async(main)


def test_on_ready_calls_back_in_the_loop(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        done = asyncio.Event()
        threads: list[int] = []

        def callback(future: Any) -> None:
            assert future.value == b"delay:10"
            threads.append(threading.get_ident())
            done.set()

        slow.create_transaction()[b"delay:10"].on_ready(callback)
        await asyncio.wait_for(done.wait(), WAIT_SECONDS)
        assert threads == [threading.get_ident()]

    run_async(main)


def test_several_loops_in_several_threads(slow: fdb.AsyncDatabase) -> None:
    results: list[int] = []

    async def main() -> None:
        values = await asyncio.gather(*(slow.get(b"delay:%d" % (i % 20)) for i in range(50)))
        results.append(len(values))

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert results == [50] * 6


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs a list of descriptors")
def test_one_loop_after_another_leaves_no_descriptors(
    run_async: RunAsync, slow: fdb.AsyncDatabase
) -> None:
    async def main() -> None:
        assert await slow.get(b"delay:1") == b"delay:1"

    run_async(main)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        run_async(main)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 2


def test_one_future_awaited_by_many_tasks(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        future = slow.create_transaction()[b"delay:20"]

        async def wait() -> Any:
            return await future

        assert await asyncio.gather(*(wait() for _ in range(10))) == [b"delay:20"] * 10

    run_async(main)


def test_blocking_in_a_loop_is_refused(run_async: RunAsync, slow: fdb.AsyncDatabase) -> None:
    @fdb.transactional
    def blocking(tr: fdb.Transaction) -> bytes:
        return bytes(tr[b"delay:10"])

    async def main() -> None:
        tr = slow.create_transaction()
        for call in (
            tr[b"never"].wait,
            lambda: tr[b"never"] == b"",
            lambda: list(tr[b"slow-begin":b"z"]),
            lambda: list(tr[b"slow-begin":b"z"].to_list()),
            lambda: fdb.Future.wait_for_any(tr[b"never"], tr[b"never"]),
            lambda: blocking(slow),
        ):
            with pytest.raises(RuntimeError, match="would block the running asyncio loop"):
                call()
        assert await asyncio.to_thread(blocking, slow) == b"delay:10"

    run_async(main)
    assert blocking(slow) == b"delay:10"  # no loop runs here


def test_models_do_not_mix(
    run_async: RunAsync, slow: fdb.AsyncDatabase, stub_db: fdb.Database
) -> None:
    @fdb.transactional
    async def work(tr: fdb.Transaction) -> None:
        await tr[b"k"]

    async def main() -> None:
        for source in (
            stub_db,
            stub_db.create_transaction(),
            stub_db.create_transaction().snapshot,
        ):
            with pytest.raises(TypeError, match="opened with event_model=None"):
                await work(source)
        with pytest.raises(TypeError, match='open the database with event_model="asyncio"'):
            await stub_db.create_transaction()[b"k"]
        with pytest.raises(TypeError):
            [row async for row in stub_db.create_transaction()[b"a":b"b"]]
        await work(slow)

    run_async(main)


def test_a_watch_in_its_own_transaction(
    run_async: RunAsync, async_db: fdb.AsyncDatabase, test_prefix: bytes
) -> None:
    @fdb.transactional
    async def wrong(tr: fdb.Transaction) -> None:
        await tr.watch(test_prefix)

    @fdb.transactional
    async def right(tr: fdb.Transaction) -> fdb.Watch:
        return tr.watch(test_prefix)

    async def main() -> None:
        with pytest.raises(RuntimeError, match="return the watch and wait for it then"):
            await wrong(async_db)
        watch = await right(async_db)
        await async_db.set(test_prefix, b"changed")
        await watch

    run_async(main)


def test_awaiting_outside_of_a_loop(slow: fdb.AsyncDatabase) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        slow.create_transaction()[b"never"].__await__().send(None)
