"""Prints where the Pythons are that the command line names, one path a line.

    python tools/pythons.py python3.10 python3.13

Looks on PATH and then among pyenv's versions: pyenv puts a program of each name on PATH that only works
while its version is chosen. A Python that is not installed is reported on standard error and left out.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

#: What a Python has to be able to do before it can run the tests.
PROBE = "import ensurepip, venv, sys; print(sys.executable)"


def candidates(name: str) -> Iterator[str]:
    """Yields the commands that may start the Python called `name`, the likeliest first."""
    found = shutil.which(name)
    if found:
        yield found
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    releases = (pyenv / "versions").glob(f"{name.removeprefix('python')}.*")
    numbered = [release for release in releases if release.name.rpartition(".")[2].isdigit()]
    for release in sorted(numbered, key=lambda path: int(path.name.rpartition(".")[2]))[::-1]:
        yield str(release / "bin" / name)


def locate(name: str) -> str | None:
    """Returns the path of the Python called `name` (such as python3.12), or None."""
    for command in candidates(name):
        try:
            probe = subprocess.run([command, "-c", PROBE], capture_output=True, text=True)
        except OSError:
            continue
        if probe.returncode == 0:
            return probe.stdout.strip()
    return None


def main(names: list[str]) -> int:
    for name in names:
        path = locate(name)
        if path is None:
            print(f"{name} is not installed: skipped", file=sys.stderr)
        else:
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
