"""fdb/_bulk/writer.py: transactions that are not too large for the library, each of them retried."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from fdb._bulk.writer import Batches, Write, cost
from fdb._flow_requests import model_of, run_blocking


def write_all(db, batches, rows):
    sizes = []

    def step(part):
        def act(tr, found):
            for key, value in part:
                tr[key] = value

        yield Write(db, act)
        sizes.append(len(part))

    run_blocking(batches.write(rows, step), model_of(db))
    return sizes


@pytest.mark.parametrize(
    ("key", "value"), [(b"k", b""), (b"k" * 9000, b"v"), (b"k", b"v" * 90_000)]
)
def test_the_cost_of_a_row_is_not_less_than_it_adds_to_a_commit(memory_db, key, value):
    tr = memory_db.create_transaction()
    tr[key] = value
    assert cost(key, value) >= tr.get_approximate_size().wait()
    tr.reset()
    del tr[key]
    assert cost(key, None) >= tr.get_approximate_size().wait()


def test_a_commit_that_is_too_large_is_divided(memory_db):
    memory_db.options.set_transaction_size_limit(3000)
    batches = Batches(1_000_000)
    rows = [(b"%03d" % number, b"v" * 100) for number in range(100)]
    sizes = write_all(memory_db, batches, rows)
    assert sizes == [12, 13, 12, 13, 12, 13, 12, 13]
    assert memory_db[:] == rows
    assert batches.is_full(12, 0) and not batches.is_full(11, 0)


def test_an_item_that_is_too_large_by_itself(memory_db):
    memory_db.options.set_transaction_size_limit(3000)
    rows = [(b"%03d" % number, b"v" * (5000 if number == 5 else 10)) for number in range(8)]
    with pytest.raises(fdb.FDBError) as failed:
        write_all(memory_db, Batches(1_000_000), rows)
    assert failed.value.code == 2101
    assert memory_db[:] == rows[:5]


def test_a_key_is_read_in_the_transaction(memory_db):
    memory_db[b"k"] = b"1"

    def flow():
        found = yield Write(memory_db, lambda tr, found: found, b"k")
        without = yield Write(memory_db, lambda tr, found: found)
        return found, without

    assert run_blocking(flow(), model_of(memory_db)) == (b"1", None)
