"""Tables of pages: cells that are looked up in the results, and a line that says how these were measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from suite.results import OURS, Results, Row, shown

Kept = Mapping[str, Results]
#: Makes a text of what a row has in a column.
Show = Callable[[Row, str], str]


@dataclass(frozen=True)
class Cell:
    """What a row of a subject has in a column, as `show` makes a text of it."""

    show: Show
    subject: str
    row: str
    column: str = OURS

    def text(self, kept: Kept) -> str:
        """Raises ValueError if it was not measured."""
        if self.subject not in kept:
            raise ValueError(f"no results of {self.subject}")
        for row in kept[self.subject].of(self.subject):
            if row.name == self.row and self.column in row.columns:
                return self.show(row, self.column)
        raise ValueError(f"{self.subject} has no row {self.row!r} with a column {self.column!r}")


def amount(row: Row, column: str) -> str:
    """The median, with its unit."""
    return shown(row.columns[column].median, row.unit)


def rate(row: Row, column: str) -> str:
    """How many of them there are in a second, by three digits."""
    return f"{float(f'{1 / row.columns[column].median:.3g}'):,.0f}"


def ratio(row: Row, column: str) -> str:
    """Our amount divided by that of the column."""
    return f"{row.columns[OURS].median / row.columns[column].median:.2f}"


def note(row: Row, column: str) -> str:
    """What the last sample said besides."""
    return row.columns[column].note


@dataclass(frozen=True)
class Grid:
    """A table: what is above its columns, and its lines, each with a label; None is an empty cell."""

    heading: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell | None, ...]], ...]

    def subjects(self) -> list[str]:
        cells = (cell for _, cells in self.lines for cell in cells)
        return list(dict.fromkeys(cell.subject for cell in cells if cell is not None))

    def text(self, kept: Kept) -> str:
        """The table as Markdown, and a line below. Raises ValueError if a cell was not measured."""
        lines = [_line(self.heading), _line(["---", *["--:"] * (len(self.heading) - 1)])]
        for label, cells in self.lines:
            lines.append(_line([label, *(cell.text(kept) if cell else "" for cell in cells)]))
        return "\n".join(lines) + "\n\n" + "\n".join(caption(kept, self.subjects()))


def caption(kept: Kept, subjects: list[str]) -> list[str]:
    """How subjects were measured: a line for each run that they are of."""
    runs: dict[str, list[str]] = {}
    for subject in subjects:
        runs.setdefault(run_of(kept[subject]), []).append(subject)
    return [
        f"Medians of {run}: `python benchmarks/run.py {' '.join(of)}`." for run, of in runs.items()
    ]


def run_of(results: Results) -> str:
    machine, options = results.machine, results.options
    processor = machine["processor"].replace("(R)", "").removesuffix(" Processor")
    waiting = ", of the clock where it waits" if options["time"] == "of processors" else ""
    return (
        f"{options['rounds']} rounds, time {options['time']}{waiting}, {machine['processors']} processors"
        f" ({processor}), {machine['python']}, {machine['date']}"
    )


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"
