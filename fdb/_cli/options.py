"""The options that many commands share: which database, which form, and whether to ask."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from fdb._blocking import Database, Tenant
from fdb._cli.errors import Failure
from fdb._display.places import Place
from fdb._open import open as open_database_of
from fdb._policy import Policy
from fdb._startup import api_version
from fdb._startup.client import clients
from fdb._startup.cluster_names import place_of
from fdb._startup.embedded_names import FILE

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("text", "json", "jsonl")
#: Seconds after which what answers at once on a healthy database has failed.
DEFAULT_TIMEOUT = 10.0
#: How the file of a database begins: it is one of SQLite.
_DATABASE_START = b"SQLite format 3\x00"
CLUSTER_HELP = (
    "The database: a cluster file, file:PATH, memory: or memory:NAME. Default: FDB_CLUSTER_FILE, or the "
    "platform's cluster file."
)


class Seconds(click.FloatRange):
    """A time that a person gives: a number, and no more than a transaction's timeout can be."""

    name = "seconds"

    def __init__(self, *, most: int = 2_147_483, may_be_zero: bool = False) -> None:
        super().__init__(min=0, max=most, min_open=not may_be_zero)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):  # which lies in no range, and beyond none
            self.fail(f"{value!r} is no time", param, ctx)
        return seconds


@dataclass
class Settings:
    """What was said before the name of the command; an option after it comes first."""

    cluster: str | None = None
    tenant: str | None = None
    timeout: float | None = None
    debug: bool = False


def database_options(
    timeout: float | None = DEFAULT_TIMEOUT, *, reads: bool | str = False, makes: bool = True
) -> Callable[[Command], Command]:
    """Give a command -C, --tenant and --timeout, and call it with the database or tenant as its first argument.

    `timeout` is the default of the option, in seconds, for each transaction; None bounds none. `reads` is for a command
    that only does so: it makes no file where there is none, and leaves the one there is as it was. It may be the name of
    the flag that says so. One that changes what has to be there makes no file either: `makes=False`.
    """

    def decorate(command: Command) -> Command:
        @click.option("-C", "--cluster", metavar="STRING", help=CLUSTER_HELP)
        @click.option("--tenant", metavar="NAME", help="The tenant whose data is meant.")
        @click.option(
            "--timeout",
            type=Seconds(),
            metavar="SECONDS",
            help="After which a transaction has failed; default "
            + ("none." if timeout is None else f"{timeout:g}."),
        )
        @click.pass_context
        @functools.wraps(command)
        def opened(
            context: click.Context,
            /,
            cluster: str | None,
            tenant: str | None,
            **rest: Any,
        ) -> Any:
            settings = settings_of(context)
            given = rest.pop("timeout")
            bound = next(
                (one for one in (given, settings.timeout, timeout) if one is not None), None
            )
            only_reads = bool(rest[reads]) if isinstance(reads, str) else reads
            database = open_database(
                cluster or settings.cluster, bound, reads=only_reads, makes=makes
            )
            name = tenant or settings.tenant
            source = database if name is None else open_tenant(database, name)
            return command(source, **rest)

        return opened  # type: ignore[return-value]

    return decorate


def settings_of(context: click.Context) -> Settings:
    """Return what was said before the name of the command."""
    return context.find_object(Settings) or Settings()


def open_database(
    cluster: str | os.PathLike[str] | None,
    timeout: float | None = None,
    *,
    reads: bool = False,
    makes: bool = True,
) -> Database:
    """Open the database of a string for `fdb.open`, with the newest API version that its library has.

    Does not block on the database. `reads` and `makes` are as for `database_options`. Raises as `fdb.open` does, and Failure
    where the library is too old, and where there is no file and none is to be made.
    """
    _require_no_database(cluster)
    select_api_version(cluster)
    defaults = None if timeout is None else Policy(timeout=timeout)
    if reads or not makes:
        _require_file(cluster)
    string = _only_read(cluster) if reads else None
    if string is not None:
        try:
            return open_database_of(string, defaults=defaults)
        except ValueError:
            pass  # this process has it open to write, and an open database has one set of options
    return open_database_of(cluster, defaults=defaults)


def _require_file(cluster: str | os.PathLike[str] | None) -> None:
    kind, _, path = place_of(os.fsencode(cluster) if cluster else None).identity.partition(b":")
    if kind + b":" == FILE and not os.path.exists(path):
        raise Failure(
            f"there is no file {os.fsdecode(path)}; fdb set makes a database where there is none"
        )


def _only_read(cluster: str | os.PathLike[str] | None) -> bytes | None:
    """Return what opens the same database file for reading alone; None where no file without options is meant."""
    place = place_of(os.fsencode(cluster) if cluster else None)
    if not place.string.startswith(FILE) or place.has_options:
        return None
    return place.string + (b"mode=ro" if place.string.endswith(b"?") else b"?mode=ro")


def select_api_version(cluster: str | os.PathLike[str] | None) -> None:
    """Select the API version for a database, if the program has not: the newest that its library has."""
    if api_version.is_selected():
        return
    newest = api_version.LATEST_API_VERSION
    if not place_of(None if cluster is None else os.fsencode(cluster)).embedded:
        newest = min(newest, clients.vendor(None).library.fdb_get_max_api_version())
    api_version.select(newest)


def _require_no_database(cluster: str | os.PathLike[str] | None) -> None:
    """Raises Failure if a cluster file is the file of a database: what to type is easy to say, and the library would not."""
    place = place_of(os.fsencode(cluster) if cluster else None)
    path = place.identity
    try:
        if place.embedded or not os.path.isfile(path):
            return
        with open(path, "rb") as file:
            start = file.read(len(_DATABASE_START))
    except OSError:
        return  # the library says what is wrong with it
    if start == _DATABASE_START:
        name = os.fsdecode(path)
        raise Failure(f"{name} is no cluster file but a database's: type file:{name}")


def open_tenant(database: Database, name: str) -> Tenant:
    """Open a tenant by its name, which is text or bytes and tuples in the notation of keys. Blocks.

    Raises Failure if there is no such tenant.
    """
    tenant = database.open_tenant(Place.parse(name).key(database))
    try:
        tenant.get_id().wait()
    except Exception as error:
        raise Failure(f"cannot open the tenant {name}: {error}") from error
    return tenant


def format_option(command: Command) -> Command:
    """Give a command --format, as its argument `format`."""
    return click.option(
        "--format",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="text for people, json: one document, jsonl: one line for each.",
    )(command)


def yes_option(command: Command) -> Command:
    """Give a command --yes, as its argument `yes`: it does not ask."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)
