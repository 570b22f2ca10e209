"""fdb/_bulk/reader.py: batch after batch, the next one on its way, a version for some seconds, smaller ones after 1007."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from bulk.conftest import SEEDS
from fdb._bulk.reader import Reader
from fdb._bulk.region import Region
from fdb._flow_requests import model_of, run_blocking
from helpers.databases import fill

ROWS = [(b"%04d" % number, b"v" * 20) for number in range(300)]


@pytest.fixture
def filled(memory_db):
    fill(memory_db, ROWS)
    return memory_db


def reader_of(db, limit=0, version=None, reverse=False):
    return Reader(db, Region(b"", b"\xff", reverse), limit, version)


def following(db, reader):
    return run_blocking(reader.next(), model_of(db))


def all_batches(db, reader):
    found = []
    while (rows := following(db, reader)) is not None:
        found.append(rows)
    return found


@pytest.mark.parametrize("limit", [0, 7, 300, 301])
@pytest.mark.parametrize("reverse", [False, True])
def test_all_rows_in_order(filled, limit, reverse):
    batches = all_batches(filled, reader_of(filled, limit, reverse=reverse))
    assert [row for batch in batches for row in batch] == (ROWS[::-1] if reverse else ROWS)
    assert limit == 0 or max(map(len, batches)) <= limit


def test_the_end_remains_the_end(filled):
    reader = reader_of(filled)
    all_batches(filled, reader)
    assert following(filled, reader) is None
    assert reader.region.is_empty()


def test_a_batch_is_asked_for_while_the_one_before_is_used(filled):
    with fdb.testing.record(filled) as log:
        reader = reader_of(filled, 10)
        following(filled, reader)
        assert len(log.transactions) == 2
        assert reader._future is not None


def test_batches_share_a_version(filled):
    reader = reader_of(filled, 10)
    following(filled, reader)
    filled[b"9"] = b"later"
    assert [row for batch in all_batches(filled, reader) for row in batch] == ROWS[10:]


def test_a_version_is_read_for_some_seconds(filled, monkeypatch):
    reader = reader_of(filled, 10)
    following(filled, reader)
    filled[b"9"] = b"later"
    monkeypatch.setattr("fdb._bulk.reader._VERSION_LIFE", -1.0)
    rows = [row for batch in all_batches(filled, reader) for row in batch]
    assert rows == [*ROWS[10:], (b"9", b"later")]


def test_a_version_that_is_too_old_is_left(filled):
    with fdb.testing.clock(filled) as clock:
        reader = reader_of(filled, 10)
        following(filled, reader)
        filled[b"9"] = b"later"
        clock.advance(10)
        rows = [row for batch in all_batches(filled, reader) for row in batch]
    # The batch that was on its way had been read.
    assert rows == [*ROWS[10:], (b"9", b"later")]


def test_a_batch_that_takes_too_long_is_read_in_smaller_ones(filled):
    with fdb.testing.faults(filled, seed=1) as faults:
        faults.add("transaction_too_old", times=3, at="read")
        batches = all_batches(filled, reader_of(filled, 100))
        assert faults.injected["transaction_too_old"] == 3
    sizes = [len(batch) for batch in batches]
    assert sizes[0] == 12  # 100, 50, 25, 12
    assert sizes[:5] == [12, 24, 48, 96, 100]
    assert [row for batch in batches for row in batch] == ROWS


def test_without_a_limit_the_batches_grow_again(filled):
    with fdb.testing.faults(filled, seed=1) as faults:
        faults.add("transaction_too_old", times=8, at="read")
        reader = reader_of(filled)
        batches = all_batches(filled, reader)
    assert len(batches[0]) == 1000 // 2**8
    assert [row for batch in batches for row in batch] == ROWS


@pytest.mark.parametrize("version", [None, 0])
def test_under_faults(filled, version):
    for seed in SEEDS:
        print("seed", seed)
        with fdb.testing.faults(filled, seed=seed) as faults:
            for name in ("future_version", "process_behind", "short_range"):
                faults.add(name, probability=0.2)
            faults.add("slow_read", probability=0.1, delay=(0, 0.001))
            filled.options.set_transaction_max_retry_delay(1)
            batches = all_batches(filled, reader_of(filled, 40, version))
        assert [row for batch in batches for row in batch] == ROWS


def test_what_a_retry_does_not_help_is_raised(filled):
    reader = Reader(filled, Region(b"", b"\xff\xff", False), 0, None)
    with pytest.raises(fdb.FDBError) as failed:
        following(filled, reader)
    assert failed.value.code == 2004


def test_the_retry_limit_of_a_database_holds_for_each_batch(filled):
    filled.options.set_transaction_retry_limit(2)
    with fdb.testing.faults(filled, seed=1) as faults:
        faults.add("process_behind", at="read", every=2)
        batches = all_batches(filled, reader_of(filled, 10))
        assert sum(map(len, batches)) == 300
    with fdb.testing.faults(filled, seed=1) as faults:
        faults.add("process_behind", at="read")
        with pytest.raises(fdb.FDBError) as failed:
            all_batches(filled, reader_of(filled, 10))
        assert failed.value.code == 1037
        assert faults.injected["process_behind"] == 3


def test_a_reader_that_is_closed_gives_its_batch_up(filled):
    reader = reader_of(filled, 10)
    following(filled, reader)
    reader.close()
    assert reader._future is None and reader._tr is None
