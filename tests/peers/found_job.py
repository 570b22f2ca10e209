"""A job for asyncio-foundationdb on the engine: concurrent transfers, a triple store, a blob store.

Runs in the package's own environment; the package's own tests are run beside it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any
from uuid import uuid4

import found

try:
    from found.ext import bstore, nstore  # 0.13
except ImportError:
    from found import bstore, nstore  # 0.12

ACCOUNTS = 6
TASKS = 20
TURNS = 20


def account(number: int) -> bytes:
    return found.pack(("account", number))


def expect(got: Any, wanted: Any) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


async def open_accounts(tx: Any) -> None:
    for number in range(ACCOUNTS):
        await found.set(tx, account(number), found.pack((100,)))


async def transfer(tx: Any, source: int, target: int) -> None:
    (held,) = found.unpack(await found.get(tx, account(source)))
    (other,) = found.unpack(await found.get(tx, account(target)))
    await asyncio.sleep(0)  # lets the other tasks in between the reads and the commit
    await found.set(tx, account(source), found.pack((held - 1,)))
    await found.set(tx, account(target), found.pack((other + 1,)))


async def balances(tx: Any) -> list[int]:
    rows = await found.all(found.query(tx, account(0), account(ACCOUNTS)))
    return [found.unpack(value)[0] for _, value in rows]


async def bank(db: Any) -> None:
    await found.transactional(db, open_accounts)

    async def work(number: int) -> None:
        for turn in range(TURNS):
            source, target = (number + turn) % ACCOUNTS, (number + turn + 1) % ACCOUNTS
            await found.transactional(db, transfer, source, target)
            expect(sum(await found.transactional(db, balances)), ACCOUNTS * 100)

    await asyncio.gather(*(work(number) for number in range(TASKS)))


async def stores(db: Any) -> None:
    triples = nstore.make("job", [42], 3)
    blobs = bstore.make("job-blobs", (43,))
    who = uuid4()

    async def write(tx: Any) -> Any:
        await nstore.add(tx, triples, who, "title", "engine")
        await nstore.add(tx, triples, uuid4(), "title", "other")
        return await bstore.get_or_create(tx, blobs, b"blob" * 1000)

    async def read(tx: Any, uid: Any) -> None:
        rows = await found.all(nstore.select(tx, triples, nstore.var("who"), "title", "engine"))
        expect([row["who"] for row in rows], [who])
        expect(await bstore.get(tx, blobs, uid), b"blob" * 1000)

    uid = await found.transactional(db, write)
    await found.transactional(db, read, uid)


async def work() -> None:
    db = await found.open()
    await bank(db)
    await stores(db)


def main() -> int:
    asyncio.run(work())
    print("asyncio-foundationdb: bank, triple store, blob store")
    return 0


if __name__ == "__main__":
    sys.exit(main())
