"""Keys and tuples as text: what is shown can be typed."""

from __future__ import annotations

import os
import struct
import uuid
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fdb.tuple
from fdb._display.notation import (
    NotationError,
    from_printable,
    key_tuple,
    parse_literal,
    parse_tuple,
    printable,
    shown_key,
    shown_tuple,
)
from fdb._display.places import Place
from fdb.tuple import SingleFloat, Versionstamp, pack

#: Of each property; FDB_EXAMPLES=10000 looks for longer.
EXAMPLES = settings(max_examples=int(os.environ.get("FDB_EXAMPLES", "40")), deadline=None)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ELEMENTS: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.binary()
    | st.uuids()
    | st.builds(SingleFloat, st.floats(width=32))
    | st.builds(
        Versionstamp, st.binary(min_size=10, max_size=10), st.integers(min_value=0, max_value=65535)
    ),
    lambda inner: st.lists(inner).map(tuple),
)
TUPLES = st.lists(ELEMENTS).map(tuple)
#: Bytes that look like other forms, besides any.
KEYS = (
    st.binary()
    | TUPLES.map(pack)
    | TEXT.map(str.encode)
    | st.sampled_from(
        [b"(a", b"/x", b"'", b"b'x'", b'b"', b"\\x41", b"\\", b"&", b"'&", b" (1)", b" ", b"a "]
    )
)


@EXAMPLES
@given(KEYS)
def test_a_shown_key_can_be_typed(key: bytes) -> None:
    assert Place.parse(shown_key(key)).key(None) == key


@EXAMPLES
@given(st.binary())
def test_printable_bytes_can_be_typed(data: bytes) -> None:
    assert from_printable(printable(data)) == data
    assert printable(data).isascii() and printable(data).isprintable()


@EXAMPLES
@given(TUPLES)
def test_a_shown_tuple_can_be_typed(items: tuple[Any, ...]) -> None:
    text = shown_tuple(items)
    # All NaNs are typed alike.
    if "nan" not in text:
        assert pack(parse_tuple(text)) == pack(items)


def test_how_keys_look() -> None:
    assert shown_key(pack(("users", 42, None, b"\x00"))) == "('users', 42, None, b'\\x00')"
    assert shown_key(pack((1,))) == "(1,)"
    assert shown_key(b"hello world\xff\\") == "hello world\\xff\\\\"
    assert shown_key(b"/etc") == "\\x2fetc"
    assert shown_key(b"") == "''"
    stamp = Versionstamp(bytes(range(10)), 3)
    assert shown_key(pack((stamp,))) == "(Versionstamp('00010203040506070809', 3),)"
    name = uuid.UUID(int=5)
    assert shown_key(pack((name,))) == f"(UUID('{name}'),)"
    # Text that happens to be the packing of a tuple is text.
    assert fdb.tuple.unpack(b"&'") == (False, True)
    assert shown_key(b"&'") == "&'"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("('a'", "never closed"),
        ("(a,)", "a is no element of a tuple"),
        ("(1 + 2,)", "no element"),
        ("(UUID('x'),)", "no element"),
        ("(UUID(),)", "no element"),
        ("(Versionstamp('00'),)", "no element"),
        ("(SingleFloat('1'),)", "no element"),
        ("(open('x'),)", "no element"),
        ("('\\ud800',)", "no character"),
        ("[1]", "begins with a parenthesis"),
        ("(" * 500, "no tuple|too many"),
        ("(" + "(" * 90 + ")" * 90 + "," + "-" * 5000 + "1)", "tuple"),
    ],
)
def test_what_is_no_tuple(text: str, complaint: str) -> None:
    with pytest.raises(NotationError, match=complaint) as caught:
        parse_tuple(text)
    assert "\n" not in str(caught.value)


def test_tuples_that_could_not_be_typed_are_shown_as_bytes() -> None:
    deep = b"\x05" * 51 + b"\x00" * 51
    assert Place.parse(shown_key(deep[1:-1])).key(None) == deep[1:-1]
    assert shown_key(deep[1:-1]).startswith("((")
    for depth in (51, 300, 30_000):
        key = b"\x05" * depth + b"\x00" * depth
        assert shown_key(key) == printable(key)
    (usual,) = struct.unpack(">d", bytes.fromhex("7ff8000000000000"))
    (other,) = struct.unpack(">d", bytes.fromhex("7ff8000000000001"))
    assert shown_key(pack((usual, "nan"))) == "(nan, 'nan')"
    assert shown_key(pack((other,))) == printable(pack((other,)))
    # Written by other bindings: a short form of what this one packs as a long one.
    assert key_tuple(b"\x1c" + b"\xff" * 8) is None


def test_blanks_at_the_ends_are_seen() -> None:
    assert printable(b" a b ") == "\\x20a b\\x20"
    assert printable(b" ") == "\\x20"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("'\\q'", "is no escape"),
        ("b'\\u0041'", "is no escape"),
        ("'\\777'", "is no escape"),
        ("r'\\q'", "before a quote is b"),
        ("f'{1}'", "before a quote is b"),
        ("'\\xz'", "unicodeescape"),
        ("b'é'", "bytes can only contain"),
        ("'a' + 'b'", "no text or bytes"),
        ("'a", "unterminated string"),
        ("'" + "a" * 100_000, "unterminated string"),
        ('"' + "\\'" * 50_000, "unterminated string"),  # which took a minute
        ("'\0'", "null|cannot be read"),
    ],
)
def test_what_is_no_literal(text: str, complaint: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NotationError, match=complaint) as caught:
            parse_literal(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_literals() -> None:
    assert parse_literal("'a' 'b\\x41\\N{BULLET}'") == "abA\N{BULLET}"
    assert parse_literal(r"b'\x00\'\101'") == b"\0'A"


@pytest.mark.parametrize("text", ["\\q", "\\x4", "a\\", "\\xzz"])
def test_escapes_that_are_none(text: str) -> None:
    with pytest.raises(NotationError, match="column"):
        from_printable(text)


def test_what_the_tuple_layer_has_not_is_not_shown() -> None:
    with pytest.raises(TypeError, match="complex"):
        shown_tuple((1j,))
