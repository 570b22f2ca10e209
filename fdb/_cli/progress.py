"""How far a command is: a bar on stderr where a person looks on, else nothing that scripts would have to skip."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

#: Takes what is done and, if it is known, what there is to do.
Report = Callable[[int, "int | None"], None]
#: Terminals that cannot move back in a line.
_PLAIN_TERMINALS = ("dumb", "unknown")


def is_live(stream: TextIO) -> bool:
    """Tell whether a person looks at a stream, on a terminal that can move back in a line."""
    return stream.isatty() and os.environ.get("TERM") not in _PLAIN_TERMINALS


@contextmanager
def showing(what: str, unit: str = "rows") -> Iterator[Report]:
    """Give a function that takes what is done and what there is to do (None: unknown), counted in `unit`."""
    if not is_live(sys.stderr):
        yield _silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None, count="")

        def report(done: int, total: int | None) -> None:
            of = "" if total is None else f" of {total:,}"
            progress.update(task, completed=done, total=total, count=f"{done:,}{of} {unit}")

        yield report


def _silent(done: int, total: int | None) -> None:
    pass
