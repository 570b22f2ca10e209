"""Progress bars and tables for the examples, drawn with rich when it is installed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

try:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table
except ImportError:  # the examples need nothing but the fdb package
    HAVE_RICH = False
else:
    HAVE_RICH = True


class Advance(Protocol):
    """Tells a progress bar that `count` more pieces of work are done."""

    def __call__(self, count: int) -> None: ...


@contextmanager
def progress(title: str, total: int) -> Iterator[Advance]:
    """A progress bar over `total` pieces of work while the block runs."""
    if HAVE_RICH:
        with _rich_progress(title, total) as advance:
            yield advance
    else:
        yield _PlainProgress(title, total)


@contextmanager
def _rich_progress(title: str, total: int) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console()) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


class _PlainProgress:
    """A bar of text; where the output is no terminal, a line for each tenth of the work."""

    WIDTH = 40

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done, self.shown = title, max(total, 1), 0, -1
        self.terminal = sys.stdout.isatty()
        self.steps = self.WIDTH if self.terminal else 10
        self.lock = threading.Lock()

    def __call__(self, count: int) -> None:
        with self.lock:
            self.done += count
            step = self.done * self.steps // self.total
            if step > self.shown:
                self.shown = step
                self.draw(step)

    def draw(self, step: int) -> None:
        text = f"{self.title} {self.done:,} of {self.total:,}"
        if not self.terminal:
            print(text, flush=True)
            return
        end = "\n" if self.done >= self.total else ""
        bar = "#" * step + "." * (self.WIDTH - step)
        print(f"\r{self.title} [{bar}] {self.done:,}/{self.total:,}", end=end, flush=True)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table; the first column is text, the others are aligned to the right."""
    if HAVE_RICH:
        drawn = Table(title=title)
        for number, column in enumerate(columns):
            drawn.add_column(column, justify="right" if number else "left")
        for row in rows:
            drawn.add_row(*row)
        Console().print(drawn)
        return
    cells = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(columns))]
    print(f"\n{title}")
    for row in cells:
        first, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        aligned = [
            cell.strip().rjust(width) for cell, width in zip(others, widths[1:], strict=True)
        ]
        print("  ".join([first, *aligned]))
    sys.stdout.flush()
