"""Writes what a run has measured into the pages and pictures of the repository.

    python benchmarks/report.py [RESULTS.json]

The results, `benchmarks/results.json` if none are named, become tables in `benchmarks/README.md` and pictures in
`docs/benchmarks/`. `make bench-pages` makes a new run first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from suite import pages, plot, table
from suite.results import Results

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = HERE / "README.md"
RESULTS = HERE / "results.json"
PICTURES = ROOT / "docs" / "benchmarks"
#: A subject that most runs leave out, and what the page says then.
CLUSTER = "cluster"
NO_CLUSTER = "The last run had no cluster."


def targets(results: Results) -> str:
    """How all targets ended, as a table of Markdown."""
    lines = ["| subject | work | target | measured | |", "| --- | --- | --- | --- | --- |"]
    for row in results.rows:
        for text, value, end in table.outcomes(row):
            lines.append(f"| {row.subject} | {row.name} | {text} | {value} | {end} |")
    return "\n".join(lines)


def run_of(results: Results) -> str:
    """When, where and how the results were measured."""
    options = {name: str(value) for name, value in results.options.items()}
    return table.machine({**results.machine, **options})


def write(results: Results, page: Path = PAGE, pictures: Path = PICTURES) -> None:
    """Writes the parts of the page, and a picture for each subject."""
    pages.replace(page, "run", run_of(results))
    pages.replace(page, "targets", targets(results))
    if CLUSTER not in results.subjects():
        pages.replace(page, CLUSTER, NO_CLUSTER)
    for subject in results.subjects():
        rows = results.of(subject)
        pages.replace(page, subject, table.markdown(rows))
        plot.bars(pictures / f"{subject}.png", subject, [r for r in rows if len(r.columns) > 1])


def main(argv: list[str]) -> int:
    path = Path(argv[0]) if argv else RESULTS
    write(Results.from_json(path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
