"""fdb/_sources.py and fdb/_blocking.py: convenience methods, options, tenants."""

from __future__ import annotations

import json
import struct
import threading
from typing import Any

import pytest

import fdb
import fdb.embedded


@pytest.fixture(params=["database", "tenant"])
def source(request: pytest.FixtureRequest, memory_db: fdb.Database) -> Any:
    """Whatever has the convenience methods."""
    if request.param == "database":
        return memory_db
    fdb.tenant_management.create_tenant(memory_db, b"tenant")
    return memory_db.open_tenant(b"tenant")


def test_reading_and_writing(source: Any) -> None:
    assert source.get(b"k") is None and source[b"k"] is None
    source.set(b"k", b"1")
    source[b"l"] = b"2"
    assert type(source[b"k"]) is bytes and source.get(b"l") == b"2"
    source.clear(b"k")
    del source[b"l"]
    assert source[:] == []


def test_ranges(source: Any) -> None:
    for name in (b"a", b"b", b"c", b"d"):
        source[name] = name.upper()
    assert [row.value for row in source[b"b":b"d"]] == [b"B", b"C"]
    assert [row.key for row in source[b"b"::-1]] == [b"d", b"c", b"b"]
    assert [row.key for row in source.get_range(b"a", None, limit=2)] == [b"a", b"b"]
    assert [row.key for row in source.get_range(b"a", b"z", 2, True)] == [b"d", b"c"]
    assert [row.key for row in source.get_range(slice(b"c", None))] == [b"c", b"d"]
    assert [row.key for row in source.get_range_startswith(b"c")] == [b"c"]
    assert isinstance(source.get_range(b"", b"\xff"), list)
    key = source.get_key(fdb.KeySelector.first_greater_than(b"a"))
    assert type(key) is bytes and key == b"b"
    source.clear(fdb.KeySelector.first_greater_than(b"a"))
    source.clear_range(b"d", None)
    source.clear_range_startswith(b"c")
    assert [row.key for row in source[:]] == [b"a"]
    del source[:]
    assert source[:] == []


def test_atomic_operations_and_watches(source: Any) -> None:
    assert source.add(b"n", struct.pack("<q", 5)) is None
    source.add(b"n", struct.pack("<q", 6))
    value, watch = source.get_and_watch(b"n")
    assert struct.unpack("<q", value)[0] == 11
    assert isinstance(value, fdb.Value) and isinstance(watch, fdb.FutureVoid)
    assert not watch.is_ready()
    second = source.set_and_watch(b"n", b"x")
    watch.wait()
    third = source.clear_and_watch(b"n")
    second.wait()
    assert not third.is_ready()
    source[b"n"] = b"again"
    third.wait()


def test_each_method_is_one_transaction(source: Any) -> None:
    tr = source.create_transaction()
    assert isinstance(tr, fdb.Transaction) and tr.db is source
    tr[b"k"] = b"v"
    assert source[b"k"] is None
    tr.commit().wait()
    assert source[b"k"] == b"v"


def test_transactional_functions_take_it(source: Any) -> None:
    @fdb.transactional
    def work(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"v"

    work(source)
    assert source[b"k"] == b"v"


def test_client_status(memory_db: fdb.Database) -> None:
    status = memory_db.get_client_status()
    assert isinstance(status, fdb.Key)
    assert json.loads(status.wait())["Healthy"] is True


def test_tenants(memory_db: fdb.Database) -> None:
    for name in (b"one", ("two", 2)):
        fdb.tenant_management.create_tenant(memory_db, name)
    one, two = memory_db.open_tenant(b"one"), memory_db.open_tenant(("two", 2))
    assert isinstance(one, fdb.Tenant)
    one[b"k"], two[b"k"] = b"1", b"2"
    assert (one[b"k"], two[b"k"], memory_db[b"k"]) == (b"1", b"2", None)
    numbers = [one.get_id(), two.get_id()]
    assert isinstance(numbers[0], fdb.FutureInt64)
    assert numbers[0].wait() != numbers[1].wait()
    assert memory_db.open_tenant(fdb.tuple.pack(("two", 2)))[b"k"] == b"2"


def test_a_tenant_that_does_not_exist(memory_db: fdb.Database) -> None:
    tenant = memory_db.open_tenant(b"missing")
    for use in (
        lambda: tenant[b"k"],
        lambda: tenant.get_id().wait(),
        lambda: tenant.set(b"k", b"v"),
    ):
        with pytest.raises(fdb.FDBError) as refused:
            use()
        assert refused.value.code == 2131


@pytest.mark.parametrize("wrong", ["text", 5, None, [b"x"]])
def test_wrong_tenant_names(memory_db: fdb.Database, wrong: Any) -> None:
    with pytest.raises(TypeError, match="Tenant name must be of type bytes or of type tuple"):
        memory_db.open_tenant(wrong)


def test_blobbified_ranges_of_a_tenant(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    future = memory_db.open_tenant(b"t").list_blobbified_ranges(b"a", b"b", 10)
    assert isinstance(future, fdb.FutureKeyValueArray)
    with pytest.raises(fdb.FDBError) as refused:
        future.wait()
    assert refused.value.code == 2108


def test_a_tenant_outlives_its_database_object(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    with memory_db.open_tenant(b"t") as tenant:
        memory_db.close()
        tenant[b"k"] = b"v"
        assert tenant[b"k"] == b"v"
    with pytest.raises(RuntimeError, match="closed"):
        tenant[b"k"]


def test_many_threads(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def increment(tr: fdb.Transaction) -> None:
        tr[test_prefix] = b"%d" % (int(tr[test_prefix] or b"0") + 1)

    def work() -> None:
        for _ in range(50):
            increment(db)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db[test_prefix] == b"400"


def test_classes_may_be_subclassed() -> None:
    class Mine(fdb.Database):
        """A database with a method more."""

        def size(self) -> int:
            return len(self[:])

    plain = fdb.open(fdb.embedded.unique())
    mine = Mine(plain._handle, plain._library)
    mine[b"k"] = b"v"
    assert mine.size() == 1 and isinstance(mine.create_transaction().db, Mine)


def test_the_last_version_is_the_newest_committed_or_read(source: Any) -> None:
    before = source.last_version
    source[b"k"] = b"1"
    tr = source.create_transaction()
    tr[b"k"] = b"2"
    assert source.last_version > before  # of the assignment
    known = source.last_version
    tr.commit().wait()
    assert source.last_version == tr.get_committed_version() > known
    reading = source.create_transaction()
    assert reading[b"k"] == b"2"
    reading.commit().wait()
    assert source.last_version == tr.get_committed_version()  # nobody asked for what was read
    reading = source.create_transaction()
    assert source.last_version <= reading.get_read_version().wait() == source.last_version


def test_versions_that_are_not_known_to_be_there_are_not_learnt(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"1"
    known = memory_db.last_version
    ahead = memory_db.create_transaction()
    ahead.set_read_version(1 << 60)
    assert ahead.get_read_version().wait() == 1 << 60
    conflicting = memory_db.create_transaction()
    assert conflicting[b"k"] == b"1"
    conflicting[b"k"] = b"2"
    memory_db[b"k"] = b"3"
    newest = memory_db.last_version
    with pytest.raises(fdb.FDBError, match="1020"):
        conflicting.commit().wait()
    assert memory_db.last_version == newest > known
    ahead.reset()  # from here on it asks the database
    assert newest <= ahead.get_read_version().wait() == memory_db.last_version < 1 << 60


def test_a_database_and_its_tenants_know_the_same_versions(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"tenant")
    tenant = memory_db.open_tenant(b"tenant")
    tenant[b"k"] = b"1"
    assert memory_db.last_version == tenant.last_version > 0
    del tenant
    memory_db[b"k"] = b"1"
    assert memory_db.last_version == memory_db.open_tenant(b"tenant").last_version


def test_the_last_version_never_goes_back_in_threads(memory_db: fdb.Database) -> None:
    committed: list[int] = []

    def work() -> None:
        for _ in range(50):
            tr = memory_db.create_transaction()
            tr.add(b"n", struct.pack("<q", 1))
            tr.commit().wait()
            committed.append(tr.get_committed_version())
            assert memory_db.last_version >= committed[-1]

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(committed) == 200 and memory_db.last_version == max(committed)
