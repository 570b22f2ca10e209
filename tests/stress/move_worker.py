"""A command of `fdb copy`, `fdb export` or `fdb import` that kills itself with SIGKILL: run by test_move_kills.py.

    python tests/stress/move_worker.py POINT ARGUMENTS...

At the point of this number, counted from 0, among all places where something has just been done, or half done: a piece of a file
written, half of it, a transaction committed, a note of it about to be written, written, and put in its place. Without so many
points the command ends as always.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from fdb._cli.main import run
from fdb._dump import reader, source, state, target, work, writer

#: Small enough for some hundred rows to take many of them.
source._ROWS = 10
source.MOST_ROWS = 20
work.SAVE_EVERY = 0
reader._PIECE = 2_000


class Points:
    """Counts the points, and dies at one."""

    def __init__(self, fatal: int) -> None:
        self._left = fatal

    def __call__(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def around(self, owner: Any, name: str) -> None:
        """Makes points of the begin and the end of a function."""
        function = getattr(owner, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            self()
            result = function(*arguments, **keywords)
            self()
            return result

        setattr(owner, name, call)


class HalfWritten:
    """A file each piece of which is written in two halves."""

    def __init__(self, stream: Any, point: Points) -> None:
        self._stream = stream
        self._point = point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, data: bytes) -> None:
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            self._stream.write(part)
            self._stream.flush()
            self._point()


def main() -> int:
    point = Points(int(sys.argv[1]))
    begin = writer.PartFile.begin

    def begin_in_halves(file: writer.PartFile, header: Any) -> None:
        stream: Any = HalfWritten(file._stream, point)
        file._stream = stream
        begin(file, header)

    writer.PartFile.begin = begin_in_halves  # type: ignore[method-assign]
    point.around(target, "write")
    point.around(state.State, "save")
    point.around(os, "replace")
    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
