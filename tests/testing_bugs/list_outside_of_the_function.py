"""Expired sessions, gathered in a list outside of the transactional function: an attempt that fails leaves its part there.

Repaired: the list is made in the function, and kept under the number of the sweep for an attempt after one that did commit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, Function, same

SESSIONS = fdb.Subspace(("sessions",))
SWEEPS = fdb.Subspace(("sweeps",))
NOW = 100


def expire_broken() -> Function:
    expired: list[str] = []

    @fdb.transactional
    def sweep(tr: fdb.Transaction) -> None:
        for row in tr[SESSIONS.range()]:
            if int(row.value) < NOW:
                (user,) = SESSIONS.unpack(row.key)
                expired.append(user)
                del tr[row.key]

    def expire(db: Any) -> list[str]:
        sweep(db)
        return sorted(expired)

    return expire


@fdb.transactional
def expire(tr: fdb.Transaction, number: int) -> list[str]:
    swept = tr[SWEEPS.pack((number,))]
    if swept.present():
        return [*fdb.tuple.unpack(swept)]
    expired = []
    for row in tr[SESSIONS.range()]:
        if int(row.value) < NOW:
            expired.append(SESSIONS.unpack(row.key)[0])
            del tr[row.key]
    tr[SWEEPS.pack((number,))] = fdb.tuple.pack((*expired,))
    return expired


BUG = same(
    {SESSIONS.pack((user,)): b"%d" % end for user, end in [("ann", 90), ("bob", 99), ("eve", 120)]},
    RETRY_SAFE,
    broken=lambda: [expire_broken()],
    repaired=lambda: [partial(expire, number=1)],
    holds=lambda rows, results: (
        SESSIONS.pack(("ann",)) not in rows and results[0] == ["ann", "bob"]
    ),
)
