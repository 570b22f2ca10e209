"""Check, then act: whether a name is free is asked in one transaction, and it is taken in the next.

Repaired: one transaction does both.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import SERIALIZABLE, same

NAMES = fdb.Subspace(("names",))


def register_broken(db: Any, name: str, owner: bytes) -> bool:
    key = NAMES.pack((name,))
    if db[key] is not None:
        return False
    db[key] = owner
    return True


@fdb.transactional
def register(tr: fdb.Transaction, name: str, owner: bytes) -> bool:
    key = NAMES.pack((name,))
    if tr[key].present():
        return bool(tr[key] == owner)
    tr[key] = owner
    return True


BUG = same(
    {},
    SERIALIZABLE,
    broken=lambda: [
        partial(register_broken, name="fox", owner=b"ann"),
        partial(register_broken, name="fox", owner=b"bob"),
    ],
    repaired=lambda: [
        partial(register, name="fox", owner=b"ann"),
        partial(register, name="fox", owner=b"bob"),
    ],
    holds=lambda _, results: sorted(results) == [False, True],
)
