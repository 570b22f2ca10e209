"""Writes what a run has measured into the pages and pictures of the repository.

    python benchmarks/report.py [RESULTS.json]

The results, `benchmarks/results.json` if none are named, become tables in `benchmarks/README.md` and pictures in
`docs/benchmarks/`; `results-*.json` beside it become the tables of `sections.py` in that page and in others.
`make bench-pages` and `make bench-more` measure first.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from sections import BENCHMARKS, ROOT, SECTIONS
from subjects import USUAL
from suite import kept, pages, table
from suite.results import Results

PICTURES = ROOT / "docs" / "benchmarks"
#: A subject that most runs leave out, and what the page says then.
CLUSTER = "cluster"
NO_CLUSTER = "The last run had no cluster."

#: Text of a part of a page.
Texts = dict[tuple[Path, str], str]


def targets(results: Mapping[str, Results]) -> str:
    """How all targets ended, as a table of Markdown."""
    lines = ["| subject | work | target | measured | |", "| --- | --- | --- | --- | --- |"]
    for subject, found in results.items():
        for row in found.of(subject):
            for text, value, end in table.outcomes(row):
                lines.append(f"| {subject} | {row.name} | {text} | {value} | {end} |")
    return "\n".join(lines)


def run_of(results: Results) -> str:
    """When, where and how the results were measured."""
    options = {name: str(value) for name, value in results.options.items()}
    return table.machine({**results.machine, **options})


def texts(full: Path = kept.FULL) -> Texts:
    """Returns all parts of all pages, made of the results that are kept. Raises ValueError if some are missing."""
    results = kept.kept(full)
    found = {
        (BENCHMARKS, subject): table.markdown(results[subject].of(subject)) for subject in USUAL
    }
    found[BENCHMARKS, "run"] = run_of(Results.from_json(full.read_text()))
    found[BENCHMARKS, "targets"] = targets(results)
    with_cluster = CLUSTER in results
    found[BENCHMARKS, CLUSTER] = (
        table.markdown(results[CLUSTER].of(CLUSTER)) if with_cluster else NO_CLUSTER
    )
    for place, grid in SECTIONS.items():
        found[place] = grid().text(results)
    return found


def draw(full: Path = kept.FULL, pictures: Path = PICTURES) -> None:
    """Draws a picture for each subject of a full run."""
    from suite import plot  # needs matplotlib, which the tables do without

    results = Results.from_json(full.read_text())
    for subject in results.subjects():
        plot.bars(
            pictures / f"{subject}.png",
            subject,
            [row for row in results.of(subject) if len(row.columns) > 1],
        )


def main(argv: list[str]) -> int:
    full = Path(argv[0]) if argv else kept.FULL
    for (page, name), text in texts(full).items():
        pages.replace(page, name, text)
    draw(full)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
