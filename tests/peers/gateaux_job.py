"""A job for gateaux, typed structures: readings of thermometers and users of a shop, on an embedded database.

Runs on the official package, whose libfdb_c is the engine, and on this project's package.
"""

from __future__ import annotations

import datetime
import ipaddress
import sys
import threading
import uuid
from typing import Any

import fdb

fdb.api_version(740)

import gateaux  # noqa: E402  (gateaux wants a selected API version)

UTC = datetime.timezone.utc
START = datetime.datetime(2020, 2, 28, tzinfo=UTC)
HOUR = datetime.timedelta(hours=1)


class Reading(gateaux.Structure):  # type: ignore[misc]
    key = (gateaux.StringField(name="place"), gateaux.DateTimeField(name="taken"))
    value = (gateaux.FloatField(name="degrees"), gateaux.BooleanField(name="checked"))


class User(gateaux.Structure):  # type: ignore[misc]
    key = (gateaux.UUIDField(name="id"),)
    value = (
        gateaux.StringField(name="name"),
        gateaux.IPv4AddressField(name="address"),
        gateaux.EnumField(name="kind", members=(1, 2)),
        gateaux.BinaryField(name="note"),
        gateaux.IntegerField(name="visits"),
    )


def expect(got: Any, wanted: Any) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def thermometers(db: Any) -> None:
    readings = Reading(fdb.directory.create_or_open(db, ("weather",)))
    places = ["Oslo", "Rome", "Ærø"]

    @fdb.transactional
    def store(tr: Any, place: str, day: int) -> None:
        for hour in range(24):
            taken = START + datetime.timedelta(days=day) + hour * HOUR
            row = {"degrees": day + hour / 4, "checked": hour % 2 == 0}
            key = readings.pack_key_dict({"place": place, "taken": taken})
            tr[key] = readings.pack_value_dict(row)

    @fdb.transactional
    def of_day(tr: Any, place: str, day: int) -> list[tuple[Any, ...]]:
        first = START + datetime.timedelta(days=day)
        begin = readings.pack_key((place, first))
        end = readings.pack_key((place, first + 24 * HOUR))
        return [
            (*readings.unpack_key(key), *readings.unpack_value(value))
            for key, value in tr[begin:end]
        ]

    for place in places:
        for day in range(3):
            store(db, place, day)
    rows = of_day(db, "Rome", 1)
    wanted = [
        ("Rome", START + (24 + hour) * HOUR, 1 + hour / 4, hour % 2 == 0) for hour in range(24)
    ]
    expect(rows, wanted)
    whole = readings.pack_key(("Ærø",))
    expect(len(list(db.get_range_startswith(whole))), 72)


def shop(db: Any) -> None:
    users = User(fdb.Subspace(("users",)))
    ids = [uuid.uuid5(uuid.NAMESPACE_DNS, f"user{number}") for number in range(20)]

    @fdb.transactional
    def visit(tr: Any, number: int) -> None:
        key = users.pack_key((ids[number],))
        stored = tr[key]
        if stored.present():
            row = users.unpack_value_dict(bytes(stored))
        else:
            address = ipaddress.IPv4Address(number)
            row = {"name": f"user {number}", "address": address, "kind": 1 + number % 2}
            row.update(note=b"\x00\xff" * (number % 2), visits=0)
        row["visits"] += 1
        tr[key] = users.pack_value_dict(row)

    def work() -> None:
        for number in range(len(ids)):
            visit(db, number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    subspace = fdb.Subspace(("users",)).range()
    rows = {users.unpack_key(key)[0]: users.unpack_value(value) for key, value in db[subspace]}
    expect(sorted(rows), sorted(ids))
    expect({row[4] for row in rows.values()}, {4})
    expect(rows[ids[3]][:3], ("user 3", ipaddress.IPv4Address(3), 2))


def refusals(db: Any) -> None:
    users = User(fdb.Subspace(("users",)))
    try:
        users.pack_key(("no uuid",))
    except gateaux.errors.ValidationError:
        return
    raise AssertionError("a text was taken for a UUID")


def main() -> int:
    db = fdb.open("memory:gateaux")
    for part in (thermometers, shop, refusals):
        part(db)
    print("gateaux: thermometers, shop, refusals")
    return 0


if __name__ == "__main__":
    sys.exit(main())
