"""`fdb doctor`: what is installed here, and what is wrong with it."""

from __future__ import annotations

import click

from fdb._cli.options import Seconds, format_option, settings_of
from fdb._doctor import command_line


@click.command(
    epilog="Exit code: 1 if there is a problem; warnings alone leave it 0. Example: fdb doctor -C /etc/foundationdb/fdb.cluster"
)
@click.option("-C", "--cluster", metavar="STRING", help="The database that programs open.")
@click.option(
    "--api-version", type=int, metavar="VERSION", help="What programs give to fdb.api_version."
)
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help=f"How long to wait for coordinators, and for the database; default {command_line.SECONDS:g}.",
)
@format_option
@click.pass_context
def doctor(
    context: click.Context,
    cluster: str | None,
    api_version: int | None,
    timeout: float | None,
    format: str,
) -> int:
    """Say what is installed here, what is wrong with it, and the way out.

    It looks at the package and its files, the client library, the API version, the cluster file, the coordinators, the database, and
    the environment. It writes nothing. Where `import fdb` itself fails: python FOLDER/fdb/__main__.py doctor
    """
    settings = settings_of(context)
    seconds = timeout or settings.timeout or command_line.SECONDS
    return command_line.run(cluster or settings.cluster, api_version, seconds, format)
