"""A retry loop written by hand that takes 1021 for "it was committed": half the time it was not, and the order is lost.

Repaired: the loop of the package. The order has its own number, so writing it twice does no harm.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, same

ORDERS = fdb.Subspace(("orders",))
UNKNOWN = 1021


def order_broken(db: Any, number: int, what: bytes) -> None:
    tr = db.create_transaction()
    while True:
        try:
            tr[ORDERS.pack((number,))] = what
            tr.commit().wait()
            return
        except fdb.FDBError as error:
            if error.code == UNKNOWN:
                return
            tr.on_error(error).wait()


@fdb.transactional
def order(tr: fdb.Transaction, number: int, what: bytes) -> None:
    tr[ORDERS.pack((number,))] = what


BUG = same(
    {},
    RETRY_SAFE,
    broken=lambda: [
        partial(order_broken, number=1, what=b"tea"),
        partial(order_broken, number=2, what=b"milk"),
    ],
    repaired=lambda: [
        partial(order, number=1, what=b"tea"),
        partial(order, number=2, what=b"milk"),
    ],
    holds=lambda rows, _: len(rows) == 2,
)
