"""`db[key] = db[key] + 1`: the read is one transaction and the write another, so one of two updates is lost.

Repaired: one transaction. (A change has a number, so that one whose outcome is unknown is not made twice.)
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import SERIALIZABLE, same

STOCK = fdb.tuple.pack(("stock", "tea"))


def deliver_broken(db: Any) -> None:
    db[STOCK] = b"%d" % (int(db[STOCK]) + 10)


def sell_broken(db: Any) -> None:
    db[STOCK] = b"%d" % (int(db[STOCK]) - 1)


@fdb.transactional
def change(tr: fdb.Transaction, number: int, by: int) -> None:
    done = fdb.tuple.pack(("change", number))
    if not tr[done].present():
        tr[done] = b""
        tr[STOCK] = b"%d" % (int(tr[STOCK]) + by)


BUG = same(
    {STOCK: b"5"},
    SERIALIZABLE,
    broken=lambda: [deliver_broken, sell_broken],
    repaired=lambda: [partial(change, number=1, by=10), partial(change, number=2, by=-1)],
    holds=lambda rows, _: rows[STOCK] == b"14",
)
