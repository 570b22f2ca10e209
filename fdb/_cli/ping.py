"""`fdb ping`: whether a database answers, and how quickly."""

from __future__ import annotations

import statistics
import time

import click

from fdb._blocking import Database, Tenant
from fdb._cli.errors import FAILURE, Failure
from fdb._cli.options import Seconds, database_options, format_option
from fdb._cli.output import Listing
from fdb._errors import FDBError
from fdb._health import Ping

_COLUMNS = ("milliseconds", "read_version", "client", "protocol", "cluster_id", "error")
_TIMED_OUT = 1031


def whole_database(db: Database | Tenant, what: str) -> Database:
    """Returns the database that a command is about. Raises click.UsageError for a tenant."""
    if isinstance(db, Tenant):
        raise click.UsageError(f"{what} is of a whole database: leave out --tenant")
    return db


def seconds_of(db: Database, default: float) -> float:
    """Returns what --timeout says."""
    policy = db.defaults
    timeout = None if policy is None else policy.timeout
    return float(timeout) if isinstance(timeout, (int, float)) else default


@click.command(
    epilog="Exit code: 1 if an answer is missing. Example: fdb ping -C fdb.cluster --count 10 --interval 0.5"
)
@database_options(5, reads=True)
@click.option(
    "--count", type=click.IntRange(1), default=1, show_default=True, help="How often to ask."
)
@click.option(
    "--interval",
    type=Seconds(may_be_zero=True),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait from one answer to the next question.",
)
@format_option
def ping(db: Database | Tenant, count: int, interval: float, format: str) -> int:
    """Ask a database for a read version, and say how long the answer took.

    That is what each transaction waits for at its begin. A database that is locked answers, too.
    """
    database = whole_database(db, "a ping")
    timeout = seconds_of(database, 5)
    if count == 1 and format == "text":
        _print_one(database, timeout)
        return 0
    seconds: list[float] = []
    with Listing(format, _COLUMNS) as listing:
        for number in range(count):
            if number:
                time.sleep(interval)
            try:
                answer = database.ping(timeout)
            except FDBError as error:
                listing.row(milliseconds=None, error=_reason(error, timeout))
            else:
                seconds.append(answer.round_trip)
                listing.row(**_fields(answer))
            listing.flush()
    if format == "text":
        print(_summary(seconds, count))
    return 0 if len(seconds) == count else FAILURE


def _print_one(database: Database, timeout: float) -> None:
    try:
        answer = database.ping(timeout)
    except FDBError as error:
        raise Failure(f"{_reason(error, timeout)}; fdb doctor looks for the reason") from error
    shown = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in _fields(answer).items()
        if name != "milliseconds" and value is not None
    )
    print(f"answers in {answer.round_trip * 1000:.3f} ms ({shown})")


def _reason(error: FDBError, timeout: float) -> str:
    if error.code == _TIMED_OUT:
        return f"no answer within {timeout:g} s"
    return str(error)


def _fields(answer: Ping) -> dict[str, object]:
    return {
        "milliseconds": round(answer.round_trip * 1000, 3),
        "read_version": answer.read_version,
        "client": answer.client_version,
        "protocol": answer.protocol,
        "cluster_id": answer.cluster_id,
    }


def _summary(seconds: list[float], count: int) -> str:
    if not seconds:
        return f"0 of {count} answered"
    least, middle, most = (
        f"{value * 1000:.3f}" for value in (min(seconds), statistics.median(seconds), max(seconds))
    )
    return (
        f"{len(seconds)} of {count} answered; milliseconds: {least} to {most}, the median {middle}"
    )
