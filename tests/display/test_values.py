"""Values as text, in several forms."""

from __future__ import annotations

import json
import struct
import warnings
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fdb.tuple
from display.test_notation import EXAMPLES, KEYS
from fdb._display.notation import NotationError
from fdb._display.places import Place
from fdb._display.values import VALUE_FORMS, parse_value, possible_forms, shown_value
from fdb.tuple import pack

JSON = st.dictionaries(st.text(), st.integers() | st.text()).map(lambda it: json.dumps(it).encode())


@EXAMPLES
@given(
    KEYS
    | JSON
    | st.sampled_from(
        [b'{"a":"\\x41"}', b"{", b"[1]", b"[1", b"a\tb\nc", b"(1", b'{\n"a":\t1}', b"[NaN]"]
    )
)
def test_what_is_shown_can_be_typed(value: bytes) -> None:
    for form in ("auto", *possible_forms(value)):
        assert parse_value(shown_value(value, form), form) == value


#: Pieces of what people type, and of what they should not.
PIECES = st.sampled_from(
    [
        "(",
        ")",
        ",",
        "'",
        '"',
        "b'",
        "\\",
        "\\x",
        "\\x4",
        "\\u",
        "\\N{",
        "None",
        "1",
        "0x",
        "1e5",
        "-",
        "nan",
        "UUID(",
    ]
    + [
        "Versionstamp(",
        "SingleFloat(",
        "/",
        "/a",
        ":",
        "{",
        "}",
        "[",
        "lambda:",
        "*",
        "é",
        "\0",
        "\n",
        " ",
        "\ud800",
    ]
    + [
        "f'",
        "0777",
        "...",
        "@",
        "#",
        "tr_version=",
        "'00010203040506070809'",
        "9" * 5000,
        "('a'," * 3,
    ]
)


@EXAMPLES
@given(st.lists(PIECES).map("".join))
def test_whatever_is_typed_is_taken_or_refused_in_a_line(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for parse in (Place.parse, *(partial(parse_value, form=form) for form in VALUE_FORMS)):
            try:
                parse(text)
            except NotationError as error:
                assert "\n" not in str(error) and len(str(error)) < 400


def test_how_values_look() -> None:
    assert shown_value(b'{"a": "x\\n"}') == '{"a": "x\\n"}'
    assert shown_value("Grüße".encode()) == "Grüße"
    assert shown_value(pack(("a", 1))) == "('a', 1)"
    assert shown_value((5).to_bytes(8, "little"), "int") == "5"
    assert shown_value(b"\x00a", "hex") == "0061"
    assert shown_value(b"a" * 100_000, limit=10) == "aaaaaaaaaa…"
    assert shown_value("é".encode() * 100, "text", limit=3) == "ééé…"
    assert shown_value(b"\x80" * 100, limit=8) == "\\x80\\x80…"
    assert shown_value(b"a\xf0\x9f\x98\x80" * 8, limit=2) == "a\U0001f600…"
    assert shown_value(b"") == ""
    assert possible_forms(b'{"a": 1}')[0] == "json"
    assert shown_value(b"/etc") == "/etc"
    assert shown_value(b"(1)") == "\\x281)"
    assert shown_value(b'{"a":\n1}') == '{"a":\\x0a1}'
    assert shown_value(b'{"a":\n1}', "json") == '{"a":\n1}'


def test_small_counters_are_no_tuples_of_nothing() -> None:
    counter = (20).to_bytes(8, "little")
    assert fdb.tuple.unpack(counter) == (0, *[None] * 7)
    assert possible_forms(counter) == ("int", "tuple", "bytes", "hex")
    assert shown_value(counter) == "\\x14" + "\\x00" * 7
    eight = pack(("abcdef",))
    assert len(eight) == 8 and possible_forms(eight) == ("tuple", "int", "bytes", "hex")
    assert shown_value(eight) == "('abcdef',)"
    version = struct.pack("<III", 1, 0, 0)
    assert possible_forms(version) == ("bytes", "tuple", "hex")
    assert shown_value(version) == "\\x01" + "\\x00" * 11


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\u202eabc", "\u061c", "a\x00", "\u2028", "\x85", "\x9b0m"]
)
def test_a_value_does_nothing_to_a_terminal(text: str) -> None:
    value = text.encode()
    assert shown_value(value).isascii() and shown_value(value).isprintable()
    assert "text" not in possible_forms(value)
    with pytest.raises(NotationError, match="no text"):
        shown_value(value, "text")


def test_text_of_several_code_points_is_text() -> None:
    for text in ("\U0001f469\u200d\U0001f4bb", "a\u00a0b", "\u3042\u3000"):
        assert shown_value(text.encode()) == text


@pytest.mark.parametrize("form", [form for form in VALUE_FORMS if form != "text"])
def test_what_is_no_value(form: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse_value("\\q(", form)
    assert "\n" not in str(caught.value)


def test_a_form_that_there_is_not() -> None:
    for work in (lambda: shown_value(b"", "xml"), lambda: parse_value("", "xml")):
        with pytest.raises(NotationError, match="'xml'; there are auto"):
            work()
    with pytest.raises(NotationError, match="no int"):
        shown_value(b"abc", "int")
