"""A price with a default, for `except Exception`: a read that failed (1007) counts as "no price set".

Repaired: absence is asked for, and errors are left to the retry loop.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, same

PRICES = fdb.Subspace(("prices",))
BILLS = fdb.Subspace(("bills",))
DEFAULT = 10


def price_broken(db: Any, item: str) -> int:
    try:
        return int(db.create_transaction()[PRICES.pack((item,))])
    except Exception:
        return DEFAULT


def bill_broken(db: Any, number: int, item: str) -> None:
    db[BILLS.pack((number,))] = b"%d" % price_broken(db, item)


@fdb.transactional
def bill(tr: fdb.Transaction, number: int, item: str) -> None:
    value = tr[PRICES.pack((item,))]
    price = int(value) if value.present() else DEFAULT
    tr[BILLS.pack((number,))] = b"%d" % price


BUG = same(
    {PRICES.pack(("tea",)): b"3"},
    RETRY_SAFE,
    broken=lambda: [
        partial(bill_broken, number=1, item="tea"),
        partial(bill_broken, number=2, item="tea"),
    ],
    repaired=lambda: [partial(bill, number=1, item="tea"), partial(bill, number=2, item="tea")],
    holds=lambda rows, _: [rows[BILLS.pack((each,))] for each in (1, 2)] == [b"3", b"3"],
)
