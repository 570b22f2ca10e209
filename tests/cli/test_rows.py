"""What commands on rows share."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fdb
import fdb.tuple
from display.test_notation import EXAMPLES
from fdb._cli.rows import Shown, bounds_of, quoted, value_fields


def test_bounds(memory_db: fdb.Database) -> None:
    def bounds(*texts: str | None) -> tuple[bytes, bytes]:
        return bounds_of(memory_db, *texts)

    prefix = fdb.tuple.pack(("a",))
    assert bounds(None, None, None) == (b"", b"\xff")
    assert bounds(None, "b", "c") == (b"b", b"c")
    assert bounds("('a',)", None, None) == (prefix, prefix + b"\xff")
    assert bounds("('a',)", "('a', 1)", None) == (prefix + b"\x15\x01", prefix + b"\xff")
    assert bounds("b", "b", "b") == (b"b", b"b")


@EXAMPLES
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_quoted_text_is_one_argument(text: str) -> None:
    assert shlex.split(quoted(text)) == [text]


def test_quotes_that_people_use() -> None:
    assert quoted("('a', 1)") == "\"('a', 1)\""
    assert quoted("/a/b") == "/a/b"
    assert quoted("$HOME") == "'$HOME'"


@pytest.mark.parametrize(
    ("value", "form", "fields"),
    [
        (b"/a\xff", "auto", {"value": "/a\\xff"}),
        (b'{"a": 1.5}', "json", {"value": '{"a": 1.5}'}),
        (b"\xff" * 8, "int", {"value": -1}),
        (b"\xff" * 8, "text", {"value": "\\xff" * 8, "form": "auto"}),
        (b"\x15\x01", "tuple", {"value": "(1,)"}),
        ("é\n".encode(), "text", {"value": "é\n"}),
        (b"\x00", "hex", {"value": "00"}),
        (b"\x00", "bytes", {"value": "b'\\x00'"}),
    ],
)
def test_values_for_programs(value: bytes, form: str, fields: object) -> None:
    assert value_fields(value, form) == fields


def test_a_row_for_people(memory_db: fdb.Database) -> None:
    shown = Shown(memory_db, "text", "json")
    assert shown.fields(b"k", b'{"a":\n1}') == {"key": "k", "value": '{"a":\\n1}'}
    assert shown.fields(b"k", b"\xff") == {"key": "k", "value": "\\xff"}
    assert shown.fields(b"k", None) == {"key": "k"}
