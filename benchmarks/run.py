"""Measures the suite, or some of it, and prints a table.

    python benchmarks/run.py [SUBJECT ...] [--row TEXT ...] [--rounds N] [--json] [--keep]

Each row is measured in processes of its own, which stay for all rounds of the row and are asked one after the other;
medians count. The ratio is the other column's time divided by ours: above 1 this package is faster.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from subjects import ASKED_FOR, SUBJECTS, usual
from suite import kept, machine, table
from suite.measure import Failed, Plan, measure
from suite.places import Places, official_python
from suite.results import Results

HERE = Path(__file__).resolve().parent


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT")
    parser.add_argument("--rounds", type=int, default=7, help="samples of each column of a row")
    parser.add_argument("--row", action="append", default=[], help="only rows with this text")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead")
    parser.add_argument("--output", type=Path, help="also write the JSON here")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="write results-SUBJECT.json, of which report.py makes tables in the pages",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the operations")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="count the time of processors, not of the clock: on a machine with other work",
    )
    parser.add_argument("--large", action="store_true", help="also 1e7 pairs where memory counts")
    parser.add_argument("--pairs", type=int, nargs="+", default=[200_000], help="in files")
    parser.add_argument("--directory", type=Path, help="for files, on a disk")
    parser.add_argument("--without-official", action="store_true", help="only this package")
    options = parser.parse_args(argv)
    if unknown := set(options.subjects) - set(SUBJECTS):
        parser.error(f"no subject {', '.join(unknown)}: there are {', '.join(SUBJECTS)}")
    if options.keep and (
        options.row or not options.subjects or set(options.subjects) - set(ASKED_FOR)
    ):
        parser.error(f"--keep takes whole subjects, of {', '.join(ASKED_FOR)}")
    return options


def progress(text: str) -> None:
    """A line that the next one takes the place of, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def planned(options: argparse.Namespace) -> list[Plan]:
    python = None if options.without_official else official_python
    places = Places(
        python,
        scale=options.scale,
        large=options.large,
        pairs=tuple(options.pairs),
        directory=options.directory,
    )
    plans = [plan for name in options.subjects or usual() for plan in SUBJECTS[name](places)]
    return [
        plan for plan in plans if not options.row or any(text in plan.name for text in options.row)
    ]


def run(options: argparse.Namespace) -> tuple[Results, int]:
    """Measures all rows, and prints each when it is done; also returns how many failed, which the results do not have."""
    chosen = {
        "rounds": options.rounds,
        "scale": options.scale,
        "time": "of processors" if options.processor_time else "on the wall",
    }
    results = Results(machine=machine.describe(), options=chosen)
    out = sys.stderr if options.json else sys.stdout
    subject, failed, begin = "", 0, time.perf_counter()
    for plan in planned(options):
        if plan.subject != subject:
            subject = plan.subject
            print(f"\n{subject}\n{table.HEADING}", file=out, flush=True)
        try:
            row = measure(plan, options.rounds, progress, options.processor_time)
        except Failed as problem:
            print(f"{plan.name}: {problem}", file=sys.stderr)
            failed += 1
            continue
        progress("")
        results.rows.append(row)
        print(table.line(row), file=out, flush=True)
    results.options["minutes"] = round((time.perf_counter() - begin) / 60, 1)
    return results, failed


def main(argv: list[str]) -> int:
    options = parse(argv)
    if warning := machine.busy():
        print(warning, file=sys.stderr)
    try:
        results, failed = run(options)
    except Failed as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(results.as_json())
    if options.keep and not failed:
        kept.keep(results)
    if options.json:
        print(results.as_json(), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
