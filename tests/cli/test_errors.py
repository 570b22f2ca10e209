"""Errors as one line and an exit code."""

from __future__ import annotations

import click
import pytest

import fdb
from fdb._cli.errors import Failure, exit_code, one_line
from fdb._display.notation import NotationError
from fdb._display.places import MissingDirectoryError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (click.UsageError("No such thing."), 2, "No such thing"),
        (NotationError("column 1: bad"), 2, "column 1: bad"),
        (MissingDirectoryError("there is no directory /a"), 1, "there is no directory /a"),
        (Failure("it is full; free some space"), 1, "it is full; free some space"),
        (click.ClickException("nothing was done"), 1, "nothing was done"),
        (click.Abort(), 130, "interrupted"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (fdb.FDBError(1020), 1, "Transaction not committed due to conflict"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Permission denied: /x"),
        (RuntimeError(), 1, "RuntimeError"),
        (ZeroDivisionError("x"), 1, "ZeroDivisionError: x; --debug shows where"),
    ],
)
def test_lines_and_codes(error: BaseException, code: int, line: str) -> None:
    assert exit_code(error) == code
    assert one_line(error).startswith(line)


def test_a_usage_error_names_the_help_of_its_command() -> None:
    context = click.Context(click.Command("get"), info_name="get")
    assert one_line(click.UsageError("Missing argument 'KEY'.", context)) == (
        "missing argument 'KEY'; see get --help"
    )
