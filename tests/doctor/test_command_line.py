"""fdb/_doctor/command_line.py: the doctor without the extra of the command line."""

from __future__ import annotations

import json
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
