"""Write skew: each doctor leaves if another one is on call, seen by a snapshot read; both leave.

Repaired: a read that conflicts.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import SERIALIZABLE, same

ON_CALL = fdb.Subspace(("on call",))


@fdb.transactional
def leave_broken(tr: fdb.Transaction, doctor: str) -> bool:
    others = [row for row in tr.snapshot[ON_CALL.range()] if ON_CALL.unpack(row.key) != (doctor,)]
    if not others:
        return False
    del tr[ON_CALL.pack((doctor,))]
    return True


@fdb.transactional
def leave(tr: fdb.Transaction, doctor: str) -> bool:
    others = [row for row in tr[ON_CALL.range()] if ON_CALL.unpack(row.key) != (doctor,)]
    if not others:
        return False
    del tr[ON_CALL.pack((doctor,))]
    return True


BUG = same(
    {ON_CALL.pack((doctor,)): b"" for doctor in ("ann", "bob")},
    SERIALIZABLE,
    broken=lambda: [partial(leave_broken, doctor="ann"), partial(leave_broken, doctor="bob")],
    repaired=lambda: [partial(leave, doctor="ann"), partial(leave, doctor="bob")],
    holds=lambda rows, _: len(rows) >= 1,
)
