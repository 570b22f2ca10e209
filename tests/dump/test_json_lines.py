"""fdb/_dump/json_lines.py: JSON lines as this package and as others write them. See test_parts.py for damage."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dump.conftest import HEADER, decoded
from fdb._display.notation import from_printable
from fdb._dump import json_lines
from fdb._dump.json_lines import JsonLinesDecoder, JsonLinesEncoder, json_text
from fdb._dump.parts import DumpError


@given(st.binary())
def test_the_notation_is_that_of_everything_else(data):
    text = json.loads(f'"{json_text(data)}"')
    assert from_printable(text) == json_lines.decoded(text) == data


@given(st.text(alphabet=st.sampled_from('\\x0aF"ü/\ud800\udc80 \n')))
def test_each_text_has_one_meaning(text):
    def outcome(function):
        try:
            return function(text)
        except ValueError:
            return None

    assert outcome(json_lines.decoded) == outcome(from_printable)


def test_a_file_as_it_is_documented():
    lines = (
        HEADER.as_json() + b'{"key":"a","value":"v1"}\n{"key": "\\\\x00\\\\\\\\", "value": ""}\n'
    )
    assert JsonLinesEncoder().rows([(b"a", b"v1")]) == b'{"key":"a","value":"v1"}\n'
    plain = b'{"key":"a","value":"v1"}\n{"key":"b\\\\x00","value":"\\\\\\\\"}\n'
    text = HEADER.as_json() + plain
    totals = {"rows": 2, "bytes": 6, "version": 5, "crc32": f"{zlib.crc32(text):08x}"}
    data = text + json.dumps(totals).encode() + b"\n"
    assert decoded(JsonLinesDecoder(), data) == [(b"a", b"v1"), (b"b\x00", b"\\")]
    with pytest.raises(DumpError, match=r"not in order near a"):
        decoded(JsonLinesDecoder(), lines)


def test_what_others_write():
    data = """
{"key": "b", "value": "ü"}
{"value_hex": "00ff", "key_hex": "62"}\r

{"key": "a", "value": "", "tuple": "('what', 'ever')"}""".encode()
    decoder = JsonLinesDecoder()
    assert decoded(decoder, data, 3) == [(b"b", "ü".encode()), (b"b", b"\x00\xff"), (b"a", b"")]
    assert decoder.header is None and not decoder.is_ordered
    assert decoded(JsonLinesDecoder(), b"") == []


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (b"[]", "line 2 is no JSON object"),
        (b"nothing", "line 2 is no JSON: Expecting value at column 1"),
        (b'{"key": "a", "value": "b"', "line 2 is no JSON"),
        (b'{"key": "a"}', "line 2 must have either 'value' or 'value_hex'"),
        (b'{"key": "a", "key_hex": "61", "value": ""}', "line 2 must have either 'key' or"),
        (b'{"key": 1, "value": ""}', "line 2 is no row: keys and values are strings, not 1"),
        (b'{"key": "a", "value": null}', "line 2 is no row: keys and values are strings, not None"),
        (b'{"key": "a\\\\", "value": ""}', r"line 2 is no row: column 2: a backslash begins"),
        (b'{"key_hex": "6", "value": ""}', "line 2 is no row: non-hexadecimal number"),
        (b'{"key_hex": 6, "value": ""}', "line 2 is no row: .* must be str"),
        (b'{"key": "a", "value": "", "ttl": 1}', "line 2 has a member 'ttl', which rows have not"),
        (b'{"key": "\xff", "value": ""}', "line 2 is no (UTF-8|JSON)"),
        (b'{"fdb": "rows"}', "line 2 is a header, which only the first line may be"),
        (b'{"key": "', r"line 2 is no JSON: Unterminated string starting at column 9$"),
        (b"[" * 100_000, "line 2 is no row: it is nested too deeply"),
        (b'{"key":' + b"[" * 100_000 + b"}", "line 2 is no row: it is nested too deeply"),
        (b'{"rows": 1, "crc32": "0"}', "line 2 is a trailer, and the file has no header"),
    ],
)
def test_lines_that_are_no_rows(line, match):
    with pytest.raises(DumpError, match=match):
        decoded(JsonLinesDecoder(), b'{"key": "a", "value": "b"}\n' + line + b"\n")


def test_a_line_without_an_end(monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST", 100)
    with pytest.raises(DumpError, match="line 1 has more than 100 bytes"):
        decoded(JsonLinesDecoder(), b"x" * 101)
