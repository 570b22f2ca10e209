"""fdb/_tuple/types.py: Versionstamp and SingleFloat."""

from __future__ import annotations

import ctypes
import math
import struct

import pytest

from fdb.tuple import SingleFloat, Versionstamp
from helpers.tuples import STAMP, single


def test_versionstamp_fields():
    assert STAMP.tr_version == b"0123456789"
    assert STAMP.user_version == 0x0102
    assert STAMP.is_complete()
    assert STAMP.to_bytes() == b"0123456789\x01\x02"
    assert Versionstamp.LENGTH == 12
    assert Versionstamp.from_bytes(STAMP.to_bytes()) == STAMP
    assert Versionstamp.from_bytes(b"xx" + STAMP.to_bytes() + b"yy", 2) == STAMP
    assert Versionstamp.from_bytes(b"\xff" * 10 + b"\x00\x07") == Versionstamp.incomplete(7)
    assert not Versionstamp.incomplete(7).is_complete()
    assert Versionstamp(None, 0x0102).completed(b"0123456789") == STAMP
    assert repr(STAMP) == "fdb.tuple.Versionstamp(b'0123456789', 258)"
    assert str(Versionstamp()) == "Versionstamp(None, 0)"
    with pytest.raises(RuntimeError, match="^Versionstamp already completed$"):
        STAMP.completed(b"0123456789")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((b"short",), ValueError, "Global version has incorrect length 5 (requires 10)"),
        (
            ("0123456789",),
            TypeError,
            "Global version has illegal type <class 'str'> (requires bytes)",
        ),
        ((None, -1), ValueError, "Local version has value -1 which is out of range"),
        ((None, 65536), ValueError, "Local version has value 65536 which is out of range"),
        ((None, "1"), TypeError, "Local version has illegal type <class 'str'> (requires int)"),
    ],
)
def test_versionstamp_errors(arguments, error, text):
    with pytest.raises(error) as caught:
        Versionstamp(*arguments)
    assert str(caught.value) == text


def test_versionstamp_from_bytes_errors():
    with pytest.raises(TypeError, match="Cannot parse versionstamp from non-byte string"):
        Versionstamp.from_bytes("0" * 12)
    for start in (1, 12, 100, -1):
        with pytest.raises(ValueError, match="too short"):
            Versionstamp.from_bytes(b"0" * 12, start)


def test_versionstamp_order():
    ordered = [
        Versionstamp(b"\x00" * 10, 0),
        Versionstamp(b"\x00" * 10, 1),
        Versionstamp(b"\x00" * 9 + b"\x01", 0),
        Versionstamp(b"\xff" * 9 + b"\xfe", 65535),
        Versionstamp(None, 0),
        Versionstamp(None, 1),
    ]
    for i, first in enumerate(ordered):
        for j, second in enumerate(ordered):
            assert (first < second, first <= second, first > second, first >= second) == (
                i < j,
                i <= j,
                i > j,
                i >= j,
            )
            assert (first == second) == (i == j)
            assert (hash(first) == hash(second)) == (i == j)
    assert STAMP != "stamp"
    with pytest.raises(TypeError):
        assert STAMP < 5


# -- SingleFloat -------------------------------------------------------------------------------------


def test_single_float():
    assert SingleFloat(1.1).value == struct.unpack("f", struct.pack("f", 1.1))[0]
    assert SingleFloat(2) == SingleFloat(2.0) == SingleFloat(ctypes.c_float(2))
    assert SingleFloat(1e300).value == math.inf
    assert SingleFloat(-1e300).value == -math.inf
    assert SingleFloat(1) != 1.0
    assert SingleFloat(0.0) != SingleFloat(-0.0)
    assert SingleFloat(-0.0) < SingleFloat(0.0)
    assert SingleFloat(math.nan) == SingleFloat(math.nan)
    assert SingleFloat(math.inf) < SingleFloat(math.nan)
    assert single(0xFFC00000) < SingleFloat(-math.inf)
    assert len({SingleFloat(1), SingleFloat(1.0), SingleFloat(2)}) == 2
    assert repr(SingleFloat(1.5)) == "SingleFloat(1.5)"
    assert str(SingleFloat(1.5)) == "1.5"
    for value in ("a", None, ctypes.c_double(1), SingleFloat(1)):
        with pytest.raises(ValueError, match="^Incompatible type for single-precision float: "):
            SingleFloat(value)
    with pytest.raises(OverflowError):
        SingleFloat(10**400)
