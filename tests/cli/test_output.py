"""Rows and records: for people, in pipes, as JSON."""

from __future__ import annotations

import io
import json
import sys

import pytest

from fdb._cli.output import JSONText, Listing, record


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def listed(form: str, rows: int, out: io.StringIO) -> str:
    with Listing(form, ("key", "value"), out) as listing:
        for number in range(rows):
            listing.row(key=f"k{number}", value=b"\x00" * 200, size=number)
    assert listing.count == rows
    return out.getvalue()


def test_a_pipe_gets_whole_fields_with_tabs() -> None:
    lines = listed("text", 2, io.StringIO()).splitlines()
    assert lines == [f"k{number}\t" + "\\x00" * 200 for number in range(2)]


def test_numbers_are_for_who_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    for out, number in ((io.StringIO(), "1234567"), (Terminal(), "1,234,567")):
        with Listing("text", ("size",), out) as listing:
            listing.row(size=1_234_567)
        assert out.getvalue().split()[-1] == number


def test_a_terminal_gets_a_table_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    lines = listed("text", 450, Terminal()).splitlines()
    assert len(lines) == 451
    assert lines[0].split() == ["key", "value"]
    assert all(len(line) <= 40 for line in lines)
    assert lines[1].startswith("k0") and lines[1].rstrip().endswith("…")


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_json_is_one_array(rows: int) -> None:
    found = json.loads(listed("json", rows, io.StringIO()))
    assert found == [
        {"key": f"k{number}", "value": "\\x00" * 200, "size": number} for number in range(rows)
    ]


def test_json_of_what_was_interrupted_does_not_parse() -> None:
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Listing("json", ("key",), out) as listing:
        listing.row(key="k")
        raise KeyboardInterrupt
    with pytest.raises(ValueError):
        json.loads(out.getvalue())


def test_jsonl_is_a_line_for_each() -> None:
    lines = listed("jsonl", 2, io.StringIO()).splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["k0", "k1"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("text", "name   b\nbig n  1,000\nok     yes\nnone\n"),
        ("jsonl", '{"name": "b", "big_n": 1000, "ok": true, "none": null}\n'),
    ],
)
def test_records(form: str, text: str) -> None:
    out = io.StringIO()
    record(form, {"name": b"b", "big_n": 1000, "ok": True, "none": None}, out)
    assert out.getvalue() == text
    out = io.StringIO()
    record("json", {"name": b"b"}, out)
    assert json.loads(out.getvalue()) == {"name": "b"}


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_has_nothing_that_a_terminal_would_obey(form: str) -> None:
    hostile = "a\x1b[31m\x7f\x9b31m\u202e\udcff\u00fc"
    text = JSONText(f'"{hostile[6:]}"')
    out = io.StringIO()
    with Listing(form, ("name",), out) as listing:
        listing.row(name=hostile, path=[hostile], value=text)
    (found,) = [json.loads(out.getvalue())] if form == "jsonl" else json.loads(out.getvalue())
    assert found == {"name": hostile, "path": [hostile], "value": hostile[6:]}
    record(form, {"name": hostile, "value": text}, out)
    assert all(each in "\n\u00fc" or " " <= each <= "~" for each in out.getvalue())


def test_what_is_json_already_is_printed_as_it_is() -> None:
    text = '{"big": 1e999, "exact": 1.00000000000000000001, "a": 1, "a": 2}'
    out = io.StringIO()
    record("jsonl", {"value": JSONText(text.replace(", ", ",\r\n"))}, out)
    assert out.getvalue() == '{"value": ' + text.replace(", ", ",  ") + "}\n"
    record("json", {"value": JSONText("[" * 5000 + "]" * 5000)}, io.StringIO())


def test_a_stream_of_ascii_gets_json(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", out)
    record("jsonl", {"name": "\u00fc\U0001f600", "value": JSONText('"\u00fc"')})
    out.flush()
    assert json.loads(out.buffer.getvalue()) == {"name": "\u00fc\U0001f600", "value": "\u00fc"}


def test_texts_for_people_have_nothing_that_a_terminal_would_obey() -> None:
    for out in (io.StringIO(), Terminal()):
        with Listing("text", ("name",), out) as listing:
            listing.row(name="\x1b[31m\x9b")
        record("text", {"name": "\x1b[31m\x9b"}, out)
        assert out.getvalue().count("\\x1b[31m\\x9b") == 2 and "\x1b[31m" not in out.getvalue()
