"""`fdb clear`: of a key, or of all keys in a range, in one transaction."""

from __future__ import annotations

import click

from fdb._blocking import SynchronousOperations
from fdb._cli.completion import complete_place
from fdb._cli.confirm import confirm
from fdb._cli.errors import Failure
from fdb._cli.options import database_options, yes_option
from fdb._cli.rows import Bounds, bound_options, bounds_of
from fdb._cli.seen import Unknown, seen
from fdb._display.directories import read_directories
from fdb._display.places import Place
from fdb._display.values import shown_value
from fdb._transaction import Transaction
from fdb.directory_impl import DirectoryError
from fdb.tuple import pack

#: Characters of a value that the question shows.
_VALUE_SHOWN = 60


@click.command(
    epilog="Example: fdb clear \"('users', 42)\"; fdb clear --under /app/users --dry-run"
)
@click.argument("key", required=False, shell_complete=complete_place)
@click.option(
    "--under",
    metavar="PLACE",
    shell_complete=complete_place,
    help="Clear all keys that begin with PLACE.",
)
@bound_options
@click.option("--dry-run", is_flag=True, help="Say what would be cleared, and clear nothing.")
@yes_option
@database_options(reads="dry_run", makes=False)
def clear(
    db: SynchronousOperations,
    key: str | None,
    under: str | None,
    first: str | None,
    last: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Clear KEY, or all keys under a place or between two bounds.

    It says how many rows that are, and asks. If there are other ones by the time of the answer nothing is cleared; with
    --yes whatever is there is. A range is cleared in one transaction, however large. Directories stay, empty; those in a
    partition that is cleared go with it.
    """
    if key is not None:
        if under or first or last:
            raise click.UsageError("give a KEY, or a range by --under, --from and --to")
        _clear_key(db, key, dry_run, yes)
        return
    if under is None and (first is None or last is None):
        raise click.UsageError(
            "give a KEY, or a range: --under PLACE, or both --from KEY and --to KEY"
        )
    where = _range_text(under, first, last)
    _clear_range(db, bounds_of(db, under, first, last), where, dry_run, yes)


def _range_text(under: str | None, first: str | None, last: str | None) -> str:
    parts = (("under", under), ("from", first), ("to", last))
    return " ".join(f"{word} {text}" for word, text in parts if text is not None)


def _clear_key(db: SynchronousOperations, key: str, dry_run: bool, yes: bool) -> None:
    place = Place.parse(key)
    packed = place.key(db)
    value = db.get(packed)
    if value is None:
        advice = "; --under clears what is in the directory" if place.is_directory else ""
        print(f"there is no key {key}: nothing to clear{advice}")
        return
    if dry_run:
        print(f"would clear {key}")
        return
    confirm(f"Clear {key}, which is {shown_value(value, limit=_VALUE_SHOWN)}", yes)
    result = Unknown()

    def act(tr: Transaction) -> None:
        now = tr.get(packed).value
        if not yes and now != value and not (result.is_unknown and now is None):
            raise Failure(f"{key} has another value by now; {result.said}: look at it again")
        tr.clear(packed)

    db.run(act, on_retry=result.note)
    print(f"cleared {key}")


def _clear_range(
    db: SynchronousOperations, bounds: Bounds, where: str, dry_run: bool, yes: bool
) -> None:
    begin, end = bounds
    before = db.run(seen, begin, end)
    if not before.rows:
        print(f"there are no rows {where}: nothing to clear")
        return
    what = f"{before} {where}{_directories(db, begin, end)}"
    if dry_run:
        print(f"would clear {what}")
        return
    confirm(f"Clear {what}", yes)
    cleared = before
    result = Unknown()

    def act(tr: Transaction) -> None:
        nonlocal cleared
        now = seen(tr, begin, end)
        # After an unknown result nothing may be left: the attempt before has cleared it.
        if now.rows or not result.is_unknown:
            if not yes and now != before:
                raise Failure(f"there are {now} {where} by now; {result.said}: look at them again")
            cleared = now
        tr.clear_range(begin, end)

    db.run(act, on_retry=result.note)
    print(f"cleared {cleared} {where}")


def _directories(db: SynchronousOperations, begin: bytes, end: bytes) -> str:
    """Says which directories go with a range: those whose names and layers are kept in it."""
    try:
        records = read_directories(db).records
    except DirectoryError:
        return ""
    nodes = (pack((record.prefix,), record.store.nodes.key()) for record in records)
    found = sum(begin <= node < end for node in nodes)
    return (
        f", and with them {found:,} {'directory' if found == 1 else 'directories'}" if found else ""
    )
