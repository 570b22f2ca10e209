"""Instructions of a program, counted by valgrind: nearly the same in each run, however busy the machine is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from suite.measure import SAMPLE_SECONDS, Failed, Sample


@dataclass(frozen=True)
class Counted:
    """The instructions of a program's whole run, of all its threads, less those of another run."""

    command: list[str]
    empty: list[str]
    environment: Mapping[str, str] | None = None
    directory: Path | None = None

    def start(self) -> None:
        if shutil.which("valgrind") is None:
            raise Failed("valgrind is not installed (Debian, Ubuntu: apt-get install valgrind)")

    def sample(self) -> Sample:
        return Sample(self._count(self.command) - self._count(self.empty))

    def stop(self) -> None:
        pass

    def _count(self, command: list[str]) -> int:
        given = os.environ if self.environment is None else self.environment
        with tempfile.TemporaryDirectory() as name:
            output = Path(name) / "counted"
            done = subprocess.run(
                ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", *command],
                # With another seed of hashes other dictionaries collide.
                env={**given, "PYTHONHASHSEED": "0"},
                cwd=self.directory,
                capture_output=True,
                text=True,
                timeout=SAMPLE_SECONDS,
                check=False,
            )
            found = re.search(r"Collected : (\d+)", done.stderr)
            if done.returncode != 0 or found is None:
                raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return int(found[1])
