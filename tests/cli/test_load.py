"""fdb/_cli/load.py: the load does what it is said to, touches nothing else, and leaves nothing behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb._cli.load import LEAST_KEY_SIZE, NAME, Load, Shape
from fdb._transaction import Transaction

SHAPE = Shape(
    threads=2,
    seconds=0.1,
    keys=20,
    key_size=32,
    value_size=10,
    reads=2,
    range_rows=3,
    writes=1,
)


def rows(db: Any) -> list[tuple[bytes, bytes]]:
    return [(bytes(row.key), bytes(row.value)) for row in db[b"":b"\xff"]]


def test_it_leaves_what_it_found(memory_db: fdb.Database) -> None:
    around = [fdb.tuple.pack((NAME[:-1],)), fdb.tuple.pack((NAME,)), fdb.tuple.pack((NAME, 2**65))]
    for key in around:
        memory_db[key] = b"the user's"
    before = rows(memory_db)
    seen: list[float] = []
    written: list[int] = []
    with Load(memory_db, SHAPE, seed=1) as load:
        load.write_rows(written.append)
        assert len(rows(memory_db)) == len(before) + SHAPE.keys == len(before) + written[-1]
        measured = load.work(seen.append)
    assert rows(memory_db) == before
    assert measured.transactions > 0 and measured.attempts >= measured.transactions
    assert measured.rows_written == measured.transactions
    assert measured.transactions * 2 < measured.rows_read <= measured.transactions * 5
    assert {part: times.count for part, times in measured.times.items()} == dict.fromkeys(
        ("begin", "read", "commit", "transaction"), measured.transactions
    )
    assert measured.attempts == measured.transactions + sum(measured.errors.values())
    assert seen == sorted(seen) and seen[-1] <= SHAPE.seconds <= load.seconds


def test_keys_have_their_size_and_order(memory_db: fdb.Database) -> None:
    for size in (LEAST_KEY_SIZE, 100):
        load = Load(memory_db, Shape(**{**vars(SHAPE), "key_size": size}))
        keys = [load.key(number) for number in (0, 1, 255, 256, 10_000_000)]
        assert {len(key) for key in keys} == {size} and keys == sorted(keys)
        assert all(key.startswith(fdb.tuple.pack((NAME,))) for key in keys)
    prefixes = {Load(memory_db, SHAPE).prefix for _ in range(100)}
    assert len(prefixes) == 100 and {len(prefix) for prefix in prefixes} == {20}


def test_conflicts_are_counted(memory_db: fdb.Database) -> None:
    """One is forced: another transaction writes what this one has read, before it commits."""
    load = Load(memory_db, Shape(**{**vars(SHAPE), "keys": 1, "threads": 1}))
    commit = Transaction.commit
    interfered = threading.Event()

    def late(tr: Transaction) -> Any:
        if threading.current_thread() is not threading.main_thread() and not interfered.is_set():
            interfered.set()
            other = memory_db.create_transaction()
            other.set(load.key(0), b"other")
            commit(other).wait()
        return commit(tr)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "commit", late)
        load.write_rows([].append)
        measured = load.work([].append)
    assert measured.conflicts == measured.errors["not_committed"] == 1
    assert measured.attempts == measured.transactions + 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), fdb.FDBError(2101), MemoryError()])
def test_it_clears_however_it_ends(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Ctrl-C comes to the main thread, errors from the others."""
    load = Load(memory_db, Shape(**{**vars(SHAPE), "seconds": 60.0}))

    def fail(*_: Any) -> None:
        assert rows(memory_db)
        raise error

    if isinstance(error, KeyboardInterrupt):
        report: Any = fail
    else:
        report = [].append
        monkeypatch.setattr(load, "_attempt", fail)
    with pytest.raises(type(error)), load:
        load.write_rows([].append)
        load.work(report)
    assert rows(memory_db) == []
    assert not [thread for thread in threading.enumerate() if "_work_in_thread" in thread.name]


def test_whoever_is_impatient_waits(memory_db: fdb.Database) -> None:
    """A second Ctrl-C must not let a commit come after the clearing."""
    load = Load(memory_db, SHAPE)
    going_on = threading.Event()
    asked: list[int] = []

    class Impatient(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            asked.append(1)
            if len(asked) < 3:
                raise KeyboardInterrupt
            going_on.set()
            super().join(timeout)

    thread = Impatient(target=going_on.wait)
    thread.start()
    load._end([thread])
    assert len(asked) == 3 and not thread.is_alive()


def test_rows_that_cannot_be_cleared_are_named(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise fdb.FDBError(1510)

    load = Load(memory_db, SHAPE)
    with pytest.raises(RuntimeError, match=r"KeyboardInterrupt; and .* under \('fdb bench', "):
        with load:
            load.write_rows([].append)
            monkeypatch.setattr(fdb.Database, "clear_range", fail)
            raise KeyboardInterrupt
    with pytest.raises(fdb.FDBError), Load(memory_db, SHAPE):
        pass


def test_a_database_that_does_not_answer(prompt_name: str) -> None:
    """It is waited for once, not to be cleared as well."""
    db = fdb.open(prompt_name, defaults=fdb.Policy(timeout=0.02))
    fdb.embedded.set_latency(db, 60, 60)
    try:
        with pytest.raises(fdb.FDBError) as failed, Load(db, SHAPE):
            pytest.fail("it does not answer")
    finally:
        fdb.embedded.set_latency(db, None)
    assert failed.value.code == 1031
