"""What committed writes leave behind (fdb/testing/_replay.py)."""

from __future__ import annotations

import random

import pytest

import fdb
from fdb.testing._record import record
from fdb.testing._replay import AtomicWrite, atomic_result, final_state
from fdb.testing._tracing import ATOMIC_NAMES

STAMPED = ("set_versionstamped_key", "set_versionstamped_value")
OPERATIONS = [name for name in ATOMIC_NAMES.values() if name not in STAMPED]


@pytest.mark.parametrize("kind", OPERATIONS)
def test_operations_are_those_of_the_database(memory_db: fdb.Database, kind: str) -> None:
    values = (None, b"", b"\0", b"\1", b"\xff", b"\1\2", b"\xff\xff\xff", b"\2\1")
    for before in values:
        for operand in values[1:]:
            assert operand is not None
            if before is None:
                memory_db.clear(b"k")
            else:
                memory_db[b"k"] = before
            getattr(memory_db, kind)(b"k", operand)
            assert atomic_result(kind, before, operand) == memory_db.get(b"k")


def test_appending_more_than_fits() -> None:
    assert atomic_result("append_if_fits", b"v" * 99_999, b"12") == b"v" * 99_999


def test_an_operation_needs_a_name_that_exists() -> None:
    with pytest.raises(ValueError, match="'subtract' is no atomic operation: there are add, "):
        AtomicWrite("subtract", b"\1")


def test_the_value_before_the_log_is_not_known(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"\5"
    with record(memory_db) as log:
        memory_db.add(b"k", b"\1")
        memory_db.max(b"k", b"\2")
        memory_db[b"known"] = b"\5"
        memory_db.add(b"known", b"\1")
        memory_db.clear_range(b"r", b"s")
        memory_db.add(b"rr", b"\3")
    state = final_state(log.committed)
    assert state.values == {
        b"k": (AtomicWrite("add", b"\1"), AtomicWrite("max", b"\2")),
        b"known": b"\6",
        b"rr": b"\3",
    }
    assert state.last[b"rr"] == AtomicWrite("add", b"\3")
    assert state.cleared == [(b"r", b"s")]
    assert (state.value(b"rx"), state.value(b"x")) == (None, ())


def test_stamps(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def write(tr: fdb.Transaction) -> None:
        tr.set_versionstamped_key(b"k/" + bytes(10) + b"\2\0\0\0", b"v")
        tr.set_versionstamped_value(b"s", b"<" + bytes(10) + b">\1\0\0\0")

    with record(memory_db) as log:
        write(memory_db)
    stamp = log.attempts[0].versionstamp
    assert stamp is not None
    assert final_state(log.attempts).values == {b"k/" + stamp: b"v", b"s": b"<" + stamp + b">"}
    assert {row.key: row.value for row in memory_db[:]} == final_state(log.attempts).values


@pytest.mark.parametrize("seed", range(3))
def test_random_writes(memory_db: fdb.Database, seed: int) -> None:
    print(f"seed {seed}")
    random_ = random.Random(seed)
    memory_db.clear_range(b"", b"\xff")
    with record(memory_db) as log:
        memory_db.clear_range(b"", b"\xff")
        for _ in range(60):
            tr = memory_db.create_transaction()
            for _ in range(random_.randrange(1, 8)):
                write_something(random_, tr)
            tr.commit().wait()
    state = final_state(log.committed)
    expected = {key: value for key, value in state.values.items() if value is not None}
    assert expected == {row.key: row.value for row in memory_db[:]}


def write_something(random_: random.Random, tr: fdb.Transaction) -> None:
    key, operand = b"k%d" % random_.randrange(8), random_.randbytes(random_.randrange(3))
    kind = random_.choice(["set", "set", "clear", "clear_range", *OPERATIONS, *STAMPED])
    if kind == "clear":
        tr.clear(key)
    elif kind == "clear_range":
        tr.clear_range(key, b"k%d" % random_.randrange(int(key[1:]), 9))
    elif kind == "set_versionstamped_key":
        tr.set_versionstamped_key(key + bytes(10) + b"\2\0\0\0", operand)
    elif kind == "set_versionstamped_value":
        tr.set_versionstamped_value(key, operand + bytes(10) + bytes((len(operand), 0, 0, 0)))
    else:
        getattr(tr, kind)(key, operand)
