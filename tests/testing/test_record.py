"""The log of what transactions do (fdb/testing/_record.py)."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
from fdb.testing._log import TransactionLog
from fdb.testing._record import record
from helpers.processes import RunPython
from helpers.waiting import wait_until


@pytest.fixture
def late_db(memory_db: fdb.Database) -> Iterator[fdb.Database]:
    fdb.embedded.set_latency(memory_db, 0.0005, 0.001)
    yield memory_db
    fdb.embedded.set_latency(memory_db, None)


@fdb.transactional
def increment(tr: fdb.Transaction, key: bytes) -> int:
    count = int(tr[key] or b"0") + 1
    tr[key] = str(count).encode()
    return count


def check_increment(log: Any, key: bytes) -> None:
    attempt = log.attempts[0]
    (read,) = attempt.reads
    assert (read.kind, read.begin, read.snapshot, read.known, read.value) == (
        "get",
        key,
        False,
        True,
        None,
    )
    assert read.where.function == "increment"
    (write,) = attempt.writes
    assert (write.kind, write.key, write.value, write.where.line) == (
        "set",
        key,
        b"1",
        read.where.line + 1,
    )
    assert attempt.read_conflicts == attempt.write_conflicts == [(key, key + b"\0")]
    assert (attempt.outcome, attempt.error, attempt.committed) == ("committed", 0, True)
    assert attempt.committed_version > attempt.read_version > 0


def test_a_transaction_that_commits(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        assert increment(memory_db, b"k") == 1
        assert memory_db[b"k"] == b"1"
    check_increment(log, b"k")
    written, read = log
    assert (written.name, written.function.function) == ("increment", "increment")
    assert written.function.line < written.attempts[0].reads[0].where.line
    assert written.where.function == "test_a_transaction_that_commits"
    assert (written.committed, written.outcome, written.tenant) == (True, "committed", None)
    assert (read.function, read.name) == (None, "test_a_transaction_that_commits")
    assert [attempt.committed_version for attempt in read] == [-1]


def test_late_answers_are_known_when_they_have_come(late_db: fdb.Database) -> None:
    with record(late_db) as log:
        assert increment(late_db, b"k") == 1
        tr = late_db.create_transaction()
        value = tr[b"k"]
        read = log.attempts[1].reads[0]
        value.wait()
        assert (read.known, read.value) == (True, b"1")
        rows = tr.get_range(b"a", b"z").to_list()
        assert len(rows) == log.attempts[1].reads[1].rows == 1
        tr.commit().wait()
    check_increment(log, b"k")


def test_two_logs(late_db: fdb.Database) -> None:
    with record(late_db) as first, record(late_db) as second:
        increment(late_db, b"k")
    check_increment(first, b"k")
    check_increment(second, b"k")


def test_futures_and_transactions_are_not_kept(late_db: fdb.Database) -> None:
    fdb.embedded.set_latency(late_db, 60)  # for ever
    with record(late_db) as log:
        tr = late_db.create_transaction()
        value, rows = tr[b"k"], tr.get_range_page(b"a", b"b")
        gone = [weakref.ref(each) for each in (value, rows, tr)]
        del value, rows, tr
        assert [each() for each in gone] == [None] * 3
        (transaction,) = log
        assert transaction.outcome == "dropped"
        for read in transaction.attempts[0].reads:
            assert (read.known, read.value, read.rows, read.error) == (False, None, None, 0)
        assert str(log).count("-> not looked at") == 2
        value = late_db.create_transaction()[b"k"]
        value.cancel()
        with pytest.raises(fdb.FDBError):
            value.wait()
        assert log.attempts[-1].reads[0].error == 1101


def test_types_and_values_are_as_without(memory_db: fdb.Database) -> None:
    with record(memory_db):
        tr = memory_db.create_transaction()
        assert type(tr[b"k"]) is fdb.Value
        assert type(tr.get_key(fdb.KeySelector.last_less_than(b"k"))) is fdb.Key
        assert type(tr.commit()) is fdb.FutureVoid


def test_retries(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:

        @fdb.transactional
        def slow(tr: fdb.Transaction) -> None:
            tr[b"k"].present()
            if len(log.of(slow).attempts) == 1:
                memory_db[b"k"] = b"other"
            tr[b"x"] = b""

        slow(memory_db)
    first, second = log.of(slow).attempts
    assert (first.outcome, first.error, first.committed_version) == ("not_committed", 1020, None)
    assert first.conflicting == first.read_conflicts == [(b"k", b"k\0")]
    assert (first.number, second.number, second.outcome) == (1, 2, "committed")
    assert second.reads[0].value == b"other"
    assert first.commit_began < first.commit_ended < second.began


def test_other_ends(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr[b"a"] = b""
        tr.reset()
        tr[b"b"] = b""
        tr.commit().wait()
        tr.reset()
        tr.set(b"\xff/not/allowed", b"")
        with pytest.raises(fdb.FDBError):
            tr.commit().wait()
        tr.reset()
        tr[b"c"].present()
        tr.cancel()
        tr.reset()
        tr.set_read_version(1)
        with pytest.raises(fdb.FDBError) as caught:
            tr[b"c"].present()
        tr.on_error(caught.value).wait()
        tr[b"c"].present()
        with pytest.raises(ValueError, match="of the program"):
            raise_in_a_transaction(memory_db)
        gc.collect()
    outcomes = [attempt.outcome for attempt in log.attempts]
    assert outcomes == [
        *("reset", "committed", "key_outside_legal_range", "cancelled"),
        *("transaction_too_old", "open", "dropped"),
    ]
    assert log.attempts[4].read_version == 1
    assert len(log) == 6


@fdb.transactional
def raise_in_a_transaction(tr: fdb.Transaction) -> None:
    tr[b"k"] = b"v"
    raise ValueError("of the program")


def test_all_kinds(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"v"
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr.options.set_access_system_keys()
        watch = tr.watch(b"w")
        tr.snapshot.get_key(fdb.KeySelector.first_greater_than(b"a")).wait()
        tr.get_range(b"a", b"z", limit=1).to_list()
        tr.byte_max(b"m", b"x")
        tr.clear(b"c")
        tr.clear_range(b"d", b"e")
        tr.add_read_conflict_range(b"r", b"s")
        tr.add_write_conflict_key(b"t")
        tr.get_approximate_size().wait()
        tr.commit().wait()
    watch.cancel()
    (attempt,) = log.attempts
    assert [(read.kind, read.value, read.rows) for read in attempt.reads] == [
        ("watch", None, None),
        ("get_key", b"k", None),
        ("get_range", None, 1),
    ]
    assert [(write.kind, write.key, write.end) for write in attempt.writes] == [
        ("byte_max", b"m", None),
        ("clear", b"c", None),
        ("clear_range", b"d", b"e"),
    ]
    assert [(each.kind, each.keys.begin) for each in attempt.conflicts] == [
        ("read", b"r"),
        ("write", b"t"),
    ]
    assert attempt.read_conflicts == [(b"a", b"k\0"), (b"r", b"s"), (b"w", b"w\0")]
    assert [each.begin for each in attempt.write_conflicts or ()] == [b"c", b"d", b"m", b"t"]


def test_many_ranges(memory_db: fdb.Database) -> None:
    keys = [b"%06d" % i + bytes(200) for i in range(0, 2000, 2)]
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        for key in keys:
            tr[key] = b""
        tr.commit().wait()
    assert log.attempts[0].write_conflicts == [(key, key + b"\0") for key in keys]


def test_ranges_to_the_end_of_the_key_space(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr.options.set_access_system_keys()
        tr.get_range(b"", b"\xff\xff").to_list()
        tr.add_write_conflict_range(b"", b"\xff\xff")
        tr.commit().wait()
    assert log.attempts[0].read_conflicts == [(b"", b"\xff\xff")]
    assert log.attempts[0].write_conflicts == [(b"", b"\xff\xff")]


def test_asyncio(prompt_name: str) -> None:
    adb = fdb.open(prompt_name, event_model="asyncio")

    @fdb.transactional
    async def increment(tr: fdb.Transaction, key: bytes) -> int:
        count = int(await tr[key] or b"0") + 1
        tr[key] = str(count).encode()
        return count

    async def main() -> None:
        with record(adb) as log:
            assert await increment(adb, b"k") == 1
            check_increment(log, b"k")
            tr = adb.create_transaction()
            value = tr[b"k"]
            assert log.attempts[1].reads[0].known
            # Looking at the log is no use of the future.
            with pytest.raises(RuntimeError):
                value.present()
            assert await value == b"1"
            await adb.get_range(b"a", b"z")
            assert log.attempts[2].reads[0].rows == 1
            assert "increment" in str(log)
            assert log.transactions[0].name.endswith("test_asyncio.<locals>.increment")

    asyncio.run(main())


def test_asyncio_with_late_answers(memory_name: str, late_db: fdb.Database) -> None:
    adb = fdb.open(memory_name, event_model="asyncio")

    async def main() -> None:
        with record(adb) as log:
            await adb.set(b"k", b"v")
            tr = adb.create_transaction()
            assert await tr[b"k"] == b"v"
            assert await tr.get_range(b"a", b"z") == [(b"k", b"v")]
            commit: Any = tr.commit()
            while not commit._ready():
                await asyncio.sleep(0.0001)
            # That the log has looked at it is no reason not to await it.
            with pytest.raises(RuntimeError):
                commit.wait()
            await commit
            task = asyncio.ensure_future(adb.get(b"k"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        reads = log.attempts[1].reads
        assert (reads[0].value, reads[1].rows) == (b"v", 1)
        for _ in range(1000):
            if log.attempts[1].write_conflicts is not None:
                break
            await asyncio.sleep(0.001)
        assert log.attempts[1].read_conflicts == [(b"a", b"z")]
        assert log.attempts[0].write_conflicts == [(b"k", b"k\0")]
        str(log)

    asyncio.run(main())


def test_a_commit_that_nobody_awaits_is_still_a_mistake(memory_name: str) -> None:
    adb = fdb.open(memory_name, event_model="asyncio")

    async def main() -> None:
        with record(adb) as log:
            tr = adb.create_transaction()
            tr[b"k"] = b"v"
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                tr.commit()
                # The tracer waits for a late answer first.
                for _ in range(10_000):
                    if caught:
                        break
                    await asyncio.sleep(0.001)
            assert [each.category for each in caught] == [ResourceWarning]
            assert log.attempts[0].committed

    asyncio.run(main())


def test_a_commit_in_a_callback(late_db: fdb.Database) -> None:
    codes: list[int] = []
    with record(late_db) as log:
        tr = late_db.create_transaction()
        tr[b"x"] = b"v"
        value = tr[b"k"]
        # Nothing may wait in a callback.
        value.on_ready(lambda _: tr.commit().on_ready(lambda done: codes.append(done._code())))
        wait_until(lambda: codes and log.attempts[0].write_conflicts is not None)
        assert codes == [0]
        assert log.attempts[0].committed
        assert log.attempts[0].write_conflicts == [(b"x", b"x\0")]


def test_gevent(run_python: RunPython) -> None:
    pytest.importorskip("gevent")
    outcome = run_python(
        """
        import gevent, fdb
        fdb.api_version(740)
        from fdb.testing._record import record
        db = fdb.open(fdb.embedded.unique(), event_model="gevent")
        fdb.embedded.set_latency(db, 0.0005, 0.001)

        @fdb.transactional
        def increment(tr):
            tr[b"k"] = b"%d" % (int(tr[b"k"] or 0) + 1)

        with record(db) as log:
            gevent.joinall([gevent.spawn(increment, db) for _ in range(5)], raise_error=True)
        assert db[b"k"] == b"5"
        log.assert_writes({b"k": b"5"})
        assert len(log) == 5 and "increment" in str(log)
        """
    )
    assert outcome.returncode == 0, outcome.stderr


def test_threads_share_a_log_and_a_transaction(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()

        def write(number: int) -> None:
            for i in range(20):
                tr[b"shared%d/%d" % (number, i)] = b""
                memory_db[b"own%d/%d" % (number, i)] = b""

        threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tr.commit().wait()
    assert len(log) == 101
    shared = [each for each in log if len(each.attempts[0].writes) > 1]
    assert [len(each.attempts[0].writes) for each in shared] == [100]


def test_the_log_ends_with_the_block(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        kept = memory_db.create_transaction()
        kept[b"k"] = b"v"
    kept[b"l"] = b"v"
    memory_db[b"m"] = b"v"
    assert len(log) == 1
    assert [write.key for write in log.attempts[0].writes] == [b"k"]
    assert log.attempts[0].outcome == "open"


def test_the_engine_in_the_place_of_the_library_of_a_cluster(run_python: RunPython) -> None:
    """A library beside the embedded one, as for a cluster, and late answers."""
    outcome = run_python(
        """
        import threading, fdb
        fdb.api_version(740)
        from fdb.testing import record
        library = fdb.ClientLibrary(fdb.embedded.libdir() + "/libfdb_c.so")
        db = library.open("memory:as-a-cluster")
        barrier = threading.Barrier(2)
        first = threading.local()

        @fdb.transactional
        def increment(tr):
            count = int(tr[b"k"] or 0)
            if not hasattr(first, "done"):
                first.done = True
                barrier.wait()
            tr[b"k"] = b"%d" % (count + 1)
            tr.set_versionstamped_value(b"s", bytes(14))

        with record(db) as log:
            threads = [threading.Thread(target=increment, args=(db,)) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        assert db[b"k"] == b"2"
        stamp = max(attempt.versionstamp for attempt in log.committed)
        log.assert_writes({b"k": b"2", b"s": stamp})
        assert db[b"s"] == stamp
        (conflict,) = log.conflicts
        assert conflict.winners[0].committed, conflict
        print(log.explain())
        """,
        environment={"FDB_EMBEDDED_LATENCY": "0-1ms"},
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "get b'k' -> None" in outcome.stdout
    assert "set b'k' = b'1', by transaction" in outcome.stdout


def test_nothing_else_is_taken() -> None:
    with pytest.raises(TypeError, match=r"record\(\) takes a database "), record("memory:"):
        pass


def test_an_error_in_the_block_is_the_programs(memory_db: fdb.Database) -> None:
    with pytest.raises(ValueError, match="of the program"), record(memory_db) as log:
        memory_db[b"k"] = b"v"
        raise ValueError("of the program")
    assert len(log) == 1


def test_who_runs(memory_name: str) -> None:
    db, adb = fdb.open(memory_name), fdb.open(memory_name, event_model="asyncio")

    async def main() -> None:
        await asyncio.gather(adb.get(b"k"), adb.get(b"k"))

    with record(db) as log, record(adb) as async_log:
        db.get(b"k")
        db.get(b"k")
        thread = threading.Thread(target=db.get, args=(b"k",))
        thread.start()
        thread.join()
        asyncio.run(main())
    one, same, other = (attempt.strand for attempt in log.attempts)
    assert one == same != other
    first, second = (attempt.strand for attempt in async_log.attempts)
    assert len({first, second, one}) == 3


def test_a_dropped_transaction_is_noted_on_any_thread(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        holder = [memory_db.create_transaction()]
        holder[0][b"k"] = b"v"
        thread = threading.Thread(target=holder.clear)
        thread.start()
        thread.join()
        wait_until(lambda: log.attempts[0].outcome == "dropped")


def test_the_line_of_a_commit_behind_which_there_is_only_a_task(memory_name: str) -> None:
    adb = fdb.open(memory_name, event_model="asyncio")

    @fdb.transactional
    async def store(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"v"

    async def main() -> TransactionLog:
        with record(adb) as log:
            await asyncio.create_task(store(adb))
        return log

    [attempt] = asyncio.run(main()).attempts
    assert attempt.where == attempt.writes[0].where
