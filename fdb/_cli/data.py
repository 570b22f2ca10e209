"""`fdb get`, `set`, `range` and `count`: keys and rows."""

from __future__ import annotations

import sys
from typing import IO

import click

from fdb._blocking import SynchronousOperations
from fdb._bulk.progress import Progress
from fdb._cli import progress
from fdb._cli.completion import complete_place
from fdb._cli.errors import Failure
from fdb._cli.options import database_options, format_option
from fdb._cli.output import Listing, record
from fdb._cli.rows import (
    Shown,
    bound_options,
    bounds_of,
    form_option,
    key_fields,
    quoted,
    require_form,
    value_fields,
)
from fdb._display.notation import NotationError
from fdb._display.places import Place
from fdb._display.values import parse_value, possible_forms

#: How many rows `range` shows unless told.
_LIMIT = 100
#: From so many rows on a scan chooses its batches itself.
_LARGE = 1_000
#: The bytes that a value may have.
_VALUE_LIMIT = 100_000


@click.command(
    epilog="Example: fdb get \"('users', 42)\"; fdb get /app/users\"('alice')\" --as json"
)
@click.argument("key", shell_complete=complete_place)
@form_option("How the value is shown.")
@click.option("--raw", is_flag=True, help="Write the bytes of the value alone, for a file or pipe.")
@format_option
@database_options(reads=True)
def get(db: SynchronousOperations, key: str, form: str, raw: bool, format: str) -> None:
    """Print the value of KEY; exit code 1 if there is none.

    KEY is a tuple, ('users', 42); a directory and a tuple in it, /app/users('alice'); or text in the notation of
    fdbcli, hello\\x00.
    """
    if raw and (format != "text" or form != "auto"):
        raise click.UsageError("--raw writes bytes as they are: leave out --as and --format")
    place = Place.parse(key)
    packed = place.key(db)
    value = db.get(packed)
    if value is None:
        raise Failure(f"there is no key {key}; fdb range {quoted(key)} shows what begins so")
    if raw:
        if sys.stdout.isatty() and "text" not in possible_forms(value):
            raise Failure(
                "the value is no text, and a terminal would obey its bytes: --raw is for a file or pipe"
            )
        out = sys.stdout.buffer
        out.write(value)
        out.flush()
    elif format == "text":
        print(require_form(value, form))
    else:
        require_form(value, form)
        fields = key_fields(packed, Shown(db, format, form).key(packed))
        record(format, {**fields, **value_fields(value, form)})


@click.command(
    "set",
    epilog='Example: fdb set "(\'users\', 42)" \'{"name": "Ada"}\'; fdb set logo --file logo.png',
)
@click.argument("key", shell_complete=complete_place)
@click.argument("value", required=False)
@form_option("What VALUE is.")
@click.option(
    "--file", metavar="FILE", type=click.File("rb"), help="Take the value from there; - is stdin."
)
@database_options()
def set_(
    db: SynchronousOperations, key: str, value: str | None, form: str, file: IO[bytes] | None
) -> None:
    """Set KEY to VALUE, whatever it was before.

    VALUE is text in the notation of fdbcli, JSON, or a tuple; --as says which where that is not plain. From a file it is
    the bytes as they are, or with --as what their text stands for.
    """
    if (value is None) == (file is None):
        raise click.UsageError("give the VALUE, or where it stands: --file FILE, - for stdin")
    packed = Place.parse(key).key(db)
    db.set(packed, parse_value(value or "", form) if file is None else _read(file, form))


def _read(file: IO[bytes], form: str) -> bytes:
    data = file.read(4 * _VALUE_LIMIT + 1)
    if form != "auto":
        try:
            data = parse_value(data.decode().removesuffix("\n"), form)
        except UnicodeDecodeError:
            raise NotationError(f"{file.name} is no text that --as {form} could read") from None
    if len(data) > _VALUE_LIMIT:
        raise Failure(f"a value has {_VALUE_LIMIT:,} bytes at most; {file.name} has more")
    return data


@click.command(
    "range",
    epilog="Example: fdb range /app/users --limit 10 --reverse; fdb range \"('users',)\" --format jsonl",
)
@click.argument("place", required=False, shell_complete=complete_place)
@bound_options
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=_LIMIT,
    show_default=True,
    metavar="N",
    help="So many rows at most; 0: all.",
)
@click.option("--reverse", is_flag=True, help="From the last row to the first.")
@click.option("--keys-only", is_flag=True, help="Without the values.")
@form_option("How values are shown; those that have not that form as by auto.")
@format_option
@database_options(reads=True)
def range_(
    db: SynchronousOperations,
    place: str | None,
    first: str | None,
    last: str | None,
    limit: int,
    reverse: bool,
    keys_only: bool,
    form: str,
    format: str,
) -> None:
    """Print the rows whose keys begin with PLACE, in order; all rows without it.

    PLACE is a tuple, whose longer tuples are meant, too; a directory; or the beginning of keys. More rows than a
    transaction can read in five seconds are of several versions of the database.
    """
    begin, end = bounds_of(db, place, first, last)
    shown = Shown(db, format, form)
    batch = limit + 1 if 0 < limit < _LARGE else None
    following: bytes | None = None
    previous = b""
    columns = ("key",) if keys_only else ("key", "value")
    with Listing(format, columns) as rows:
        for key, value in db.scan((begin, end), reverse=reverse, page_size=batch):
            if limit and rows.count == limit:
                following = key
                break
            rows.row(**shown.fields(key, None if keys_only else value))
            previous = key
    if following is not None:
        sys.stdout.flush()
        # In reverse the bound is not among the rows itself.
        bound = (
            f"--to {quoted(shown.key(previous))}"
            if reverse
            else f"--from {quoted(shown.key(following))}"
        )
        number = "1 row" if limit == 1 else f"{limit:,} rows"
        print(f"{number}; --limit 0 shows all, {bound} goes on here", file=sys.stderr)


@click.command(epilog='Example: fdb count /app/users; fdb count --from "(1,)" --to "(2,)"')
@click.argument("place", required=False, shell_complete=complete_place)
@bound_options
@click.option(
    "--consistent",
    is_flag=True,
    help="All at one version of the database; fails if that takes more than five seconds.",
)
@format_option
@database_options(reads=True)
def count(
    db: SynchronousOperations,
    place: str | None,
    first: str | None,
    last: str | None,
    consistent: bool,
    format: str,
) -> None:
    """Count the rows whose keys begin with PLACE; all rows without it.

    Reads all of them. As JSON there are the bytes of keys and values, too.
    """
    bounds = bounds_of(db, place, first, last)
    size = 0
    with progress.showing("counting") as report:

        def note(done: Progress) -> None:
            nonlocal size
            size = done.size
            report(done.rows, None)

        rows = db.count(bounds, consistent=consistent, on_progress=note)
    if format == "text":
        print(rows)
    else:
        record(format, {"rows": rows, "bytes": size})
