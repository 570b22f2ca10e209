"""A program in a terminal of its own: what a person would see there, and a picture of it.

    with Terminal([sys.executable, "-m", "fdb", "shell"], columns=80, rows=24) as terminal:
        terminal.expect("^fdb>$")
        terminal.type("get a\\r")
        terminal.expect("not found")

pexpect runs the program on a real pty and pyte keeps the screen, answering what programs ask terminals (where the cursor is).
Lines end where their text does, so a prompt that waits is "^fdb>$". Nothing sleeps: `expect` reads until the screen shows something, and fails with the screen if it does not in time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.processes import surroundings_removed

#: Seconds until what is expected has to be there; a machine may be busy with other tests.
PATIENCE = 60.0
_COLOURS = {"default": "default", "brown": "yellow", "brightbrown": "bright_yellow"}
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class Terminal:
    """A program and its screen. To be used as a context: at its end the program is gone."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        cwd: str | os.PathLike[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts the program; of the variables that name a cluster or a library it sees those in `environment`."""
        import pexpect
        import pyte

        self._columns, self._rows = columns, rows
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._ended = False
        self._child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            dimensions=(rows, columns),
            cwd=cwd,
            env={
                **surroundings_removed(os.environ),
                "TERM": "xterm-256color",
                "COLUMNS": str(columns),
                "LINES": str(rows),
                **(environment or {}),
            },
            timeout=PATIENCE,
        )
        self._child.delaybeforesend = None
        self._screen.write_process_input = self._answer

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _answer(self, data: str) -> None:
        """Sends what a terminal answers to the program, which may have ended meanwhile."""
        with contextlib.suppress(OSError):
            self._child.send(data)

    def _read(self, timeout: float) -> bool:
        """Takes what the program has written within some seconds; tells whether there was something."""
        import pexpect

        try:
            self._stream.feed(self._child.read_nonblocking(65536, timeout))
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self._ended = True
            return False
        return True

    # ---- what a person does ----

    def type(self, text: str) -> None:
        """Types text: "\\r" is the key Enter, "\\t" Tab, "\\x03" Ctrl-C, "\\x04" Ctrl-D, "\\x1b[A" the arrow up."""
        self._child.send(text)

    def resize(self, columns: int, rows: int) -> None:
        """Gives the window another size, of which the program is told."""
        self._columns, self._rows = columns, rows
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    # ---- what a person sees ----

    def expect(self, pattern: str, timeout: float = PATIENCE) -> str:
        """Waits until the text of the screen matches a regular expression, and returns what does.

        Fails with all that the screen shows if it does not within some seconds, or if the program ends.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.text(), re.MULTILINE)
            if found is not None:
                return found.group()
            left = deadline - time.monotonic()
            if self._ended or left <= 0:
                why = "the program has ended" if self._ended else f"not within {timeout:g} s"
                raise AssertionError(f"{pattern!r} is not on the screen ({why}):\n{self.text()}")
            self._read(left)

    def screen(self) -> list[str]:
        """Returns the lines of the screen as they are now, without blanks at their ends."""
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """Returns what was shown so far: what has scrolled off the screen, and the screen, without empty lines at the end."""
        gone = [
            "".join(line[column].data for column in range(self._columns)).rstrip()
            for line in self._screen.history.top
        ]
        return "\n".join([*gone, *self.screen()]).rstrip("\n")

    def wait(self, timeout: float = PATIENCE) -> int:
        """Waits until the program has ended, and returns its exit code (minus the signal that ended it)."""
        deadline = time.monotonic() + timeout
        while not self._ended:
            if time.monotonic() >= deadline:
                raise AssertionError(f"the program has not ended in {timeout:g} s:\n{self.text()}")
            self._read(max(0.0, deadline - time.monotonic()))
        self._child.wait()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)

    def close(self) -> None:
        """Ends the program if it has not ended, and gives the pty back."""
        self._child.close(force=True)

    # ---- what a page of the documentation shows ----

    def picture(self, path: pathlib.Path, title: str = "") -> pathlib.Path:
        """Draws the screen, colours and all, as SVG into a file, and returns its path.

        It needs nothing from elsewhere: the fonts are those of who looks at it.
        """
        from rich.console import Console

        lines = self._drawn_lines()
        console = Console(
            record=True,
            width=self._columns,
            file=open(os.devnull, "w"),  # noqa: SIM115
            force_terminal=True,
            color_system="truecolor",
            legacy_windows=False,
        )
        with console.file:
            for line in lines:
                console.print(line, soft_wrap=True)
            drawn = console.export_svg(title=title or "fdb")
        path.write_text(_FONT.sub("", drawn), encoding="utf-8")
        return path

    def _drawn_lines(self) -> list[Any]:
        from rich.text import Text

        drawn = []
        for row in range(self._rows):
            line = Text()
            cells = [self._screen.buffer[row][column] for column in range(self._columns)]
            for style, run in itertools.groupby(cells, key=_style):
                line.append("".join(cell.data for cell in run), style)
            line.rstrip()
            drawn.append(line)
        while drawn and not drawn[-1].plain.strip():
            drawn.pop()
        return drawn


def _style(cell: Any) -> Any:
    from rich.style import Style

    return Style(
        color=_colour(cell.fg),
        bgcolor=_colour(cell.bg),
        bold=cell.bold or None,
        italic=cell.italics or None,
        underline=cell.underscore or None,
        reverse=cell.reverse or None,
    )


def _colour(name: str) -> str:
    """Returns pyte's name of a colour as rich has it."""
    if re.fullmatch("[0-9a-f]{6}", name):
        return "#" + name
    if name.startswith("bright"):
        return _COLOURS.get(name, "bright_" + name.removeprefix("bright"))
    return _COLOURS.get(name, name)
