"""`fdb tree`: the directories with their layers, prefixes and sizes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from fdb._blocking import SynchronousOperations
from fdb._bulk.progress import Progress
from fdb._cli import progress
from fdb._cli.completion import complete_place
from fdb._cli.errors import Failure
from fdb._cli.options import database_options, format_option
from fdb._cli.output import Listing
from fdb._directory.store import PARTITION_LAYER, Record
from fdb._display.directories import DIRECTORY_LIMIT, read_directories
from fdb._display.notation import printable
from fdb._display.places import Path, parse_path, shown_name, shown_path
from fdb._errors import FDBError
from fdb._keys import prefix_range
from fdb._transaction import Transaction

#: So many sizes are asked for in a transaction.
_SIZES_TOGETHER = 500
#: The code of a call that the library is too old for.
_MISSING_FUNCTION = 2204


@click.command(epilog="Example: fdb tree; fdb tree /app --depth 2 --exact; fdb tree --format jsonl")
@click.argument("path", required=False, default="/", shell_complete=complete_place)
@click.option(
    "--depth", type=click.IntRange(min=1), metavar="N", help="So many levels below PATH only."
)
@click.option(
    "--exact", is_flag=True, help="Read all rows, to count them and their bytes; else estimates."
)
@format_option
@database_options(reads=True)
def tree(db: SynchronousOperations, path: str, depth: int | None, exact: bool, format: str) -> None:
    """Show the directories in PATH, all without it: layer, prefix, and the size of what is in each.

    The size of a directory is that of its own rows; those in it have prefixes of their own. That of a partition is of
    everything in it. Estimates are the database's, for a cluster in steps of some hundred kilobytes.
    """
    names, rest = parse_path(path) if path.startswith("/") else ((), path)
    if rest:
        raise click.UsageError(f"{path} is no path of a directory, such as /app/users")
    found = read_directories(db)
    if names and not any(record.path == names for record in found.records):
        raise Failure(f"there is no directory {path}; fdb tree shows which there are")
    records = [
        record
        for record in found.records
        if record.path[: len(names)] == names
        and 0 < len(record.path) - len(names) <= (depth or sys.maxsize)
    ]
    is_drawn = format == "text" and sys.stdout.isatty()
    labels = drawn(names, records) if is_drawn else [shown_path(each.path) for each in records]
    columns = ["directory", "layer", "prefix", *(["rows"] if exact else []), "bytes"]
    sizes = _exact_sizes(db, records) if exact else _estimates(db, records)
    with Listing(format, columns) as listing:
        for record, label, (rows, size) in zip(records, labels, sizes, strict=True):
            if format == "text":
                fields: dict[str, Any] = {"directory": label, "layer": printable(record.layer)}
            else:
                fields = _json_fields(record, exact)
            fields["prefix"] = printable(record.prefix)
            if exact:
                fields["rows"] = rows
            listing.row(**fields, bytes=size)
    if not records:
        print(f"there are no directories in {path}", file=sys.stderr)
    if not found.is_complete:
        print(
            f"more than {DIRECTORY_LIMIT:,} directories: the others are left out", file=sys.stderr
        )


def _json_fields(record: Record, exact: bool) -> dict[str, Any]:
    return {
        "directory": shown_path(record.path),
        "path": record.path,
        "layer": printable(record.layer),
        "partition": record.layer == PARTITION_LAYER,
        "exact": exact,
    }


def drawn(top: Path, records: Sequence[Record]) -> list[str]:
    """Return the names of directories with lines in front of them that show what is in what.

    `records` are those in `top`, each followed by those in it.
    """
    lines: list[str] = []
    #: For each level from the last record up, whether there is another directory of that level below.
    follows: dict[int, bool] = {}
    for record in reversed(records):
        depth = len(record.path) - len(top)
        bars = "".join("│  " if follows.get(level) else "   " for level in range(2, depth))
        corner = "" if depth == 1 else "├─ " if follows.get(depth) else "└─ "
        lines.append(f"{bars}{corner}{shown_name(record.path[-1])}")
        follows = {level: is_open for level, is_open in follows.items() if level < depth}
        follows[depth] = True
    return lines[::-1]


def _bounds(record: Record) -> tuple[bytes, bytes]:
    return prefix_range(record.prefix)


def _estimates(
    db: SynchronousOperations, records: Sequence[Record]
) -> Iterator[tuple[None, int | None]]:
    for start in range(0, len(records), _SIZES_TOGETHER):
        part = [_bounds(record) for record in records[start : start + _SIZES_TOGETHER]]

        def ask(tr: Transaction, part: Sequence[tuple[bytes, bytes]] = part) -> list[int | None]:
            asked = [tr.get_estimated_range_size_bytes(*bounds) for bounds in part]
            return [each.wait() for each in asked]

        try:
            sizes = db.run(ask)
        except FDBError as error:
            if error.code != _MISSING_FUNCTION:
                raise
            sizes = [None] * len(part)
        yield from ((None, size) for size in sizes)


def _exact_sizes(db: SynchronousOperations, records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    done = 0
    with progress.showing("counting") as report:
        for record in records:
            before, size = done, 0

            def note(now: Progress, before: int = before) -> None:
                nonlocal size
                size = now.size
                report(before + now.rows, None)

            rows = db.count(_bounds(record), on_progress=note)
            done += rows
            yield rows, size
