"""fdb/_directory/allocator.py: short integers that no two transactions get."""

from __future__ import annotations

import random
import struct

import pytest

import fdb
from fdb.directory_impl import HighContentionAllocator
from fdb.subspace_impl import Subspace
from fdb.tuple import pack


@pytest.fixture
def allocator(test_prefix):
    return HighContentionAllocator(Subspace(rawPrefix=test_prefix + b"hca"))


def test_allocated_integers_are_unique(db, allocator):
    allocated = [allocator.allocate(db) for _ in range(400)]
    assert len(set(allocated)) == len(allocated)
    assert all(fdb.tuple.unpack(key)[0] < 2048 for key in allocated)
    assert max(map(len, allocated)) <= 3


def test_unique_in_one_transaction(db, allocator):
    tr = db.create_transaction()
    assert len({allocator.allocate(tr) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("start", "size"),
    [(0, 64), (192, 64), (255, 1024), (64_511, 1024), (65_535, 8192), (10**6, 8192)],
)
def test_windows(db, allocator, start, size):
    """A window is left when half of it is counted, and what is kept about it is cleared then."""
    counter = allocator.counters.pack((start,))
    db[counter] = struct.pack("<q", size // 2 - 2)
    db[allocator.recent.pack((start,))] = b""
    (within,) = fdb.tuple.unpack(allocator.allocate(db))
    assert start < within < start + size
    assert db[counter] == struct.pack("<q", size // 2 - 1)
    (beyond,) = fdb.tuple.unpack(allocator.allocate(db))
    assert beyond >= start + size
    assert [allocator.counters.unpack(row.key) for row in db[allocator.counters.range()]] == [
        (start + size,)
    ]
    assert [allocator.recent.unpack(row.key) for row in db[allocator.recent.range()]] == [(beyond,)]


def test_a_candidate_that_is_taken_is_not_used(db, allocator, monkeypatch):
    candidates = iter([5, 5, 6])
    monkeypatch.setattr(random, "randrange", lambda start, stop: next(candidates))
    assert allocator.allocate(db) == pack((5,))
    assert allocator.allocate(db) == pack((6,))


def test_a_window_that_was_left_meanwhile_is_not_used(db, allocator, monkeypatch):
    """Between the choice of the window and that of the candidate, the transaction moves on to the next."""
    windows = []

    def randrange(start, stop):
        windows.append((start, stop))
        if len(windows) == 1:
            tr.add(allocator.counters.pack((64,)), struct.pack("<q", 1))
        return start

    monkeypatch.setattr(random, "randrange", randrange)
    tr = db.create_transaction()
    assert allocator.allocate(tr) == pack((64,))
    assert windows == [(0, 64), (64, 128)]


def test_transactions_that_draw_the_same_candidate_conflict(db, allocator, monkeypatch):
    candidates = iter([5, 5, 9])
    monkeypatch.setattr(random, "randrange", lambda start, stop: next(candidates))
    first, second = db.create_transaction(), db.create_transaction()
    for tr in (first, second):
        assert allocator.allocate(tr) == pack((5,))
    first.commit().wait()
    with pytest.raises(fdb.FDBError) as caught:
        second.commit().wait()
    assert caught.value.code == 1020


def test_transactions_that_draw_different_candidates_do_not(db, allocator, monkeypatch):
    candidates = iter([5, 6])
    monkeypatch.setattr(random, "randrange", lambda start, stop: next(candidates))
    transactions = [db.create_transaction() for _ in range(2)]
    allocated = [allocator.allocate(tr) for tr in transactions]
    for tr in transactions:
        tr.commit().wait()
    assert allocated == [pack((5,)), pack((6,))]
