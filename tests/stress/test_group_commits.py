"""Commits to a file that share a sync: 16 threads, tasks of asyncio, greenlets; each waits for its own, none gets lost.

Every program moves money between few accounts, so that its transactions conflict, and counts what was committed.
"""

from __future__ import annotations

import os
import pathlib
import random

import pytest

import fdb
from helpers.processes import RunPython

ACCOUNTS = 10
BALANCE = 100
TRANSFERS = 40  # of each worker

BEGIN = """
import random
import fdb
fdb.api_version(740)
name, seed = {name!r}, {seed}

def account(number):
    return b"account/%02d" % number

def amount_in(value):
    return int.from_bytes(value, "little")

def moves(worker):
    rng = random.Random(seed * 1000 + worker)
    for _ in range({transfers}):
        yield (*rng.sample(range({accounts}), 2), rng.randint(1, 50))

def put(tr, key, amount):
    tr[key] = amount.to_bytes(8, "little")

with fdb.open(name) as db:
    for number in range({accounts}):
        put(db, account(number), {balance})
"""

BLOCKING = """
attempts = []

@fdb.transactional
def transfer(tr, source, target, amount):
    attempts.append(1)
    have, other = amount_in(tr[account(source)]), amount_in(tr[account(target)])
    moved = min(have, amount)
    put(tr, account(source), have - moved)
    put(tr, account(target), other + moved)
    tr.add(b"transfers", (1).to_bytes(8, "little"))

def work(worker):
    for source, target, amount in moves(worker):
        transfer(db, source, target, amount)
        if amount % 3 == 0:
            rows = db[b"account/" : b"account0"]
            assert sum(amount_in(row.value) for row in rows) == {total}, rows
"""

THREADS = """
from concurrent.futures import ThreadPoolExecutor
db = fdb.open(name)
with ThreadPoolExecutor({workers}) as pool:
    list(pool.map(work, range({workers})))
print(len(attempts))
"""

GREENLETS = """
import gevent
db = fdb.open(name, event_model="gevent")
gevent.joinall([gevent.spawn(work, n) for n in range({workers})], raise_error=True)
print(len(attempts))
"""

ASYNCIO = """
import asyncio
attempts = []

@fdb.transactional
async def transfer(tr, source, target, amount):
    attempts.append(1)
    have, other = await asyncio.gather(tr.get(account(source)), tr.get(account(target)))
    moved = min(amount_in(have), amount)
    put(tr, account(source), amount_in(have) - moved)
    put(tr, account(target), amount_in(other) + moved)
    tr.add(b"transfers", (1).to_bytes(8, "little"))

async def work(db, worker):
    for source, target, amount in moves(worker):
        await transfer(db, source, target, amount)
        if amount % 3 == 0:
            rows = await db.get_range(b"account/", b"account0")
            assert sum(amount_in(row.value) for row in rows) == {total}, rows

async def main():
    db = fdb.open(name, event_model="asyncio")
    await asyncio.gather(*(work(db, n) for n in range({workers})))

asyncio.run(main())
print(len(attempts))
"""

PROGRAMS = {
    "threads": (BLOCKING + THREADS, 16),
    "greenlets": (BLOCKING + GREENLETS, 16),
    "asyncio": (ASYNCIO, 64),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_workers_that_move_money(run_python: RunPython, tmp_path: pathlib.Path, kind: str) -> None:
    if kind == "greenlets":
        pytest.importorskip("gevent")
    seed = int(os.environ.get("FDB_TEST_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    name = f"file:{tmp_path / 'app.fdb'}"
    program, workers = PROGRAMS[kind]
    total = ACCOUNTS * BALANCE
    code = (BEGIN + program).format(
        name=name,
        seed=seed,
        transfers=TRANSFERS,
        accounts=ACCOUNTS,
        balance=BALANCE,
        total=total,
        workers=workers,
    )
    outcome = run_python(code)
    assert outcome.returncode == 0
    assert int(outcome.stdout) > workers * TRANSFERS, "nothing conflicted, so nothing was tested"
    with fdb.open(name) as db:
        balances = [int.from_bytes(row.value, "little") for row in db[b"account/":b"account0"]]
        assert (len(balances), sum(balances)) == (ACCOUNTS, total)
        done = db[b"transfers"]
        assert done is not None and int.from_bytes(done, "little") == workers * TRANSFERS
