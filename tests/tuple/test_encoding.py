"""What tuples are as bytes, and what of them comes back."""

from __future__ import annotations

import ctypes
import enum
import math
import struct
from collections import namedtuple

import pytest

from fdb.tuple import SingleFloat, Versionstamp
from helpers.tuples import AN_UUID, STAMP, double, single

ENCODINGS = [
    ((), ""),
    ((None,), "00"),
    ((b"",), "0100"),
    ((b"a\x00b\xff",), "016100ff62ff00"),
    (("",), "0200"),
    (("F\u00d4O\x00bar",), "0246c3944f00ff62617200"),
    (("\U0001f600",), "02f09f988000"),
    (((),), "0500"),
    (((b"foo\x00bar", None, ()),), "0501666f6f00ff6261720000ff050000"),
    (([1, None],), "05150100ff00"),
    ((None, (None,)), "000500ff00"),
    ((0,), "14"),
    ((1,), "1501"),
    ((-1,), "13fe"),
    ((255,), "15ff"),
    ((256,), "160100"),
    ((-255,), "1300"),
    ((-256,), "12feff"),
    ((-5551212,), "11ab4b93"),
    ((2**63 - 1,), "1c7fffffffffffffff"),
    ((-(2**63),), "0c7fffffffffffffff"),
    ((2**63,), "1c8000000000000000"),
    ((2**64 - 2,), "1cfffffffffffffffe"),
    ((-(2**64) + 2,), "0c0000000000000001"),
    # Fits in eight bytes, but has always been written in the long form here.
    ((2**64 - 1,), "1d08ffffffffffffffff"),
    ((-(2**64) + 1,), "0bf70000000000000000"),
    ((2**64,), "1d09010000000000000000"),
    ((-(2**64),), "0bf6feffffffffffffffff"),
    ((2**2040 - 1,), "1dff" + "ff" * 255),
    ((1 - 2**2040,), "0b00" + "00" * 255),
    ((SingleFloat(42.0),), "20c2280000"),
    ((SingleFloat(-42.0),), "203dd7ffff"),
    ((SingleFloat(-0.0),), "207fffffff"),
    ((ctypes.c_float(1.0),), "20bf800000"),
    ((42.0,), "21c045000000000000"),
    ((-42.0,), "213fbaffffffffffff"),
    ((0.0,), "218000000000000000"),
    ((-0.0,), "217fffffffffffffff"),
    ((math.inf,), "21fff0000000000000"),
    ((-math.inf,), "21000fffffffffffff"),
    ((ctypes.c_double(42.0),), "21c045000000000000"),
    ((False,), "26"),
    ((True,), "27"),
    ((AN_UUID,), "30000102030405060708090a0b0c0d0e0f"),
    ((STAMP,), "33303132333435363738390102"),
    (("a", 1, b"b"), "02610015010162" + "00"),
]


@pytest.mark.parametrize(("t", "encoded"), ENCODINGS, ids=[e[:24] or "empty" for _, e in ENCODINGS])
def test_encoding(codec, t, encoded):
    assert codec.pack(t).hex() == encoded
    decoded = codec.unpack(bytes.fromhex(encoded))
    assert codec.pack(decoded).hex() == encoded
    assert codec.compare(decoded, t) == 0
    assert codec.pack(t, b"prefix") == b"prefix" + bytes.fromhex(encoded)
    assert codec.pack(t, prefix=b"prefix") == b"prefix" + bytes.fromhex(encoded)
    assert codec.unpack(b"prefix" + bytes.fromhex(encoded), 6) == codec.unpack(
        b"prefix" + bytes.fromhex(encoded), prefix_len=6
    )


def test_types_of_decoded_elements(codec):
    t = (None, b"a", "b", 1, 2.0, True, AN_UUID, STAMP, SingleFloat(1.5), ("c", (None,)))
    decoded = codec.unpack(codec.pack(t))
    assert decoded == t
    assert [type(x) for x in decoded] == [type(x) for x in t]
    assert codec.unpack(codec.pack(([1, [2]],))) == ((1, (2,)),)


def test_short_form_of_the_integers_that_are_written_long(codec):
    assert codec.unpack(b"\x1c" + b"\xff" * 8) == (2**64 - 1,)
    assert codec.unpack(b"\x0c" + b"\x00" * 8) == (-(2**64) + 1,)


def test_subclasses_are_packed_as_their_base(codec):
    class Number(int):
        def __int__(self):
            return 99

    class Text(str):
        def __str__(self):
            return "other"

    class Real(float):
        pass

    class Raw(bytes):
        pass

    class Colour(enum.IntEnum):
        RED = 7

    class Name(str, enum.Enum):
        ANN = "ann"

    Point = namedtuple("Point", "x y")
    given_tuple = (Number(5), Text("t"), Real(1.5), Raw(b"r"), Colour.RED, Name.ANN, Point(1, 2))
    assert codec.pack(given_tuple) == codec.pack((5, "t", 1.5, b"r", 7, "ann", (1, 2)))
    assert codec.pack(Point(1, 2)) == codec.pack((1, 2))


def test_tuple_subclass_that_iterates_differently(codec):
    class Doubled(tuple):
        def __iter__(self):
            for item in tuple.__iter__(self):
                yield item
                yield item

    assert codec.pack(Doubled((1, 2))) == codec.pack((1, 1, 2, 2))
    assert codec.pack((Doubled((1, 2)),)) == codec.pack(((1, 1, 2, 2),))


class LazyValue:
    """Passes for bytes as the values of a database do."""

    def __init__(self, value):
        self.value = value

    @property
    def __class__(self):
        return bytes

    def __bytes__(self):
        if self.value is None:
            raise TypeError("absent")
        return self.value

    def __eq__(self, other):
        return self.value == other

    __hash__ = None

    def __len__(self):
        return len(bytes(self))


def test_lazy_values(codec):
    assert codec.pack((LazyValue(b"v"), LazyValue(None))) == codec.pack((b"v", None))
    assert codec.pack(((LazyValue(None),),)) == codec.pack(((None,),))
    assert codec.unpack(LazyValue(codec.pack((1, "a")))) == (1, "a")
    with pytest.raises(TypeError):
        codec.unpack(LazyValue(None))
    assert Versionstamp(LazyValue(b"0123456789"), 0x0102) == STAMP
    assert codec.pack((Versionstamp(LazyValue(b"0123456789"), 0x0102),)) == codec.pack((STAMP,))


def test_database_values(codec, db, test_prefix):
    db[test_prefix] = codec.pack((1, "a"))
    tr = db.create_transaction()
    value, absent = tr[test_prefix], tr[test_prefix + b"absent"]
    assert codec.unpack(value) == (1, "a")
    assert codec.pack((value, absent)) == codec.pack((bytes(value), None))


def test_key_may_be_any_bytes_like_object(codec):
    packed = codec.pack((b"a", 5))
    assert codec.unpack(bytearray(packed)) == (b"a", 5)
    assert codec.unpack(memoryview(packed)) == (b"a", 5)


@pytest.mark.parametrize(
    "bits", [0x7F800001, 0xFF800001, 0x7FC00000, 0xFFFFFFFF, 0x7F800000, 0x80000000, 1]
)
def test_every_bit_of_a_single_float_survives(codec, bits):
    packed = codec.pack((single(bits),))
    (value,) = codec.unpack(packed)
    assert value == single(bits)
    assert codec.pack((value,)) == packed


@pytest.mark.parametrize(
    "bits", [0x7FF0000000000001, 0xFFF0000000000001, 0x7FF8000000000000, 0xFFFFFFFFFFFFFFFF]
)
def test_every_bit_of_a_nan_survives(codec, bits):
    packed = codec.pack((double(bits),))
    assert struct.pack(">d", codec.unpack(packed)[0]) == struct.pack(">Q", bits)
