"""Counts the instructions of the engine's operations, and compares them with those that are kept.

    python benchmarks/instructions.py            # a table, also of a database in a file
    python benchmarks/instructions.py --check    # fails if an operation takes over 3 % more than in instructions.json
    python benchmarks/instructions.py --update   # writes instructions.json

`engine.c` runs under valgrind (callgrind). What is counted is what the calling thread executes for an operation, from C
through the engine and the C library. It is nearly the same in each run and on each machine with the same compiler, so
that a change of a few per cent shows, where times on a busy machine differ by more.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from suite.places import Places

import fdb.embedded

HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.json"
#: By how much an operation may take more than is kept.
TOLERANCE = 0.03
#: The works of engine.c, and what one operation of each is.
TITLES = {
    "empty": "transaction: begin, end",
    "version": "begin, read version, end",
    "begin_get": "begin, get, end",
    "get": "get, other keys each time",
    "same_get": "get, the same key each time",
    "snapshot_get": "snapshot get, other keys each time",
    "own_get": "get of an own write",
    "set": "set",
    "rows": "row of a range of 1,000",
    "commit": "begin, set, commit, end",
    "commit_again": "reset, set, commit",
    "increment": "begin, get, set, commit, end",
}

#: Features of a processor by which the C library chooses how it copies and compares.
FEATURES = ("avx2", "bmi2", "erms", "fsrm", "rtm")

Counts = dict[str, float]


def count(program: Path, database: str, works: list[str]) -> Counts:
    """Returns the instructions of one operation of each work, of the thread that calls."""
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "counted"
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
        # A part is written at each mark(), and holds what was executed inside of measured().
        collect = ["--toggle-collect=measured", "--dump-before=mark"]
        command = [*valgrind, *collect, str(program), database, *works]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
        operations = [int(line.split()[1]) for line in done.stdout.splitlines()]
        parts = [Path(f"{output}.{number}").read_text() for number in range(1, len(works) + 1)]
    totals = [int(re.findall(r"^totals: (\d+)", part, re.MULTILINE)[0]) for part in parts]
    return {work: total / each for work, total, each in zip(works, totals, operations, strict=True)}


def toolchain(program: Path) -> str:
    """Says what the numbers depend on besides the sources: compiler, C library, processor's kind."""
    comments = subprocess.run(
        ["readelf", "--string-dump=.comment", fdb.embedded.library_path()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    compilers = sorted(set(re.findall(r"(?:GCC|clang)[^\n]*", comments)))
    parts = [*compilers, *platform.libc_ver(str(program)), platform.machine(), *features()]
    return ", ".join(parts)


def features() -> list[str]:
    """Returns which of FEATURES this processor has; none where the system does not say."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return []
    return [feature for feature in FEATURES if feature in flags]


def differences(kept: Counts, found: Counts) -> list[str]:
    """Returns a sentence for each operation that takes too many instructions, or is not kept."""
    problems = []
    for work, instructions in found.items():
        if work not in kept:
            problems.append(f"{TITLES[work]}: not in {KEPT.name}")
        elif instructions > kept[work] * (1 + TOLERANCE):
            more = instructions / kept[work] - 1
            problems.append(
                f"{TITLES[work]}: {instructions:,.0f} instructions, {more:.1%} more than {kept[work]:,.0f}"
            )
    return problems


def check(found: Counts, made_with: str) -> int:
    kept = json.loads(KEPT.read_text())
    if kept["toolchain"] != made_with:
        print(f"not compared: {KEPT.name} was made with {kept['toolchain']}, this is {made_with}")
        return 0
    problems = differences(kept["instructions"], found)
    for problem in problems:
        print(f"error: {problem}")
    if problems:
        print(
            "If it has to be so: `python benchmarks/instructions.py --update`, and say why in the commit."
        )
    return 1 if problems else 0


def show(columns: dict[str, Counts]) -> None:
    print(f"{'instructions of one operation':38}" + "".join(f"{name:>10}" for name in columns))
    for work, title in TITLES.items():
        print(f"{title:38}" + "".join(f"{counts[work]:10,.0f}" for counts in columns.values()))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if there are more than are kept")
    parser.add_argument("--update", action="store_true", help="keep what is found")
    options = parser.parse_args(argv)
    for tool in ("valgrind", "readelf"):
        if shutil.which(tool) is None:
            print(
                f"error: {tool} is not installed (Debian, Ubuntu: apt-get install valgrind binutils)"
            )
            return 2
    with tempfile.TemporaryDirectory() as name:
        program = Places().build("engine")
        made_with = toolchain(program)
        columns = {"memory:": count(program, "memory:counted", list(TITLES))}
        if not options.check and not options.update:
            file = f"file:{name}/counted.fdb"
            # The rows of a file that is opened again are in its table, not among its latest commits.
            subprocess.run([str(program), file], check=True, stdout=subprocess.DEVNULL)
            columns["file:"] = count(program, file, list(TITLES))
    show(columns)
    if options.update:
        rounded = {work: round(number) for work, number in columns["memory:"].items()}
        KEPT.write_text(
            json.dumps({"toolchain": made_with, "instructions": rounded}, indent=1) + "\n"
        )
    return check(columns["memory:"], made_with) if options.check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
