"""The tuple layer. Everything runs over both codecs, the pure one and the one in C."""

from __future__ import annotations

import ctypes
import enum
import inspect
import math
import struct
import uuid
from collections import namedtuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fdb
import fdb.tuple
from fdb._tuple import codec as c_codec
from fdb._tuple import pure as pure_codec
from fdb.tuple import SingleFloat, Versionstamp

CODECS = {"pure": pure_codec, "c": c_codec}
NAMES = ["compare", "pack", "pack_with_versionstamp", "unpack"]
AN_UUID = uuid.UUID(bytes=bytes(range(16)))
STAMP = Versionstamp(b"0123456789", 0x0102)


@pytest.fixture(params=CODECS)
def codec(request):
    return CODECS[request.param]


def double(bits: int) -> float:
    return struct.unpack(">d", struct.pack(">Q", bits))[0]


def single(bits: int) -> SingleFloat:
    return SingleFloat(ctypes.c_float.from_buffer_copy(struct.pack("=I", bits)))


# -- the encoding ------------------------------------------------------------------------------------

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


# -- errors ------------------------------------------------------------------------------------------


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


# -- versionstamps -----------------------------------------------------------------------------------


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


# -- order -------------------------------------------------------------------------------------------

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


def test_range():
    keys = fdb.tuple.range(("a", 1))
    packed = fdb.tuple.pack(("a", 1))
    assert (keys.start, keys.stop, keys.step) == (packed + b"\x00", packed + b"\xff", None)
    for longer in (
        None,
        b"",
        "",
        (),
        -(2**100),
        2**100,
        0.0,
        SingleFloat(0),
        False,
        AN_UUID,
        STAMP,
    ):
        assert keys.start <= fdb.tuple.pack(("a", 1, longer)) < keys.stop
    assert not keys.start <= packed


# -- properties --------------------------------------------------------------------------------------

INTEGERS = st.one_of(
    st.integers(-(2**2040) + 1, 2**2040 - 1),
    st.integers(-300, 300),
    st.sampled_from([0, 8, 16, 32, 63, 64]).flatmap(
        lambda bits: st.integers(-3, 3).flatmap(
            lambda d: st.sampled_from([2**bits + d, -(2**bits) + d])
        )
    ),
)
SINGLES = st.integers(0, 2**32 - 1).map(single)
DOUBLES = st.one_of(st.floats(), st.integers(0, 2**64 - 1).map(double))
STAMPS = st.builds(
    Versionstamp,
    st.binary(min_size=10, max_size=10).filter(lambda b: b != b"\xff" * 10),
    st.integers(0, 65535),
)
BYTES = st.lists(st.sampled_from([b"\x00", b"\xff", b"\x00\xff", b"\x01", b"a"]), max_size=6).map(
    b"".join
)
LEAVES = st.one_of(
    st.none(),
    st.binary(),
    BYTES,
    st.text(st.characters(exclude_categories=["Cs"])),
    INTEGERS,
    SINGLES,
    DOUBLES,
    st.booleans(),
    st.uuids(),
    STAMPS,
)
ELEMENTS = st.recursive(LEAVES, lambda e: st.lists(e, max_size=4).map(tuple), max_leaves=8)
TUPLES = st.lists(ELEMENTS, max_size=6).map(tuple)


@given(TUPLES)
def test_both_codecs_agree_on_tuples(t):
    packed = pure_codec.pack(t)
    assert c_codec.pack(t) == packed
    for codec in CODECS.values():
        decoded = codec.unpack(packed)
        # Packed again rather than compared with ==, as a NaN differs from itself and 1 equals True.
        assert codec.pack(decoded) == packed
        assert codec.compare(decoded, t) == 0


@given(TUPLES, TUPLES)
def test_keys_sort_as_tuples_do(first, second):
    one, two = pure_codec.pack(first), pure_codec.pack(second)
    for codec in CODECS.values():
        assert codec.compare(first, second) == (one > two) - (one < two)


@given(
    st.lists(st.one_of(INTEGERS, st.none()), max_size=4).map(tuple),
    st.lists(st.one_of(INTEGERS, st.none()), max_size=4).map(tuple),
)
def test_integers_sort_as_numbers(first, second):
    def natural(t):
        return [(x is not None, x or 0) for x in t]

    expected = (natural(first) > natural(second)) - (natural(first) < natural(second))
    assert pure_codec.compare(first, second) == c_codec.compare(first, second) == expected


@given(DOUBLES.filter(lambda x: x == x), DOUBLES.filter(lambda x: x == x))
def test_floats_sort_as_numbers(first, second):
    order = pure_codec.compare((first,), (second,))
    assert order == c_codec.compare((first,), (second,))
    if first != second:
        assert order == (1 if first > second else -1)


def outcome(function, *arguments):
    try:
        return pure_codec.pack(function(*arguments))
    except Exception as error:  # noqa: BLE001 - the error is what is compared
        return type(error), str(error)


@settings(max_examples=1000)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(TUPLES, st.binary(max_size=3), st.integers(0, 200)).map(
            lambda args: (
                (packed := pure_codec.pack(args[0]))[: args[2]] + args[1] + packed[args[2] + 1 :]
            )
        ),
    )
)
@example(b"\x33" + b"\xff" * 12)
def test_both_codecs_agree_on_bytes(key):
    assert outcome(c_codec.unpack, key) == outcome(pure_codec.unpack, key)


@settings(max_examples=500)
@given(st.binary(max_size=12))
def test_what_is_accepted_is_what_is_written(key):
    try:
        decoded = pure_codec.unpack(key)
    except ValueError:
        return
    # Nothing this short is one of the integers that have two forms, or an incomplete versionstamp.
    assert pure_codec.pack(decoded) == key


# -- the module --------------------------------------------------------------------------------------


@pytest.fixture
def output_of(run_python):
    """Runs a program in a fresh interpreter and returns what it printed."""

    def run(code, pure):
        outcome = run_python(code, environment={"FDB_PURE_TUPLE": pure})
        assert outcome.returncode == 0
        return outcome.stdout.strip()

    return run


def test_the_same_names_with_either_codec():
    for name in NAMES:
        pure, fast = getattr(pure_codec, name), getattr(c_codec, name)
        assert inspect.getdoc(pure) == inspect.getdoc(fast)
        assert str(inspect.signature(fast)) == str(
            inspect.signature(pure).replace(
                parameters=[
                    p.replace(annotation=p.empty)
                    for p in inspect.signature(pure).parameters.values()
                ],
                return_annotation=inspect.Signature.empty,
            )
        )
    assert set(NAMES) <= set(fdb.tuple.__all__)


@pytest.mark.parametrize(
    ("variable", "module"), [("0", "fdb._tuple.codec"), ("1", "fdb._tuple.pure")]
)
def test_choice_of_codec(output_of, variable, module):
    code = "import fdb.tuple; print(fdb.tuple.pack.__module__, fdb.tuple.pack(('a',)))"
    assert output_of(code, variable) == f"{module} b'\\x02a\\x00'"


@pytest.mark.parametrize("pure", ["0", "1"])
def test_before_an_api_version_is_selected(output_of, pure):
    code = "import fdb.tuple as t; print(t.pack((True,)).hex(), t.pack_with_versionstamp((t.Versionstamp(),))[-4:].hex())"
    assert output_of(code, pure) == "27 01000000"


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (490, "1501 14 Invalid API version 490 for boolean types 0100"),
        (500, "27 26 True 0100"),
        (510, "27 26 True 0100"),
        (520, "27 26 True 01000000"),
        (740, "27 26 True 01000000"),
    ],
)
def test_differences_between_api_versions(output_of, pure, version, expected):
    code = f"""
import fdb, fdb.tuple as t
t.pack((True,))
fdb.api_version({version})
try:
    decoded = t.unpack(b"\\x27")[0]
except ValueError as error:
    decoded = error
suffix = t.pack_with_versionstamp((t.Versionstamp(),))[13:].hex()
print(t.pack((True,)).hex(), t.pack((False,)).hex(), decoded, suffix)
"""
    assert output_of(code, pure) == expected


@pytest.mark.parametrize("pure", ["0", "1"])
def test_position_beyond_two_bytes_below_520(output_of, pure):
    code = """
import fdb, fdb.tuple as t
fdb.api_version(510)
try:
    t.pack_with_versionstamp((t.Versionstamp(),), b"x" * 65535)
except ValueError as error:
    print(error)
"""
    expected = "Versionstamp position 65536 does not fit in 2 bytes"
    assert output_of(code, pure) == expected
