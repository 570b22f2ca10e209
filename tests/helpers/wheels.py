"""Wheels of the source tree and environments to install them into, for tests."""

from __future__ import annotations

import os
import pathlib
import sys
import venv

import pytest

import build_wheels
from helpers.paths import ROOT
from helpers.processes import run


def build_wheel(source: pathlib.Path, directory: pathlib.Path, **variables: str) -> pathlib.Path:
    """Builds a wheel of a source tree as a user would, into a directory; returns its path."""
    return build_wheels.pip_wheel(sys.executable, source, directory, {**os.environ, **variables})


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
