"""fdb/_bulk/continuation.py: bytes that say where to go on, and are refused where they do not belong."""

from __future__ import annotations

import random

import pytest

from fdb._bulk.continuation import pack, unpack
from fdb._bulk.region import Region

FORWARD, BACKWARD = Region(b"a", b"m", False), Region(b"a", b"m", True)


@pytest.mark.parametrize("whole", [FORWARD, BACKWARD])
@pytest.mark.parametrize("version", [None, 0, 1 << 62])
def test_there_and_back(whole, version):
    for rest in (whole, whole.after(b"c"), whole.nothing()):
        found, known = unpack(whole, pack(whole, rest, version))
        assert (found.begin, found.end, found.reverse) == (rest.begin, rest.end, rest.reverse)
        assert known == version


@pytest.mark.parametrize(
    ("whole", "version", "given"),
    [
        (FORWARD, None, "0100f8c5c71a3698f68c630094d1965e"),
        (BACKWARD, 77, "0103f8c5c71a3698f68c000000000000004d63bd0af979"),
    ],
)
def test_those_of_older_versions_of_the_package_are_good(whole, version, given):
    rest, known = unpack(whole, bytes.fromhex(given))
    assert repr(rest) == repr(whole.after(b"c"))
    assert known == version


@pytest.mark.parametrize(
    ("whole", "text"),
    [
        (BACKWARD, "of another direction: of a scan from the begin to the end"),
        (Region(b"a", b"n", False), "of another range than b'a' to b'n'"),
        (Region(b"am", b"", False), "of another range"),
    ],
)
def test_where_it_does_not_belong(whole, text):
    with pytest.raises(ValueError, match=f"the continuation is {text}"):
        unpack(whole, pack(FORWARD, FORWARD.after(b"c"), None))
    with pytest.raises(ValueError, match="direction: of a scan in reverse"):
        unpack(FORWARD, pack(BACKWARD, BACKWARD, None))


def test_what_is_none():
    for continuation in ("text", 3, bytearray(b"x"), [b"x"]):
        with pytest.raises(TypeError, match="the continuation must be bytes, not"):
            unpack(FORWARD, continuation)
    for continuation in (b"", b"c", b"x" * 40):
        with pytest.raises(ValueError, match="the continuation is damaged, or is none"):
            unpack(FORWARD, continuation)


def test_every_damage_is_found():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    good = pack(FORWARD, FORWARD.after(b"cde"), 77)
    for place in range(len(good)):
        changed = bytearray(good)
        changed[place] ^= rng.randrange(1, 256)
        with pytest.raises(ValueError, match="damaged"):
            unpack(FORWARD, bytes(changed))
    for length in range(len(good)):
        with pytest.raises(ValueError, match="damaged"):
            unpack(FORWARD, good[:length])


def test_a_later_format():
    import zlib

    body = b"\x02" + pack(FORWARD, FORWARD, None)[1:-4]
    with pytest.raises(ValueError, match="has format 2, and this version of the package knows 1"):
        unpack(FORWARD, body + zlib.crc32(body).to_bytes(4, "big"))
