"""Programs that tests run."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping

import pytest

from helpers.paths import ROOT

#: What `run_python` is, for the annotations of tests that get it as a fixture.
RunPython = Callable[..., "subprocess.CompletedProcess[str]"]

#: What names a cluster or a library: a test sets it for itself, so that it runs anywhere.
SURROUNDINGS = (
    "FDB_CLUSTER_FILE",
    "FDB_LIBRARY_PATH",
    "FDB_LOCAL_CLIENT_LIBRARY_PATH",
)


def surroundings_removed(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment without what names a cluster or a library."""
    return {name: value for name, value in environment.items() if name not in SURROUNDINGS}


@pytest.fixture
def library_environment() -> dict[str, str]:
    """The variables with which a program finds the library that these tests use for a cluster."""
    return {name: os.environ[name] for name in SURROUNDINGS[1:] if name in os.environ}


def run_python(
    code: str,
    timeout: float = 60,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a program in a fresh interpreter and returns its outcome; its errors are shown.

    Of the variables that name a cluster or a library it sees only those in `environment`.
    """
    outcome = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**surroundings_removed(os.environ), **(environment or {})},
        cwd=ROOT,
    )
    if outcome.returncode != 0:
        print(outcome.stdout, outcome.stderr, sep="\n")
    return outcome


@pytest.fixture(name="run_python")
def run_python_fixture() -> RunPython:
    """`run_python` as a fixture."""
    return run_python


def run(
    *command: object, cwd: pathlib.Path | None = None, timeout: float = 600, **variables: str
) -> str:
    """Runs a command and returns what it printed; fails the test with all it said if it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env={**os.environ, **variables},
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout
