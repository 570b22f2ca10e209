"""What tracers see of transactions (fdb/testing/_tracing.py)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fdb
from fdb.testing._tracing import Operation, Selector, TracedHandle, trace
from helpers.paths import TESTS


class Log:
    """A tracer that keeps what it was told."""

    def __init__(self) -> None:
        self.before_calls: list[str] = []
        self.operations: list[Operation] = []

    def before(self, operation: Operation) -> None:
        self.before_calls.append(operation.name)

    def after(self, operation: Operation) -> None:
        self.operations.append(operation)

    def names(self) -> list[str]:
        return [operation.name for operation in self.operations]

    def last(self, name: str) -> Operation:
        return [operation for operation in self.operations if operation.name == name][-1]

    async def outcome_told(self) -> None:
        """Returns when a commit was told last: in a later turn of the loop, if it came just before it would have been waited for."""

        async def told() -> None:
            while self.names()[-1:] != ["commit"]:
                await asyncio.sleep(0)

        await asyncio.wait_for(told(), 30)


@fdb.transactional
def increment(tr: fdb.Transaction, key: bytes) -> int:
    count = int(tr[key] or b"0") + 1
    tr[key] = str(count).encode()
    return count


def test_a_transaction_from_its_first_call_to_its_commit(memory_db: fdb.Database) -> None:
    log = Log()
    with trace(memory_db, log):
        assert increment(memory_db, b"k") == 1
    assert log.names() == ["get", "set", "commit"] == log.before_calls
    read, write, commit = log.operations
    assert (read.begin, read.snapshot, read.number, read.attempt) == (b"k", False, 1, 1)
    assert (write.begin, write.value, write.number) == (b"k", b"1", 2)
    assert (commit.error, commit.number) == (0, 3)
    assert commit.version > 0
    assert read.transaction is commit.transaction
    assert read.transaction.source is memory_db


def test_where_in_the_program(memory_db: fdb.Database) -> None:
    log = Log()
    with trace(memory_db, log):
        increment(memory_db, b"k")
        fdb.directory.create_or_open(memory_db, ("a",))
    assert log.operations[0].where.file == str(TESTS / "testing" / "test_tracing.py")
    assert log.operations[0].where.function == "increment"
    assert log.operations[-1].where.function == "test_where_in_the_program"
    assert log.operations[0].transaction.where.function == "test_where_in_the_program"


def test_a_task_of_a_transactional_function_has_lines_in_it_alone(memory_name: str) -> None:
    log = Log()
    adb = fdb.open(memory_name, event_model="asyncio")

    @fdb.transactional
    async def store(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"v"

    async def main() -> None:
        with trace(adb, log):
            await asyncio.create_task(store(adb))
            await log.outcome_told()

    asyncio.run(main())
    write, commit = log.operations
    assert write.where.function == "store"
    assert commit.where == write.transaction.where == ("", 0, "")


def test_every_call(memory_db: fdb.Database) -> None:
    log = Log()
    with trace(memory_db, log):
        tr = memory_db.create_transaction()
        tr.options.set_retry_limit(3)
        tr.get_read_version().wait()
        tr.snapshot[b"a"].present()
        bytes(tr.get_key(fdb.KeySelector.first_greater_or_equal(b"b")))
        list(tr.get_range(b"c", b"d", limit=5, reverse=True))
        tr.add(b"e", b"\1\0")
        tr.clear(b"f")
        tr.clear_range(b"g", b"h")
        tr.add_read_conflict_key(b"i")
        tr.add_write_conflict_range(b"j", b"k")
        tr.get_approximate_size().wait()
        tr.get_estimated_range_size_bytes(b"a", b"b").wait()
        watch = tr.watch(b"l")
        stamp = tr.get_versionstamp()
        tr.commit().wait()
        watch.cancel()
        assert len(stamp.wait()) == 10
        tr.reset()
        tr.cancel()
    assert log.names() == [
        *("set_option", "get_read_version", "get", "get_key", "get_range", "atomic_op", "clear", "clear_range"),
        *("add_conflict_range", "add_conflict_range", "get_approximate_size", "get_estimated_range_size_bytes"),
        *("watch", "get_versionstamp", "commit", "reset", "cancel"),
    ]  # fmt: skip
    assert log.last("get").snapshot
    assert log.last("get_key").begin == Selector(b"b", False, 1)
    assert log.last("get_range").end == Selector(b"d", False, 1)
    assert log.last("get_range").arguments[0] == 5
    assert log.last("get_range").arguments[3] is True
    assert (log.last("atomic_op").value, log.last("atomic_op").arguments) == (b"\1\0", (2,))
    assert (log.last("clear_range").begin, log.last("clear_range").end) == (b"g", b"h")
    assert [log.last("commit").life, log.last("reset").life, log.last("cancel").life] == [1, 2, 3]


def test_attempts_and_a_commit_that_fails(memory_db: fdb.Database) -> None:
    log = Log()
    with trace(memory_db, log):
        tr, other = memory_db.create_transaction(), memory_db.create_transaction()
        tr[b"k"].present()
        tr[b"x"] = b""
        other[b"k"] = b"other"
        other.commit().wait()
        with pytest.raises(fdb.FDBError) as caught:
            tr.commit().wait()
        assert log.last("commit").error == caught.value.code == 1020
        tr.on_error(caught.value).wait()
        tr[b"k"].present()
    assert log.last("on_error").arguments == (1020,)
    assert (log.last("get").attempt, log.last("get").number) == (2, 1)
    assert other._handle.transaction.number == tr._handle.transaction.number + 1


def test_tenants_are_traced_with_their_database(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    log = Log()
    with trace(tenant, log):
        tenant[b"k"] = b"v"
        memory_db[b"m"] = b"v"
    tenant[b"k"] = b"w"
    assert [operation.begin for operation in log.operations if operation.name == "set"] == [
        b"k",
        b"m",
    ]
    assert log.operations[0].transaction.source is tenant


def test_what_a_tracer_raises_comes_instead_of_the_call(memory_db: fdb.Database) -> None:
    class Refusing(Log):
        def before(self, operation: Operation) -> None:
            if operation.name == "set":
                raise PermissionError(operation.begin)

    with trace(memory_db, Refusing()), pytest.raises(PermissionError):
        memory_db[b"k"] = b"v"
    assert memory_db[b"k"] is None


def test_several_tracers_and_their_end(memory_db: fdb.Database) -> None:
    first, second = Log(), Log()
    with trace(memory_db, first):
        kept = memory_db.create_transaction()
        with trace(memory_db, second):
            memory_db[b"k"] = b"v"
        memory_db[b"l"] = b"v"
        assert isinstance(kept._handle, TracedHandle)
    assert first.names() == ["set", "commit"] * 2
    assert second.names() == ["set", "commit"]
    kept[b"k"] = b"later"
    kept.commit().wait()
    assert first.names() == ["set", "commit"] * 2
    assert not isinstance(memory_db.create_transaction()._handle, TracedHandle)


def test_asyncio(memory_name: str) -> None:
    log = Log()
    adb = fdb.open(memory_name, event_model="asyncio")

    @fdb.transactional
    async def increment_later(tr: fdb.Transaction, key: bytes) -> None:
        count = int(await tr[key] or b"0") + 1
        tr[key] = str(count).encode()

    async def main() -> None:
        with trace(adb, log):
            await increment_later(adb, b"k")
            assert await adb.get(b"k") == b"1"
            await log.outcome_told()

    asyncio.run(main())
    assert log.names() == ["get", "set", "commit", "get", "commit"]
    assert log.last("commit").error == 0
    assert [commit.version > 0 for commit in log.operations if commit.name == "commit"] == [
        True,
        False,
    ]


def test_nothing_can_be_injected_into_a_cluster(stub_db: fdb.Database) -> None:
    class Injecting(Log):
        def before(self, operation: Operation) -> None:
            operation.inject("not_committed")

    with trace(stub_db, Injecting()):
        tr: Any = stub_db.create_transaction()
        with pytest.raises(RuntimeError, match="of the embedded engine only"):
            tr[b"k"] = b"v"
