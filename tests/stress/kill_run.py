"""Kills the program of kill_worker.py over and over, and checks the database after each kill.

    python tests/stress/kill_run.py [--kills 1000] [--seed SEED]

Prints its seed; --seed, or FDB_TEST_SEED, repeats the same choices (not the same moments). Exit status 1 and
the directory with file and records when something is wrong.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from kill_check import Expected, Fault, History  # noqa: E402

WORKER = Path(__file__).with_name("kill_worker.py")
CHILD_SECONDS = 120
#: How many kills a file lives through, and how many rows it begins with.
LIVES = (3, 8, 20)
BULK_ROWS = (0, 0, 8_000, 40_000)
#: With the smallest cache most of the rows of a larger file are read from it again and again.
OPTIONS = ("sync=full", "sync=full", "sync=full&cache=1M", "sync=off", "sync=normal")
PHASES = {"opening": 2, "working": 6, "closing": 3}
#: Seconds from the start of a phase to the kill, at most.
LONGEST = {"opening": 0.04, "working": 0.5, "closing": 0.06}
#: Long enough for what was committed to leave the window of old versions, and be folded.
LONG_LIFE = (6.0, 9.0)
LONG_LIVES = 0.02


def seed_of(environment: dict[str, str]) -> int:
    """The seed that was asked for, or a new one."""
    given = environment.get("FDB_TEST_SEED")
    return int(given) if given else random.SystemRandom().randrange(1 << 32)


@dataclass
class Counts:
    kills: dict[str, int] = field(default_factory=dict)  # by phase
    files: int = 0
    commits: int = 0
    unacknowledged: int = 0

    @property
    def total(self) -> int:
        return sum(self.kills.values())

    def __str__(self) -> str:
        phases = ", ".join(f"{count} {phase}" for phase, count in sorted(self.kills.items()))
        return (
            f"{self.total} kills ({phases}) of {self.files} files, {self.commits} commits, "
            f"{self.unacknowledged} of them there without having been acknowledged"
        )


class KilledFile:
    """One database file and the incarnations of the program that have used it."""

    def __init__(
        self, directory: Path, rng: random.Random, options: str, bulk_rows: int, early: bool = False
    ) -> None:
        self.directory = directory
        self.rng = rng
        self.name = f"file:{directory / 'app.fdb'}?{options}"
        self.bulk_rows = bulk_rows
        self.early = early
        self.incarnation = 0
        self.expected = Expected()

    def live_and_die(self, counts: Counts, long_life: bool = False) -> None:
        """Runs the program, kills it, and checks what is left. Raises Fault."""
        self.incarnation += 1
        phase = self.rng.choices(list(PHASES), list(PHASES.values()))[0]
        after = self.rng.uniform(0, LONGEST[phase])
        life = self.rng.uniform(0.05, 0.4)
        if long_life:
            phase, after, life = "working", self.rng.uniform(*LONG_LIFE), max(LONG_LIFE)
        elif phase == "working":
            life = CHILD_SECONDS
        records = self.directory / f"records-{self.incarnation}"
        if self._run_and_kill(phase, after, life, records):
            counts.kills[phase] = counts.kills.get(phase, 0) + 1
        self.check(History.read(records, self.incarnation))
        records.unlink(missing_ok=True)

    def check(self, history: History) -> None:
        output = self.directory / "contents"
        end = self.rng.choice(("leave", "close"))
        status, printed = self._child([str(WORKER), "dump", self.name, str(output), end])
        if status != (-signal.SIGKILL if end == "leave" else 0):
            raise Fault(f"the file cannot be read again: status {status}\n{printed}")
        found = pickle.loads(output.read_bytes())
        output.unlink()
        self.expected.check(history, found)

    def check_file(self) -> None:
        """Reads every page and checksum of the file, as its last kill has left it. Raises Fault."""
        path = str(self.directory / "app.fdb")
        status, printed = self._child(["-m", "fdb.embedded", "check", path])
        if status != 0:
            raise Fault(f"the file is damaged: status {status}\n{printed}")

    def _child(self, arguments: list[str]) -> tuple[int, str]:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_SECONDS)
        return done.returncode, done.stdout + done.stderr

    def _run_and_kill(self, phase: str, after: float, life: float, records: Path) -> bool:
        """Returns whether the program was killed: it may have come to its end before."""
        seed = self.rng.randrange(1 << 32)
        command = [sys.executable, str(WORKER), "work", self.name, str(records)]
        command += [str(seed), str(self.incarnation), str(life), str(self.bulk_rows)]
        command += ["early"] if self.early else []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            assert child.stdout is not None and child.stderr is not None
            for line in child.stdout:
                if line.decode().strip() == phase:
                    time.sleep(after)
                    break
            child.kill()
            status, errors = child.wait(), child.stderr.read().decode()
        if status not in (0, -signal.SIGKILL):
            raise Fault(f"the program failed with status {status}:\n{errors}")
        return status != 0


def run(kills: int, seed: int, directory: Path, long_lives: float = LONG_LIVES) -> Counts:
    """Kills `kills` times, on one file after the other. Raises Fault."""
    rng = random.Random(seed)
    counts = Counts()
    while counts.total < kills:
        place = directory / f"file-{counts.files}"
        place.mkdir()
        file = KilledFile(place, rng, rng.choice(OPTIONS), rng.choice(BULK_ROWS))
        counts.files += 1
        for _ in range(rng.choice(LIVES)):
            if counts.total >= kills:
                break
            file.live_and_die(counts, rng.random() < long_lives)
        file.check_file()
        counts.commits += file.expected.commits
        counts.unacknowledged += file.expected.unacknowledged
        shutil.rmtree(place)
        print(counts, flush=True)
    return counts


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=seed_of(dict(os.environ)))
    options = parser.parse_args(argv)
    print(f"seed {options.seed}", flush=True)
    directory = Path(tempfile.mkdtemp(prefix="fdb-kills-"))
    try:
        run(options.kills, options.seed, directory)
    except Fault as fault:
        print(f"seed {options.seed}: {fault}\nthe files are in {directory}", file=sys.stderr)
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
