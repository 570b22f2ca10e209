"""A job for asyncio-foundationdb on the engine: concurrent transfers, a triple store, a blob store.

Runs in the package's own environment; the package's own tests are run beside it.
"""

from __future__ import annotations

import asyncio
import re
import sys
import types
from pathlib import Path
from typing import Any
from uuid import uuid4

import found

try:
    from found.ext import bstore, nstore  # 0.13
except ImportError:
    from found import bstore, nstore  # 0.12

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "from-asyncio-foundationdb.md"
#: What the package keeps for itself.
INNER = {"lib", "code", "pk", "BSTORE_SUFFIX_HASH", "BSTORE_SUFFIX_BLOB"}
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


def names_of(module: types.ModuleType) -> set[str]:
    """What a module offers: what others have made is not its own."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and getattr(value, "__module__", "found").startswith(("found", "fdb"))
    } - INNER


def documented() -> None:
    """Every name of the package is on the page for those who come from it."""
    page = GUIDE.read_text(encoding="utf-8")
    offered = {f"found.{name}" for name in names_of(found)}
    for prefix, module in (("nstore", nstore), ("bstore", bstore)):
        own = names_of(module) - {"FoundException"}
        offered.update(f"{prefix}.{name}" for name in own)
    expect(len(offered) > 50, True)
    expect([name for name in sorted(offered) if not re.search(rf"\b{re.escape(name)}\b", page)], [])


async def work() -> None:
    db = await found.open()
    await bank(db)
    await stores(db)


def main() -> int:
    asyncio.run(work())
    documented()
    print("asyncio-foundationdb: bank, triple store, blob store")
    return 0


if __name__ == "__main__":
    sys.exit(main())
