"""Programs that open a file: what tests of `file:` databases start, talk to, and kill."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import fdb
from helpers.paths import ROOT
from helpers.processes import surroundings_removed

END_SECONDS = 60

#: What every program begins with: the path is its argument; `refused` tries to open it and tells the code.
HEAD = """
import os, signal, sys, threading, time
import fdb
fdb.api_version(740)
path = sys.argv[1]
name = "file:" + path

def say(*words):
    print(*words, flush=True)

def refused(name=name):
    try:
        fdb.open(name).close()
    except fdb.FDBError as error:
        return error.code
    return 0

def wait_for_end_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@contextlib.contextmanager
def program(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program that talks through its pipes; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", HEAD + textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings_removed(os.environ),
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=END_SECONDS)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def output_of(code: str, *arguments: str) -> str:
    """Runs a program to its end and returns what it printed."""
    with program(code, *arguments) as process:
        printed, _ = process.communicate(timeout=END_SECONDS)
        assert process.returncode == 0, printed
    return printed


def put(path: str, **rows: str) -> None:
    with fdb.open(f"file:{path}") as db:
        for key, value in rows.items():
            db[key.encode()] = value.encode()


def rows_of(path: str) -> dict[bytes, bytes]:
    with fdb.open(f"file:{path}") as db:
        return {bytes(row.key): bytes(row.value) for row in db[b"":b"\xff"]}
