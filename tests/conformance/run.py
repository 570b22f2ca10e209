"""Replays recordings of a real FoundationDB 7.4 server on the embedded engine.

    python tests/conformance/run.py [--package ours|official|both] [--database STRING] [--jobs N] [--sample K] [FILE ...]

With no FILE it replays every file in `traces/`. "ours" is the `fdb` of this interpreter, "official" the
PyPI package foundationdb 7.4.8, installed into build/venv-official, with the engine as its libfdb_c.so.
STRING is for fdb.open; {directory} in it is a fresh directory, and "file" is short for a file in one.
Prints every difference; exit status 1 when there is one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from replay import IN_A_FILE, TRACES, Outcome, Runner, describe, parts_of, run_parts

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from official import OFFICIAL, PeerUnavailable, library_environment  # noqa: E402

DEFAULT_JOBS = 4  # more than the cores of a small machine: many programs mostly wait


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--package", choices=("ours", "official", "both"), default="both")
    parser.add_argument(
        "--database",
        default="memory:",
        metavar="STRING",
        help="memory: (default), file, or another",
    )
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, help="processes at a time")
    parser.add_argument(
        "--sample", type=int, default=1, metavar="K", help="every K-th program only"
    )
    parser.add_argument("--most", type=int, default=20, help="differences printed for a file")
    return parser.parse_args(argv)


def runner_for(package: str, database: str) -> Runner:
    if database == "file":
        database = IN_A_FILE
    if package == "ours":
        return Runner(database=database)
    return Runner(str(OFFICIAL.ensure()), library_environment(), database)


def replay_files(paths: list[Path], package: str, options: argparse.Namespace) -> Outcome:
    """Replays the files by one package, and prints a line for each."""
    runner = runner_for(package, options.database)
    total = Outcome()
    begin = time.perf_counter()
    for path in paths:
        start = time.perf_counter()
        parts = parts_of(path, lambda index, steps: index % options.sample == 0)
        outcome = run_parts(parts, runner, options.jobs)
        total.add(outcome)
        state = "ok" if outcome.ok else f"{len(outcome.differences)} differences"
        seconds = time.perf_counter() - start
        print(f"{path.name:28} {outcome.steps:7} steps  {seconds:6.1f} s  {state}", flush=True)
        if not outcome.ok:
            print(describe(outcome, options.most), flush=True)
    seconds = time.perf_counter() - begin
    found = len(total.differences) + len(total.failures)
    print(
        f"{package}, {options.database}: {total.steps} steps, {found} differences, {seconds:.1f} s",
        flush=True,
    )
    return total


def main(argv: list[str]) -> int:
    options = parse(argv)
    paths = options.files or sorted(TRACES.glob("*.jsonl.gz"))
    packages = ("ours", "official") if options.package == "both" else (options.package,)
    ok = True
    try:
        for package in packages:
            ok = replay_files(paths, package, options).ok and ok
    except PeerUnavailable as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
