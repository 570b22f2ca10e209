"""fdb/testing/_cluster.py: a test's part of a database that others use, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb.testing import _cluster, faults
from fdb.testing._cluster import PrefixSandbox, TenantSandbox, open_part
from fdb.testing._isolation import Sandbox
from helpers.databases import code_of


@fdb.transactional
def set_tenant_mode(tr: fdb.Transaction, mode: bytes) -> None:
    tr.options.set_access_system_keys()
    tr[b"\xff/conf/tenant_mode"] = mode


def tenants(db: fdb.Database) -> list[bytes]:
    return [row.key for row in fdb.tenant_management.list_tenants(db, b"", b"\xff", 0)]


@pytest.fixture
def shared(memory_name: str) -> Iterator[fdb.Database]:
    """The database that is shared; its data has to stay."""
    db = fdb.open(memory_name)
    db[b"data"] = b"of others"
    fdb.tenant_management.create_tenant(db, b"others")
    db.open_tenant(b"others")[b"data"] = b"of others"
    before = db[:]  # with the tenant's
    assert len(before) == 2
    yield db
    assert db[:] == before
    assert tenants(db) == [b"others"]


@pytest.fixture
def name(shared: fdb.Database, memory_name: str) -> str:
    """What to give to open_part()."""
    return memory_name


@pytest.fixture
def prefix(name: str) -> Iterator[PrefixSandbox]:
    """A part below a prefix."""
    sandbox = open_part(name, "prefix")
    assert isinstance(sandbox, PrefixSandbox)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("isolation", ["tenant", "prefix", "auto"])
def test_parts_do_not_meet_and_leave_nothing(name: str, isolation: str) -> None:
    first, second = open_part(name, isolation), open_part(name, isolation)
    for sandbox in (first, second):
        source, space = sandbox.blocking, sandbox.space
        assert source[space.range()] == []
        source[space.pack((1,))] = b"v"
        people = sandbox.directory.create(source, ("people",))
        source[people.pack((1,))] = b"p"
        asynchronous = sandbox.asynchronous
        assert asyncio.run(asynchronous.get(people.pack((1,)))) == b"p"
    first.close()
    assert second.blocking[second.space.pack((1,))] == b"v"
    second.close()
    second.close()


def test_a_tenant_where_there_are_some(name: str) -> None:
    sandbox = open_part(name)
    assert isinstance(sandbox, TenantSandbox)
    assert isinstance(sandbox.blocking, fdb.Tenant)
    assert isinstance(sandbox.asynchronous, fdb.AsyncTenant)
    sandbox.blocking[b""] = b"any key is the test's own"
    sandbox.blocking[b"\xfe"] = b"v"
    sandbox.close()


def test_a_prefix_where_there_are_no_tenants(memory_name: str) -> None:
    db = fdb.open(memory_name)
    set_tenant_mode(db, b"0")
    sandbox = open_part(memory_name)
    assert isinstance(sandbox, PrefixSandbox)
    sandbox.close()
    with pytest.raises(RuntimeError, match="has no tenants .*2136.*'prefix' does without"):
        open_part(memory_name, "tenant")


def test_a_tenant_where_all_must_use_one(memory_name: str) -> None:
    db = fdb.open(memory_name)
    set_tenant_mode(db, b"2")
    sandbox = open_part(memory_name)
    sandbox.blocking[sandbox.space.pack((1,))] = b"v"
    sandbox.close()
    assert tenants(db) == []


def test_an_unknown_isolation_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match="isolation must be one of 'auto', 'tenant', 'prefix', not 'none'"
    ):
        open_part(name, "none")


def test_a_cluster_that_does_not_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cluster, "_PATIENCE_MILLISECONDS", 1)
    fdb.embedded.set_latency(fdb.open(name), 0.1)
    try:
        with pytest.raises(RuntimeError, match="has not answered in 0.001 seconds"):
            open_part(name)
    finally:
        fdb.embedded.set_latency(fdb.open(name), None)


@pytest.mark.parametrize("isolation", ["tenant", "prefix"])
def test_a_cluster_that_has_a_bad_day(name: str, shared: fdb.Database, isolation: str) -> None:
    injected = 0
    for seed in range(20):
        print(f"seed {seed}")
        with faults(shared, seed=seed, rules="on") as kit:
            sandbox = open_part(name, isolation)
            sandbox.blocking[sandbox.space.pack((1,))] = b"v"
            sandbox.close()
            injected += sum(kit.injected.values())
    assert injected > 20


def test_the_objects_are_the_tests_own(name: str, shared: fdb.Database) -> None:
    for isolation in ("tenant", "prefix"):
        sandbox = open_part(name, isolation)
        source: Any = sandbox.blocking
        assert source is not shared
        sandbox.close()
        with pytest.raises(RuntimeError, match="closed"):
            source.get(b"data")
    assert shared[b"data"] == b"of others"


# ---- the guard of a prefix ----


def stamped(key: bytes, place: int) -> bytes:
    return key + place.to_bytes(4, "little")


OUTSIDE: dict[str, Callable[[Any], None]] = {
    "set": lambda tr: tr.set(b"data", b"v"),
    "an empty key": lambda tr: tr.set(b"", b"v"),
    "clear": lambda tr: tr.clear(b"data"),
    "a selector": lambda tr: tr.clear(fdb.KeySelector.first_greater_or_equal(b"data")),
    "clear_range": lambda tr: tr.clear_range(b"", b"\xff"),
    "everything": lambda tr: tr.clear_range(None, None),
    "a prefix": lambda tr: tr.clear_range_startswith(b"d"),
    "atomic": lambda tr: tr.add(b"data", b"\x01"),
    "a stamp in front": lambda tr: tr.set_versionstamped_key(stamped(b"\0" * 14, 0), b"v"),
    "no place of a stamp": lambda tr: tr.set_versionstamped_key(b"", b"v"),
    "a conflict": lambda tr: tr.add_write_conflict_key(b"data"),
    "management": lambda tr: tr.set(b"\xff\xff/management/tenant/map/mine", b""),
    "the default directory": lambda tr: fdb.directory.create(tr, ("people",)),
}


@pytest.mark.parametrize("write", OUTSIDE.values(), ids=OUTSIDE)
def test_a_write_outside_of_the_prefix_raises(
    prefix: PrefixSandbox, write: Callable[[Any], None]
) -> None:
    with pytest.raises(RuntimeError, match="not in this test's part of the database"):
        fdb.transactional(write)(prefix.blocking)


def test_a_range_that_begins_or_ends_outside_raises(prefix: PrefixSandbox) -> None:
    db, begin = prefix.blocking, prefix._root.key()
    for bounds in ((b"", begin + b"\x05"), (begin, b"\xff"), (begin, fdb.strinc(begin) + b"\0")):
        with pytest.raises(RuntimeError, match="clear_range of .* to .* is not in"):
            db.clear_range(*bounds)
    db.clear_range(begin, fdb.strinc(begin))
    assert code_of(db.clear_range, b"z", b"a") == 2005  # which is the library's to refuse


def test_a_stamp_over_the_prefix_raises(prefix: PrefixSandbox) -> None:
    begin = prefix._root.key()
    tr = prefix.blocking.create_transaction()
    key = begin + b"\0" * 10
    with pytest.raises(RuntimeError, match="atomic_op"):
        tr.set_versionstamped_key(stamped(key, len(begin) - 1), b"v")
    tr.set_versionstamped_key(stamped(key, len(begin)), b"v")
    tr.commit().wait()
    assert len(prefix.blocking.get_range_startswith(begin)) == 1


def test_a_write_to_a_tenant_of_others_raises(prefix: PrefixSandbox) -> None:
    db: Any = prefix.blocking
    tenant = db.open_tenant(b"others")
    assert tenant[b"data"] == b"of others"
    with pytest.raises(
        RuntimeError, match="set of .* in <Tenant b'others' of .*not in this test's"
    ):
        tenant[b"data"] = b"v"


def test_reads_may_go_everywhere(prefix: PrefixSandbox) -> None:
    tr = prefix.blocking.create_transaction()
    tr.add_read_conflict_range(b"", b"\xff")
    tr.add_write_conflict_key(prefix.space.key())
    tr.commit().wait()
    assert prefix.blocking[b"data"] == b"of others"
    assert len(prefix.blocking[:]) == 2


def test_writes_of_asyncio_are_guarded_too(prefix: PrefixSandbox) -> None:
    db = prefix.asynchronous
    with pytest.raises(RuntimeError, match="not in this test's part"):
        asyncio.run(db.set(b"data", b"v"))
    asyncio.run(db.set(prefix.space.pack((1,)), b"v"))


def test_a_failure_to_clear_closes_all_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox: Sandbox = open_part(name, "tenant")
    assert isinstance(sandbox, TenantSandbox)
    sandbox.blocking[b"k"] = b"v"
    monkeypatch.setattr(_cluster, "delete_tenant", lambda db, name: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sandbox.close()
    assert sandbox._plain._closed
    monkeypatch.undo()
    fdb.tenant_management.delete_tenant(fdb.open(name), sandbox.name)
