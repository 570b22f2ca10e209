"""A shop that keeps the number of the next order in memory and raises it in the transaction: each attempt takes another one.

Repaired: the number is in the database, and raised with the order.
"""

from __future__ import annotations

from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, Rows, same

ORDERS = fdb.Subspace(("orders",))
NEXT = fdb.tuple.pack(("next order",))


class ShopBroken:
    def __init__(self) -> None:
        self.next_number = 1

    @fdb.transactional
    def order(self, tr: fdb.Transaction) -> int:
        number = self.next_number
        self.next_number += 1
        tr[ORDERS.pack((number,))] = b"tea"
        return number


class Shop:
    @fdb.transactional
    def order(self, tr: fdb.Transaction, request: int = 1) -> int:
        asked = fdb.tuple.pack(("request", request))
        if tr[asked].present():
            return int(tr[asked])
        number = int(tr[NEXT])
        tr[NEXT] = b"%d" % (number + 1)
        tr[asked] = b"%d" % number
        tr[ORDERS.pack((number,))] = b"tea"
        return number


def numbers_have_no_gap(rows: Rows, results: Any) -> bool:
    return [ORDERS.unpack(key)[0] for key in rows if key in ORDERS] == [1] and [*results] == [1]


BUG = same(
    {NEXT: b"1"},
    RETRY_SAFE,
    broken=lambda: [ShopBroken().order],
    repaired=lambda: [Shop().order],
    holds=numbers_have_no_gap,
)
