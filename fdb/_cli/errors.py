"""What goes wrong in a command: one line on stderr, and an exit code."""

from __future__ import annotations

import click

from fdb._display.notation import NotationError, visible
from fdb._display.places import MissingDirectoryError
from fdb._errors import FDBError

#: What scripts can tell apart.
FAILURE, USAGE, INTERRUPTED = 1, 2, 130


class Failure(Exception):
    """A command cannot do what it is to do: its text is the line, which says what and what to do."""


def exit_code(error: BaseException) -> int:
    """Return the exit code that an error ends the command with."""
    if isinstance(error, MissingDirectoryError):
        return FAILURE  # typed well: whether there is one depends on the database
    if isinstance(error, (click.UsageError, NotationError)):
        return USAGE
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return INTERRUPTED
    return FAILURE


def one_line(error: BaseException) -> str:
    """Return what the line on stderr says of an error, without "error:"."""
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return _joined(error.format_message())
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return _joined(f"{error.strerror}{place}")
    if isinstance(error, (Failure, FDBError, ValueError, RuntimeError, ImportError, OSError)):
        return _joined(str(error) or type(error).__name__)
    return _joined(f"{type(error).__name__}: {error}; --debug shows where")


def _usage(error: click.UsageError) -> str:
    text = _joined(error.format_message()).rstrip(".")
    if error.ctx is None:
        return text
    return f"{text[:1].lower()}{text[1:]}; see {error.ctx.command_path} --help"


def _joined(text: str) -> str:
    return visible(" ".join(text.split()))
