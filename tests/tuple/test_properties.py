"""What holds for all tuples and all bytes."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fdb._tuple import codec as c_codec
from fdb._tuple import pure as pure_codec
from fdb.tuple import Versionstamp
from helpers.tuples import CODECS, double, single

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
