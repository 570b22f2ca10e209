"""fdb/_transaction.py: what a transaction offers beside reads of ranges and values."""

from __future__ import annotations

import struct
import threading
from typing import Any

import pytest

import fdb
from helpers.databases import code_of


@pytest.fixture
def tr(db: fdb.Database) -> fdb.Transaction:
    return db.create_transaction()


def test_reading_own_writes(tr: fdb.Transaction, test_prefix: bytes) -> None:
    key = test_prefix + b"k"
    assert not tr[key].present()
    tr[key] = b"1"
    assert tr[key] == b"1" and tr.get(key) == b"1" and tr.snapshot[key] == b"1"
    tr.set(key, b"2")
    assert tr[key] == b"2"
    del tr[key]
    assert tr[key] == None  # noqa: E711


def test_committing(db: fdb.Database, tr: fdb.Transaction, test_prefix: bytes) -> None:
    tr[test_prefix] = b"v"
    assert db[test_prefix] is None
    assert tr.commit().wait() is None
    assert db[test_prefix] == b"v"
    assert tr.get_committed_version() > 0


def test_clearing(db: fdb.Database, tr: fdb.Transaction, test_prefix: bytes) -> None:
    keys = [test_prefix + name for name in (b"a", b"b", b"c", b"d", b"e", b"f")]
    for key in keys:
        tr[key] = b"x"
    tr.clear(keys[0])
    tr.clear(fdb.KeySelector.first_greater_than(keys[0]))
    del tr[keys[2] : keys[3]]
    assert [row.key for row in tr.get_range_startswith(test_prefix)] == keys[3:]
    tr.clear_range(
        fdb.KeySelector.first_greater_or_equal(keys[3]), fdb.KeySelector.last_less_or_equal(keys[5])
    )
    assert [row.key for row in tr.get_range_startswith(test_prefix)] == keys[5:]
    tr.clear_range_startswith(test_prefix)
    assert tr.get_range_startswith(test_prefix).to_list() == []


def test_clearing_with_open_bounds(memory_db: fdb.Database) -> None:
    tr = memory_db.create_transaction()
    tr[b"a"] = tr[b"b"] = tr[b"c"] = b""
    del tr[:b"b"]
    assert [row.key for row in tr[:]] == [b"b", b"c"]
    del tr[b"c":]
    assert [row.key for row in tr[:]] == [b"b"]
    tr.clear_range(None, None)
    assert tr[:].to_list() == []


def test_selectors(tr: fdb.Transaction, test_prefix: bytes) -> None:
    for name in (b"a", b"b", b"c"):
        tr[test_prefix + name] = b""
    select = fdb.KeySelector
    assert tr.get_key(select.first_greater_than(test_prefix + b"a")) == test_prefix + b"b"
    assert tr.get_key(select.last_less_than(test_prefix + b"c") - 1) == test_prefix + b"a"
    assert tr.snapshot.get_key(select.last_less_or_equal(test_prefix + b"c")) == test_prefix + b"c"


@pytest.mark.parametrize(
    ("operation", "before", "operand", "after"),
    [
        ("add", b"\x05", b"\x02", b"\x07"),
        ("bit_and", b"\x0f", b"\x3c", b"\x0c"),
        ("and", b"\x0f", b"\x3c", b"\x0c"),
        ("bit_or", b"\x0f", b"\x30", b"\x3f"),
        ("or", b"\x0f", b"\x30", b"\x3f"),
        ("bit_xor", b"\x0f", b"\x3c", b"\x33"),
        ("xor", b"\x0f", b"\x3c", b"\x33"),
        ("append_if_fits", b"ab", b"cd", b"abcd"),
        ("max", b"\x05", b"\x09", b"\x09"),
        ("min", b"\x05", b"\x09", b"\x05"),
        ("byte_max", b"b", b"aa", b"b"),
        ("byte_min", b"b", b"aa", b"aa"),
        ("compare_and_clear", b"x", b"x", None),
        ("bit_add", b"\x05", b"\x02", b"\x07"),
    ],
)
def test_atomic_operations(
    db: fdb.Database,
    test_prefix: bytes,
    operation: str,
    before: bytes,
    operand: bytes,
    after: bytes | None,
) -> None:
    tr = db.create_transaction()
    tr[test_prefix] = before
    getattr(tr, operation)(test_prefix, operand)
    assert tr[test_prefix].value == after
    db[test_prefix] = before
    getattr(db, operation)(test_prefix, operand)
    assert db[test_prefix] == after


def test_versionstamps(db: fdb.Database, tr: fdb.Transaction, test_prefix: bytes) -> None:
    stamp = tr.get_versionstamp()
    position = struct.pack("<L", len(test_prefix))
    tr.set_versionstamped_key(test_prefix + b"\x00" * 10 + position, b"key")
    tr.set_versionstamped_value(
        test_prefix + b"v", b"<" + b"\x00" * 10 + b">" + struct.pack("<L", 1)
    )
    assert not stamp.is_ready()
    tr.commit().wait()
    assert len(stamp) == 10
    assert db[test_prefix + bytes(stamp)] == b"key"
    assert db[test_prefix + b"v"] == b"<" + bytes(stamp) + b">"
    assert struct.unpack(">Q", stamp[:8])[0] == tr.get_committed_version()


def test_a_read_only_commit_has_no_versions(tr: fdb.Transaction, test_prefix: bytes) -> None:
    stamp = tr.get_versionstamp()
    tr[test_prefix].wait()
    tr.commit().wait()
    assert tr.get_committed_version() == -1
    assert code_of(stamp.wait) == 2021


def test_read_versions(db: fdb.Database, test_prefix: bytes) -> None:
    db[test_prefix] = b"old"
    first = db.create_transaction()
    version = first.get_read_version().wait()
    db[test_prefix] = b"new"
    second = db.create_transaction()
    second.set_read_version(version)
    assert second.get_read_version().wait() == version
    assert second[test_prefix] == first[test_prefix] == b"old"
    assert second.snapshot.get_read_version().wait() == version


def test_conflicts(db: fdb.Database, test_prefix: bytes) -> None:
    def outcome(prepare: Any) -> int:
        tr = db.create_transaction()
        tr.get_read_version().wait()
        prepare(tr)
        tr[test_prefix + b"other"] = b"x"
        db[test_prefix + b"k"] = b"changed"
        try:
            tr.commit().wait()
        except fdb.FDBError as error:
            return error.code
        return 0

    key = test_prefix + b"k"
    assert outcome(lambda tr: tr[key].wait()) == 1020
    assert outcome(lambda tr: tr.snapshot[key].wait()) == 0
    assert outcome(lambda tr: tr.add_read_conflict_key(key)) == 1020
    assert outcome(lambda tr: tr.add_read_conflict_range(key, key + b"\x00")) == 1020
    assert outcome(lambda tr: tr.add_read_conflict_range(key + b"\x00", key + b"\x01")) == 0


def test_write_conflict_ranges(db: fdb.Database, test_prefix: bytes) -> None:
    for add in (
        lambda tr: tr.add_write_conflict_key(test_prefix),
        lambda tr: tr.add_write_conflict_range(test_prefix, test_prefix + b"\x00"),
    ):
        reader = db.create_transaction()
        reader[test_prefix].wait()
        reader[test_prefix + b"r"] = b""
        writer = db.create_transaction()
        add(writer)
        writer.commit().wait()
        assert code_of(reader.commit().wait) == 1020


def test_inverted_conflict_ranges(tr: fdb.Transaction) -> None:
    assert code_of(tr.add_read_conflict_range, b"b", b"a") == 2005
    assert code_of(tr.add_write_conflict_range, b"b", b"a") == 2005


def test_on_error(tr: fdb.Transaction) -> None:
    tr.on_error(fdb.FDBError(1020)).wait()
    tr.on_error(1007).wait()
    assert code_of(tr.on_error(2000).wait) == 2000
    with pytest.raises(ZeroDivisionError):
        tr.on_error(ZeroDivisionError())
    with pytest.raises(TypeError, match="on_error takes an FDBError or its code, not str"):
        tr.on_error("1020")


def test_reset_and_cancel(tr: fdb.Transaction, test_prefix: bytes) -> None:
    tr[test_prefix] = b"x"
    tr.reset()
    assert not tr[test_prefix].present()
    tr.cancel()
    assert code_of(tr[test_prefix].wait) == 1025
    assert code_of(tr.commit().wait) == 1025
    tr.reset()
    assert not tr[test_prefix].present()


def test_too_large(db: fdb.Database) -> None:
    for key, value, code in ((b"k" * 20000, b"v", 2102), (b"k", b"v" * 200000, 2103)):
        tr = db.create_transaction()
        tr[key] = value
        assert code_of(tr.commit().wait) == code


def test_sizes(tr: fdb.Transaction, test_prefix: bytes) -> None:
    assert tr.get_approximate_size().wait() == 0
    tr[test_prefix] = b"x" * 1000
    assert tr.get_approximate_size().wait() > 1000
    assert tr.get_estimated_range_size_bytes(test_prefix, test_prefix + b"\xff").wait() >= 0
    assert tr.snapshot.get_estimated_range_size_bytes(b"a", b"b").wait() >= 0
    for begin, end in ((None, b"b"), (b"a", None)):
        with pytest.raises(Exception, match="Invalid begin key or end key"):
            tr.get_estimated_range_size_bytes(begin, end)


@pytest.mark.parametrize(
    ("begin", "end", "chunk"),
    [(None, b"b", 1), (b"a", None, 1), (b"a", b"b", 0), (b"a", b"b", None)],
)
def test_split_points_need_all_arguments(
    tr: fdb.Transaction, begin: Any, end: Any, chunk: Any
) -> None:
    with pytest.raises(Exception, match="Invalid begin key, end key or chunk size"):
        tr.get_range_split_points(begin, end, chunk)


def test_the_snapshot_view(tr: fdb.Transaction, db: fdb.Database) -> None:
    assert type(tr.snapshot) is fdb.TransactionRead
    assert tr.snapshot is tr.snapshot
    assert tr.snapshot.db is tr.db is db
    assert not hasattr(tr.snapshot, "set")
    assert isinstance(tr, fdb.TransactionRead)


def test_the_transaction_lives_while_one_of_its_views_does(
    db: fdb.Database, test_prefix: bytes
) -> None:
    tr = db.create_transaction()
    tr[test_prefix] = b"x"
    snapshot = tr.snapshot
    del tr
    assert snapshot[test_prefix] == b"x"


def test_a_timeout(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    tr.options.set_timeout(20)
    stamp = tr.get_versionstamp()
    assert code_of(stamp.wait) == 1031
    assert code_of(tr[test_prefix].wait) == 1031


def test_transactions_may_be_subclassed_and_carry_attributes(db: fdb.Database) -> None:
    class Mine(fdb.Transaction):
        pass

    plain = db.create_transaction()
    mine = Mine(plain._handle, plain._library, db)
    mine.note = 5  # type: ignore[attr-defined]
    mine[b"fdb-test/k"] = b"v"
    assert plain[b"fdb-test/k"] == b"v"


def test_several_threads_use_one_transaction(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()

    def write(name: int) -> None:
        for i in range(200):
            tr[test_prefix + b"%d/%d" % (name, i)] = b"x"
            assert tr[test_prefix + b"%d/%d" % (name, i)] == b"x"

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tr.get_range_startswith(test_prefix).to_list()) == 800
    tr.commit().wait()
