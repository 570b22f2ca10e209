"""What cannot be packed, what cannot be unpacked, and how that is said."""

from __future__ import annotations

import pytest

import fdb
from fdb.tuple import SingleFloat, Versionstamp
from helpers.tuples import AN_UUID, STAMP


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (object, ValueError, "Unsupported data type: <class 'type'>"),
        ({}, ValueError, "Unsupported data type: <class 'dict'>"),
        (bytearray(b"a"), ValueError, "Unsupported data type: <class 'bytearray'>"),
        (1j, ValueError, "Unsupported data type: <class 'complex'>"),
        (2**2040, ValueError, "Integer needs more than 255 bytes"),
        (-(2**2040), ValueError, "Integer needs more than 255 bytes"),
        ("\ud800", UnicodeEncodeError, "surrogates not allowed"),
        (Versionstamp(), ValueError, "Incomplete versionstamp included in vanilla tuple pack"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_elements_that_cannot_be_packed(codec, value, error, text, nested):
    with pytest.raises(error) as caught:
        codec.pack(("before", [value] if nested else value))
    assert text in str(caught.value)


@pytest.mark.parametrize("t", [[1], "a", None, b"a", 5])
def test_pack_takes_tuples_only(codec, t):
    text = "fdbtuple pack() expects a tuple, got a " + str(type(t))
    for function in (codec.pack, codec.pack_with_versionstamp):
        with pytest.raises(TypeError) as caught:
            function(t)
        assert str(caught.value) == text + ": write (x,) for one element"
    with pytest.raises(TypeError) as caught:
        fdb.tuple.range(t)
    assert str(caught.value).startswith("fdbtuple range() expects a tuple, got a " + str(type(t)))


@pytest.mark.parametrize("prefix", ["text", 5, [b"a"]])
def test_prefix_must_be_bytes(codec, prefix):
    with pytest.raises(TypeError, match="Tuple prefix must be of type bytes"):
        codec.pack((1,), prefix)


def test_wrong_calls(codec):
    for call in (
        lambda: codec.pack(),
        lambda: codec.pack((1,), b"", 3),
        lambda: codec.pack((1,), suffix=b""),
        lambda: codec.unpack(),
        lambda: codec.compare((1,)),
        lambda: codec.compare((1,), 5),
        lambda: codec.unpack(b"", "1"),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("key", [None, 5, "text", [1], object()])
def test_unpack_takes_bytes_only(codec, key):
    with pytest.raises(TypeError, match="Packed tuple must be of type bytes"):
        codec.unpack(key)


MALFORMED = {
    "reserved codes": [
        "03",
        "04",
        "1e",
        "1f",
        "22",
        "23",
        "24",
        "25",
        "28",
        "31",
        "32",
        "34",
        "ff",
    ],
    "codes of the outside": ["fe", "0a", "06", "07"],
    "cut integers": [
        "15",
        "13",
        "1601",
        "1c00000000000000",
        "0c",
        "1d",
        "1d09",
        "1d0901",
        "0b",
        "0bf6",
        "0bf6fe",
    ],
    "overlong integers": [
        "1500",
        "160005",
        "13ff",
        "12fffe",
        "1d00",
        "1d0105",
        "1d0900ffffffffffffffff",
        "0bfe05",
        "0bf6ffffffffffffffffff",
        "0bff",
    ],
    "unterminated strings": ["01", "0161", "02", "0261", "0100ff", "016100ff"],
    "invalid utf-8": ["02ff00", "02c300", "02eda08000", "02f48fbfc000"],
    "unterminated tuples": ["05", "0505", "051501", "050500", "0500ff", "05026100"],
    "cut floats": ["20", "20000000", "21", "2100000000000000"],
    "cut uuids": ["30", "30" + "00" * 15],
    "cut versionstamps": ["33", "33" + "00" * 11],
    "escape at top level": ["00ff"],
    "bad code in a tuple": ["05ff00", "050300"],
}


@pytest.mark.parametrize("encoded", [e for group in MALFORMED.values() for e in group])
def test_malformed_keys(codec, encoded):
    key = bytes.fromhex(encoded)
    with pytest.raises(ValueError):
        codec.unpack(key)
    with pytest.raises(ValueError):
        codec.unpack(codec.pack(("good",)) + key)


def test_unknown_code_shows_the_whole_key(codec):
    with pytest.raises(ValueError) as caught:
        codec.unpack(b"\x15\x01\xfd\x00")
    assert str(caught.value) == "Unknown data type in DB: b'\\x15\\x01\\xfd\\x00'"


@pytest.mark.parametrize("prefix_len", [-1, 3, 2**70])
def test_prefix_length_outside_of_the_key(codec, prefix_len):
    with pytest.raises(ValueError, match="Prefix length"):
        codec.unpack(b"\x15\x01", prefix_len)
    assert codec.unpack(b"\x15\x01", 2) == ()


def test_every_cut_of_a_key_is_refused_or_a_shorter_tuple(codec):
    # No zero byte in a string: a cut behind it ends the string, and nothing can tell.
    t = (
        None,
        b"ab",
        "\u00fc",
        -300,
        2**70,
        -(2**70),
        1.5,
        SingleFloat(2),
        True,
        AN_UUID,
        STAMP,
        ("x", (None, 5)),
    )
    packed = codec.pack(t)
    shorter = {codec.pack(t[:n]): t[:n] for n in range(len(t))}
    for length in range(len(packed)):
        cut = packed[:length]
        if cut in shorter:
            assert codec.unpack(cut) == shorter[cut]
        else:
            with pytest.raises(ValueError):
                codec.unpack(cut)


def test_nesting_beyond_any_stack(codec):
    depth = 100_000
    with pytest.raises(ValueError):
        codec.unpack(b"\x05" * depth)
    (level,) = codec.unpack(b"\x05" * depth + b"\x00" * depth)
    for _ in range(depth - 1):
        (level,) = level
    assert level == ()


def test_a_list_that_contains_itself(codec):
    endless: list = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        codec.pack((endless,))


def test_moderate_nesting(codec):
    t: tuple = ()
    for depth in range(200):
        t = (depth, t)
    assert codec.unpack(codec.pack(t)) == t
