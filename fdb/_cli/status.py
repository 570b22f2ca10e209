"""`fdb status`: how a database is, for people; the document itself for programs."""

from __future__ import annotations

import sys

import click

from fdb._blocking import Database, Tenant
from fdb._cli.errors import Failure
from fdb._cli.options import database_options
from fdb._cli.output import record
from fdb._cli.ping import seconds_of, whole_database
from fdb._cli.status_text import summary
from fdb._errors import FDBError

_TIMED_OUT = 1031
_SECONDS = 10.0


@click.command(
    epilog="Exit code: 1 if the database cannot be used. Example: fdb status -C /etc/foundationdb/fdb.cluster"
)
@database_options(_SECONDS, reads=True)
@click.option(
    "--json", "document", is_flag=True, help="The status document, as the cluster has made it."
)
@click.option(
    "--format",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="text for people; json: as --json; jsonl: the same in one line.",
)
def status(db: Database | Tenant, document: bool, format: str) -> None:
    """Say how a database is: whether it can be used, its data, load, processes, coordinators and messages.

    To make the document is work for a cluster: nothing to be asked for many times a second.
    """
    database = whole_database(db, "the status")
    timeout = seconds_of(database, _SECONDS)
    try:
        found = database.status(timeout)
    except FDBError as error:
        reason = str(error)
        if error.code == _TIMED_OUT:
            reason = f"the database did not answer within {timeout:g} s"
        raise Failure(f"{reason}; fdb doctor looks for the reason") from error
    except ValueError as error:
        raise Failure(f"the status document cannot be read: {error}") from error
    if document or format != "text":
        record("jsonl" if format == "jsonl" else "json", found.raw)
    else:
        for line in summary(found):
            print(line)
    if found.available is False:
        sys.stdout.flush()
        raise Failure("the database cannot be used now; fdb doctor looks for the reason")
