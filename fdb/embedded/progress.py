"""How the command line shows how far a tool is: a bar where rich is installed and a person looks on, else lines."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from fdb._cli.progress import is_live

_HAS_RICH = importlib.util.find_spec("rich") is not None
#: A line is due whenever another such part of the work is done.
_PERCENT_A_LINE = 10

Report = Callable[[int, int], None]


@contextmanager
def shown(what: str, stream: TextIO | None = None) -> Iterator[Report]:
    """Gives a function that takes what is done and what there is to do, and shows it on `stream` (stderr)."""
    place = sys.stderr if stream is None else stream
    if _HAS_RICH and is_live(place):
        with _bar(what, place) as report:
            yield report
    else:
        yield _Lines(what, place)


@contextmanager
def _bar(what: str, stream: TextIO) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield report


class _Lines:
    """One line for every tenth of the work."""

    def __init__(self, what: str, stream: TextIO) -> None:
        self._what = what
        self._stream = stream
        self._next = _PERCENT_A_LINE

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total > 0 else 100
        if percent >= self._next:
            self._next = percent - percent % _PERCENT_A_LINE + _PERCENT_A_LINE
            print(f"{self._what}: {min(percent, 100)} %", file=self._stream, flush=True)
