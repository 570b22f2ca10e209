"""`fdb watch`: a line for each change of a key, until somebody has seen enough."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

import click

from fdb._blocking import SynchronousOperations
from fdb._cli.completion import complete_place
from fdb._cli.options import database_options
from fdb._cli.output import json_line
from fdb._cli.rows import Shown, form_option, key_fields, value_fields
from fdb._display.places import Place
from fdb._errors import FDBError, predicates


@click.command(
    epilog="Example: fdb watch \"('jobs', 'done')\" --as int; fdb watch lock --count 1 --format jsonl"
)
@click.argument("key", shell_complete=complete_place)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="End after so many changes; without it Ctrl-C ends it.",
)
@form_option("How the value is shown; one that has not that form as by auto.")
@click.option(
    "--format",
    type=click.Choice(("text", "jsonl")),
    default="text",
    show_default=True,
    help="text for people, jsonl: one JSON object in each line.",
)
@database_options(reads=True)
def watch(db: SynchronousOperations, key: str, count: int | None, form: str, format: str) -> None:
    """Print the value of KEY, and again whenever it has changed, with the time at which that was seen.

    Of changes that follow each other quickly only the last may be seen: it is the newest value that is printed. Waiting costs
    the database nothing. KEY need not be there.
    """
    place = Place.parse(key)
    packed = place.key(db)
    shown = Shown(db, format, form)
    changes = -1  # the first line is none
    last: bytes | None = None
    while True:
        value, changed = db.run(lambda tr: (tr.get(packed).value, tr.watch(packed)))
        if changes < 0 or value != last:
            _print(shown, packed, value, form, format)
            last = value
            changes += 1
        if changes == count:
            changed.cancel()
            return
        try:
            changed.wait()
        except FDBError as error:
            if not predicates.is_retryable(error):
                raise
            # The database gave up the watch, as after a recovery: after a while another one is made.
            db.create_transaction().on_error(error).wait()


def _print(shown: Shown, key: bytes, value: bytes | None, form: str, format: str) -> None:
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if format == "jsonl":
        fields = {"time": now, **key_fields(key, shown.key(key)), "value": None}
        print(json_line({**fields, **({} if value is None else value_fields(value, form))}))
    else:
        print(f"{now}  {'(not there)' if value is None else shown.line(value)}")
    sys.stdout.flush()
