"""fdb/tuple.py: what counts as null, and decoding element by element."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

import fdb
import fdb.tuple


class EqualsNone:
    """Says of itself that it is equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class LooksLikeAValue(EqualsNone):
    """Has what a database value has, and is none."""

    value = None

    def present(self) -> bool:
        return False

    def as_foundationdb_value(self) -> bytes:
        return b""


class EqualsNoneInArrays:
    """As the arrays of some packages, whose comparisons have no truth."""

    def __eq__(self, other: object) -> Any:
        return [True, False]


@pytest.mark.parametrize(
    "element", [EqualsNone(), LooksLikeAValue(), EqualsNoneInArrays(), object(), {}, ...]
)
@pytest.mark.parametrize("depth", range(3))
def test_only_none_is_null(codec: Any, element: Any, depth: int) -> None:
    packed: tuple[Any, ...] = (b"a", element)
    for _ in range(depth):
        packed = (packed, [packed])
    with pytest.raises(ValueError, match="nsupported"):
        codec.pack(packed)
    with pytest.raises(ValueError, match="nsupported"):
        codec.compare(packed, packed)


def test_types_that_say_they_equal_none(codec: Any) -> None:
    class Number(int):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    assert codec.pack((Number(7),)) == codec.pack((7,))


def test_absent_values_are_null(codec: Any, db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    tr[test_prefix] = b"v"
    absent, present = tr[test_prefix + b"absent"], tr[test_prefix]
    assert codec.pack((absent, (absent,), present)) == codec.pack((None, (None,), b"v"))
    with pytest.raises(ValueError, match="nsupported"):
        codec.pack((tr.get_read_version(),))


def test_int2byte() -> None:
    assert [fdb.tuple.int2byte(number) for number in (0, 1, 255)] == [b"\x00", b"\x01", b"\xff"]
    with pytest.raises(ValueError):
        fdb.tuple.int2byte(256)


def test_decoding_element_by_element() -> None:
    elements = (
        None,
        b"by\x00tes",
        "text",
        0,
        -5,
        1 << 70,
        1.5,
        True,
        (),
        (None, ("deep", (None, b"\x00"))),
        uuid.UUID(int=7),
        fdb.tuple.Versionstamp(b"0123456789", 3),
    )
    packed = fdb.tuple.pack(elements)
    found, position = [], 0
    while position < len(packed):
        element, after = fdb.tuple._decode(packed, position)
        assert fdb.tuple.pack((element,)) == packed[position:after]
        found.append(element)
        position = after
    assert tuple(found) == elements
    assert fdb.tuple._decode(b"\x15\x05", 0) == (5, 2)
    assert fdb.tuple._decode(b"prefix\x15\x05rest", 6) == (5, 8)


@pytest.mark.parametrize("data", [b"", b"\x05\x15\x01", b"\x02unterminated", b"\xfe", b"\x16\x01"])
def test_decoding_what_is_no_element(data: bytes) -> None:
    with pytest.raises(ValueError):
        fdb.tuple._decode(data, 0)
    with pytest.raises(ValueError):
        fdb.tuple._decode(b"\x14", 1)
