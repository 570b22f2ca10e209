"""fdb/_keys.py: selectors, strinc, and what may be a key or a value."""

from __future__ import annotations

from typing import Any

import pytest

import fdb


def test_selectors() -> None:
    selector = fdb.KeySelector.first_greater_or_equal(b"k")
    assert (selector.key, selector.or_equal, selector.offset) == (b"k", False, 1)
    assert repr(fdb.KeySelector.first_greater_than(b"k")) == "KeySelector(b'k', True, 1)"
    assert repr(fdb.KeySelector.last_less_than(b"k") + 3) == "KeySelector(b'k', False, 3)"
    assert repr(fdb.KeySelector.last_less_or_equal(b"k") - 3) == "KeySelector(b'k', True, -3)"


def test_moving_a_selector_makes_a_new_one() -> None:
    selector = fdb.KeySelector(b"k", True, 0)
    assert (selector + 1) is not selector
    assert selector.offset == 0


@pytest.mark.parametrize(
    ("key", "following"),
    [(b"a", b"b"), (b"a\xff\xff", b"b"), (b"a\xfe", b"a\xff"), (b"\x00", b"\x01")],
)
def test_strinc(key: bytes, following: bytes) -> None:
    assert fdb.strinc(key) == following


@pytest.mark.parametrize("key", [b"", b"\xff", b"\xff\xff"])
def test_strinc_without_a_following_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="Key must contain at least one byte not equal to 0xFF"):
        fdb.strinc(key)


class Named:
    """Stands for a key and for a value."""

    def __init__(self, what: Any) -> None:
        self.what = what

    def as_foundationdb_key(self) -> Any:
        return self.what

    def as_foundationdb_value(self) -> Any:
        return self.what


def test_objects_that_stand_for_keys_and_values(db: fdb.Database, test_prefix: bytes) -> None:
    key = Named(test_prefix + b"k")
    db[key] = Named(b"value")
    assert db[key] == b"value"
    tr = db.create_transaction()
    assert [row.value for row in tr[key : Named(test_prefix + b"l")]] == [b"value"]
    assert tr.get_key(fdb.KeySelector.first_greater_or_equal(key)) == test_prefix + b"k"
    db.add(key, Named(b"\x01"))
    del db[key]
    assert db[key] is None


def test_a_value_can_be_stored_and_used_as_a_key(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    tr[test_prefix + b"a"] = test_prefix + b"b"
    tr[tr[test_prefix + b"a"]] = tr[test_prefix + b"a"]
    assert tr[test_prefix + b"b"] == test_prefix + b"b"
    with pytest.raises(TypeError):
        tr[b"key"] = tr[test_prefix + b"absent"]


@pytest.mark.parametrize(
    "wrong", ["text", 5, None, bytearray(b"x"), memoryview(b"x"), 1.5, (b"k",)]
)
def test_wrong_types_name_the_argument_and_the_type(db: fdb.Database, wrong: Any) -> None:
    tr = db.create_transaction()
    kind = type(wrong).__name__
    for call in (
        lambda: tr[wrong],
        lambda: tr.get_key(fdb.KeySelector.last_less_than(wrong)),
        lambda: tr.set(wrong, b"v"),
        lambda: tr.clear(wrong),
        lambda: tr.watch(wrong),
        lambda: tr.add(wrong, b"v"),
        lambda: tr.add_read_conflict_key(wrong),
        lambda: tr.add_write_conflict_range(wrong, b"x"),
        lambda: tr.get_range_startswith(wrong),
        lambda: db[wrong],
    ):
        with pytest.raises(TypeError, match=f"Key must be of type bytes, not {kind}"):
            call()
    for call in (lambda: tr.set(b"k", wrong), lambda: tr.add(b"k", wrong)):
        with pytest.raises(TypeError, match=f"Value must be of type bytes, not {kind}"):
            call()


def test_a_conversion_must_give_bytes(db: fdb.Database) -> None:
    with pytest.raises(TypeError, match=r"as_foundationdb_key\(\) of Named returned str"):
        db[Named("text")]


def test_errors_in_a_conversion_are_raised(db: fdb.Database) -> None:
    class Broken:
        def as_foundationdb_key(self) -> bytes:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db[Broken()]
