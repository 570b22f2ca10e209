"""fdb/embedded/progress.py: how far a tool is, for people."""

from __future__ import annotations

import io
import random

import pytest

from fdb.embedded import progress
from fdb.embedded.progress import shown


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def test_lines_where_no_person_looks_on() -> None:
    stream = io.StringIO()
    with shown("check", stream) as report:
        for done in range(1001):
            report(done, 1000)
    assert stream.getvalue().splitlines() == [
        f"check: {percent} %" for percent in range(10, 101, 10)
    ]


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        ([(0, 0)], ["x: 100 %"]),
        ([(0, 5), (3, 5), (5, 5), (5, 5)], ["x: 60 %", "x: 100 %"]),
        ([(7, 5)], ["x: 100 %"]),
        ([(1, 10**12)], []),
    ],
)
def test_odd_amounts(steps: list[tuple[int, int]], lines: list[str]) -> None:
    stream = io.StringIO()
    with shown("x", stream) as report:
        for done, total in steps:
            report(done, total)
    assert stream.getvalue().splitlines() == lines


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with shown("backup", stream) as report:
        for done in sorted(random.Random(1).sample(range(1000), 20)):
            report(done, 1000)
        report(1000, 1000)
    assert "backup" in stream.getvalue() and "100%" in stream.getvalue()


@pytest.mark.parametrize(("has_rich", "kind"), [(False, "xterm"), (True, "dumb")])
def test_lines_on_a_terminal_that_gets_no_bar(
    has_rich: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_HAS_RICH", has_rich and progress._HAS_RICH)
    monkeypatch.setenv("TERM", kind)
    stream = Terminal()
    with shown("backup", stream) as report:
        report(1, 2)
    assert stream.getvalue() == "backup: 50 %\n"


def test_it_is_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("info") as report:
        report(1, 1)
    assert capsys.readouterr() == ("", "info: 100 %\n")
