"""fdb/embedded/: fresh names, dropped databases, the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fdb
import fdb.embedded
from helpers.processes import RunPython


def test_the_command_line_asks_for_a_choice() -> None:
    command = [sys.executable, "-m", "fdb.embedded"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "--libdir" in result.stderr


def test_unique_names_are_fresh() -> None:
    names = {fdb.embedded.unique() for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("memory:") for name in names)


def test_a_dropped_database_is_empty_when_it_is_opened_again() -> None:
    name = fdb.embedded.unique()
    first = fdb.open(name)
    first[b"key"] = b"value"
    fdb.embedded.drop(name)
    assert first[b"key"] == b"value", "an open handle keeps its data"
    assert fdb.open(name)[b"key"] is None
    fdb.embedded.drop(name.removeprefix("memory:"))
    fdb.embedded.drop(fdb.embedded.unique())


def test_dropping_before_anything_was_opened_is_ignored(run_python: RunPython) -> None:
    done = run_python(
        """
        import fdb
        fdb.embedded.drop("x")
        fdb.api_version(740)
        fdb.embedded.drop("x")
        print(fdb.open("memory:x")[b"k"])
        """
    )
    assert done.stdout == "None\n"


def test_a_file_cannot_be_dropped() -> None:
    with pytest.raises(
        ValueError, match="forgets databases in memory, and 'file:/data/db' is a file"
    ):
        fdb.embedded.drop("file:/data/db")
