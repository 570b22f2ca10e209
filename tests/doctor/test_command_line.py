"""fdb/_doctor/command_line.py: the doctor without the extra of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fdb._doctor import command_line
from fdb._doctor.finding import Finding, ok, problem


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the examination was asked for; it finds a problem."""
    given: list[object] = []

    def examine(*arguments: object) -> Iterator[Finding]:
        given.extend(arguments)
        yield ok("a", "good")
        yield problem("b", "bad", "do")

    monkeypatch.setattr(command_line, "examine", examine)
    return given


def test_defaults(asked: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([]) == 1
    assert asked == [None, None, 5.0]
    assert capsys.readouterr().out.splitlines()[-1] == "1 problem"


def test_what_may_be_given(asked: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["-C", "memory:", "--api-version", "630", "--timeout", "0.5", "--format", "json"]
    assert command_line.main(arguments) == 1
    assert asked == ["memory:", 630, 0.5]
    assert [row["level"] for row in json.loads(capsys.readouterr().out)] == ["ok", "problem"]


@pytest.mark.parametrize(
    "arguments", [["--timeout", "0"], ["--timeout", "soon"], ["--format", "xml"], ["more"]]
)
def test_what_may_not(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command_line.main(arguments)
    assert left.value.code == 2 and "error: " in capsys.readouterr().err


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> Iterator[Finding]:
        yield ok("a", "good")
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "examine", interrupted)
    assert command_line.main(["--format", "json"]) == 130
    shown = capsys.readouterr()
    assert shown.err == "error: interrupted\n"
    with pytest.raises(ValueError):
        json.loads(shown.out)  # no half result passes for a whole one


def test_a_reader_that_goes_away() -> None:
    program = "import sys; from fdb._doctor.command_line import main; sys.exit(main([]))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
