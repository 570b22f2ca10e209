"""Counts the instructions of a read in `memory:` and in `file:`, whose rows are in memory after a first read.

    python benchmarks/instructions.py

A program in C reads 10,000 rows of 16 + 100 bytes under valgrind (callgrind), once with more reads than the other
time: the difference is what those reads take, and is the same on every machine.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import fdb.embedded  # noqa: E402
from helpers.compilers import c_compiler, link_with_libfdb_c  # noqa: E402
from helpers.paths import HEADERS  # noqa: E402

ROWS = 10_000
#: What is read, a smaller and a larger number of times, and the operations in one time.
WORK = {"get": (2_000, 12_000, 1), "scan": (1, 5, ROWS)}


def build(directory: Path) -> Path:
    program = directory / "reads"
    source = Path(__file__).with_name("reads.c")
    link = link_with_libfdb_c(fdb.embedded.libdir())
    command = [*c_compiler(), "-O2", f"-I{HEADERS}", str(source), "-o", str(program), *link]
    subprocess.run(command, check=True)
    return program


def instructions(program: Path, database: str, work: str, count: int) -> int:
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command = [*valgrind, str(program), database, work, str(count)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return int(found[1])


def cost(program: Path, database: str, work: str) -> float:
    few, many, operations = WORK[work]
    more = instructions(program, database, work, many) - instructions(program, database, work, few)
    return more / (many - few) / operations


def main() -> int:
    if shutil.which("valgrind") is None:
        print("error: valgrind is not installed (Debian, Ubuntu: apt-get install valgrind)")
        return 2
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        program = build(directory)
        databases = {"memory:": "memory:reads", "file:": f"file:{directory / 'reads.fdb'}"}
        # The rows of a file that is opened again are in its table, not among its latest commits.
        subprocess.run([str(program), databases["file:"], "get", "1"], check=True)
        print(f"{'instructions':24} {'memory:':>10} {'file:':>10} {'ratio':>7}")
        for work, title in (("get", "get, from C"), ("scan", "row of a range, from C")):
            memory, file = (cost(program, databases[kind], work) for kind in databases)
            print(f"{title:24} {memory:10,.1f} {file:10,.1f} {file / memory:7.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
