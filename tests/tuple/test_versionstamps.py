"""Tuples with a versionstamp that the commit fills in."""

from __future__ import annotations

import struct

import pytest

import fdb
from fdb.tuple import Versionstamp
from helpers.tuples import STAMP


@pytest.mark.parametrize(
    ("t", "prefix", "position"),
    [
        ((Versionstamp(),), None, 1),
        ((Versionstamp(),), b"", 1),
        ((Versionstamp(),), b"prefix", 7),
        (("a", Versionstamp(None, 5), "b"), None, 4),
        (("a", (1, [Versionstamp(None, 5)]), STAMP), b"p", 9),
        ((b"x" * 70_000, Versionstamp()), None, 70_003),
    ],
)
def test_pack_with_versionstamp(codec, t, prefix, position):
    packed = codec.pack_with_versionstamp(t, prefix)
    assert packed[-4:] == struct.pack("<I", position)
    body = packed[:-4]
    assert body[position - 1 : position + 10] == b"\x33" + b"\xff" * 10
    completed = body[:position] + b"0123456789" + body[position + 10 :]
    decoded = codec.unpack(completed, len(prefix or b""))
    assert not fdb.tuple.has_incomplete_versionstamp(decoded)


def test_the_number_of_incomplete_versionstamps_must_be_one(codec):
    with pytest.raises(
        ValueError,
        match="^No incomplete versionstamp included in tuple pack with versionstamp: put a",
    ):
        codec.pack_with_versionstamp((1, STAMP))
    for t in ((Versionstamp(), Versionstamp()), (Versionstamp(), (1, [Versionstamp()]))):
        for function in (codec.pack, codec.pack_with_versionstamp):
            with pytest.raises(
                ValueError, match="^Multiple incomplete versionstamps included in tuple$"
            ):
                function(t)


def test_incomplete_versionstamp_in_a_key(codec):
    assert codec.unpack(b"\x33" + b"\xff" * 10 + b"\x00\x05") == (Versionstamp(None, 5),)


def test_has_incomplete_versionstamp():
    has = fdb.tuple.has_incomplete_versionstamp
    assert has((Versionstamp(),))
    assert has([1, (2, [Versionstamp()])])
    assert not has((1, "a", (STAMP,)))
    with pytest.raises(TypeError):
        has(5)
