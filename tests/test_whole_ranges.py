"""fdb/_keys.py: slices and subspaces as ranges, wherever a range is wanted; pages of rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb import locality


@pytest.fixture
def space(db: fdb.Database, test_prefix: bytes) -> fdb.Subspace:
    """A subspace with three rows, with a key at its prefix, and with rows around it."""
    space = fdb.Subspace(("s",), test_prefix)
    db[test_prefix + b"\x02a"] = b"before"
    db[space] = b"prefix"
    for number in range(3):
        db[space[number]] = b"%d" % number
    db[test_prefix + b"\x02t"] = b"after"
    return space


def values(rows: Any) -> list[bytes]:
    return [row.value for row in rows]


WHOLE: dict[str, Callable[[fdb.Subspace], Any]] = {
    "subspace": lambda space: space,
    "slice": lambda space: space.range(),
    "slice with a step of 1": lambda space: slice(space.range().start, space.range().stop, 1),
    "slice of subspaces": lambda space: slice(space[0], space[3]),
}


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest, space: fdb.Subspace) -> Any:
    return WHOLE[request.param](space)


def test_reading(db: fdb.Database, whole: Any) -> None:
    tr = db.create_transaction()
    for source in (db, tr, tr.snapshot):
        assert values(source.get_range(whole)) == [b"0", b"1", b"2"]
        assert values(source.get_range(whole, limit=2)) == [b"0", b"1"]
        assert values(source.get_range(whole, reverse=True)) == [b"2", b"1", b"0"]
        assert values(source.get_range(whole, None)) == [b"0", b"1", b"2"]
    rows, count, more = tr.get_range_page(whole, limit=2).wait()
    assert values(rows) == [b"0", b"1"] and count == 2 and more


def test_clearing(db: fdb.Database, space: fdb.Subspace, whole: Any, test_prefix: bytes) -> None:
    db.clear_range(whole)
    left = [b"before", b"prefix", b"after"]
    assert values(db.get_range_startswith(test_prefix)) == left
    db[space[1]] = b"1"
    tr = db.create_transaction()
    tr.clear_range(whole)
    assert values(tr.get_range_startswith(test_prefix)) == left


def test_clearing_a_subspace_with_no_end_given_as_none(
    db: fdb.Database, space: fdb.Subspace, test_prefix: bytes
) -> None:
    db.clear_range(space, None)
    assert values(db.get_range_startswith(test_prefix)) == [b"before", b"prefix", b"after"]


def test_deleting_a_slice(db: fdb.Database, space: fdb.Subspace, test_prefix: bytes) -> None:
    del db[space.range()]
    assert values(db.get_range_startswith(test_prefix)) == [b"before", b"prefix", b"after"]


def test_an_item_is_a_key(db: fdb.Database, space: fdb.Subspace) -> None:
    """What `tr[subspace] = value` has written, `tr[subspace]` reads and `del tr[subspace]` removes."""
    assert db[space] == b"prefix"
    del db[space]
    assert db[space] is None and len(db.get_range(space)) == 3
    db[space] = b"again"
    db.clear(space)
    assert db[space] is None and len(db.get_range(space)) == 3


def test_a_subspace_with_an_end_is_a_key(db: fdb.Database, space: fdb.Subspace) -> None:
    tr = db.create_transaction()
    assert values(tr.get_range(space, space[2])) == [b"prefix", b"0", b"1"]
    assert values(tr[space[1] : space[3]]) == [b"1", b"2"]
    tr.clear_range(space[0], space[2])
    assert values(tr.get_range(space)) == [b"2"]


def test_conflict_ranges(db: fdb.Database, space: fdb.Subspace, whole: Any) -> None:
    def conflicts(key: bytes, prepare: Callable[[Any, Any], None]) -> bool:
        first, second = db.create_transaction(), db.create_transaction()
        prepare(first, second)
        first[space.key() + b"\xff/first"] = second[space.key() + b"\xff/second"] = b""
        second.commit().wait()
        try:
            first.commit().wait()
        except fdb.FDBError as error:
            assert error.code == 1020
            return True
        return False

    inside, outside = space.pack((1,)), space.key() + b"\xff/other"
    for key, expected in ((inside, True), (outside, False)):

        def reading(first: Any, second: Any, key: bytes = key) -> None:
            first.get_read_version().wait()
            first.add_read_conflict_range(whole)
            second[key] = b"x"

        def writing(first: Any, second: Any, key: bytes = key) -> None:
            first[key].wait()
            second.add_write_conflict_range(whole)

        assert conflicts(key, reading) is expected
        assert conflicts(key, writing) is expected


def test_sizes_and_split_points(db: fdb.Database, space: fdb.Subspace, whole: Any) -> None:
    tr = db.create_transaction()
    bounds = whole if isinstance(whole, slice) else whole.range()
    begin, end = (fdb.impl.keyToBytes(bound) for bound in (bounds.start, bounds.stop))
    size = tr.get_estimated_range_size_bytes(whole).wait()
    assert size == tr.get_estimated_range_size_bytes(begin, end).wait()
    points = tr.get_range_split_points(whole, chunk_size=10_000_000).wait()
    assert points == tr.get_range_split_points(begin, end, 10_000_000).wait() == [begin, end]


def test_boundary_keys(db: fdb.Database, whole: Any) -> None:
    tr = db.create_transaction()
    for source in (db, tr, tr.snapshot):
        assert list(locality.get_boundary_keys(source, whole)) == []
        everything = slice(None, None)
        expected = list(locality.get_boundary_keys(db, b"", b"\xff"))
        assert list(locality.get_boundary_keys(source, everything)) == expected


def test_asynchronous_databases(
    database_name: str, space: fdb.Subspace, whole: Any, test_prefix: bytes
) -> None:
    async def main() -> None:
        adb = fdb.open(database_name, event_model="asyncio")
        assert values(await adb.get_range(whole)) == [b"0", b"1", b"2"]
        assert values(await adb[slice(*_bounds(whole), -1)]) == [b"2", b"1", b"0"]
        found = locality.get_boundary_keys(adb, whole)
        assert [key async for key in found] == []
        with pytest.raises(TypeError, match="end of the range is missing"):
            await adb.clear_range(b"key")
        with pytest.raises(ValueError, match="step"):
            await adb.clear_range(slice(b"a", b"b", -1))
        with pytest.raises(ValueError, match="step"):
            await adb[b"a":b"b":2]
        await adb.clear_range(whole)
        left = [b"before", b"prefix", b"after"]
        assert values(await adb.get_range_startswith(test_prefix)) == left

    asyncio.run(main())


def _bounds(whole: Any) -> tuple[Any, Any]:
    bounds = whole if isinstance(whole, slice) else whole.range()
    return bounds.start, bounds.stop


def test_tenants(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    space = fdb.Subspace(("s",))
    tenant[space[1]] = b"1"
    tenant[b"\x02t"] = b"after"
    assert values(tenant.get_range(space)) == [b"1"]
    tenant.clear_range(space)
    assert values(tenant[:]) == [b"after"]


def test_directories(db: fdb.Database, test_prefix: bytes) -> None:
    layer = fdb.DirectoryLayer(
        fdb.Subspace(rawPrefix=test_prefix + b"n"), fdb.Subspace(rawPrefix=test_prefix + b"c")
    )
    a, b = layer.create(db, "a"), layer.create(db, "b")
    for directory in (a, b):
        db[directory.pack((1,))] = directory.key()
    assert values(db.get_range(a)) == [a.key()]
    db.clear_range(a)
    assert values(db.get_range(b)) == [b.key()]
    partition = layer.create(db, "p", b"partition")
    for use in (db.get_range, db.clear_range):
        with pytest.raises(fdb.directory_impl.DirectoryPartitionError):
            use(partition)


@pytest.mark.parametrize("end", [b"z", fdb.KeySelector.first_greater_or_equal(b"z")])
def test_a_slice_with_an_end(db: fdb.Database, end: Any) -> None:
    tr = db.create_transaction()
    given = slice(b"a", b"b")
    for use in (
        tr.get_range,
        tr.get_range_page,
        tr.snapshot.get_range,
        db.get_range,
        tr.clear_range,
        db.clear_range,
        tr.add_read_conflict_range,
        tr.add_write_conflict_range,
        tr.get_estimated_range_size_bytes,
    ):
        with pytest.raises(TypeError, match="a slice is a whole range"):
            use(given, end)
    with pytest.raises(TypeError, match="a slice is a whole range"):
        tr.get_range_split_points(given, end, 100)
    with pytest.raises(TypeError, match="a slice is a whole range"):
        locality.get_boundary_keys(db, given, end)


def test_a_range_to_clear_needs_an_end(db: fdb.Database) -> None:
    tr = db.create_transaction()
    for use in (
        tr.clear_range,
        db.clear_range,
        tr.add_read_conflict_range,
        tr.add_write_conflict_range,
        tr.get_estimated_range_size_bytes,
    ):
        with pytest.raises(TypeError, match="the end of the range is missing"):
            use(b"key")


def test_the_step_of_a_slice(db: fdb.Database, space: fdb.Subspace) -> None:
    bounds = space.range()
    backwards = slice(bounds.start, bounds.stop, -1)
    tr = db.create_transaction()
    for source in (tr, tr.snapshot, db):
        assert values(source[backwards]) == [b"2", b"1", b"0"]
        assert values(source.get_range(backwards)) == [b"2", b"1", b"0"]
        assert values(source.get_range(backwards, limit=1)) == [b"2"]
        assert values(source.get_range(backwards, reverse=True)) == [b"2", b"1", b"0"]
        for step in (2, 0, -2, b"x"):
            with pytest.raises(ValueError, match="the step of a slice of keys"):
                source[bounds.start : bounds.stop : step]
            with pytest.raises(ValueError, match="the step of a slice of keys"):
                source.get_range(slice(bounds.start, bounds.stop, step))
    for step in (-1, 2):
        with pytest.raises(ValueError, match="the step of a slice of keys"):
            del tr[bounds.start : bounds.stop : step]
        with pytest.raises(ValueError, match="the step of a slice of keys"):
            db.clear_range(slice(bounds.start, bounds.stop, step))
        with pytest.raises(ValueError, match="the step of a slice of keys"):
            tr.add_read_conflict_range(slice(bounds.start, bounds.stop, step))
    assert len(db.get_range(space)) == 3


def test_pages_by_hand(db: fdb.Database, test_prefix: bytes) -> None:
    keys = [test_prefix + b"%03d" % number for number in range(100)]

    @fdb.transactional
    def fill(tr: fdb.Transaction) -> None:
        for key in keys:
            tr[key] = b"x" * 100

    fill(db)
    tr = db.create_transaction()
    selectors = fdb.KeySelector
    end = selectors.first_greater_or_equal(test_prefix + b"\xff")
    begin = selectors.first_greater_or_equal(test_prefix)
    found: list[bytes] = []
    iteration = 1
    while True:
        page = tr._get_range(begin, end, 0, fdb.StreamingMode.iterator, iteration, False)
        assert isinstance(page, fdb.FutureKeyValueArray)
        rows, count, more = page.wait()
        assert count == len(rows)
        found += [row.key for row in rows]
        if not more:
            break
        begin = selectors.first_greater_than(rows[-1].key)
        iteration += 1
    assert found == keys and iteration > 1
    rows, count, more = tr.snapshot.get_range_page(
        test_prefix, test_prefix + b"\xff", limit=3, reverse=True
    ).wait()
    assert [row.key for row in rows] == keys[:-4:-1] and more
