"""Rows of a range that one transaction cannot read: by a scan, and by reads that begin again behind the last key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fdb
from work.bench import PREFIX, VALUE, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
SIZES = (1_000_000, 10_000_000)
RANGE = (PREFIX, fdb.strinc(PREFIX))


def fill(bench: Bench, number: int) -> int:
    """Writes the rows of which there are `number` in a whole run; returns how many that is."""
    count = bench.count(number)
    bench.db.write_in_batches((PREFIX + b"%08d" % number, VALUE) for number in range(count))
    return count


def raw(db: Any) -> int:
    """What one writes by hand: a range read, and another one behind the last key when 1007 says that five seconds are over."""
    begin: Any = RANGE[0]
    count = 0
    while True:
        last: Any = begin
        try:
            for row in db.create_transaction().snapshot.get_range(
                begin, RANGE[1], streaming_mode=fdb.StreamingMode.want_all
            ):
                count += 1
                last = row
            return count
        except fdb.FDBError as error:
            if error.code != 1007:
                raise
        if last is not begin:
            begin = fdb.KeySelector.first_greater_than(last.key)


def scanned(db: Any) -> int:
    count = 0
    for _ in db.scan(RANGE):
        count += 1
    return count


def paged(db: Any) -> int:
    count = 0
    for page in db.scan(RANGE).pages():
        for _ in page:
            count += 1
    return count


def counted(db: Any) -> int:
    found: int = db.count(RANGE)
    return found


def reading(name: str, read: Callable[[Any], int], number: int) -> None:
    @ROWS.add(f"{name}, {number}")
    def row(bench: Bench) -> Round:
        expected = fill(bench, number)

        def measured() -> Sample:
            with timed(expected) as sample:
                found = read(bench.db)
            assert found == expected
            return sample

        return measured


for size in SIZES:
    reading("raw", raw, size)
    reading("scan", scanned, size)
    reading("pages", paged, size)
    reading("count", counted, size)
