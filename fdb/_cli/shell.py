"""`fdb shell`."""

from __future__ import annotations

import io
import sys

import click

from fdb._blocking import Database, Tenant
from fdb._cli.errors import Failure
from fdb._cli.options import database_options, settings_of
from fdb._shell.opening import name_of, patience, talk
from fdb._shell.script import ScriptError, run_lines, run_text
from fdb._shell.session import Session


@click.command(
    epilog="Example: fdb -C file:shop.fdb shell --exec \"getrange ('orders',); status minimal\""
)
@database_options(reads="read_only", makes=False)
@click.option(
    "--exec",
    "commands",
    metavar="COMMANDS",
    help="Run commands, divided by semicolons, and exit: 1 if one has failed, and those behind it are not run.",
)
@click.option(
    "--read-only",
    is_flag=True,
    help="Writes cannot be enabled; a database file is opened to read alone.",
)
@click.option("--raw", is_flag=True, help="Show keys and values as fdbcli does, none as tuples.")
@click.option("--no-history", is_flag=True, help="Do not keep the lines that are typed.")
@click.pass_context
def shell(
    context: click.Context,
    /,
    db: Database | Tenant,
    commands: str | None,
    read_only: bool,
    raw: bool,
    no_history: bool,
) -> None:
    """An interactive prompt, with the commands of fdbcli and tuples.

    Without a terminal, the lines of stdin are run as commands, up to the first that fails. Writes are to be enabled by the
    command "writemode on".
    """
    session = Session(db, timeout=patience(db, None), read_only=read_only, raw=raw)
    try:
        if commands is not None:
            run_text(session, commands)
        elif not sys.stdin.isatty():
            if isinstance(sys.stdin, io.TextIOWrapper):
                # Keys and values need not be text.
                sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
            run_lines(session, sys.stdin)
        else:
            talk(session, name_of(db), not no_history, settings_of(context).debug)
    except ScriptError as error:
        raise Failure(str(error)) from error
