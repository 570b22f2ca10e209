"""A page counter: after a commit whose outcome is unknown (1021) the visit is counted again.

Repaired: the visit has a number of its own, and a row says that it was counted.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import RETRY_SAFE, same

PAGES = fdb.Subspace(("pages",))
VISITS = fdb.Subspace(("visits",))


@fdb.transactional
def count_broken(tr: fdb.Transaction, page: str) -> None:
    key = PAGES.pack((page,))
    value = tr[key]
    count = int(value) if value.present() else 0
    tr[key] = b"%d" % (count + 1)


@fdb.transactional
def count(tr: fdb.Transaction, page: str, visit: int) -> None:
    done = VISITS.pack((visit,))
    if tr[done].present():
        return
    tr[done] = b""
    key = PAGES.pack((page,))
    value = tr[key]
    tr[key] = b"%d" % (int(value) + 1 if value.present() else 1)


BUG = same(
    {PAGES.pack(("home",)): b"4"},
    RETRY_SAFE,
    broken=lambda: [partial(count_broken, page="home"), partial(count_broken, page="home")],
    repaired=lambda: [partial(count, page="home", visit=each) for each in (1, 2)],
    holds=lambda rows, _: rows[PAGES.pack(("home",))] == b"6",
)
