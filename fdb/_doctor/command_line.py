"""`fdb doctor` where the extra for the command line is missing, or `import fdb` fails."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections.abc import Iterator, Sequence

from fdb._doctor.examination import examine
from fdb._doctor.finding import Finding
from fdb._doctor.report import status_of, text

FORMS = ("text", "json", "jsonl")
SECONDS = 5.0


def run(name: str | None, api_version: int | None, timeout: float, form: str) -> int:
    """Prints what is found, each line as soon as it is there; returns the exit status."""
    seen: list[Finding] = []

    def noted() -> Iterator[Finding]:
        for finding in examine(name, api_version, timeout):
            seen.append(finding)
            yield finding

    columns, colours = None, False
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        colours = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    for line in text(noted(), form, columns, colours):
        print(line, flush=True)
    return status_of(seen)


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments behind `doctor` ask for; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="fdb doctor", description="Says what is wrong with this installation, and the way out."
    )
    parser.add_argument("-C", "--cluster", metavar="STRING", help="the database, as for fdb.open")
    parser.add_argument("--api-version", type=int, metavar="VERSION", help="what programs select")
    parser.add_argument("--timeout", type=_seconds, default=SECONDS, help="seconds to wait")
    parser.add_argument("--format", choices=FORMS, default="text")
    given = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path need not be valid text
    try:
        return run(given.cluster, given.api_version, given.timeout, given.format)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Nobody reads any more: not even the flush at the end of the process must complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no positive time")
    return seconds
