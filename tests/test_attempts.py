"""fdb/_attempts.py: waiting inside a transactional function for what only its commit can bring."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import fdb

LIMIT = 20.0


def outcome(function: Callable[[], Any]) -> Any:
    """What a function returns or raises, run in a thread of its own, as it might wait for ever."""
    results: list[Any] = []

    def target() -> None:
        try:
            results.append(function())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert results, "it waits for ever"
    return results[0]


def is_refused(result: Any, what: str) -> bool:
    return isinstance(result, RuntimeError) and f"return the {what} and wait" in str(result)


STAMP_USES: dict[str, Callable[[fdb.Key], Any]] = {
    "wait": lambda stamp: stamp.wait(),
    "value": lambda stamp: stamp.value,
    "bytes": bytes,
    "buffer": lambda stamp: bytes(memoryview(stamp)),
    "concatenation": lambda stamp: b"prefix" + stamp,
    "block_until_ready": lambda stamp: stamp.block_until_ready(),
    "any": fdb.Future.wait_for_any,
}


@pytest.mark.parametrize("event_model", [None, "debug"])
@pytest.mark.parametrize("use", STAMP_USES)
def test_a_versionstamp_inside_of_its_transaction(
    database_name: str, test_prefix: bytes, use: str, event_model: Any
) -> None:
    db = fdb.open(database_name, event_model=event_model)

    @fdb.transactional
    def wrong(tr: fdb.Transaction) -> None:
        tr[test_prefix] = b""
        STAMP_USES[use](tr.get_versionstamp())

    @fdb.transactional
    def right(tr: fdb.Transaction) -> fdb.Key:
        tr[test_prefix] = b""
        return tr.get_versionstamp()

    assert is_refused(outcome(lambda: wrong(db)), "versionstamp")
    assert outcome(lambda: len(right(db))) == 10


def test_any_of_two_that_cannot_come(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def wrong(tr: fdb.Transaction) -> None:
        fdb.Future.wait_for_any(tr.watch(test_prefix + b"a"), tr.watch(test_prefix + b"b"))

    assert is_refused(outcome(lambda: wrong(db)), "watch")


def test_any_of_which_one_can_come(db: fdb.Database, test_prefix: bytes) -> None:
    earlier = db.set_and_watch(test_prefix, b"1")

    @fdb.transactional
    def waiting(tr: fdb.Transaction) -> int:
        writer = threading.Thread(target=db.set, args=(test_prefix, b"2"))
        writer.start()
        index = fdb.Future.wait_for_any(tr.watch(test_prefix + b"other"), earlier)
        writer.join()
        return index

    assert outcome(lambda: waiting(db)) == 1


def test_inside_of_another_transaction(db: fdb.Database, test_prefix: bytes) -> None:
    """The inner function is part of the outer one, whose watch it waits for."""

    @fdb.transactional
    def inner(tr: fdb.Transaction, future: fdb.Watch) -> None:
        future.wait()

    @fdb.transactional
    def outer(tr: fdb.Transaction) -> None:
        inner(db, tr.watch(test_prefix))

    assert is_refused(outcome(lambda: outer(db)), "watch")


def test_after_a_commit_of_its_own(db: fdb.Database, test_prefix: bytes) -> None:
    """The function has committed, so what it waits for comes."""

    @fdb.transactional
    def committing(tr: fdb.Transaction) -> bool:
        tr[test_prefix] = b"1"
        watch, stamp = tr.watch(test_prefix), tr.get_versionstamp()
        tr.commit().wait()
        writer = threading.Thread(target=db.set, args=(test_prefix, b"2"))
        writer.start()
        watch.wait()
        writer.join()
        result = len(stamp) == 10
        tr.reset()
        return result

    assert outcome(lambda: committing(db)) is True


def test_another_thread_may_wait_while_the_function_runs(
    db: fdb.Database, test_prefix: bytes
) -> None:
    watches: list[fdb.Watch] = []
    waiting = threading.Event()
    results: list[Any] = []

    def wait() -> None:
        watches[0].on_ready(lambda _: None)
        waiting.set()
        try:
            results.append(watches[0].wait())
        except BaseException as error:
            results.append(error)

    waiter = threading.Thread(target=wait, daemon=True)

    @fdb.transactional
    def watch(tr: fdb.Transaction) -> None:
        watches.append(tr.watch(test_prefix))
        waiter.start()
        # It has begun to wait, or is about to, while this function is still running.
        assert waiting.wait(LIMIT)
        waiter.join(0.2)

    watch(db)
    assert not results
    db[test_prefix] = b"new"
    waiter.join(LIMIT)
    assert results == [None]


async def child_task(future: Any) -> None:
    async def child() -> None:
        await future

    await asyncio.create_task(child())


async def in_a_thread(future: Any) -> None:
    await asyncio.to_thread(future.wait)


async def gathered(future: Any) -> None:
    await asyncio.gather(future)


ASYNC_WAYS: dict[str, Callable[[Any], Any]] = {
    "plain": lambda future: future,
    "child task": child_task,
    "gather": gathered,
    "wait_for": lambda future: asyncio.wait_for(future, LIMIT),
    "wait_for without a limit": lambda future: asyncio.wait_for(future, None),
    "to_thread": in_a_thread,
}


@pytest.mark.parametrize("what", ["watch", "versionstamp"])
@pytest.mark.parametrize("way", ASYNC_WAYS)
def test_inside_of_an_asynchronous_transaction(
    database_name: str, test_prefix: bytes, way: str, what: str
) -> None:
    async def main() -> None:
        adb = fdb.open(database_name, event_model="asyncio")

        @fdb.transactional
        async def wrong(tr: fdb.Transaction) -> None:
            tr[test_prefix] = b"1"
            future: Any = tr.watch(test_prefix) if what == "watch" else tr.get_versionstamp()
            try:
                await asyncio.wait_for(ASYNC_WAYS[way](future), LIMIT)
            finally:
                future.cancel()

        with pytest.raises(RuntimeError, match=f"return the {what} and wait for it then"):
            await wrong(adb)

    asyncio.run(main())


def test_a_task_from_outside_may_wait_while_the_function_runs(
    database_name: str, test_prefix: bytes
) -> None:
    async def main() -> None:
        adb = fdb.open(database_name, event_model="asyncio")
        made: asyncio.Future[fdb.Watch] = asyncio.get_running_loop().create_future()

        async def wait() -> None:
            await (await made)

        waiter = asyncio.create_task(wait())

        @fdb.transactional
        async def watch(tr: fdb.Transaction) -> None:
            made.set_result(tr.watch(test_prefix))
            for _ in range(5):
                await asyncio.sleep(0)

        await watch(adb)
        assert not waiter.done()
        await adb.set(test_prefix, b"new")
        await asyncio.wait_for(waiter, LIMIT)

    asyncio.run(main())


def test_a_child_may_wait_once_the_function_has_ended(
    database_name: str, test_prefix: bytes
) -> None:
    async def main() -> None:
        adb = fdb.open(database_name, event_model="asyncio")

        ended = asyncio.Event()

        @fdb.transactional
        async def watch(tr: fdb.Transaction) -> asyncio.Task[None]:
            future = tr.watch(test_prefix)

            async def child() -> None:
                await ended.wait()
                await future

            return asyncio.create_task(child())

        task = await watch(adb)
        ended.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        await adb.set(test_prefix, b"new")
        await asyncio.wait_for(task, LIMIT)

    asyncio.run(main())


def test_a_watch_made_in_a_task_dies_with_its_last_reference(
    database_name: str, test_prefix: bytes
) -> None:
    async def main() -> None:
        adb = fdb.open(database_name, event_model="asyncio")
        dead = []
        for number in range(20):
            key = test_prefix + b"%d" % number
            task = asyncio.create_task(adb.set_and_watch(key, b""))
            watch = await task
            dead.append(weakref.ref(watch))
            del watch, task
        await asyncio.sleep(0)  # the loop holds what it has just run
        gc.collect()
        assert [reference() for reference in dead] == [None] * 20

    asyncio.run(main())


def test_dropped_watches_free_their_places(memory_name: str) -> None:
    async def main() -> None:
        adb = fdb.open(memory_name, event_model="asyncio")
        adb.options.set_max_watches(20)
        for _ in range(100):
            await asyncio.create_task(adb.set_and_watch(b"k", b""))
        adb.close()

    asyncio.run(main())


def test_a_coroutine_that_is_closed_elsewhere(database_name: str, test_prefix: bytes) -> None:
    """Its function ends in another context than it began in."""

    async def main() -> None:
        adb = fdb.open(database_name, event_model="asyncio")

        @fdb.transactional
        async def suspended(tr: fdb.Transaction) -> None:
            await asyncio.get_running_loop().create_future()

        coroutine: Any = suspended(adb)
        contextvars.copy_context().run(coroutine.send, None)
        coroutine.close()
        await adb.set(test_prefix, b"")

    asyncio.run(main())


def test_greenlets_without_patches(run_python: Any) -> None:
    """Another greenlet may wait while the function runs; the function itself may not."""
    done = run_python(
        """
        import gevent
        import fdb
        fdb.api_version(740)
        db = fdb.open("memory:", event_model="gevent")

        @fdb.transactional
        def watching(tr):
            watch = tr.watch(b"k")
            waiter = gevent.spawn(watch.wait)
            gevent.sleep(0.05)
            assert not waiter.ready(), waiter.exception
            return waiter

        waiter = watching(db)
        gevent.sleep(0.05)
        assert not waiter.ready()
        db[b"k"] = b"new"
        waiter.get(timeout=20)

        @fdb.transactional
        def wrong(tr):
            tr[b"k"] = b"v"
            for future in (tr.watch(b"k"), tr.get_versionstamp()):
                for wait in (future.wait, future.block_until_ready,
                             lambda: fdb.Future.wait_for_any(future)):
                    try:
                        wait()
                    except RuntimeError as error:
                        print("refused" if "wait for it then" in str(error) else error)
        wrong(db)
        """
    )
    assert done.stdout == "refused\n" * 6 and done.returncode == 0
