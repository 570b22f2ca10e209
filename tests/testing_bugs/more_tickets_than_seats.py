"""Tickets are counted by an atomic `add`, which is fast, and the limit is checked with a snapshot read: the last seat is sold twice.

Repaired: the count is read with a conflict. (An order has a number, under which its ticket is kept.)
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import SERIALIZABLE, same

SOLD = fdb.tuple.pack(("sold",))
TICKETS = fdb.Subspace(("tickets",))
SEATS = 10
ONE = (1).to_bytes(8, "little")


@fdb.transactional
async def buy_broken(tr: fdb.Transaction, order: int) -> bool:
    sold = await tr.snapshot[SOLD]
    if int.from_bytes(sold, "little") >= SEATS:
        return False
    tr.add(SOLD, ONE)
    tr[TICKETS.pack((order,))] = b""
    return True


@fdb.transactional
async def buy(tr: fdb.Transaction, order: int) -> bool:
    if (await tr[TICKETS.pack((order,))]).present():
        return True
    sold = await tr[SOLD]
    if int.from_bytes(sold, "little") >= SEATS:
        return False
    tr.add(SOLD, ONE)
    tr[TICKETS.pack((order,))] = b""
    return True


BUG = same(
    {SOLD: (9).to_bytes(8, "little")},
    SERIALIZABLE,
    broken=lambda: [partial(buy_broken, order=1), partial(buy_broken, order=2)],
    repaired=lambda: [partial(buy, order=1), partial(buy, order=2)],
    holds=lambda rows, _: int.from_bytes(rows[SOLD], "little") <= SEATS,
    is_asyncio=True,
)
