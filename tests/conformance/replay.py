"""Replays trace files in worker processes and collects what differs from the recordings.

A file is cut into parts of whole programs. Each part runs in a process of its own with an embedded
database of its own, because a process has one API version, and because many programs spend their time
waiting for a retry delay or a watch, which independent processes can do at the same time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker import Step, programs_of

HERE = Path(__file__).resolve().parent
TRACES = HERE / "traces"
WORKER = HERE / "worker.py"
PART_SECONDS = 300  # a part needs a few seconds; this only ends one that hangs
MAX_PARTS = 6
STEPS_IN_A_PART = 2000
#: A database in a file of its own for every part.
IN_A_FILE = "file:{directory}/trace.fdb?sync=off"


@dataclass(frozen=True)
class Runner:
    """How to start a worker: the interpreter whose `fdb` package is replayed, and its environment."""

    python: str = sys.executable
    environment: dict[str, str] | None = field(default=None, hash=False)
    #: In it, {directory} stands for a fresh directory.
    database: str = "memory:"


@dataclass(frozen=True)
class Part:
    """Some programs of one file, by their numbers."""

    path: Path
    programs: tuple[int, ...]


@dataclass
class Outcome:
    """What one part, or several, gave."""

    steps: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differences and not self.failures

    def add(self, other: Outcome) -> None:
        self.steps += other.steps
        self.differences += other.differences
        self.failures += other.failures


def waiting_seconds(steps: Iterable[Step]) -> float:
    """How long a program waits on purpose, judged by its recording."""
    total = 0.0
    for _, op, args, wanted in steps:
        if op == "sleep":
            total += args["seconds"]
        elif op == "timed":
            total += args.get("least", 0)
        elif wanted == {"ok": "waiting"} or wanted == {"ok": "pending"}:
            total += args.get("wait", 5)
    return total


def parts_of(path: Path, choose: Callable[[int, list[Step]], bool] | None = None) -> list[Part]:
    """Cuts the chosen programs of a file (all by default) into parts of similar size."""
    sizes = {
        index: len(steps)
        for index, (_, steps) in enumerate(programs_of(str(path)))
        if choose is None or choose(index, steps)
    }
    count = min(MAX_PARTS, 1 + sum(sizes.values()) // STEPS_IN_A_PART)
    numbers = list(sizes)
    return [
        Part(path, tuple(numbers[first::count])) for first in range(count) if numbers[first::count]
    ]


def run_part(part: Part, runner: Runner) -> Outcome:
    """Replays one part in a new process and waits for it."""
    with tempfile.TemporaryDirectory() as directory:
        database = runner.database.replace("{directory}", directory)
        parameters = json.dumps({"database": database, "programs": part.programs})
        command = [runner.python, str(WORKER), str(part.path), parameters]
        try:
            done = subprocess.run(
                command,
                env=runner.environment,
                capture_output=True,
                text=True,
                timeout=PART_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            reached = (late.stdout or b"")[-2000:]
            text = f"{part.path.name}: no end after {PART_SECONDS} s; {reached!r}"
            return Outcome(failures=[text])
    return outcome_of(part, done)


def outcome_of(part: Part, done: subprocess.CompletedProcess[str]) -> Outcome:
    """Reads what a worker has printed."""
    outcome = Outcome()
    finished = False
    for line in done.stdout.splitlines():
        row = json.loads(line)
        if "steps" in row:
            outcome.steps, finished = row["steps"], True
        else:
            outcome.differences.append({"file": part.path.name, **row})
    if done.returncode != 0 or not finished:
        text = f"{part.path.name}: exit status {done.returncode}\n{done.stderr[-3000:]}"
        outcome.failures.append(text)
    return outcome


def run_parts(parts: Iterable[Part], runner: Runner, jobs: int) -> Outcome:
    """Replays the parts, at most `jobs` processes at a time."""
    total = Outcome()
    with ThreadPoolExecutor(jobs) as pool:
        for outcome in pool.map(lambda part: run_part(part, runner), parts):
            total.add(outcome)
    return total


def describe(outcome: Outcome, most: int = 20) -> str:
    """The differences and failures as text for a person."""
    lines = list(outcome.failures)
    for row in outcome.differences[:most]:
        lines.append(f"{row['file']}:{row['line']} program {row['seed']} {json.dumps(row['step'])}")
        lines.append(f"    wanted {json.dumps(row['wanted'])}")
        lines.append(f"    got    {json.dumps(row['got'])}")
    hidden = len(outcome.differences) - most
    if hidden > 0:
        lines.append(f"... and {hidden} more differences")
    return "\n".join(lines)
