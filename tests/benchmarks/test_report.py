"""benchmarks/report.py, sections.py, suite/grid.py and suite/kept.py: pages have what the results say, and nothing else in their parts."""

from __future__ import annotations

import json
import pathlib
import re

import gather
import growth
import pytest
import report
from sections import SECTIONS
from subjects import ASKED_FOR, SUBJECTS, USUAL
from suite import kept, pages
from suite.grid import Cell, Grid, amount, note, rate, ratio, run_of
from suite.results import Column, Results, Row

from helpers.figures import PART
from helpers.paths import ROOT

TEXTS = report.texts()
MACHINE = {"processor": "Fast(R) Processor", "processors": "2", "python": "P 3", "date": "today"}
OPTIONS = {"rounds": 3, "time": "on the wall"}


def parts(page: pathlib.Path) -> dict[str, tuple[str, str]]:
    """Returns the parts of a page: by name, who writes it, and what stands there."""
    found = {}
    for part in PART.finditer(page.read_text(encoding="utf-8")):
        assert part["name"] not in found, part["name"]
        inside = part[0].partition("-->")[2].rpartition("<!--")[0]
        found[part["name"]] = part["writer"], inside.strip()
    return found


@pytest.mark.parametrize(("page", "name"), TEXTS, ids=lambda part: getattr(part, "stem", part))
def test_a_part_of_a_page_is_what_the_results_make_of_it(page: pathlib.Path, name: str) -> None:
    writer, text = parts(page)[name]
    assert writer == "benchmarks/report.py"
    assert text == TEXTS[page, name].strip(), "run: python benchmarks/report.py"


def test_the_part_about_growth_is_what_its_results_make_of_it() -> None:
    writer, text = parts(growth.PAGE)["growth"]
    assert writer == "benchmarks/growth.py"
    assert text == growth.table(json.loads(growth.KEPT.read_text())["series"]).strip()


def test_no_page_has_a_part_that_nobody_writes() -> None:
    for source in (*gather.pages(), "README.md"):
        page = ROOT / source
        written = {name for where, name in TEXTS if where == page}
        if page == growth.PAGE:
            written.add("growth")
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"<!-- begin ([^:]+): written", text)) == written, source


def test_each_subject_has_its_place() -> None:
    cells = {subject for grid in SECTIONS.values() for subject in grid().subjects()}
    assert set(ASKED_FOR) - {"cluster"} <= cells
    assert {*USUAL, "cluster"} <= {name for _, name in TEXTS}
    assert cells <= set(SUBJECTS)


def results(subject: str, *rows: str, **options: object) -> Results:
    made = [
        Row(subject, row, {"ours": Column([2e-6], note="n"), "other": Column([4e-6])})
        for row in rows
    ]
    return Results(made, MACHINE, {**OPTIONS, **options})


def test_a_grid_looks_its_cells_up() -> None:
    grid = Grid(
        ("head", "a", "b"),
        (
            ("first", (Cell(amount, "s", "x"), Cell(rate, "s", "x", "other"))),
            ("second", (Cell(ratio, "s", "x", "other"), Cell(note, "t", "y"))),
            ("third", (None, Cell(amount, "s", "x", "other"))),
        ),
    )
    found = {"s": results("s", "x"), "t": results("t", "y", rounds=5)}
    assert grid.text(found).splitlines() == [
        "| head | a | b |",
        "| --- | --: | --: |",
        "| first | 2.00 µs | 250,000 |",
        "| second | 0.50 | n |",
        "| third |  | 4.00 µs |",
        "",
        "Medians of 3 rounds, time on the wall, 2 processors (Fast), P 3, today: `python benchmarks/run.py s`.",
        "Medians of 5 rounds, time on the wall, 2 processors (Fast), P 3, today: `python benchmarks/run.py t`.",
    ]


def test_one_run_has_one_line_below_a_grid() -> None:
    found = {"s": results("s", "x"), "t": results("t", "y")}
    grid = Grid(
        ("", "a"), tuple(("l", (Cell(amount, *cell),)) for cell in (("s", "x"), ("t", "y")))
    )
    last = grid.text(found).splitlines()[-1]
    assert last == f"Medians of {run_of(found['s'])}: `python benchmarks/run.py s t`."


@pytest.mark.parametrize("cell", [("t", "x"), ("s", "z"), ("s", "x", "missing")])
def test_what_was_not_measured_is_an_error(cell: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no results of t|no row"):
        Cell(amount, *cell).text({"s": results("s", "x")})


def test_rates_have_three_digits() -> None:
    row = Row("s", "x", {"ours": Column([1 / 123456])})
    assert rate(row, "ours") == "123,000"


def test_subjects_are_kept_in_files_beside_a_full_run(tmp_path: pathlib.Path) -> None:
    full = tmp_path / "results.json"
    full.write_text(Results([*results("a", "x").rows, *results("b", "y").rows], MACHINE).as_json())
    both = Results([*results("s", "x").rows, *results("t", "y").rows], MACHINE, OPTIONS)
    assert [path.name for path in kept.keep(both, tmp_path)] == ["results-s.json", "results-t.json"]
    found = kept.kept(full)
    assert list(found) == ["a", "b", "s", "t"]
    assert found["s"].options == OPTIONS and found["s"].subjects() == ["s"]
    assert found["a"].options == {} and found["a"] is found["b"]


def test_a_report_writes_all_parts(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("".join(f"{pages.BEGIN.format(n, 'benchmarks/report.py')}\n{pages.END.format(n)}\n" for n in "ab"))  # fmt: skip
    monkeypatch.setattr(report, "texts", lambda full: {(page, "a"): "one", (page, "b"): "two"})
    monkeypatch.setattr(report, "draw", lambda full: None)
    assert report.main([]) == 0
    assert {name: text for name, (_, text) in parts(page).items()} == {"a": "one", "b": "two"}


def test_pictures_are_drawn_of_a_full_run(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    full = tmp_path / "results.json"
    full.write_text(results("s", "x", "y").as_json())
    report.draw(full, tmp_path)
    assert [path.name for path in tmp_path.glob("*.png")] == ["s.png"]
