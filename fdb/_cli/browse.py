"""`fdb browse`: the page of a database, until Ctrl-C."""

from __future__ import annotations

import logging
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from fdb._browse import browse as serve
from fdb._cli.errors import Failure
from fdb._cli.options import DEFAULT_TIMEOUT, database_options

if TYPE_CHECKING:
    from fdb._browse.page import BrowsePage


@click.command(
    epilog="Example: fdb browse; fdb browse -C file:accounts.fdb --port 8080 --open; "
    "fdb browse --tenant customers --write"
)
@database_options(reads="only_reads")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="NUMBER",
    help="The port; default any that is free.",
)
@click.option(
    "--write",
    "only_reads",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Let the page set and clear keys, too.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def browse(db: Any, port: int, only_reads: bool, opens: bool) -> None:
    """Serve a page that shows what is in a database, to this machine only.

    Prints its address, which has a secret token: whoever knows it can read the database, and with --write change it, as
    long as this command runs. Ctrl-C ends it. Without --write a file is opened only to be read. A database in memory is empty here, as it is that of this process: a
    program shows its own by fdb.browse(db).
    """
    logging.getLogger("fdb.browse").addHandler(_Lines())
    timeout = db.defaults.timeout if db.defaults is not None else None
    try:
        page = serve(db, write=not only_reads, port=port, timeout=timeout or DEFAULT_TIMEOUT)
    except OSError as error:
        raise Failure(f"{error.strerror}; without --port any free one is taken") from error
    with page:
        try:
            _show(page, opens)
            page.wait()
        except KeyboardInterrupt:
            # The way to end it: no failure.
            click.echo(err=True)


def _show(page: BrowsePage, opens: bool) -> None:
    click.echo(page.url)
    click.echo("Ctrl-C ends the page.", err=True)
    if opens and not webbrowser.open(page.url):
        click.echo("There is no browser to open it: open the address above.", err=True)


class _Lines(logging.Handler):
    """What the server has to say, as a line on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record."""
        if record.levelno >= logging.ERROR:
            click.echo(f"error: {' '.join(record.getMessage().split())}", err=True)
