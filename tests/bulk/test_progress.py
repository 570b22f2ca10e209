"""fdb/_bulk/progress.py: what `on_progress` is told, in functions and coroutine functions."""

from __future__ import annotations

import asyncio

import pytest

import fdb
from helpers.databases import fill

ROWS = [(b"k%03d" % number, b"v" * 1000) for number in range(300)]
RANGE = (b"k", b"l")


@pytest.fixture
def filled(either):
    fill(either.plain, ROWS)
    return either


def test_each_transaction_is_told(filled, other):
    told = []
    last = filled.copy(RANGE, other.db, batch_bytes=100_000, on_progress=told.append)
    assert all(type(progress) is fdb.Progress for progress in told)
    assert [progress.transactions for progress in told] == [1, 2, 3, 4]
    assert [progress.rows for progress in told] == sorted(progress.rows for progress in told)
    assert (last.rows, last.transactions, last.key) == (300, 4, b"k299")
    assert last.size == sum(len(key) + len(value) for key, value in ROWS)
    assert told[-1].rows == 300 and told[-1].elapsed >= told[0].elapsed >= 0
    assert repr(last).startswith("<Progress: 300 rows of 301200 bytes in 4 transactions and ")


def test_where_nothing_is_to_be_done(either, other):
    told = []
    for progress in (
        either.copy(RANGE, other.db, on_progress=told.append),
        either.clear_in_batches(RANGE, on_progress=told.append),
        either.write_in_batches([], on_progress=told.append),
    ):
        assert (progress.rows, progress.size, progress.transactions) == (0, 0, 0)
        assert progress.key is None
    assert either.count(RANGE, on_progress=told.append) == 0
    assert told == []


def test_what_it_raises_ends_the_work(filled):
    class Enough(Exception):
        pass

    def stop(progress):
        raise Enough

    with pytest.raises(Enough):
        filled.clear_in_batches(RANGE, batch_bytes=100_000, on_progress=stop)
    with pytest.raises(Enough):
        filled.count(RANGE, on_progress=stop)
    assert 0 < filled.count(RANGE) < 300


def test_coroutine_functions(filled):
    told = []

    async def tell(progress):
        await asyncio.sleep(0)
        told.append(progress.rows)

    if filled.is_async:
        assert filled.count(RANGE, on_progress=tell) == 300
        assert told[-1] == 300
    else:
        with pytest.raises(TypeError, match="on_progress returned a coroutine"):
            filled.count(RANGE, on_progress=tell)
