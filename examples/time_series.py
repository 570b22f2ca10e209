"""A store for time series: points, sums by minute, hour and day that are always right, and pages of any length.

    export FDB_CLUSTER_FILE=file:series.fdb
    echo "kitchen 2026-01-31T12:00:00 21.5" | python examples/time_series.py load
    python examples/time_series.py points kitchen --since 2026-01-01
    python examples/time_series.py sums kitchen hour
    python examples/time_series.py forget --before 2026-01-01

The keys, below the directory "series", with times in milliseconds since 1970, UTC:

    ("point", series, time)              the value, as a tuple
    ("sum", step, series, time, "count"  how many points a minute, hour or day that begins there has,
     or "sum")                           and what they come to, in thousandths
    ("min" or "max", step, series, time) the extremes, as tuples: they are in the order of their bytes

Sums are changed by atomic operations, which read nothing, so that writers of one series do not conflict. They would
count twice what is sent again, by a client or by a transaction whose result was unknown: so a point that is there
already is left out.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import fdb

fdb.api_version(740)

STEPS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}  # milliseconds
#: Points in a transaction, of which each writes a row and changes twelve; and of values, so that their sums have room.
BATCH, LARGEST = 200, 1_000_000_000


class Point(NamedTuple):
    series: str
    time: int
    value: float


class Sum(NamedTuple):
    """What the points from `time` on, for a step, come to."""

    time: int
    points: int
    mean: float
    lowest: float
    highest: float


class SeriesStore:
    """All series of a database. Thread-safe."""

    def __init__(self, db: fdb.Database) -> None:
        self.db = db
        space = fdb.directory.create_or_open(db, ("series",))
        self.points, self.sums = space["point"], space["sum"]
        self.lowest, self.highest = space["min"], space["max"]

    @fdb.transactional
    def write(self, tr: fdb.Transaction, points: list[Point]) -> int:
        """Adds points that are not there yet; returns how many. At most BATCH at once."""
        new = {self.points.pack((point.series, point.time)): point for point in points}
        known = [(key, tr[key]) for key in new]  # requested, not waited for
        new = {key: new[key] for key, value in known if not value.present()}
        for key, point in new.items():
            tr[key] = fdb.tuple.pack((float(point.value),))
            self._add(tr, point)
        return len(new)

    def _add(self, tr: fdb.Transaction, point: Point) -> None:
        value = fdb.tuple.pack((float(point.value),))  # integers would have an order of their own
        for name, step in STEPS.items():
            place = (name, point.series, point.time // step * step)
            tr.add(self.sums.pack((*place, "count")), struct.pack("<q", 1))
            tr.add(self.sums.pack((*place, "sum")), struct.pack("<q", round(point.value * 1000)))
            tr.byte_min(self.lowest.pack(place), value)
            tr.byte_max(self.highest.pack(place), value)

    def load(self, points: Iterable[Point]) -> int:
        """Adds any number of points; returns how many were new. May be repeated, from the beginning."""
        added, rest = 0, iter(points)
        while batch := list(itertools.islice(rest, BATCH)):
            added += self.write(self.db, batch)
        return added

    def between(self, series: str, since: int, until: int) -> Iterator[Point]:
        """The points of a series, in order of time: any number, in as many transactions as it takes."""
        rows = self.db.scan((self.points.pack((series, since)), self.points.pack((series, until))))
        for key, value in rows:
            _, time = self.points.unpack(key)
            yield Point(series, time, *fdb.tuple.unpack(value))

    @fdb.transactional
    def last(self, tr: fdb.TransactionRead, series: str) -> Point | None:
        """The newest point of a series."""
        for key, value in tr.get_range(self.points[series], limit=1, reverse=True):
            return Point(*self.points.unpack(key), *fdb.tuple.unpack(value))
        return None

    @fdb.transactional
    def by(self, tr: fdb.Transaction, step: str, series: str, since: int, until: int) -> list[Sum]:
        """The sums of a series that begin in [since, until). Empty steps are left out."""

        def rows(space: fdb.Subspace) -> fdb.FDBRange:
            begin, end = (step, series, since), (step, series, until)
            return tr.get_range(space.pack(begin), space.pack(end))

        parts = rows(self.sums), rows(self.lowest), rows(self.highest)  # all are requested
        added = {self.sums.unpack(k)[2:]: struct.unpack("<q", bytes(v))[0] for k, v in parts[0]}
        found = []
        for low, high in zip(parts[1], parts[2], strict=True):
            time = self.lowest.unpack(low.key)[2]
            count = added[time, "count"]
            extremes = *fdb.tuple.unpack(low.value), *fdb.tuple.unpack(high.value)
            found.append(Sum(time, count, added[time, "sum"] / 1000 / count, *extremes))
        return found

    @fdb.transactional
    def series(self, tr: fdb.TransactionRead) -> list[str]:
        """The names of all series: a read for each, however many points it has."""
        names: list[str] = []
        begin, end = self.points.range().start, self.points.range().stop
        while row := tr.get_range(begin, end, limit=1).to_list():
            names.append(self.points.unpack(row[0].key)[0])
            begin = self.points[names[-1]].range().stop
        return names

    @fdb.transactional
    def forget(self, tr: fdb.Transaction, before: int) -> None:
        """Removes the points before a time; the sums stay, and would count them again if they were sent again."""
        for name in self.series(tr):
            tr.clear_range(self.points[name], self.points.pack((name, before)))


def milliseconds(text: str) -> int:
    """The time of an ISO date, or date and time; UTC if it does not say."""
    time = datetime.datetime.fromisoformat(text)
    utc = time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
    return round(utc.timestamp() * 1000)


def shown(time: int) -> str:
    return datetime.datetime.fromtimestamp(time / 1000, datetime.timezone.utc).isoformat()


def parsed(lines: Iterable[str]) -> Iterator[Point]:
    """The points in lines of text. Ends the program at one that has none; what came before may be sent again."""
    for number, line in enumerate(lines, 1):
        try:
            series, time, value = line.split()
            if not abs(float(value)) < LARGEST:
                raise ValueError(f"{value} is not within {LARGEST}")
            point = Point(series, milliseconds(time), float(value))
        except ValueError as error:
            sys.exit(f"error: line {number}: {error}")
        yield point


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("load", help="add the points in lines of standard input")
    commands.add_parser("list", help="show the series with their newest points")
    commands.add_parser("forget").add_argument("--before", type=milliseconds, required=True)
    for name in ("points", "sums"):
        command = commands.add_parser(name)
        command.add_argument("series")
        if name == "sums":
            command.add_argument("step", choices=STEPS)
        command.add_argument("--since", type=milliseconds, default=0)
        command.add_argument("--until", type=milliseconds, default=1 << 50)
    options = parser.parse_args(argv)
    with fdb.open(os.environ.get("FDB_CLUSTER_FILE", "file:series.fdb")) as db:
        store = SeriesStore(db)
        if options.command == "load":
            print(f"{store.load(parsed(sys.stdin))} points added")
        elif options.command == "list":
            for name in store.series(db):
                print(store.last(db, name))
        elif options.command == "forget":
            store.forget(db, options.before)
        elif options.command == "points":
            for point in store.between(options.series, options.since, options.until):
                print(shown(point.time), point.value)
        else:
            for each in store.by(db, options.step, options.series, options.since, options.until):
                print(shown(each.time), each.points, each.mean, each.lowest, each.highest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
