"""Threads that change the same data at the same time, and what must hold in every snapshot.

The amount of work is fixed, not the time. Every test prints its seed; set STRESS_SEED to repeat one.
"""

from __future__ import annotations

import os
import pathlib
import random
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
from helpers.threads import in_threads

THREADS = 8
ACCOUNTS = 12
START_BALANCE = 100
TRANSFERS = 300  # of each thread
SWITCH_SECONDS = 2e-5
SEEDS = [int(os.environ["STRESS_SEED"])] if "STRESS_SEED" in os.environ else [1, 2, 3]


@pytest.fixture(params=["memory", "file"])
def database_name(
    request: pytest.FixtureRequest, cluster_file: str | None, tmp_path: pathlib.Path
) -> str:
    """What to give to fdb.open: a commit is done at once in memory, and with others of its group in a file."""
    if request.param == "file":
        if cluster_file is not None:
            pytest.skip("a cluster has its own files")
        return f"file:{tmp_path / 'app.fdb'}"
    name: str = cluster_file or request.getfixturevalue("memory_name")
    return name


@pytest.fixture(autouse=True)
def busy_threads() -> Iterator[None]:
    """Makes the interpreter switch threads within transactions, not only between them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    yield
    sys.setswitchinterval(usual)


def number_at(tr: Any, key: bytes) -> int:
    value = tr[key]
    return int.from_bytes(value, "little", signed=True) if value.present() else 0


def put_number(tr: Any, key: bytes, number: int) -> None:
    tr[key] = number.to_bytes(8, "little", signed=True)


class Bank:
    """Accounts whose sum never changes."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.attempts: list[int] = []

    def account(self, number: int) -> bytes:
        return self.prefix + b"%04d" % number

    @fdb.transactional
    def open(self, tr: Any) -> None:
        for number in range(ACCOUNTS):
            put_number(tr, self.account(number), START_BALANCE)

    @fdb.transactional
    def transfer(self, tr: Any, source: int, target: int, amount: int) -> None:
        """Moves money, as far as there is some, by reading and writing both accounts."""
        self.attempts.append(source)
        available = number_at(tr, self.account(source))
        received = number_at(tr, self.account(target))
        time.sleep(0)  # lets other threads in between the reads and the commit
        moved = min(amount, available)
        put_number(tr, self.account(source), available - moved)
        put_number(tr, self.account(target), received + moved)

    @fdb.transactional
    def balances(self, tr: Any) -> list[int]:
        rows = list(tr.get_range_startswith(self.prefix))
        return [int.from_bytes(row.value, "little", signed=True) for row in rows]

    @fdb.transactional
    def balances_by_snapshot(self, tr: Any) -> list[int]:
        """Read in two parts without conflicts: the parts must still be of one moment."""
        middle = self.account(ACCOUNTS // 2)
        first = list(tr.snapshot[self.prefix : middle])
        second = list(tr.snapshot[middle : fdb.impl.strinc(self.prefix)])
        return [int.from_bytes(row.value, "little", signed=True) for row in first + second]

    @fdb.transactional
    def balances_by_point(self, tr: Any) -> list[int]:
        return [number_at(tr, self.account(number)) for number in range(ACCOUNTS)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sum_of_all_accounts_never_changes(db: Any, test_prefix: bytes, seed: int) -> None:
    print(f"seed {seed}")
    bank = Bank(test_prefix + b"bank/")
    bank.open(db)
    readers = (bank.balances, bank.balances_by_snapshot, bank.balances_by_point)

    def work(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        for _ in range(TRANSFERS):
            source, target = rng.sample(range(ACCOUNTS), 2)
            bank.transfer(db, source, target, rng.randint(1, 50))
            if rng.random() < 0.3:
                seen = rng.choice(readers)(db)
                assert len(seen) == ACCOUNTS
                assert sum(seen) == ACCOUNTS * START_BALANCE, seen
                assert min(seen) >= 0, seen

    in_threads(THREADS, work)
    assert sum(bank.balances(db)) == ACCOUNTS * START_BALANCE
    assert len(bank.attempts) > THREADS * TRANSFERS, "nothing conflicted, so nothing was tested"


@pytest.mark.parametrize("seed", SEEDS)
def test_no_increment_by_read_and_write_is_lost(db: Any, test_prefix: bytes, seed: int) -> None:
    print(f"seed {seed}")
    keys = [test_prefix + b"counter/%d" % number for number in range(3)]
    wanted = dict.fromkeys(keys, 0)
    lock = threading.Lock()

    attempts = []

    @fdb.transactional
    def increment(tr: Any, key: bytes) -> None:
        attempts.append(key)
        number = number_at(tr, key)
        time.sleep(0)
        put_number(tr, key, number + 1)

    def work(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        for _ in range(TRANSFERS):
            key = rng.choice(keys)
            increment(db, key)
            with lock:
                wanted[key] += 1

    in_threads(THREADS, work)

    @fdb.transactional
    def read(tr: Any) -> dict[bytes, int]:
        return {key: number_at(tr, key) for key in keys}

    assert read(db) == wanted
    assert len(attempts) > THREADS * TRANSFERS, "nothing conflicted, so nothing was tested"


@pytest.mark.parametrize("seed", SEEDS)
def test_atomic_additions_add_up_without_conflicts(
    db: Any, test_prefix: bytes, cluster_file: str | None, seed: int
) -> None:
    print(f"seed {seed}")
    key = test_prefix + b"sum"
    attempts = []

    @fdb.transactional
    def add(tr: Any, amount: int) -> None:
        attempts.append(amount)
        tr.add(key, amount.to_bytes(8, "little", signed=True))

    amounts = [
        [random.Random(f"{seed}/{number}/{turn}").randint(-1000, 1000) for turn in range(TRANSFERS)]
        for number in range(THREADS)
    ]

    def work(number: int) -> None:
        for amount in amounts[number]:
            add(db, amount)

    in_threads(THREADS, work)
    total = int.from_bytes(db[key], "little", signed=True)
    assert total == sum(sum(row) for row in amounts)
    if cluster_file is None:  # a cluster may ask for a retry for other reasons
        assert len(attempts) == THREADS * TRANSFERS


def test_write_skew_aborts_one_of_two(db: Any, test_prefix: bytes) -> None:
    """Each reads what the other writes: one at most may commit."""
    on_call = {name: test_prefix + name for name in (b"alice", b"bob")}
    for key in on_call.values():
        db[key] = b"on call"
    first, second = db.create_transaction(), db.create_transaction()
    for tr, name in ((first, b"alice"), (second, b"bob")):
        assert all(tr[key] == b"on call" for key in on_call.values())
        tr[on_call[name]] = b"off"
    first.commit().wait()
    with pytest.raises(fdb.FDBError) as refused:
        second.commit().wait()
    assert refused.value.code == 1020
    second.on_error(refused.value).wait()
    assert [bytes(second[key]) for key in on_call.values()] == [b"off", b"on call"]


def test_without_a_shared_read_both_commit(db: Any, test_prefix: bytes) -> None:
    """Snapshot reads give up that protection, and only that."""
    keys = [test_prefix + b"a", test_prefix + b"b"]
    for key in keys:
        db[key] = b"0"
    first, second = db.create_transaction(), db.create_transaction()
    for tr, key in ((first, keys[0]), (second, keys[1])):
        assert [bytes(tr.snapshot[one]) for one in keys] == [b"0", b"0"]
        tr[key] = b"1"
    first.commit().wait()
    second.commit().wait()
    assert [db[key] for key in keys] == [b"1", b"1"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_predicate_read_sees_no_phantoms(db: Any, test_prefix: bytes, seed: int) -> None:
    """Threads book seats after counting them in a range read; no class is ever over-booked."""
    print(f"seed {seed}")
    seats = 20

    @fdb.transactional
    def book(tr: Any, room: int, who: int) -> bool:
        prefix = test_prefix + b"room/%d/" % room
        if len(list(tr.get_range_startswith(prefix))) >= seats:
            return False
        time.sleep(0)
        tr[prefix + b"%06d" % who] = b""
        return True

    booked = [0] * 4
    lock = threading.Lock()

    def work(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        for turn in range(40):
            room = rng.randrange(len(booked))
            if book(db, room, number * 1000 + turn):
                with lock:
                    booked[room] += 1

    in_threads(THREADS, work)
    for room, count in enumerate(booked):
        assert count <= seats
        assert len(db.get_range_startswith(test_prefix + b"room/%d/" % room)) == count
