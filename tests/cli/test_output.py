"""Rows and records: for people, in pipes, as JSON."""

from __future__ import annotations

import io
import json

import pytest

from fdb._cli.output import Listing, record


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
