"""`fdb clear`: of a key, or of all keys in a range, in one transaction."""

from __future__ import annotations

from typing import NamedTuple

import click

from fdb._blocking import SynchronousOperations
from fdb._cli.completion import complete_place
from fdb._cli.confirm import confirm
from fdb._cli.errors import Failure
from fdb._cli.options import database_options, yes_option
from fdb._cli.rows import Bounds, bound_options, bounds_of
from fdb._display.directories import read_directories
from fdb._display.places import Place
from fdb._display.values import shown_value
from fdb._errors import predicates
from fdb._policy import Retry
from fdb._transaction import Transaction
from fdb.directory_impl import DirectoryError
from fdb.tuple import pack

#: Rows and bytes that are counted before a range is cleared; of more than these it is said that there are more.
_ROWS_COUNTED = 10_000
_BYTES_COUNTED = 10_000_000
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
    result = _Unknown()

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
    seen = db.run(_counted, begin, end)
    if not seen.rows:
        print(f"there are no rows {where}: nothing to clear")
        return
    what = f"{seen} {where}{_directories(db, begin, end)}"
    if dry_run:
        print(f"would clear {what}")
        return
    confirm(f"Clear {what}", yes)
    cleared = seen
    result = _Unknown()

    def act(tr: Transaction) -> None:
        nonlocal cleared
        now = _counted(tr, begin, end)
        # After an unknown result nothing may be left: the attempt before has cleared it.
        if now.rows or not result.is_unknown:
            if not yes and now != seen:
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


class _Unknown:
    """Whether an attempt of a transaction has ended without it being known if it was committed."""

    is_unknown = False

    def note(self, retry: Retry) -> None:
        """To be called after each failed attempt."""
        self.is_unknown |= predicates.is_maybe_committed(retry.error)

    @property
    def said(self) -> str:
        return (
            "it is not known whether some were cleared"
            if self.is_unknown
            else "nothing was cleared"
        )


class _Counted(NamedTuple):
    """Rows that were counted, as far as one counts."""

    rows: int
    size: int
    are_all: bool

    def __str__(self) -> str:
        if not self.are_all:
            return f"more than {self.rows:,} rows"
        return f"{self.rows:,} {'row' if self.rows == 1 else 'rows'} ({self.size:,} bytes)"


def _counted(tr: Transaction, begin: bytes, end: bytes) -> _Counted:
    rows = size = 0
    for key, value in tr.get_range(begin, end, limit=_ROWS_COUNTED + 1):
        if rows == _ROWS_COUNTED or size > _BYTES_COUNTED:
            return _Counted(rows, size, False)
        rows += 1
        size += len(key) + len(value)
    return _Counted(rows, size, True)
