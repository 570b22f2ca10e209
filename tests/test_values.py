"""fdb/_values.py: Value and Key behave like the bytes they stand for."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import pytest

import fdb

BYTES = b" Some Value, 12 \n"


@pytest.fixture(params=["ready", "waiting"])
def case(
    request: pytest.FixtureRequest, db: fdb.Database, stub_db: fdb.Database
) -> tuple[Any, bytes]:
    """A Value and its bytes: there already, or still on the way."""
    if request.param == "ready":
        tr = db.create_transaction()
        tr[b"fdb-test/value"] = BYTES
        return tr[b"fdb-test/value"], BYTES
    key = b"delay:5" + BYTES
    return stub_db.create_transaction()[key], key


@pytest.fixture
def value(case: tuple[Any, bytes]) -> Any:
    return case[0]


@pytest.fixture
def expected(case: tuple[Any, bytes]) -> bytes:
    return case[1]


@pytest.fixture
def absent(db: fdb.Database) -> Any:
    return db.create_transaction()[b"fdb-test/absent"]


def test_it_claims_to_be_bytes(value: Any, absent: Any) -> None:
    assert isinstance(value, bytes)
    assert isinstance(absent, bytes)
    assert isinstance(value, fdb.Value) and isinstance(value, fdb.Future)
    assert type(value) is fdb.Value


def test_comparison(value: Any, expected: bytes) -> None:
    assert value == expected and expected == value
    assert not value != expected
    assert value != b"" and value != None  # noqa: E711
    assert value < expected + b"\x00" and value <= expected
    assert value > b"" and value >= expected
    assert value == value
    assert {expected: 1}[value] == 1


def test_comparison_with_other_futures(db: fdb.Database) -> None:
    tr = db.create_transaction()
    tr[b"fdb-test/a"] = tr[b"fdb-test/b"] = b"same"
    assert tr[b"fdb-test/a"] == tr[b"fdb-test/b"]
    assert tr[b"fdb-test/a"] != tr[b"fdb-test/c"]
    assert tr[b"fdb-test/a"] + tr[b"fdb-test/b"] == b"samesame"


def test_operators(value: Any, expected: bytes) -> None:
    assert value + b"x" == expected + b"x"
    assert b"x" + value == b"x" + expected
    assert value * 2 == 2 * value == expected * 2
    assert len(value) == len(expected)
    assert (value[0], value[-1], value[1:4], value[::-1]) == (
        expected[0],
        expected[-1],
        expected[1:4],
        expected[::-1],
    )
    assert list(value) == list(expected)
    assert b"Value" in value and 300 - 299 not in value
    assert bytes(value) == expected
    assert (str(value), repr(value)) == (str(expected), repr(expected))
    assert hash(value) == hash(expected)


def test_every_public_method_of_bytes_is_there(value: Any, expected: bytes) -> None:
    arguments: dict[str, tuple[Any, ...]] = {
        "center": (40,),
        "count": (b"e",),
        "endswith": (b"\n",),
        "find": (b"V",),
        "fromhex": ("00ff",),
        "index": (b"V",),
        "join": ([b"a", b"b"],),
        "ljust": (40,),
        "maketrans": (b"a", b"b"),
        "partition": (b",",),
        "removeprefix": (b" ",),
        "removesuffix": (b"\n",),
        "replace": (b"e", b"E"),
        "rfind": (b"e",),
        "rindex": (b"e",),
        "rjust": (40,),
        "rpartition": (b",",),
        "startswith": (b" ",),
        "translate": (None, b"e"),
        "zfill": (40,),
    }
    for name in dir(bytes):
        if not name.startswith("_"):
            args = arguments.get(name, ())
            assert getattr(value, name)(*args) == getattr(expected, name)(*args), name


def test_numbers_and_formats(db: fdb.Database) -> None:
    tr = db.create_transaction()
    tr[b"fdb-test/number"] = b" 42 "
    assert int(tr[b"fdb-test/number"]) == 42
    tr[b"fdb-test/format"] = b"<%d>"
    assert tr[b"fdb-test/format"] % 5 == b"<5>"


def test_it_can_be_read_as_a_buffer(value: Any, expected: bytes) -> None:
    assert b"".join([value, b"!"]) == expected + b"!"
    assert hashlib.sha256(value).digest() == hashlib.sha256(expected).digest()
    assert struct.unpack_from("<H", value) == struct.unpack_from("<H", expected)
    assert memoryview(value).tobytes() == expected


def test_truth_and_presence(value: Any, absent: Any, db: fdb.Database) -> None:
    tr = db.create_transaction()
    tr[b"fdb-test/empty"] = b""
    empty = tr[b"fdb-test/empty"]
    assert value and value.present()
    assert not empty and empty.present() and empty == b""
    assert not absent and not absent.present()


def test_an_absent_value(absent: Any) -> None:
    assert absent.value is None
    assert absent == None and not absent != None  # noqa: E711
    assert absent is not None
    assert absent != b""
    assert (repr(absent), str(absent)) == ("None", "None")
    assert absent.wait() is absent
    assert hash(absent) == hash(None)
    for refused in (
        lambda: bytes(absent),
        lambda: absent.decode(),
        lambda: absent.startswith(b"x"),
        lambda: len(absent),
        lambda: absent[0],
        lambda: absent + b"x",
        lambda: absent < b"x",
        lambda: int(absent),
        lambda: b"".join([absent]),
    ):
        with pytest.raises(TypeError):
            refused()


def test_wait_gives_the_object_itself(value: Any) -> None:
    assert value.wait() is value
    assert value.wait() is value
    assert value.is_ready()


def test_a_key(db: fdb.Database, test_prefix: bytes) -> None:
    db[test_prefix + b"k"] = b""
    key = db.create_transaction().get_key(fdb.KeySelector.first_greater_or_equal(test_prefix))
    assert type(key) is fdb.Key
    assert key == test_prefix + b"k" and key.wait() is key
    assert key.startswith(test_prefix)


def test_a_failed_read_raises_at_every_use(stub_db: fdb.Database) -> None:
    value = stub_db.create_transaction()[b"error:1020"]
    for use in (
        value.wait,
        value.present,
        lambda: value == b"",
        lambda: value.value,
        lambda: bool(value),
    ):
        with pytest.raises(fdb.FDBError) as failed:
            use()
        assert failed.value.code == 1020


def test_it_outlives_its_transaction_and_database(memory_db: fdb.Database) -> None:
    tr = memory_db.create_transaction()
    tr[b"k"] = b"v"
    value = tr[b"k"]
    value.block_until_ready()
    tr.cancel()
    del tr
    assert value == b"v"


def test_classes_can_be_subclassed() -> None:
    class MyValue(fdb.Value):
        pass

    class MyRow(fdb.KeyValue):
        pass

    row = MyRow(b"k", b"v")
    row.note = "attributes are allowed"  # type: ignore[attr-defined]
    assert (row.key, list(row)) == (b"k", [b"k", b"v"])
    assert issubclass(MyValue, fdb.Future)
