"""A price with a default, for `except Exception`: a read that failed (1007) counts as "no price set".

Repaired: absence is asked for, and errors are left to the retry loop.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import RETRY_SAFE, same

PRICES = fdb.Subspace(("prices",))
BILLS = fdb.Subspace(("bills",))
DEFAULT = 10


@fdb.transactional
def bill_broken(tr: fdb.Transaction, number: int, item: str) -> None:
    try:
        price = int(tr[PRICES.pack((item,))])
    except Exception:
        price = DEFAULT
    tr[BILLS.pack((number,))] = b"%d" % price


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
