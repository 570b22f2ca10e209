"""The examples, as modules and as programs."""

from __future__ import annotations

import importlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.paths import ROOT
from helpers.processes import surroundings_removed

EXAMPLES = ROOT / "examples"
#: Seconds in which an example does what it is about to do, unless something is wrong.
PATIENCE = 60

#: `start("name.py", "argument", FDB_CLUSTER_FILE=...)` runs an example until the test ends.
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports an example."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


@pytest.fixture
def start(tmp_path: pathlib.Path) -> Iterator[Start]:
    """Starts examples, and anything else that `python` runs, as programs of their own."""
    running: list[subprocess.Popen[str]] = []

    def begin(*command: object, **variables: str) -> subprocess.Popen[str]:
        environment = surroundings_removed(os.environ)
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env={**environment, "PYTHONUNBUFFERED": "1", **variables},
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        kill(process)


def kill(process: subprocess.Popen[str]) -> str:
    """Ends an example without a word, as a lack of memory does; returns the rest of what it has printed."""
    process.kill()
    with process:  # which waits for it, and closes what it has printed to
        stdout = process.stdout
        return stdout.read() if stdout is not None and not stdout.closed else ""


def told(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Reads what an example prints up to a line with the pattern, and returns that."""
    assert process.stdout is not None
    lines = []
    # So that the test fails, and does not wait for ever.
    alarm = threading.Timer(PATIENCE, process.kill)
    alarm.start()
    try:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(pattern, line):
                return found
    finally:
        alarm.cancel()
    raise AssertionError(f"it ended without {pattern!r}:\n{''.join(lines)}")


def address_of(server: subprocess.Popen[str]) -> str:
    """Returns where a server is once it listens: it was started with `--port 0`, and says so."""
    return told(server, r"unning on (http://[\w.:]+)")[1]


def end(process: subprocess.Popen[str]) -> str:
    """Asks an example to end, as a supervisor does; returns the rest of what it prints. It has to end well."""
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -signal.SIGTERM), rest
    return rest
