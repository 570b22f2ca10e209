"""benchmarks/growth.py: a point is measured by the program in C, and all of them end up in the table and the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="make bench installs it")

import growth  # noqa: E402
from suite.places import Places  # noqa: E402


def test_what_is_measured_is_drawn_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "KEPT", tmp_path / "growth.json")
    monkeypatch.setattr(growth, "PICTURES", tmp_path)
    monkeypatch.setattr(growth, "PAGE", tmp_path / "README.md")
    growth.PAGE.write_text(
        "<!-- begin growth: written by benchmarks/growth.py -->\n<!-- end growth -->\n"
    )
    lines: list[str] = []
    found = {"reader": growth.measure(Places().build("growth"), "reader", 2, 100, lines.append)}
    growth.write(found, {})
    assert lines[0].split() == ["reader", "100", *lines[0].split()[2:]]
    assert all(len(values) == 2 and min(values) > 0 for values in found["reader"]["100"].values())
    assert (tmp_path / "growth-reader.png").stat().st_size > 1000
    row = next(line for line in growth.PAGE.read_text().splitlines() if line.startswith("| 100 |"))
    assert len(row.split("|")) == 5
