"""fdb/_dump/source.py: rows of one version as long as that is possible, and none lost or doubled where it is not."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from fdb._dump import source as sources
from fdb._dump.source import SeveralVersions, Source, size_of

ROWS = [(b"k%04d" % number, b"v" * (number % 50)) for number in range(1500)]


@pytest.fixture
def db(memory_db):
    memory_db.options.set_transaction_max_retry_delay(1)
    memory_db.write_in_batches(ROWS)
    return memory_db


def taken(source, **how):
    return [(key, value) for rows, _ in source.batches(**how) for key, value in rows]


def test_rows_of_one_version(db, monkeypatch):
    monkeypatch.setattr(sources, "_ROWS", 100)
    source = Source(db, b"k", b"l")
    batches = list(source.batches(size=2_000))
    assert [row for rows, _ in batches for row in rows] == ROWS
    assert all(size == size_of(rows) for rows, size in batches) and len(batches) == 22
    version = source.version
    assert version is not None and 0 < version <= db.create_transaction().get_read_version().wait()
    db[b"k"] = b"later"
    assert taken(source)[0] == (b"k", b"later")
    assert source.version > version


def test_a_range_and_what_is_behind_a_key(db):
    assert taken(Source(db, b"k0003", b"k0005")) == ROWS[3:5]
    assert taken(Source(db, b"k", b"l"), after=b"k1400") == ROWS[1401:]
    empty = Source(db, b"x", b"y")
    assert taken(empty) == [] and empty.version is None
    assert list(Source(db, b"k0003", b"k0005").rows()) == ROWS[3:5]


def test_a_batch_has_no_more_rows_than_a_transaction_takes(db, monkeypatch):
    monkeypatch.setattr(sources, "_ROWS", 100)
    monkeypatch.setattr(sources, "MOST_ROWS", 200)
    assert [len(rows) for rows, _ in Source(db, b"k", b"l").batches()] == [200] * 7 + [100]


def test_large_rows_make_small_batches(db):
    large = [(b"l%02d" % number, b"v" * 90_000) for number in range(20)]
    db.write_in_batches(large)
    sizes = [(len(rows), size) for rows, size in Source(db, b"l", b"m").batches()]
    assert [rows for rows, _ in sizes] == [6, 6, 6, 2] and sizes[0][1] == 6 * 90_003
    assert [row for rows, _ in Source(db, b"l", b"m").batches() for row in rows] == large


@pytest.mark.parametrize("nth", [None, 2, 3, 9, 15])
def test_what_a_version_does_not_last_for_is_read_at_others(db, monkeypatch, nth):
    monkeypatch.setattr(sources, "_ROWS", 10)
    source = Source(db, b"k", b"l")
    read = []
    late = (b"k1499-late", b"")
    too_old = f";transaction_too_old:at=read,nth={nth}" if nth is not None else ""
    with fdb.testing.faults(db, seed=1, rules=f"short_range:rows=100{too_old}"):
        for rows, _ in source.batches(size=10):
            if not read:
                db[late[0]] = late[1]
            read += rows
    if nth is None:
        assert read == ROWS and source.version is not None
    else:
        # None is lost or doubled where it goes on, and what is written meanwhile is met.
        assert read == [*ROWS, late] and source.version is None


def test_one_version_is_insisted_on(db):
    with fdb.testing.faults(db, seed=1, rules="short_range:rows=100;transaction_too_old:nth=4"):
        with pytest.raises(SeveralVersions):
            taken(Source(db, b"k", b"l"), snapshot=True)
    assert taken(Source(db, b"k", b"l"), snapshot=True) == ROWS


def test_other_errors_are_raised(db):
    db.options.set_transaction_retry_limit(0)
    with fdb.testing.faults(db, seed=1, rules="process_behind:at=read"):
        with pytest.raises(fdb.FDBError):
            taken(Source(db, b"k", b"l"))
