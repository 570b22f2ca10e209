"""`fdb check`, `backup`, `compact`, `info`: the tools for database files, which `python -m fdb.embedded` has, too."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable

import click

from fdb._cli.errors import FAILURE, Failure
from fdb._cli.options import Command, format_option, select_api_version
from fdb._cli.output import record
from fdb._cli.progress import showing
from fdb.embedded import backup as back_up_file
from fdb.embedded import check as check_file
from fdb.embedded import compact as compact_file
from fdb.embedded import info as info_of_file
from fdb.embedded.command_line import Report, lines_of

#: Selects an API version that the embedded engine has.
_EMBEDDED = "memory:"


def _in_a_file(context: click.Context, parameter: click.Parameter, path: str) -> str:
    """Refuses what is in no file."""
    if path.startswith(_EMBEDDED):
        raise click.BadParameter(f"{path} is in the memory of one process, and no file")
    return path


def _path(command: Command) -> Command:
    return click.argument("path", metavar="PATH", callback=_in_a_file)(command)


def _show(report: Report, format: str) -> int:
    """Prints a report; returns the exit code."""
    if format == "text":
        for line in lines_of(report):
            print(line)
    else:
        record(format, dataclasses.asdict(report))
    return 0 if getattr(report, "ok", True) else FAILURE


def _with_progress(name: str, work: Callable[..., Report], *paths: str) -> Report:
    select_api_version(_EMBEDDED)
    with showing(name, "steps") as report:
        return work(*paths, progress=report)


@click.command(epilog="Exit code: 1 if there is damage. Example: fdb check app.fdb")
@_path
@format_option
def check(path: str, format: str) -> int:
    """Read all of a database file, and compare it with its checksums.

    It changes nothing. No other process may have the file open. PATH may be file:PATH.
    """
    return _show(_with_progress("check", check_file, path), format)


@click.command(epilog="Example: fdb backup app.fdb /backups/app-$(date +%F).fdb")
@click.argument("source", metavar="SOURCE", callback=_in_a_file)
@click.argument("target", metavar="TARGET")
@format_option
def backup(source: str, target: str, format: str) -> int:
    """Write the database file SOURCE into a new one, TARGET, all of it at one version.

    Nothing may be at TARGET. It is complete and on disk at the end; there is none if that fails or is interrupted. Then it is checked:
    damage in SOURCE is in it, too, and is a failure. No other process may have SOURCE open: the one that has it calls
    fdb.embedded.backup(db, TARGET).
    """
    code = _show(_with_progress("backup", back_up_file, source, target), format)
    found = _with_progress("check", check_file, target)
    if not getattr(found, "ok", False):
        sys.stdout.flush()
        raise Failure(
            f"{source} is damaged, and so is {target}, which is a copy of it: fdb check {target} tells more"
        )
    return code


@click.command(epilog="Example: fdb compact app.fdb")
@_path
@format_option
def compact(path: str, format: str) -> int:
    """Make a database file as small as its data allows.

    It needs room for a second copy meanwhile. No other process may have the file open. After an error or Ctrl-C the file is as it was.
    """
    return _show(_with_progress("compact", compact_file, path), format)


@click.command(epilog="Example: fdb info app.fdb --format json")
@_path
@format_option
def info(path: str, format: str) -> int:
    """Say what a database file is, and how much is in it, without reading its data.

    No other process may have the file open.
    """
    select_api_version(_EMBEDDED)
    return _show(info_of_file(path), format)
