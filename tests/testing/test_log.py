"""The assertions of a log (fdb/testing/_log.py)."""

from __future__ import annotations

from typing import Any

import pytest

import fdb
import fdb.tuple
from fdb.testing._log import TransactionLog
from fdb.testing._record import record
from fdb.testing._replay import AtomicWrite

SPACE = fdb.Subspace(("space",))
OTHER = fdb.Subspace(("other",))


@fdb.transactional
def write(tr: fdb.Transaction) -> None:
    tr[SPACE["a"]] = b"1"
    tr[SPACE[2]] = b"2"
    tr.add(b"counter", b"\1")
    del tr[b"gone"]
    tr.clear_range(b"r", b"s")


EXPECTED: dict[Any, Any] = {
    SPACE["a"]: b"1",
    (SPACE, 2): b"2",
    b"counter": AtomicWrite("add", b"\1"),
    b"gone": None,
}


@pytest.fixture
def log(memory_db: fdb.Database) -> TransactionLog:
    with record(memory_db) as log:
        write(memory_db)
    return log


def test_the_writes_that_are_expected(log: TransactionLog) -> None:
    log.assert_writes(EXPECTED, cleared=[(b"r", b"s")])
    log.assert_writes({**EXPECTED, (SPACE, ("a",)): b"1", b"rr": None}, cleared=[slice(b"r", b"s")])
    log.assert_writes(
        {**EXPECTED, b"counter": (AtomicWrite("add", b"\1"),)}, cleared=[(b"r", b"s")]
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({SPACE["a"]: b"2"}, r"\('space', 'a'\) should be b'2' and is b'1'"),
        ({SPACE["a"]: None}, r"\('space', 'a'\) should be cleared and is b'1'"),
        ({b"gone": b"x"}, "b'gone' should be b'x' and is cleared"),
        ({b"more": b"x"}, "b'more' should be b'x' and is not written"),
        ({b"more": None}, "b'more' should be cleared and is not written"),
        ({b"more": ()}, "b'more' should be not written and is not written"),
        ({b"counter": b"\1"}, r"b'counter' should be b'\\x01' and is AtomicWrite\(kind='add'"),
        ({b"counter": AtomicWrite("add", b"\2")}, r"and is AtomicWrite\(kind='add'"),
    ],
)
def test_writes_that_are_not(log: TransactionLog, change: Any, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        log.assert_writes({**EXPECTED, **change}, cleared=[(b"r", b"s")])


def test_writes_that_were_not_expected(log: TransactionLog) -> None:
    fewer = {key: value for key, value in EXPECTED.items() if key not in (SPACE["a"], b"gone")}
    with pytest.raises(AssertionError) as failed:
        log.assert_writes(fewer, cleared=[(b"x", b"y")])
    for text in (
        "('space', 'a') was written, and is not expected: it is b'1'",
        "b'gone' was written, and is not expected: it is cleared",
        "the range b'r'* was cleared: give it in cleared=",
        "the range b'x'* was not cleared",
        "This is what was done:\ntransaction ",
        "('space', 'a') = b'1'",
    ):
        assert text in str(failed.value)


def test_keys_and_values_with_a_stamp(memory_db: fdb.Database) -> None:
    queue, operand = fdb.Subspace(("queue",)), bytes(14)
    item = queue.pack_with_versionstamp((fdb.tuple.Versionstamp(),))

    @fdb.transactional
    def push(tr: fdb.Transaction, value: bytes) -> None:
        tr.set_versionstamped_key(item, value)
        tr.set_versionstamped_value(b"last", operand)

    with record(memory_db) as log:
        push(memory_db, b"a")
        last = AtomicWrite("set_versionstamped_value", operand)
        log.assert_writes({item: b"a", b"last": last})
        push(memory_db, b"b")
    log.assert_writes({item: [b"a", b"b"], b"last": log.attempts[1].versionstamp})
    with pytest.raises(AssertionError, match="should be b'a' and is b'b'"):
        log.assert_writes({item: [b"b", b"a"], b"last": last})
    with pytest.raises(AssertionError, match="should have 1 values, and 2 were written"):
        log.assert_writes({item: b"a", b"last": last})


def test_what_was_not_committed_does_not_count(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr[b"k"] = b"v"
        log.assert_writes({})
        tr.commit().wait()
        log.assert_writes({b"k": b"v"})
        memory_db[b"k"] = b"w"
    log.assert_writes({b"k": b"w"})


def test_the_order_is_that_of_the_versions(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        first, second = memory_db.create_transaction(), memory_db.create_transaction()
        first[b"k"] = b"first"
        second[b"k"] = b"second"
        second.commit().wait()
        first.commit().wait()
    log.assert_writes({b"k": b"first"})


def test_what_may_be_there(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr[b"k"] = b"v"
        tr.on_error(1021).wait()
        log.assert_writes({})
        with pytest.raises(AssertionError, match="1 attempts ended without saying"):
            log.assert_writes({b"k": b"v"})


def test_special_keys_are_no_writes(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        fdb.tenant_management.create_tenant(memory_db, b"t")
    log.assert_writes({})
    assert b"\xff\xff/management/tenant/map/t" in [
        write.key for attempt in log.attempts for write in attempt.writes
    ]


def test_tenants_and_the_database(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    with record(memory_db) as log, record(tenant) as of_tenant:
        tenant[b"k"] = b"of t"
        memory_db[b"k"] = b"of db"
    with pytest.raises(
        AssertionError, match=r"in several key spaces \(tenant b't', the database\)"
    ):
        log.assert_writes({b"k": b"of t"})
    log.of(tenant).assert_writes({b"k": b"of t"})
    log.of(memory_db.open_tenant(b"t")).assert_writes({b"k": b"of t"})
    log.of(memory_db).assert_writes({b"k": b"of db"})
    of_tenant.assert_writes({b"k": b"of t"})
    assert "in tenant b't'" in str(of_tenant)


def test_the_log_of_a_function(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        write(memory_db)
        memory_db[b"k"] = b"v"
    assert len(log) == 2
    (only,) = log.of(write)
    assert only.function is not None
    assert (only.name, only.function.file) == ("write", __file__)
    assert len(log.of(memory_db).of(write)) == 1
    with pytest.raises(TypeError, match="of\\(\\) takes a database, a tenant or .*, not int"):
        log.of(1)  # type: ignore[arg-type]


@fdb.transactional
def read(tr: fdb.Transaction) -> None:
    tr[SPACE["a"]].present()
    tr.get_range(SPACE["b"], SPACE["c"]).to_list()
    tr.snapshot[OTHER["x"]].present()


def test_reads_only(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        read(memory_db)
    log.assert_reads_only(SPACE, OTHER)
    log.assert_reads_only(SPACE, snapshots=False)
    log.assert_reads_only(b"", slice(None, None))
    log.assert_reads_only(SPACE["a"].key(), (SPACE["b"].key(), SPACE["c"].key()), OTHER["x"])
    with pytest.raises(
        AssertionError, match=r"snapshot.get \('other', 'x'\) at .*, in transaction"
    ):
        log.assert_reads_only(SPACE)
    with pytest.raises(AssertionError) as failed:
        log.assert_reads_only(OTHER)
    assert "get ('space', 'a')" in str(failed.value)
    assert "get_range ('space', 'b') .. ('space', 'c')" in str(failed.value)
    with pytest.raises(TypeError, match="an area of keys is a Subspace, .*, not int"):
        log.assert_reads_only(1)  # type: ignore[arg-type]


def test_reads_of_directories(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def read_there(tr: fdb.Transaction) -> None:
        there = fdb.directory.create_or_open(tr, "there")
        tr[there["k"]].present()

    read_there(memory_db)
    there = fdb.directory.open(memory_db, "there")
    with record(memory_db) as log:
        read_there(memory_db)
    log.assert_reads_only(there, fdb.directory)
    with pytest.raises(AssertionError, match="<directories>"):
        log.assert_reads_only(there)


def test_conflict_ranges_are_reads_and_writes(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr.add_read_conflict_range(OTHER.range())
        tr.add_write_conflict_key(OTHER["w"])
        tr.commit().wait()
    log.assert_reads_only(OTHER)
    log.assert_writes_only(OTHER)
    log.assert_writes({})
    with pytest.raises(AssertionError, match=r"add_read_conflict_range \('other',\) \.\.\. at "):
        log.assert_reads_only(SPACE)
    with pytest.raises(AssertionError, match=r"add_write_conflict_range \('other', 'w'\) at "):
        log.assert_writes_only(SPACE)


def test_a_selector_that_runs_far(memory_db: fdb.Database) -> None:
    memory_db[SPACE["a"]] = b""
    with record(memory_db) as log:
        memory_db.get_range(SPACE["a"], fdb.KeySelector(SPACE["a"].key(), False, 9))
    with pytest.raises(AssertionError, match="the read conflict range "):
        log.assert_reads_only(SPACE)


def test_writes_only(log: TransactionLog) -> None:
    log.assert_writes_only(SPACE, b"counter", b"gone", (b"r", b"s"))
    with pytest.raises(AssertionError, match=r"clear_range b'r'\* at .*:\d+, in transaction"):
        log.assert_writes_only(SPACE, b"counter", b"gone", (b"r", b"rr"))


def test_a_long_log_is_cut_in_texts(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        for i in range(30):
            memory_db[b"k%d" % i] = b""
    with pytest.raises(AssertionError, match="done by the last 20 transactions:") as failed:
        log.assert_writes_only(b"x")
    assert str(failed.value).count("begun at") == 30 + 20
    assert "30 transactions" in repr(log)
