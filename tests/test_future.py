"""fdb/_future.py and native/binding/future.c: readiness, results, callbacks, cancellation."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from typing import Any

import pytest

import fdb
from fdb.impl import FormerFuture
from helpers.stubs import counted
from helpers.waiting import WAIT_SECONDS


def test_a_future_becomes_ready(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"delay:20"]
    assert not future.is_ready() and not future.done()
    future.block_until_ready()
    assert future.is_ready() and future.done()
    assert future.value == b"delay:20"


def test_the_kinds_of_results(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    version = tr.get_read_version()
    assert isinstance(version, fdb.FutureInt64) and version.wait() > 0
    size = tr.get_approximate_size()
    assert isinstance(size, fdb.FutureInt64) and size.wait() >= 0
    points = tr.get_range_split_points(test_prefix, test_prefix + b"\xff", 1000)
    assert isinstance(points, fdb.FutureKeyArray)
    assert points.wait()[0] == test_prefix
    addresses = fdb.locality.get_addresses_for_key(tr, test_prefix)
    assert isinstance(addresses, fdb.FutureStringArray)
    assert all(isinstance(address, bytes) for address in addresses.wait())
    tr[test_prefix] = b"x"
    commit = tr.commit()
    assert isinstance(commit, fdb.FutureVoid) and commit.wait() is None


def test_block_until_ready_raises_no_error(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"error:1020"]
    future.block_until_ready()
    error = future.exception()
    assert error is not None and error.code == 1020


def test_cancel(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"never"]
    future.cancel()
    with pytest.raises(fdb.FDBError) as failed:
        future.wait()
    assert failed.value.code == 1101
    assert future.cancelled()


def test_cancelling_a_ready_future_changes_nothing(db: fdb.Database, test_prefix: bytes) -> None:
    future = db.create_transaction()[test_prefix]
    future.wait()
    future.cancel()
    assert not future.present() and not future.cancelled()


def test_dropping_a_future_cancels_the_operation(stub_db: fdb.Database) -> None:
    before = counted(stub_db, "cancellations")
    future = stub_db.create_transaction()[b"never"]
    del future
    assert counted(stub_db, "cancellations") == before + 1


def test_taking_a_result_frees_the_future_of_the_library(stub_db: fdb.Database) -> None:
    gc.collect()
    tr = stub_db.create_transaction()
    before = counted(stub_db, "futures")
    values = [tr[b"x%d" % i] for i in range(50)]
    waited = [tr[b"delay:1"] for _ in range(5)]
    assert [value.value for value in waited] == [b"delay:1"] * 5
    assert counted(stub_db, "futures") <= before + 1
    assert values[7] == b"x7"


def test_the_asyncio_names(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"delay:30"]
    for call in (future.result, future.exception):
        with pytest.raises(Exception, match="Future result not available"):
            call()
    assert not future.cancelled()
    future.block_until_ready()
    assert future.result() == b"delay:30" and future.exception() is None
    failed = stub_db.create_transaction()[b"error:1007"]
    failed.block_until_ready()
    with pytest.raises(fdb.FDBError):
        failed.result()


def test_there_is_no_get_after_api_13(stub_db: fdb.Database) -> None:
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'get'"):
        stub_db.create_transaction()[b"x"].get()


# ---- on_ready ----


def test_on_ready_of_a_ready_future_is_called_at_once(db: fdb.Database, test_prefix: bytes) -> None:
    seen: list[Any] = []
    future = db.create_transaction()[test_prefix]
    future.wait()
    future.on_ready(lambda ready: seen.append((ready, threading.current_thread())))
    assert len(seen) == 1
    assert seen[0][0] is future and seen[0][1] is threading.current_thread()


def test_on_ready_is_called_later_on_another_thread(stub_db: fdb.Database) -> None:
    called = threading.Event()
    threads: list[str] = []

    def callback(future: Any) -> None:
        threads.append(threading.current_thread().name)
        assert future.value == b"delay:200"
        called.set()

    # No reference remains: the registration keeps the future, and so the operation, alive.
    stub_db.create_transaction()[b"delay:200"].on_ready(callback)
    assert called.wait(WAIT_SECONDS)
    assert threads == ["fdb-callback-thread"]


def test_several_callbacks_are_each_called_once(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"delay:20"]
    calls: list[int] = []
    done = threading.Semaphore(0)
    for i in range(5):
        future.on_ready(lambda _, i=i: (calls.append(i), done.release()))  # type: ignore[misc]
    for _ in range(5):
        assert done.acquire(timeout=WAIT_SECONDS)
    assert sorted(calls) == [0, 1, 2, 3, 4]


def test_an_exception_in_a_callback_is_printed_and_dropped(
    stub_db: fdb.Database, capfd: pytest.CaptureFixture[str]
) -> None:
    after = threading.Event()
    stub_db.create_transaction()[b"delay:5"].on_ready(lambda _: 1 // 0)
    stub_db.create_transaction()[b"delay:30"].on_ready(lambda _: after.set())
    assert after.wait(WAIT_SECONDS)
    printed = capfd.readouterr().err
    assert "Discarding uncaught exception from user FDB callback:" in printed
    assert "ZeroDivisionError" in printed


def test_a_callback_that_exits_ends_nothing(
    stub_db: fdb.Database, capfd: pytest.CaptureFixture[str]
) -> None:
    after = threading.Event()
    stub_db.create_transaction()[b"delay:200"].on_ready(lambda _: sys.exit(3))
    stub_db.create_transaction()[b"delay:300"].on_ready(lambda _: after.set())
    assert after.wait(WAIT_SECONDS)
    assert "SystemExit: 3" in capfd.readouterr().err


def test_waiting_inside_a_callback_is_refused(stub_db: fdb.Database) -> None:
    outcome: list[Any] = []
    called = threading.Event()

    def callback(_: Any) -> None:
        try:
            stub_db.create_transaction()[b"delay:5000"].wait()
        except fdb.FDBError as error:
            outcome.append(error.code)
        called.set()

    stub_db.create_transaction()[b"delay:500"].on_ready(callback)
    assert called.wait(WAIT_SECONDS)
    assert outcome == [2026]


def test_a_callback_can_be_withdrawn(stub_db: fdb.Database) -> None:
    calls: list[str] = []
    future = stub_db.create_transaction()[b"delay:40"]
    removed = calls.append
    future.add_done_callback(removed)
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert future.remove_done_callback(removed) == 1
    assert future.remove_done_callback(removed) == 0
    assert done.wait(WAIT_SECONDS)
    assert calls == []


# ---- wait_for_any ----


def test_wait_for_any(stub_db: fdb.Database) -> None:
    tr = stub_db.create_transaction()
    never, late, soon = tr[b"never"], tr[b"delay:5000"], tr[b"delay:20"]
    assert fdb.Future.wait_for_any(never, late, soon) == 2
    assert soon.is_ready() and not late.is_ready()
    assert fdb.Future.wait_for_any(never, soon) == 1
    failing = tr[b"error:1020"]
    assert fdb.Future.wait_for_any(never, failing) == 1


def test_wait_for_any_needs_futures_of_one_model(stub_db: fdb.Database, database_name: str) -> None:
    with pytest.raises(ValueError, match="requires at least one future"):
        fdb.Future.wait_for_any()
    debug = fdb.open(database_name, event_model="debug")
    watch = debug.set_and_watch(b"fdb-test/any", b"")
    with pytest.raises(ValueError, match="one event model"):
        fdb.Future.wait_for_any(stub_db.create_transaction()[b"never"], watch)


def test_the_same_future_may_be_given_often(stub_db: fdb.Database) -> None:
    tr = stub_db.create_transaction()
    never = tr[b"never"]
    for _ in range(100):
        assert fdb.Future.wait_for_any(never, never, tr[b"delay:1"]) == 2


# ---- threads ----


def test_many_threads_wait_for_one_future(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"delay:50"]
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(bytes(future))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert results == [b"delay:50"] * 20


def test_waiting_lets_other_threads_run(stub_db: fdb.Database) -> None:
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.002):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    stub_db.create_transaction()[b"delay:200"].wait()
    stop.set()
    thread.join()
    assert len(ticks) >= 3


def test_cancelling_from_another_thread_ends_the_wait(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"never"]
    threading.Timer(0.05, future.cancel).start()
    with pytest.raises(fdb.FDBError) as failed:
        future.wait()
    assert failed.value.code == 1101


def test_a_pending_read_keeps_its_transaction_alive(stub_db: fdb.Database) -> None:
    before = counted(stub_db, "transactions")
    future = stub_db.create_transaction()[b"delay:20"]
    assert counted(stub_db, "transactions") == before + 1
    future.wait()
    assert counted(stub_db, "transactions") == before


def test_weak_references_and_generic_types(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"x"]
    reference = weakref.ref(future)
    assert reference() is future
    del future
    assert reference() is None
    assert fdb.Future[int] is not None


def test_former_future() -> None:
    class Done(FormerFuture):
        pass

    done, seen = Done(), []
    done.on_ready(seen.append)
    done.block_until_ready()
    assert done.is_ready() and done.wait() is done and seen == [done]
