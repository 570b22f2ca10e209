"""From the start of a process to the prompt of `fdb shell`, beside the start of a Python that imports what it is made of."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys

from work.bench import Bench, Round, Rows, Sample, timed

ROWS = Rows()
LIBRARIES = "import click, rich, prompt_toolkit"


def seen(command: list[str], text: bytes) -> None:
    """Runs a program at a terminal until it shows a text, then ends it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the program has ended
            while text not in shown:
                shown += os.read(ours, 65536)
        process.kill()
        os.close(ours)
    if text not in shown:
        raise RuntimeError(shown.decode(errors="replace"))


@ROWS.add("prompt")
def prompt(bench: Bench) -> Round:
    command = [sys.executable, "-m", "fdb", "-C", bench.database, "shell", "--no-history"]

    def measured() -> Sample:
        with timed(1) as sample:
            seen(command, b"fdb>")
        return sample

    return measured


def program(text: str) -> Round:
    def measured() -> Sample:
        with timed(1) as sample:
            subprocess.run([sys.executable, "-c", text], check=True)
        return sample

    return measured


@ROWS.add("libraries")
def libraries(bench: Bench) -> Round:
    return program(LIBRARIES)


@ROWS.add("python")
def python(bench: Bench) -> Round:
    return program("pass")
