"""An index of users by city: the old city is read from the snapshot, so of two moves at a time one leaves its entry behind.

Repaired: the old city is read with a conflict.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import SERIALIZABLE, Rows, same

USERS = fdb.Subspace(("users",))
BY_CITY = fdb.Subspace(("by city",))


@fdb.transactional
def move_broken(tr: fdb.Transaction, user: str, city: str) -> None:
    former = tr.snapshot[USERS.pack((user,))]
    if former.present():
        del tr[BY_CITY.pack((former.decode(), user))]
    tr[USERS.pack((user,))] = city.encode()
    tr[BY_CITY.pack((city, user))] = b""


@fdb.transactional
def move(tr: fdb.Transaction, user: str, city: str) -> None:
    former = tr[USERS.pack((user,))]
    if former.present():
        del tr[BY_CITY.pack((former.decode(), user))]
    tr[USERS.pack((user,))] = city.encode()
    tr[BY_CITY.pack((city, user))] = b""


def index_fits(rows: Rows, _: object) -> bool:
    indexed = {BY_CITY.unpack(key) for key in rows if key in BY_CITY}
    return indexed == {(rows[key].decode(), *USERS.unpack(key)) for key in rows if key in USERS}


BUG = same(
    {USERS.pack(("ann",)): b"Rome", BY_CITY.pack(("Rome", "ann")): b""},
    SERIALIZABLE,
    broken=lambda: [
        partial(move_broken, user="ann", city="Oslo"),
        partial(move_broken, user="ann", city="Bonn"),
    ],
    repaired=lambda: [
        partial(move, user="ann", city="Oslo"),
        partial(move, user="ann", city="Bonn"),
    ],
    holds=index_fits,
)
