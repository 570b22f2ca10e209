"""fdb/_causality.py: sessions read what was read and committed in them, whatever read versions they are given."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
import fdb.layers
import fdb.testing

SEED = random.randrange(2**32)


class Stale:
    """Gives new transactions a read version of the past, as a cache of read versions may, for their first attempt."""

    def __init__(self, db: fdb.Database | fdb.AsyncDatabase, version: int) -> None:
        self.given = 0
        self._db = db
        self._version = version

    def create_handle(self, source: Any) -> Any:
        handle = source._handle.create_transaction()
        handle.call(self._db._library.fdb_transaction_set_read_version, self._version)
        self.given += 1
        return handle


@pytest.fixture
def stale(memory_db: fdb.Database) -> Iterator[Stale]:
    """Makes all transactions of a database begin before b"k" got its second value."""
    memory_db[b"k"] = b"old"
    stale = Stale(memory_db, memory_db.last_version)
    memory_db[b"k"] = b"new"
    memory_db._tracing = stale
    yield stale
    memory_db._tracing = None


@fdb.transactional
def read(tr: fdb.Transaction) -> bytes | None:
    """The value of b"k"."""
    return tr[b"k"].value


# ---- what a session is for ----


def test_a_session_reads_what_it_has_seen_from_stale_read_versions(
    memory_db: fdb.Database, stale: Stale
) -> None:
    newest = memory_db.last_version
    assert read(memory_db) == b"old"  # as whoever asks for such a cache has to expect
    session = memory_db.session(newest)
    assert [
        read(session),
        session.run(lambda tr: tr[b"k"].value),
        session[b"k"],
        session.get_range(b"k", b"l")[0].value,
        *(value for attempt in session.attempts() for value in _read_in(attempt)),
    ] == [b"new"] * 5
    with pytest.raises(fdb.FDBError, match=f"is below {session.last_version}, which the session"):
        with session.transaction() as tr:  # not tried again
            pytest.fail(f"{tr} was begun")
    assert stale.given == 7 and session.last_version >= newest


def _read_in(attempt: Any) -> list[bytes | None]:
    with attempt as tr:
        return [tr[b"k"].value]


def test_what_was_written_is_seen(memory_db: fdb.Database, stale: Stale) -> None:
    session = memory_db.session()
    assert session[b"k"] == b"old"  # it has seen nothing
    session[b"other"] = b"1"
    assert session.last_version == memory_db.last_version
    assert session[b"k"] == b"new" and session[b"other"] == b"1"


def test_what_was_read_is_seen(memory_db: fdb.Database, stale: Stale) -> None:
    session = memory_db.session()
    memory_db._tracing = None
    assert session[b"k"] == b"new"
    assert session.last_version > 0
    memory_db._tracing = stale
    assert read(session) == b"new"
    assert read(memory_db) == b"old"


def test_a_session_of_another_process(memory_db: fdb.Database, stale: Stale) -> None:
    writer, reader = memory_db.session(), memory_db.session()
    memory_db._tracing = None
    writer[b"k"] = b"newest"
    memory_db._tracing = stale
    assert reader[b"k"] == b"old"
    reader.advance(writer.last_version)
    assert reader[b"k"] == b"newest"


def test_each_attempt_reads_what_others_have_seen_meanwhile(memory_db: fdb.Database) -> None:
    session = memory_db.session()
    versions: list[int] = []

    def act(tr: fdb.Transaction) -> None:
        versions.append(tr.get_read_version().wait())
        if len(versions) == 1:
            session[b"k"] = b"1"
            raise fdb.FDBError(1020)

    session.run(act)
    assert versions[1] >= session.last_version >= versions[0]


def test_policies_hold_in_sessions(memory_db: fdb.Database) -> None:
    session = memory_db.session()
    session.advance(2**62)
    with pytest.raises(fdb.FDBError, match="retry_limit=2") as caught:
        session.run(lambda tr: pytest.fail("it was called"), retry_limit=2)
    assert caught.value.code == 1009 and caught.value.attempts == 3
    with pytest.raises(fdb.FDBError, match=r"timeout=0\.05") as caught:
        fdb.transactional(timeout=0.05)(lambda tr: pytest.fail("it was called"))(session)
    assert caught.value.code == 1031


def test_a_session_has_the_policy_of_its_database() -> None:
    name = fdb.embedded.unique()
    db = fdb.open(name, defaults=fdb.Policy(retry_limit=1))
    try:
        session = db.session(2**62)
        assert session.defaults == db.defaults
        with pytest.raises(fdb.FDBError, match="retry_limit=1"):
            session[b"k"] = b"1"
        with pytest.raises(fdb.FDBError, match="retry_limit=1"):
            read(session)
        with pytest.raises(fdb.FDBError, match="retry_limit=1"):
            fdb.transactional(priority="batch")(lambda tr: None)(session)
    finally:
        fdb.embedded.drop(name)


def test_at_least_of_a_call_counts_where_it_is_higher(memory_db: fdb.Database) -> None:
    session = memory_db.session()
    session[b"k"] = b"1"
    wanted = session.last_version + 30_000  # which is waited for
    assert (
        session.run(lambda tr: tr.get_read_version().wait(), at_least=wanted, max_retry_delay=0.02)
        >= wanted
    )
    assert session.run(lambda tr: tr.get_read_version().wait(), at_least=1) >= wanted


# ---- versions ----


def test_a_version_that_was_set_holds_for_one_attempt(
    memory_db: fdb.Database, memory_name: str
) -> None:
    other = fdb.open(memory_name, defaults=fdb.Policy(retry_limit=9))
    tr = memory_db.create_transaction()
    version = tr.get_read_version().wait()
    tr = memory_db.create_transaction()
    tr.set_read_version(version)
    tr.get_read_version().wait()
    other[b"a"] = b"1"
    tr.on_error(1020).wait()
    known = memory_db.last_version
    assert tr.get_read_version().wait() == memory_db.last_version > known


def test_the_last_version_is_that_of_the_session(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"1"
    session = memory_db.session()
    assert session.last_version == 0 < memory_db.last_version
    session[b"k"] = b"2"
    written = session.last_version
    assert written == memory_db.last_version
    memory_db[b"k"] = b"3"
    assert session.last_version == written < memory_db.last_version
    assert session[b"k"] == b"3"
    assert session.last_version == memory_db.last_version
    session.advance(7)
    assert session.last_version == memory_db.last_version
    session.advance(written + 10**9)
    assert session.last_version == written + 10**9 > memory_db.last_version


@pytest.mark.parametrize("version", [None, "7", 7.0, True, b"7"])
def test_a_version_is_an_int(memory_db: fdb.Database, version: Any) -> None:
    with pytest.raises(TypeError, match="a version is an int"):
        memory_db.session(version)
    session = memory_db.session()
    with pytest.raises(TypeError, match="a version is an int"):
        session.advance(version)
    assert session.last_version == 0


@pytest.mark.parametrize("version", [-1, 2**63, -(2**70), 2**70])
def test_a_version_is_in_its_bounds(memory_db: fdb.Database, version: int) -> None:
    with pytest.raises(ValueError, match="a version is from 0"):
        memory_db.session(version)
    session = memory_db.session()
    with pytest.raises(ValueError, match="a version is from 0"):
        session.advance(version)
    assert session.last_version == 0


# ---- a session is a database ----


def test_layers_take_a_session(memory_db: fdb.Database) -> None:
    session = memory_db.session()
    directory = fdb.directory.create_or_open(session, ("a", "b"))
    fdb.layers.Counter(directory).add(session, 3)
    assert fdb.layers.Counter(directory).get(session) == 3
    assert session.last_version == memory_db.last_version > 0
    assert [row.value for row in session.scan(directory.range())]


def test_tenants_are_in_the_session(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"tenant")
    session = memory_db.session()
    tenant = session.open_tenant(b"tenant")
    assert isinstance(tenant, fdb.Tenant) and "tenant" in repr(tenant)
    tenant[b"k"] = b"1"
    assert tenant.last_version == session.last_version == memory_db.last_version
    session.advance(2**62)
    with pytest.raises(fdb.FDBError, match="session has seen"):
        tenant.run(lambda tr: None, retry_limit=0)
    nested = memory_db.session().session().open_tenant(b"tenant")
    assert nested[b"k"] == b"1" and nested.get_id().wait() == tenant.get_id().wait()


def test_a_session_of_a_session_teaches_both(memory_db: fdb.Database) -> None:
    outer = memory_db.session()
    inner = outer.session()
    inner[b"k"] = b"1"
    assert inner.last_version == outer.last_version == memory_db.last_version
    outer[b"k"] = b"2"
    assert inner.last_version < outer.last_version


def test_the_end_of_a_session_leaves_the_database_open(memory_db: fdb.Database) -> None:
    with memory_db.session() as session:
        session[b"k"] = b"1"
    session.close()
    assert memory_db[b"k"] == session[b"k"] == b"1"
    assert repr(session) == f"<Session of {memory_db!r}>"


def test_observers_of_the_database_are_told(memory_db: fdb.Database) -> None:
    events: list[fdb.TransactionEvent] = []
    session = memory_db.session()
    memory_db.observers.append(events.append)
    try:
        session[b"k"] = b"1"
        assert session.observers is memory_db.observers and events
        assert events[-1].commit_version == session.last_version
    finally:
        memory_db.observers.remove(events.append)


def test_tools_of_the_test_kit_see_sessions(memory_db: fdb.Database) -> None:
    session = memory_db.session()
    with fdb.testing.record(memory_db) as recording:
        session[b"k"] = b"1"
    assert "k" in str(recording)


def test_a_transaction_by_hand_counts(memory_db: fdb.Database) -> None:
    session = memory_db.session()
    tr = session.create_transaction()
    assert session.last_version < tr.get_read_version().wait() == session.last_version
    tr[b"k"] = b"1"
    tr.commit().wait()
    assert session.last_version == tr.get_committed_version()


# ---- threads, faults, asyncio ----


def test_threads_share_a_session_under_faults(memory_db: fdb.Database) -> None:
    """Each thread reads at least what any had committed before it began, while the database fails at random."""
    print("seed", SEED)
    session = memory_db.session()
    failures: list[str] = []

    def work() -> None:
        for _ in range(12):
            known = session.last_version

            def act(tr: fdb.Transaction, known: int = known) -> None:
                version = tr.get_read_version().wait()
                if version < known:
                    failures.append(f"{version} is below {known}")
                tr.add(b"n", b"\x01\x00\x00\x00")

            session.run(act, max_retry_delay=0.002)
            if session.last_version < known:
                failures.append(f"{session.last_version} is older than {known}")

    with fdb.testing.faults(memory_db, seed=SEED, rules="on"):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert session.last_version == memory_db.last_version


def test_asyncio(memory_db: fdb.Database) -> None:
    name = memory_db._which.strip(" '")
    db = fdb.open(name, event_model="asyncio")
    memory_db[b"k"] = b"old"
    stale = Stale(db, memory_db.last_version)
    memory_db[b"k"] = b"new"

    @fdb.transactional
    async def read_later(tr: fdb.Transaction) -> bytes | None:
        return (await tr[b"k"]).value

    async def program() -> None:
        session = db.session()
        db._tracing = stale
        assert await read_later(session) == b"old"
        await session.set(b"other", b"1")
        assert session.last_version == db.last_version > 0
        assert await read_later(session) == await session.get(b"k") == b"new"
        assert await read_later(db) == b"old"
        assert await session.run(read_later) == b"new"
        async for attempt in session.attempts():
            async with attempt as tr:
                assert (await tr[b"k"]).value == b"new"
        db._tracing = None
        await asyncio.gather(*(session.set(b"%d" % n, b"") for n in range(20)))
        assert session.last_version == db.last_version
        async with db.session() as other:
            other.advance(2**62)
            with pytest.raises(fdb.FDBError, match="session has seen"):
                await other.run(read_later, retry_limit=1)
        assert isinstance(session, fdb.AsyncSession) and isinstance(session, fdb.AsyncDatabase)
        assert await session.ping() and (await session.status()).available

    asyncio.run(program())


def test_tenants_in_asyncio(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"tenant")
    db = fdb.open(memory_db._which.strip(" '"), event_model="asyncio")

    async def program() -> None:
        session = db.session()
        tenant = session.open_tenant(b"tenant")
        await tenant.set(b"k", b"1")
        assert tenant.last_version == session.last_version > 0
        session.advance(2**62)
        with pytest.raises(fdb.FDBError, match="session has seen"):
            await tenant.run(_nothing, retry_limit=0)

    async def _nothing(tr: fdb.Transaction) -> None:
        pass

    asyncio.run(program())
