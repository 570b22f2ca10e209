"""fdb/_range.py: batches, prefetching, limits, directions, lists."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

import fdb
from fdb import StreamingMode
from helpers.databases import fill

ALL_MODES = [
    StreamingMode.want_all,
    StreamingMode.iterator,
    StreamingMode.small,
    StreamingMode.medium,
    StreamingMode.large,
    StreamingMode.serial,
]
COUNT = 1500


@pytest.fixture(scope="module")
def rows() -> list[tuple[bytes, bytes]]:
    """More than fits into the first batches of every mode."""
    return [(b"%05d" % i, b"value %d " % i * 3) for i in range(COUNT)]


@pytest.fixture
def tr(db: fdb.Database, test_prefix: bytes, rows: list[tuple[bytes, bytes]]) -> fdb.Transaction:
    """A transaction that sees the rows: some committed, some only written in it."""

    @fdb.transactional
    def load(tr: fdb.Transaction) -> None:
        for key, value in rows[: COUNT // 2]:
            tr[test_prefix + key] = value

    load(db)
    transaction = db.create_transaction()
    for key, value in rows[COUNT // 2 :]:
        transaction[test_prefix + key] = value
    return transaction


def pairs(found: list[fdb.KeyValue], prefix: bytes) -> list[tuple[bytes, bytes]]:
    return [(row.key.removeprefix(prefix), row.value) for row in found]


@pytest.mark.parametrize("mode", ALL_MODES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [0, 1, 700, COUNT + 1])
def test_all_modes_limits_and_directions(
    tr: fdb.Transaction,
    test_prefix: bytes,
    rows: list[tuple[bytes, bytes]],
    mode: int,
    reverse: bool,
    limit: int,
) -> None:
    expected = rows[::-1] if reverse else rows
    expected = expected[:limit] if limit else expected
    for view in (tr, tr.snapshot):
        found = view.get_range_startswith(test_prefix, limit, reverse, mode)
        assert pairs(list(found), test_prefix) == expected
        assert pairs(found.to_list(), test_prefix) == expected
        assert pairs(list(found), test_prefix) == expected  # a second pass


def test_exact_mode(
    tr: fdb.Transaction, test_prefix: bytes, rows: list[tuple[bytes, bytes]]
) -> None:
    found = tr.get_range_startswith(test_prefix, 1200, streaming_mode=StreamingMode.exact)
    assert pairs(found.to_list(), test_prefix) == rows[:1200]
    with pytest.raises(fdb.FDBError) as refused:
        list(tr.get_range_startswith(test_prefix, streaming_mode=StreamingMode.exact))
    assert refused.value.code == 2210


def test_bounds(tr: fdb.Transaction, test_prefix: bytes, rows: list[tuple[bytes, bytes]]) -> None:
    def keys(found: fdb.FDBRange) -> list[bytes]:
        return [row.key.removeprefix(test_prefix) for row in found]

    begin, end = test_prefix + b"00010", test_prefix + b"00013"
    assert keys(tr[begin:end]) == [b"00010", b"00011", b"00012"]
    assert keys(tr[begin:end:-1]) == [b"00012", b"00011", b"00010"]
    assert keys(tr.get_range(slice(begin, end))) == [b"00010", b"00011", b"00012"]
    after = fdb.KeySelector.first_greater_than
    assert keys(tr.get_range(after(begin), after(end))) == [b"00011", b"00012", b"00013"]
    assert keys(tr.get_range(after(begin) + 1, end)) == [b"00012"]
    assert keys(tr.get_range(end, begin)) == []
    assert keys(tr.get_range(test_prefix, test_prefix)) == []


def test_open_bounds(memory_db: fdb.Database) -> None:
    memory_db[b""] = b"first"
    memory_db[b"\xfe"] = b"last"
    tr = memory_db.create_transaction()
    assert [row.value for row in tr[:]] == [b"first", b"last"]
    assert [row.value for row in tr[b"a":]] == [b"last"]
    assert [row.value for row in tr[:b"a"]] == [b"first"]
    assert [row.value for row in tr.get_range(None, None, reverse=True)] == [b"last", b"first"]
    with pytest.raises(ValueError, match="0xFF"):
        tr.get_range_startswith(b"\xff")


def test_rows(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"v"
    (row,) = memory_db[:]
    key, value = row
    assert (key, value, row.key, row.value) == (b"k", b"v", b"k", b"v")
    assert repr(row) == "b'k': b'v'"
    assert type(row.key) is bytes and type(row.value) is bytes
    row.value = b"changed"
    assert memory_db[b"k"] == b"v"
    made = fdb.KeyValue(key=b"a", value=b"b")
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(twin) is fdb.KeyValue and list(twin) == [b"a", b"b"]
    assert list(made) == [b"a", b"b"]


def test_binary_and_large_rows(memory_db: fdb.Database) -> None:
    big = bytes(range(256)) * 300
    memory_db[b"\x00\x01"] = b""
    memory_db[b"\xfe\x00"] = big
    assert [(row.key, row.value) for row in memory_db[:]] == [
        (b"\x00\x01", b""),
        (b"\xfe\x00", big),
    ]


def range_requests(database: fdb.Database) -> int:
    return int(database.create_transaction()[b"count:ranges"])


def test_the_next_batch_is_requested_before_the_last_row_is_given_out(
    stub_db: fdb.Database,
) -> None:
    before = range_requests(stub_db)

    def requested() -> int:
        return range_requests(stub_db) - before

    found = stub_db.create_transaction()[b"a":b"b"]
    assert requested() == 1  # at construction
    iterator = iter(found)
    assert next(iterator).key == b"row0" and requested() == 1
    assert next(iterator).key == b"row1" and requested() == 2
    assert next(iterator).key == b"row2" and requested() == 2
    assert [row.key for row in iterator] == [b"row3", b"row4", b"row5", b"row6"]
    assert requested() == 4
    assert len(list(found)) == 7
    assert requested() == 7  # the first batch was used again


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_no_batch_is_requested_beyond_the_limit(stub_db: fdb.Database, limit: int) -> None:
    before = range_requests(stub_db)
    found = stub_db.create_transaction().get_range(b"a", b"b", limit=limit)
    assert len(list(found)) == limit
    assert range_requests(stub_db) - before == (limit + 1) // 2


def test_a_range_waits_for_its_batches(stub_db: fdb.Database) -> None:
    found = stub_db.create_transaction()[b"slow-begin":b"z"]
    assert [row.key for row in found] == [b"row%d" % i for i in range(7)]
    assert len(stub_db.create_transaction()[b"slow-begin":b"z"].to_list()) == 7


def test_a_range_keeps_its_transaction_alive(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def load(tr: fdb.Transaction) -> None:
        for i in range(3000):
            tr[test_prefix + b"%d" % i] = b"x" * 20

    load(db)
    found = db.create_transaction().get_range_startswith(test_prefix)
    assert sum(1 for _ in found) == 3000


def test_errors_come_with_the_iteration(db: fdb.Database) -> None:
    tr = db.create_transaction()
    found = tr[b"\xff\xff\xff":]
    with pytest.raises(fdb.FDBError) as refused:
        list(found)
    assert refused.value.code == 2004


def test_numbers_that_do_not_fit(db: fdb.Database) -> None:
    with pytest.raises(OverflowError):
        db.create_transaction().get_range(b"a", b"b", limit=1 << 40)
    with pytest.raises(TypeError):
        db.create_transaction().get_range(b"a", b"b", limit="5")  # type: ignore[arg-type]


def test_next_exists_at_api_13_only(db: fdb.Database) -> None:
    assert not hasattr(db.create_transaction()[b"a":b"b"], "next")


def test_database_lists(memory_db: fdb.Database) -> None:
    for i in range(2500):
        if i % 500 == 0:
            tr = memory_db.create_transaction()
        tr[b"%04d" % i] = b"x" * 100
        if i % 500 == 499:
            tr.commit().wait()
    assert len(memory_db[:]) == 2500
    assert len(memory_db.get_range(b"", b"\xff", limit=1700)) == 1700
    assert memory_db.get_range_startswith(b"249", reverse=True)[0].key == b"2499"


@pytest.mark.parametrize(("number", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (9, [7])])
def test_pages(db, async_db, test_prefix, number, sizes):
    keys = [test_prefix + b"%d" % n for n in range(7)]
    fill(db, [(key, b"") for key in keys])
    rows = db.create_transaction().get_range_startswith(test_prefix)
    for _ in range(2):  # each time anew
        pages = list(rows.pages(number))
        assert [len(page) for page in pages] == sizes
        assert [row.key for page in pages for row in page] == keys

    async def main():
        rows = async_db.create_transaction().get_range_startswith(test_prefix, reverse=True)
        return [page async for page in rows.pages(number)]

    pages = asyncio.run(main())
    assert [len(page) for page in pages] == sizes
    assert [row.key for page in pages for row in page] == keys[::-1]


def test_pages_of_nothing(db, test_prefix):
    rows = db.create_transaction().get_range_startswith(test_prefix)
    assert list(rows.pages(3)) == []
    assert repr(rows.pages(3)).startswith("<pages of 3 rows of <FDBRange from")


@pytest.mark.parametrize(
    ("number", "kind"), [(0, ValueError), (-1, ValueError), ("3", TypeError), (True, TypeError)]
)
def test_the_size_of_a_page(db, test_prefix, number, kind):
    rows = db.create_transaction().get_range_startswith(test_prefix)
    with pytest.raises(kind, match="page"):
        rows.pages(number)
