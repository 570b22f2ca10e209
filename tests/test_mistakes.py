"""What a mistake is told: the argument, what it was, and the way out."""

from __future__ import annotations

import asyncio
import pathlib
import struct
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb.tuple import Versionstamp

Call = Callable[[fdb.Database, fdb.Transaction], Any]


@pytest.mark.parametrize(
    ("call", "kind", "parts"),
    [
        (lambda db, tr: b"a" in db, TypeError, ["`in`", "bytes", "db.get(key) is not None"]),
        (lambda db, tr: b"a" in tr, TypeError, ["`in`", "bytes", "tr[key].present()"]),
        (lambda db, tr: list(db), TypeError, ["Database", "not iterable"]),
        (lambda db, tr: list(tr.snapshot), TypeError, ["TransactionRead", "not iterable"]),
        (lambda db, tr: db.get(b"a", b"b"), TypeError, ["get()", "default", "db.get(key)"]),
        (lambda db, tr: tr.get(b"a", None), TypeError, ["get()", "default", "present()"]),
        (lambda db, tr: db["a"], TypeError, ["Key", "bytes", "str", "encode", "fdb.tuple.pack"]),
        (lambda db, tr: tr[7], TypeError, ["Key", "bytes", "int", "fdb.tuple.pack"]),
        (lambda db, tr: tr[("a", 1)], TypeError, ["Key", "tuple", "fdb.tuple.pack"]),
        (lambda db, tr: tr.set(b"a", "b"), TypeError, ["Value", "bytes", "str", "encode"]),
        (lambda db, tr: tr.set(b"a", 1), TypeError, ["Value", "int", "fdb.tuple.pack"]),
        (lambda db, tr: tr.set(b"a", None), TypeError, ["Value", "NoneType", "clear"]),
        (lambda db, tr: tr.set(b"a", bytearray(b"b")), TypeError, ["bytearray", "bytes()"]),
        (lambda db, tr: db.get_key(b"a"), TypeError, ["get_key()", "bytes", "KeySelector."]),
        (lambda db, tr: tr.get_key("a"), TypeError, ["get_key()", "str", "KeySelector."]),
        (lambda db, tr: tr.get_range_startswith(b""), ValueError, ["every key", "[:]"]),
        (
            lambda db, tr: db.clear_range_startswith(b"\xff\xff"),
            ValueError,
            ["b'\\xff\\xff'", "end"],
        ),
        (
            lambda db, tr: tr.get_estimated_range_size_bytes(None, b""),
            TypeError,
            ["begin key", "None"],
        ),
        (lambda db, tr: tr.get_range_split_points(b"", b"b", None), TypeError, ["None"]),
        (lambda db, tr: tr.get_range_split_points(b"", b"b", 0), Exception, ["chunk", "0 bytes"]),
        (lambda db, tr: tr.options.set_timeout(1.5), TypeError, ["set_timeout()", "float (1.5)"]),
        (lambda db, tr: tr.options.set_timeout(1.5), struct.error, ["milliseconds", "int()"]),
        (
            lambda db, tr: db.options.set_max_watches("5"),
            TypeError,
            ["set_max_watches()", "str ('5')"],
        ),
        (
            lambda db, tr: tr.options.set_timeout(1 << 63),
            OverflowError,
            ["set_timeout()", "64 bits"],
        ),
        (lambda db, tr: tr.options.set_timeout(1 << 63), struct.error, [str(1 << 63)]),
        (lambda db, tr: fdb.directory.open(db, "/a/b"), ValueError, ["one name", "('a', 'b')"]),
        (lambda db, tr: fdb.directory.list(db, ("x", "a/b")), ValueError, ["'a/b' is one name"]),
        (
            lambda db, tr: fdb.directory.create(db, pathlib.PurePosixPath("a/b")),
            ValueError,
            ["path", "PurePosixPath('a/b')", "path.parts"],
        ),
        (lambda db, tr: fdb.directory.create(db, ("a", 5)), ValueError, ["path", "int (5)"]),
        (
            lambda db, tr: fdb.tuple.pack((1, Versionstamp())),
            ValueError,
            ["Incomplete versionstamp", "pack_with_versionstamp", "set_versionstamped_key"],
        ),
        (
            lambda db, tr: fdb.Subspace().pack_with_versionstamp((1,)),
            ValueError,
            ["No incomplete versionstamp", "Versionstamp()"],
        ),
        (
            lambda db, tr: fdb.tuple.pack(("a", [1, (2, {3})])),
            ValueError,
            ["Unsupported data type", "set", "t[1][1][1]"],
        ),
        (lambda db, tr: fdb.Subspace(("a", {})), ValueError, ["dict", "t[1]"]),
        (lambda db, tr: fdb.tuple.compare((1,), (b"", {})), ValueError, ["dict", "t[1]"]),
        (lambda db, tr: fdb.tuple.pack("a"), TypeError, ["tuple", "str", "(x,)"]),
        (lambda db, tr: fdb.tuple.range([1]), TypeError, ["tuple", "list", "(x,)"]),
        (lambda db, tr: fdb.transactional(5), TypeError, ["decorator", "function", "int"]),
        (lambda db, tr: fdb.transactional(name="tr"), TypeError, ["decorator", "parameter="]),
        (lambda db, tr: fdb.transactional("tr"), TypeError, ["decorator", "parameter=", "str"]),
        (lambda db, tr: fdb.directory.open(5, "a"), TypeError, ["'tr'", "Database", "int"]),
    ],
)
def test_a_mistake_is_told(
    db: fdb.Database, call: Call, kind: type[Exception], parts: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        call(db, db.create_transaction())
    assert [part for part in parts if part not in str(caught.value)] == [], caught.value


def test_an_asyncio_database_has_no_default_either() -> None:
    async def read() -> None:
        database = fdb.open(fdb.embedded.unique(), event_model="asyncio")
        with pytest.raises(TypeError, match="await db.get"):
            await database.get(b"a", b"b")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="`in` does not look for a key"):
            b"a" in database  # type: ignore[operator]  # noqa: B015

    asyncio.run(read())


def test_a_function_without_the_parameter_is_named() -> None:
    with pytest.raises(ValueError) as caught:

        @fdb.transactional
        def store(db: fdb.Database, key: bytes) -> None: ...

    text = str(caught.value)
    assert "store(db, key)" in text and "'tr'" in text and "parameter=" in text


def test_the_transaction_may_be_a_keyword_of_its_own(db: fdb.Database) -> None:
    @fdb.transactional
    def store(key: bytes, *, tr: fdb.Transaction) -> fdb.TransactionRead:  # type: ignore[misc]
        tr[key] = b"stored"
        return tr

    store(b"k", tr=db)
    assert db[b"k"] == b"stored"
    tr = db.create_transaction()
    assert store(b"k", tr=tr) is tr
    with pytest.raises(TypeError, match="the argument 'tr' of the transactional function .*store"):
        store(b"k", tr=5)
    with pytest.raises(TypeError, match="is missing: give a database or a transaction"):
        store(b"k")


def test_a_transaction_used_after_its_commit_is_told(db: fdb.Database) -> None:
    tr = db.create_transaction()
    tr[b"k"] = b"v"
    tr.commit().wait()
    with pytest.raises(fdb.FDBError, match="after its commit began: make another one") as caught:
        tr[b"k"].present()
    assert caught.value.code == 2017


@pytest.mark.parametrize("value", [b"", b"abc", bytes(10), b"\x01" + bytes(3), b"ab" + bytes(10)])
def test_a_forgotten_place_of_a_stamp_is_told(db: fdb.Database, value: bytes) -> None:
    for operation in ("key", "value"):
        with pytest.raises(fdb.FDBError) as caught:
            if operation == "key":
                db.set_versionstamped_key(value, b"")
            else:
                db.set_versionstamped_value(b"k", value)
        assert caught.value.code == 2000
        text = str(caught.value)
        for part in (
            f"set_versionstamped_{operation}",
            "4 bytes",
            "pack_with_versionstamp",
            repr(value),
        ):
            assert part in text


def test_other_invalid_calls_are_not_blamed_on_stamps(db: fdb.Database) -> None:
    key = fdb.tuple.pack_with_versionstamp((Versionstamp(),))

    @fdb.transactional
    def work(tr: fdb.Transaction) -> None:
        tr.set_versionstamped_key(key, b"")
        raise fdb.FDBError(2000)

    with pytest.raises(fdb.FDBError) as caught:
        work(db)
    assert "stamp" not in str(caught.value) and "does not allow" in str(caught.value)


def test_a_timeout_tells_what_was_retried(db: fdb.Database) -> None:
    @fdb.transactional
    def work(tr: fdb.Transaction) -> None:
        tr.options.set_timeout(200)
        raise fdb.FDBError(1020)

    with pytest.raises(fdb.FDBError) as caught:
        work(db)
    assert caught.value.code == 1031
    assert "failed attempt" in str(caught.value) and "not_committed (1020)" in str(caught.value)


def test_a_retry_limit_tells_how_often(db: fdb.Database) -> None:
    @fdb.transactional
    def work(tr: fdb.Transaction) -> None:
        tr.options.set_retry_limit(2)
        raise fdb.FDBError(1007)

    with pytest.raises(fdb.FDBError) as caught:
        work(db)
    assert caught.value.code == 1007
    assert "after 2 failed attempts, the last of them with transaction_too_old (1007)" in str(
        caught.value
    )
    first = pytest.raises(fdb.FDBError, db.create_transaction().on_error(1510).wait)
    assert "attempt" not in str(first.value)


def test_a_timeout_of_a_coroutine_tells_what_was_retried() -> None:
    async def run() -> None:
        database = fdb.open(fdb.embedded.unique(), event_model="asyncio")

        @fdb.transactional
        async def work(tr: fdb.Transaction) -> None:
            tr.options.set_timeout(200)
            raise fdb.FDBError(1020)

        with pytest.raises(fdb.FDBError, match="failed attempt.*not_committed") as caught:
            await work(database)
        assert caught.value.code == 1031

    asyncio.run(run())
