"""fdb/_cli/shell.py: `fdb shell` without a person."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from helpers.processes import surroundings_removed


def fdb_shell(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `python -m fdb -C memory: shell` in a process without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "fdb", "-C", "memory:", "shell", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=surroundings_removed(os.environ),
    )


def test_commands_of_an_option_are_run() -> None:
    done = fdb_shell("--exec", "writemode on; set (1, 'a') x; getrange")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.endswith("\nRange limited to 25 keys\n`(1, 'a')' is `x'\n\n")
    done = fdb_shell("--raw", "--exec", "writemode on; set (1,) x; getrange")
    assert "`\\x15\\x01' is `x'" in done.stdout


def test_the_first_that_fails_ends_it_with_one_line_and_1() -> None:
    done = fdb_shell("--exec", "get a; foo; get b")
    assert (done.returncode, done.stderr) == (1, "error: Unknown command `foo'. Try `help'?\n")
    assert "`b'" not in done.stdout


def test_lines_of_stdin_are_run() -> None:
    done = fdb_shell(stdin="# a script\nwritemode on\nset a b\n\nget a\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "`a' is `b'"
    done = fdb_shell("--read-only", stdin="get a\nwritemode on\nget b\n")
    assert (done.returncode, done.stderr) == (
        1,
        "error: line 2: this shell was opened to read only\n",
    )


def test_stdin_that_is_no_text_is_taken_as_bytes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fdb", "-C", "memory:", "shell"],
        input=b"writemode on\nset a \xff\nget a\n",
        capture_output=True,
        timeout=60,
        env={**surroundings_removed(os.environ), "PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"},
    )
    assert done.stdout.splitlines()[-1] == b"`a' is `\\xff'"
    assert done.returncode == 0


@pytest.mark.parametrize("options", [[], ["--read-only"]])
def test_a_name_that_is_mistyped_makes_no_file(tmp_path: pathlib.Path, options: list[str]) -> None:
    place = f"file:{tmp_path}/new.fdb"
    done = fdb_shell(*options, "--exec", "getrange", "-C", place)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: there is no file {tmp_path}/new.fdb; fdb set makes")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
