"""Rows that are remembered, put back, and compared in spite of their versionstamps."""

from __future__ import annotations

from typing import Any

import fdb
from fdb.testing._content import Stamps, put_back, read_all, shown, shown_value, version_of
from fdb.testing._plain import Raised, Thing


def test_rows_are_put_back(memory_db: fdb.Database) -> None:
    wanted = {b"a": b"1", b"b": b"2", b"c": b"3"}
    put_back(memory_db, wanted, {})
    assert read_all(memory_db) == wanted
    memory_db[b"a"] = b"other"
    del memory_db[b"b"]
    memory_db[b"d"] = b"new"
    put_back(memory_db, wanted, read_all(memory_db))
    assert read_all(memory_db) == wanted


def test_more_rows_than_fit_into_one_transaction(memory_db: fdb.Database) -> None:
    wanted = {b"%04d" % number: bytes(50_000) for number in range(250)}
    put_back(memory_db, wanted, {})
    assert read_all(memory_db) == wanted


def test_an_asyncio_database(async_memory_db: fdb.AsyncDatabase) -> None:
    put_back(async_memory_db, {b"a": b"1"}, {})
    assert read_all(async_memory_db) == {b"a": b"1"}


def stamp(version: int, number: int = 0) -> bytes:
    return version.to_bytes(8, "big") + number.to_bytes(2, "big")


def test_stamps_are_replaced_by_their_order() -> None:
    stamps = Stamps(1000, 1010)
    first, second, old = stamp(1001), stamp(1010), stamp(1000)
    rows: Any = {b"q" + second: b"two", b"q" + first: b"one " + old}
    stamps.find(rows)
    assert stamps.mask(rows) == {b"qstamp00002": b"two", b"qstamp00001": b"one " + old}
    assert stamps.mask([(first, {"x": second}), frozenset({first})]) == [
        (b"stamp00001", {"x": b"stamp00002"}),
        frozenset({b"stamp00001"}),
    ]
    assert stamps.mask(Raised("E", (first,))) == Raised("E", (b"stamp00001",))
    assert stamps.mask(Thing("T", (("a", first),))) == Thing("T", (("a", b"stamp00001"),))


def test_a_run_without_stamps_is_left_as_it_is() -> None:
    stamps = Stamps(1000, 1000)
    stamps.find([stamp(1000), b"short"])
    assert stamps.mask([stamp(1000)]) == [stamp(1000)]


def test_stamps_of_a_database_are_found(memory_db: fdb.Database) -> None:
    before = version_of(memory_db)

    @fdb.transactional
    def push(tr: fdb.Transaction) -> fdb.Key:
        tr.set_versionstamped_value(b"last", bytes(14))
        return tr.get_versionstamp()

    written = bytes(push(memory_db).wait())
    stamps = Stamps(before, version_of(memory_db))
    rows: Any = read_all(memory_db)
    stamps.find(rows)
    assert stamps.mask([rows, written]) == [{b"last": b"stamp00001"}, b"stamp00001"]


def test_keys_for_people() -> None:
    assert shown(fdb.tuple.pack(("users", 5))) == "('users', 5)"
    assert shown(b"plain") == "b'plain'"
    assert shown(b"") == "b''"
    assert shown(None) == "absent"
    assert len(shown(bytes(1000))) == 60


def test_numbers_are_not_taken_for_tuples() -> None:
    assert shown_value((1).to_bytes(8, "little")) == r"b'\x01\x00\x00\x00\x00\x00\x00\x00'"
    assert shown_value(fdb.tuple.pack(("a", 1))) == "('a', 1)"
