"""Wheels of the source tree and environments to install them into, for tests."""

from __future__ import annotations

import fcntl
import pathlib
import sys
import venv

import pytest

from helpers.paths import ROOT
from helpers.processes import run


def build_wheel(source: pathlib.Path, directory: pathlib.Path, **variables: str) -> pathlib.Path:
    """Builds a wheel of a source tree as a user would, into a directory; returns its path."""
    before = set(directory.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds of one tree would write the same files
        run(*pip, "--wheel-dir", directory, source, cwd=directory, **variables)
    (path,) = set(directory.glob("*.whl")) - before
    return path


def new_environment(directory: pathlib.Path, *requirements: object) -> pathlib.Path:
    """Makes a virtual environment with what is required and returns its Python."""
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", *requirements, cwd=directory)
    return python


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A wheel of this package."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def shim_wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A wheel of the distribution that stands in for the official package."""
    return build_wheel(ROOT / "shims" / "foundationdb", tmp_path_factory.mktemp("shim"))
