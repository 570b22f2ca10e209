"""Builds wheels of this package, one for each Python, and makes them ready for other systems of this kind.

    python tools/build_wheels.py --output dist python3.10 python3.13

On Linux auditwheel says in a wheel's name which systems it runs on (manylinux, musllinux), and refuses one that needs
libraries which are not everywhere. Wheels for all systems are made by cibuildwheel ([tool.cibuildwheel] in pyproject.toml).

There is a wheel for each version of Python: setup.py says why.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping

import pythons

ROOT = pathlib.Path(__file__).resolve().parent.parent


class WheelError(Exception):
    """A wheel that could not be made; the text is for the user."""


def run(
    *command: object,
    environment: Mapping[str, str] | None = None,
    directory: pathlib.Path | None = None,
) -> str:
    """Runs a command and returns what it printed; raises WheelError with that if it fails."""
    arguments = [str(argument) for argument in command]
    done = subprocess.run(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=directory,
    )
    if done.returncode:
        raise WheelError(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def one_build() -> Iterator[None]:
    """Waits for other builds of this tree, which would write the same files."""
    path = ROOT / "build" / "wheel.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pip_wheel(
    python: str,
    source: pathlib.Path,
    directory: pathlib.Path,
    environment: Mapping[str, str] | None = None,
) -> pathlib.Path:
    """Has a Python's pip build a wheel of a source tree, into a directory; returns its path."""
    pip = [python, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    with one_build(), tempfile.TemporaryDirectory(dir=directory) as built:
        run(*pip, "--wheel-dir", built, source, environment=environment)
        (wheel,) = pathlib.Path(built).glob("*.whl")
        return wheel.replace(directory / wheel.name)


def portable_wheel(python: str, directory: pathlib.Path) -> pathlib.Path:
    """Builds a wheel of this package that says what it runs on; returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        wheel = pip_wheel(python, ROOT, pathlib.Path(temporary))
        if not sys.platform.startswith("linux"):
            return wheel.replace(directory / wheel.name)
        return repaired(wheel, directory)


def repaired(wheel: pathlib.Path, directory: pathlib.Path) -> pathlib.Path:
    """Makes a copy of a wheel whose name says on which Linux it runs; returns its path."""
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        repair = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", temporary, wheel]
        run(*repair, environment={**os.environ, "PATH": path})  # on which it finds patchelf
        (result,) = pathlib.Path(temporary).glob("*.whl")
        return result.replace(directory / result.name)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "dist")
    parser.add_argument(
        "pythons", nargs="+", help="such as python3.12; those not here are left out"
    )
    arguments = parser.parse_args()
    found = [path for name in arguments.pythons if (path := pythons.locate(name)) is not None]
    if not found:
        print(f"error: none of {' '.join(arguments.pythons)} is here", file=sys.stderr)
        return 1
    try:
        for python in found:
            wheel = portable_wheel(python, arguments.output)
            print(f"{wheel} ({wheel.stat().st_size / 1e6:.2f} MB)", flush=True)
    except WheelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
