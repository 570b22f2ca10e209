"""Tuples sort as their keys do."""

from __future__ import annotations

import math
import uuid

import pytest

from fdb.tuple import SingleFloat, Versionstamp
from helpers.tuples import STAMP, double, single

ASCENDING = [
    (),
    (None,),
    (None, None),
    (b"",),
    (b"\x00",),
    (b"\x00\x00",),
    (b"\x01",),
    (b"a",),
    (b"a", b""),
    ("",),
    ("a",),
    ("\uffff",),
    ("\U00010000",),  # after U+FFFF as UTF-8 sorts, before it as UTF-16 does
    ((),),
    ((None,),),
    ((b"a",),),
    ((b"a",), 1),
    ((b"a", 1),),
    (-(2**2040) + 1,),
    (-(2**64),),
    (-(2**64) + 1,),
    (-(2**64) + 2,),
    (-256,),
    (-255,),
    (-1,),
    (0,),
    (1,),
    (255,),
    (256,),
    (2**64 - 2,),
    (2**64 - 1,),
    (2**64,),
    (2**2040 - 1,),
    (single(0xFFC00000),),
    (SingleFloat(-math.inf),),
    (SingleFloat(-0.0),),
    (SingleFloat(0.0),),
    (SingleFloat(math.nan),),
    (double(0xFFF8000000000000),),
    (-math.inf,),
    (-1.0,),
    (-0.0,),
    (0.0,),
    (1.0,),
    (math.inf,),
    (math.nan,),
    (False,),
    (True,),
    (uuid.UUID(int=0),),
    (uuid.UUID(int=2**128 - 1),),
    (STAMP,),
    (Versionstamp(None, 0),),
    (Versionstamp(None, 1),),
]


def test_order(codec):
    for i, first in enumerate(ASCENDING):
        for j, second in enumerate(ASCENDING):
            assert codec.compare(first, second) == (i > j) - (i < j), (first, second)


def test_compare_takes_lists_and_any_number_of_incomplete_versionstamps(codec):
    assert codec.compare([1, [2]], (1, (2,))) == 0
    two = (Versionstamp(None, 1), (Versionstamp(None, 2), Versionstamp(None, 3)))
    assert codec.compare(two, two) == 0
    assert codec.compare(two, (Versionstamp(None, 2),)) == -1
    with pytest.raises(ValueError, match=r"^Unsupported data type: <class 'object'> at t\[0\]: "):
        codec.compare((1,), (object(),))
