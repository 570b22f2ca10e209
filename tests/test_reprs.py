"""What objects print as: what they are and which one, without waiting for anything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import fdb


@pytest.fixture
def db(memory_name: str) -> Iterator[fdb.Database]:
    with fdb.open(memory_name) as database:
        database._which = " 'memory:x'" if database._which == f" {memory_name!r}" else "wrong"
        yield database


def test_databases(memory_name: str) -> None:
    name = memory_name
    database = fdb.open(name)
    assert repr(database) == f"<Database {name!r}>"
    assert repr(fdb.open(name, event_model="asyncio")) == f"<AsyncDatabase {name!r}>"
    database.close()
    assert repr(database) == f"<Database {name!r}, closed>"
    assert repr(database.options) == "<DatabaseOptions: methods set_...>"


def test_tenants_and_transactions(db: fdb.Database) -> None:
    assert repr(db.open_tenant(b"a")) == "<Tenant b'a' of <Database 'memory:x'>>"
    tr = db.create_transaction()
    assert repr(tr) == "<Transaction of <Database 'memory:x'>>"
    assert repr(tr.snapshot) == "<TransactionRead, snapshot of <Database 'memory:x'>>"
    assert repr(tr.options) == "<TransactionOptions: methods set_...>"


def test_ranges(db: fdb.Database) -> None:
    tr = db.create_transaction()
    assert repr(tr[b"a":b"b"]) == (
        "<FDBRange from KeySelector(b'a', False, 1) to KeySelector(b'b', False, 1), of "
        "<Transaction of <Database 'memory:x'>>>"
    )
    assert "limit=5, reverse=True, of" in repr(tr.get_range(b"", b"b", limit=5, reverse=True))


def test_futures(db: fdb.Database) -> None:
    tr = db.create_transaction()
    version = tr.get_read_version()
    version.block_until_ready()
    assert repr(version) == "<FutureInt64 ready>"
    watch = tr.watch(b"k")
    tr.commit().wait()
    assert repr(watch) == "<Watch pending>"
    watch.cancel()
    watch.block_until_ready()
    assert repr(watch) == "<Watch failed with 1101>"


def test_printing_a_future_counts_not_as_awaiting_it() -> None:
    async def look() -> None:
        database = fdb.open(fdb.embedded.unique(), event_model="asyncio")
        version = database.create_transaction().get_read_version()
        while "ready" not in repr(version):
            await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            version.wait()
        assert await version > 0

    asyncio.run(look())


def test_no_object_prints_as_an_address(db: fdb.Database) -> None:
    objects = [
        *(db, db.options, db.create_transaction(), db.create_transaction()[:], fdb.options),
        *(fdb.predicates, fdb.directory, fdb.Subspace(), fdb.KeySelector(b"", True, 0)),
        *(fdb.FDBError(1020), fdb.tuple.Versionstamp(), fdb.tuple.SingleFloat(1)),
        *(fdb.ErrorCode.not_committed, fdb.StreamingMode.exact, fdb.KeyValue(b"", b"")),
        fdb.tenant_management.list_tenants(db, b"", b"\xff", 0),
    ]
    assert [repr(thing) for thing in objects if " at 0x" in repr(thing)] == []
