"""What is downloaded and installed: the wheel and the sdist of this package, the wheel of the official one, and what they need."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from suite.measure import Failed, Sample, run_whole
from suite.places import BUILD, OFFICIAL_REQUIREMENTS, ROOT

WHEELS = BUILD / "wheels"
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
BUILD_REQUIREMENTS = ("setuptools>=77", "cffi>=1.15")  # as in pyproject.toml
SDIST = "import setuptools.build_meta, sys; setuptools.build_meta.build_sdist(sys.argv[1])"


@dataclass(frozen=True)
class Size:
    """The bytes of a file, which is made when it is asked for."""

    make: Callable[[], Path]

    def start(self) -> None:
        pass

    def sample(self) -> Sample:
        return Sample(self.make().stat().st_size)

    def stop(self) -> None:
        pass


@dataclass(frozen=True)
class Installed:
    """How long `pip install` takes from a folder of wheels into an environment that has nothing."""

    folder: Callable[[], Path]
    requirement: str

    def start(self) -> None:
        self.folder()

    def sample(self) -> Sample:
        directory = empty("environment")
        venv.create(directory)
        pip = [sys.executable, *PIP, "--python", str(directory / "bin" / "python")]
        wheels = ["--no-index", "--find-links", str(self.folder())]
        seconds, cpu = run_whole([*pip, "install", *wheels, self.requirement])
        return Sample(seconds, cpu / seconds)

    def stop(self) -> None:
        pass


def run(command: list[str], **variables: str) -> None:
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def empty(name: str) -> Path:
    directory = WHEELS / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def only(directory: Path, pattern: str) -> Path:
    (path,) = directory.glob(pattern)
    return path


@functools.cache
def own() -> Path:
    """A folder with the wheel of this package and those that it needs; made once in a run. Raises Failed."""
    from helpers.wheels import build_wheel  # suite.places says where it is

    directory = empty("ours")
    run(
        [
            sys.executable,
            *PIP,
            "wheel",
            "--wheel-dir",
            str(directory),
            str(build_wheel(ROOT, directory)),
        ]
    )
    return directory


@functools.cache
def official() -> Path:
    """A folder with the wheel of the official package, which needs no other. Raises Failed."""
    directory = empty("official")
    requirement = OFFICIAL_REQUIREMENTS[0]
    run([sys.executable, *PIP, "download", "--no-deps", "--dest", str(directory), requirement])
    return directory


@functools.cache
def sdist() -> Path:
    directory, tools = empty("sdist"), empty("tools")
    run([sys.executable, *PIP, "install", "--target", str(tools), *BUILD_REQUIREMENTS])
    run([sys.executable, "-c", SDIST, str(directory)], PYTHONPATH=str(tools))
    return only(directory, "*.tar.gz")


def own_wheel() -> Path:
    return only(own(), "foundationdb_cffi-*.whl")


def official_wheel() -> Path:
    return only(official(), "foundationdb-*.whl")
