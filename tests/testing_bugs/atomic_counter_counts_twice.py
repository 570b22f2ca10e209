"""Credit for a payment, added atomically: `add` conflicts with nothing, and counts twice under 1021 all the same.

Repaired: the payment is remembered in the same transaction.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import RETRY_SAFE, same

CREDIT = fdb.Subspace(("credit",))
PAYMENTS = fdb.Subspace(("payments",))


@fdb.transactional
async def book_broken(tr: fdb.Transaction, customer: str, cents: int) -> None:
    tr.add(CREDIT.pack((customer,)), cents.to_bytes(8, "little"))


@fdb.transactional
async def book(tr: fdb.Transaction, customer: str, cents: int, payment: str) -> None:
    known = PAYMENTS.pack((payment,))
    if (await tr[known]).present():
        return
    tr[known] = b"%d" % cents
    tr.add(CREDIT.pack((customer,)), cents.to_bytes(8, "little"))


BUG = same(
    {CREDIT.pack(("ann",)): (100).to_bytes(8, "little")},
    RETRY_SAFE,
    broken=lambda: [
        partial(book_broken, customer="ann", cents=5),
        partial(book_broken, customer="ann", cents=7),
    ],
    repaired=lambda: [
        partial(book, customer="ann", cents=5, payment="p1"),
        partial(book, customer="ann", cents=7, payment="p2"),
    ],
    holds=lambda rows, _: rows[CREDIT.pack(("ann",))] == (112).to_bytes(8, "little"),
    is_asyncio=True,
)
