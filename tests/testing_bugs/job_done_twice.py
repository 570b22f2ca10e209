"""Two workers take the first job of a queue, which they look for with a snapshot read; both get the same one.

Repaired: the job that was found is read with a conflict. (A worker has a name, under which what it took is kept: so an
attempt after one that did commit finds it again.)
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import SERIALIZABLE, same

JOBS = fdb.Subspace(("jobs",))
TAKEN = fdb.Subspace(("taken",))


@fdb.transactional
def take_broken(tr: fdb.Transaction, worker: str) -> bytes | None:
    for row in tr.snapshot.get_range(JOBS.range(), limit=1):
        del tr[row.key]
        tr[TAKEN.pack((worker,))] = row.value
        return row.value
    return None


@fdb.transactional
def take(tr: fdb.Transaction, worker: str) -> bytes | None:
    mine = tr[TAKEN.pack((worker,))]
    if mine.present():
        return mine.value
    for row in tr.snapshot.get_range(JOBS.range(), limit=1):
        tr.add_read_conflict_key(row.key)
        del tr[row.key]
        tr[TAKEN.pack((worker,))] = row.value
        return row.value
    return None


BUG = same(
    {JOBS.pack((number,)): text for number, text in enumerate([b"mail", b"print", b"scan"])},
    SERIALIZABLE,
    broken=lambda: [partial(take_broken, worker="w1"), partial(take_broken, worker="w2")],
    repaired=lambda: [partial(take, worker="w1"), partial(take, worker="w2")],
    holds=lambda _, results: sorted(results) == [b"mail", b"print"],
)
