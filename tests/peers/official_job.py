"""A day's work for the official Python package, run on the engine as its libfdb_c.so.

    python official_job.py API_VERSION [DATABASE]

Every step states what it needs from the database and fails with a traceback if it gets something else.
It uses what a program of that API version could use: tenants from 710, for example.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from typing import Any

import fdb

API_VERSION = int(sys.argv[1]) if len(sys.argv) > 1 else 740
DATABASE = sys.argv[2] if len(sys.argv) > 2 else "memory:official-job"


def expect(got: Any, wanted: Any) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def expect_error(code: int, call: Any) -> None:
    try:
        call()
    except fdb.FDBError as error:
        expect(error.code, code)
    else:
        raise AssertionError(f"no error {code}")


def tuples_and_ranges(db: Any) -> None:
    """An index layer: scores by user, read by range, selector, limit and in reverse."""
    scores = fdb.Subspace(("scores",))

    @fdb.transactional
    def store(tr: Any, user: str, points: int) -> None:
        tr[scores.pack((points, user))] = uuid.uuid5(uuid.NAMESPACE_DNS, user).bytes

    for number in range(300):
        store(db, f"user{number:03}", number * 7 % 100)

    @fdb.transactional
    def ranking(tr: Any, count: int) -> list[Any]:
        found = tr.get_range(scores.range().start, scores.range().stop, limit=count, reverse=True)
        return [scores.unpack(key) for key, _ in found]

    top = ranking(db, 4)
    expect([points for points, _ in top], [99, 99, 99, 98])
    expect(top, sorted(top, reverse=True))

    @fdb.transactional
    def first_above(tr: Any, points: int) -> Any:
        key = tr.get_key(fdb.KeySelector.first_greater_or_equal(scores.pack((points,))))
        return scores.unpack(key)[0]

    expect(first_above(db, 50), 50)
    expect(len(list(db[scores.range()])), 300)
    expect(sum(1 for _ in db.create_transaction()[scores.range((7,))]), 3)


def atomics_and_stamps(db: Any) -> None:
    counter, log = b"job/counter", b"job/log"

    @fdb.transactional
    def count(tr: Any) -> Any:
        tr.add(counter, (5).to_bytes(8, "little"))
        tr.max(b"job/max", b"\x03")
        if API_VERSION >= 400:
            suffix = len(log).to_bytes(4 if API_VERSION >= 520 else 2, "little")
            tr.set_versionstamped_key(log + b"\x00" * 10 + suffix, b"entry")
            return tr.get_versionstamp()
        return None

    stamps = [count(db) for _ in range(10)]
    expect(int.from_bytes(db[counter], "little"), 50)
    if API_VERSION >= 400:
        keys = [bytes(key) for key, _ in db.get_range_startswith(log)]
        expect(keys, [log + bytes(stamp) for stamp in stamps])
        expect(keys, sorted(keys))


def contention(db: Any) -> None:
    """Threads that move units between boxes; the total is kept in every snapshot."""
    boxes = fdb.Subspace(("boxes",))

    @fdb.transactional
    def move(tr: Any, source: int, target: int) -> None:
        held = fdb.tuple.unpack(tr[boxes.pack((source,))])[0]
        if held:
            tr[boxes.pack((source,))] = fdb.tuple.pack((held - 1,))
            more = fdb.tuple.unpack(tr[boxes.pack((target,))])[0] + 1
            tr[boxes.pack((target,))] = fdb.tuple.pack((more,))

    @fdb.transactional
    def total(tr: Any) -> int:
        return sum(fdb.tuple.unpack(value)[0] for _, value in tr.snapshot[boxes.range()])

    for number in range(5):
        db[boxes.pack((number,))] = fdb.tuple.pack((20,))
    totals = []

    def work(number: int) -> None:
        for turn in range(40):
            move(db, (number + turn) % 5, (number + turn * 2 + 1) % 5)
            totals.append(total(db))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(len(totals), 240)
    expect(set(totals), {100})


def directories(db: Any) -> None:
    music = fdb.directory.create_or_open(db, ("music", "albums"))
    music2 = fdb.directory.open(db, ("music", "albums"))
    expect(music.key(), music2.key())
    db[music.pack(("Kind of Blue", 1959))] = b"Miles Davis"
    moved = fdb.directory.move(db, ("music", "albums"), ("music", "records"))
    expect(moved.key(), music.key())
    expect(fdb.directory.list(db, ("music",)), ["records"])
    expect(bytes(db[moved.pack(("Kind of Blue", 1959))]), b"Miles Davis")
    partition = fdb.directory.create(db, ("part",), layer=b"partition")
    inner = partition.create_or_open(db, ("inner",))
    expect(inner.key().startswith(fdb.directory.open(db, ("part", "inner")).key()), True)
    expect(fdb.directory.exists(db, ("nothing",)), False)
    for number in range(80):  # more than one window of the allocator
        fdb.directory.create_or_open(db, ("many", str(number)))
    prefixes = {fdb.directory.open(db, ("many", str(number))).key() for number in range(80)}
    expect(len(prefixes), 80)
    expect(fdb.directory.remove(db, ("music",)), True)
    expect(db[moved.pack(("Kind of Blue", 1959))], None)


def watches(db: Any) -> None:
    db[b"job/watched"] = b"0"
    value, watch = db.get_and_watch(b"job/watched")
    expect(bytes(value), b"0")
    expect(watch.is_ready(), False)
    fired = threading.Event()
    watch.on_ready(lambda _: fired.set())
    db[b"job/watched"] = b"1"
    expect(fired.wait(30), True)
    watch.wait()
    dropped = db.set_and_watch(b"job/watched", b"2")
    dropped.cancel()
    expect_error(1101, dropped.wait)


def conflicts_and_errors(db: Any) -> None:
    first, second = db.create_transaction(), db.create_transaction()
    for tr in (first, second):
        tr[b"job/skew"].wait()
        tr[b"job/skew"] = b"x"
    first.commit().wait()
    expect_error(1020, lambda: second.commit().wait())
    second.on_error(fdb.FDBError(1020)).wait()
    second[b"job/skew"] = b"y"
    second.commit().wait()
    late = db.create_transaction()
    late.set_read_version(1)
    expect_error(1007, lambda: late[b"job/skew"].wait())
    slow = db.create_transaction()
    slow.options.set_timeout(20)
    unregistered = slow.watch(b"job/skew")
    time.sleep(0.3)
    expect_error(1031, lambda: slow[b"job/skew"].wait())
    slow.reset()
    expect_error(1025, unregistered.wait)
    big = db.create_transaction()
    big[b"job/" + b"k" * 10_001] = b""
    expect_error(2102, lambda: big.commit().wait())


def tenants(db: Any) -> None:
    manage = fdb.tenant_management
    manage.create_tenant(db, b"acme")
    manage.create_tenant(db, b"bits")
    expect_error(2132, lambda: manage.create_tenant(db, b"acme"))
    acme, bits = db.open_tenant(b"acme"), db.open_tenant(b"bits")
    acme[b"name"], bits[b"name"] = b"Acme", b"Bits"
    expect((acme[b"name"], bits[b"name"], db[b"name"]), (b"Acme", b"Bits", None))
    folder = fdb.directory.create_or_open(acme, ("folder",))
    acme[folder.pack((1,))] = b"in acme"
    expect(fdb.directory.exists(bits, ("folder",)), False)
    listed = [bytes(row.key) for row in manage.list_tenants(db, b"a", b"z", 10).to_list()]
    expect(listed, [b"acme", b"bits"])
    expect_error(2133, lambda: manage.delete_tenant(db, b"acme"))
    for tenant, name in ((acme, b"acme"), (bits, b"bits")):
        del tenant[b"":b"\xff"]
        manage.delete_tenant(db, name)
    expect_error(2131, lambda: acme[b"name"])


def status_and_places(db: Any) -> None:
    if API_VERSION >= 300:
        tr = db.create_transaction()  # kept: a transaction that is dropped fails what is pending
        addresses = fdb.locality.get_addresses_for_key(tr, b"job/").wait()
        expect(len(addresses), 1)
    if API_VERSION >= 610:
        status = json.loads(bytes(db.create_transaction()[b"\xff\xff/status/json"]))
        expect(status["client"]["database_status"]["available"], True)
    if API_VERSION >= 730:
        expect(json.loads(bytes(db.get_client_status().wait()))["Healthy"], True)


def main() -> int:
    fdb.api_version(API_VERSION)
    db = fdb.open(DATABASE)
    steps = [tuples_and_ranges, atomics_and_stamps, contention, directories, watches]
    steps += [conflicts_and_errors, status_and_places]
    if API_VERSION >= 710:
        steps.append(tenants)
    for step in steps:
        step(db)
    print(f"API {API_VERSION}: {', '.join(step.__name__ for step in steps)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
