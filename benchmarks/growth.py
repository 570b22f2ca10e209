"""Measures how cost grows, and draws it.

    python benchmarks/growth.py [SERIES ...] [--rounds N] [--most N] [--write]

The series: `size` (1e3 to 1e7 pairs), `reader` (commits while a transaction stays open), `threads` (1 to 64), `transactions` (1 to 10,000
open at a time), `latency` (of a commit while a million pairs are loaded or cleared). All of it is done in C (`growth.c`) on a
database in memory, so that the engine is measured and nothing else. `--write` puts what was found into `growth.json`, the
pictures into `docs/benchmarks/` and a table into `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import machine, pages
from suite.places import Places

HERE = Path(__file__).resolve().parent
KEPT = HERE / "growth.json"
PAGE = HERE / "README.md"
PICTURES = HERE.parent / "docs" / "benchmarks"
#: Points that take long are measured once.
ONCE_FROM = 1_000_000
LATENCIES = ("median", "p99", "p99.9", "longest")

#: By point of the x axis, by name of a figure, what the rounds found.
Points = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Series:
    """What grows, at which points it is measured, and how it is shown."""

    title: str
    points: tuple[str, ...]
    axis: tuple[str, str]
    factor: float = 1e-3  # from what growth.c prints to the y axis
    logarithmic: tuple[bool, bool] = (True, False)
    titles: tuple[tuple[str, str], ...] = ()


SERIES = {
    "size": Series(
        "Cost of one operation by the number of pairs",
        ("1000", "10000", "100000", "1000000", "10000000"),
        ("pairs of 16 + 100 bytes", "µs"),
        logarithmic=(True, True),
        titles=(("get", "get"), ("row", "row of a range"), ("commit", "begin, set, commit, end")),
    ),
    "reader": Series(
        "Cost of a commit while one transaction stays open",
        ("100", "1000", "10000", "100000"),
        ("commits since it began to read", "µs"),
        titles=(("alone", "without it"), ("reader", "with it")),
    ),
    "threads": Series(
        "Transactions a second by the number of threads",
        ("1", "2", "4", "8", "16", "32", "64"),
        ("threads", "thousand a second, of all threads"),
        titles=(("gets", "begin, get, end"), ("commits", "begin, set, commit, end")),
    ),
    "transactions": Series(
        "Cost of an increment by the number of transactions that are open",
        ("1", "10", "100", "1000", "10000"),
        ("open transactions", "µs"),
        titles=(("increment", "begin, get, set, commit, end"),),
    ),
    "latency": Series(
        "Latency of a commit of one set while another thread works",
        ("quiet", "load", "clear"),
        ("nobody else; a load of a million pairs; a clear of a million pairs", "µs"),
        logarithmic=(False, True),
        titles=tuple((name, name) for name in LATENCIES),
    ),
}


def sample(program: Path, series: str, point: str) -> dict[str, float]:
    """One round of one point. Raises CalledProcessError."""
    command = [str(program), "memory:growth", series, point]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def takes_long(point: str) -> bool:
    return not point.isdigit() or int(point) >= ONCE_FROM


def measure(
    program: Path, series: str, rounds: int, most: int, say: Callable[[str], None]
) -> Points:
    """All points of a series that are not above `most`, in rounds."""
    points = [point for point in SERIES[series].points if not point.isdigit() or int(point) <= most]
    found: Points = {point: {} for point in points}
    for turn in range(rounds):
        for point in points:
            if turn > 0 and takes_long(point):
                continue
            for name, value in sample(program, series, point).items():
                found[point].setdefault(name, []).append(value)
    for point in points:
        say(f"{series:14} {point:>10}  " + shown(series, found[point]))
    return found


def shown(series: str, figures: dict[str, list[float]]) -> str:
    factor = SERIES[series].factor
    return ", ".join(
        f"{name} {statistics.median(values) * factor:,.3g}" for name, values in figures.items()
    )


def draw(series: str, found: Points) -> None:
    from suite import plot  # needs matplotlib, which the table does without

    described = SERIES[series]
    where = {
        point: float(point) if point.isdigit() else float(index)
        for index, point in enumerate(found)
    }
    lines = {
        title: [
            (where[point], statistics.median(figures[name]) * described.factor)
            for point, figures in found.items()
        ]
        for name, title in described.titles
    }
    path = PICTURES / f"growth-{series}.png"
    plot.curves(path, described.title, described.axis, lines, described.logarithmic)


def table(found: dict[str, Points]) -> str:
    """All figures, as Markdown."""
    lines = []
    for series, points in found.items():
        described = SERIES[series]
        lines += [f"### {described.title}", "", f"Unit: {described.axis[1]}.", ""]
        lines.append(
            f"| {described.axis[0].split(';')[0]} | "
            + " | ".join(t for _, t in described.titles)
            + " |"
        )
        lines.append("| ---" * (1 + len(described.titles)) + " |")
        for point, figures in points.items():
            cells = [
                f"{statistics.median(figures[name]) * described.factor:,.3g}"
                for name, _ in described.titles
            ]
            label = f"{int(point):,}" if point.isdigit() else point
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
        lines += ["", f"![{described.title}](../docs/benchmarks/growth-{series}.png)", ""]
    return "\n".join(lines)


def write(found: dict[str, Points], made_on: dict[str, str]) -> None:
    whole: dict[str, Any] = {"machine": made_on, "series": found}
    KEPT.write_text(json.dumps(whole, indent=1) + "\n")
    for series, points in found.items():
        draw(series, points)
    pages.replace(PAGE, "growth", table(found), "benchmarks/growth.py")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "series", nargs="*", choices=[*SERIES, []], help="which; all of them if none are named"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of points that take no second")
    parser.add_argument("--most", type=int, default=10_000_000, help="the largest point")
    parser.add_argument(
        "--write", action="store_true", help="write pictures, the table and growth.json"
    )
    options = parser.parse_args(argv)
    if options.write and options.series:
        parser.error("--write needs all series")
    if warning := machine.busy():
        print(warning, file=sys.stderr)
    program = Places().build("growth")

    def say(text: str) -> None:
        print(text, flush=True)

    found = {
        series: measure(program, series, options.rounds, options.most, say)
        for series in options.series or SERIES
    }
    if options.write:
        write(found, machine.describe())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
