"""benchmarks/instructions.py: an operation that takes over 3 % more is reported, and fails."""

from __future__ import annotations

import json
from pathlib import Path

import instructions
import pytest

MADE_WITH = "this compiler"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "instructions.json"
    path.write_text(json.dumps({"toolchain": MADE_WITH, "instructions": {"get": 1000, "set": 500}}))
    monkeypatch.setattr(instructions, "KEPT", path)
    return path


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        ({"get": 1029.0, "set": 100.0}, 0, ""),
        (
            {"get": 1031.0, "set": 500.0},
            1,
            "other keys each time: 1,031 instructions, 3.1% more than 1,000",
        ),
        ({"get": 1000.0, "rows": 1.0}, 1, "row of a range of 1,000: not in instructions.json"),
    ],
)
def test_more_than_three_per_cent_fail(
    kept: Path, capsys: pytest.CaptureFixture[str], found: dict[str, float], status: int, said: str
) -> None:
    assert instructions.check(found, MADE_WITH) == status
    printed = capsys.readouterr().out
    assert said in printed
    assert bool(printed) == bool(said)


def test_counts_of_another_compiler_are_not_compared(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert instructions.check({"get": 9999.0}, "another") == 0
    assert "not compared" in capsys.readouterr().out


def test_what_is_kept_has_all_operations() -> None:
    assert (
        json.loads(instructions.KEPT.read_text())["instructions"].keys()
        == instructions.TITLES.keys()
    )
