"""A queue whose keys are versionstamps: each attempt has another stamp, so under 1021 a job is queued twice.

Repaired: a row under the job's own name says that it is in the queue.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import RETRY_SAFE, same

QUEUE = fdb.Subspace(("queue",))
KNOWN = fdb.Subspace(("known",))


@fdb.transactional
def push_broken(tr: fdb.Transaction, job: bytes) -> None:
    tr.set_versionstamped_key(QUEUE.pack_with_versionstamp((fdb.tuple.Versionstamp(),)), job)


@fdb.transactional
def push(tr: fdb.Transaction, job: bytes) -> None:
    known = KNOWN.pack((job,))
    if not tr[known].present():
        tr[known] = b""
        tr.set_versionstamped_key(QUEUE.pack_with_versionstamp((fdb.tuple.Versionstamp(),)), job)


BUG = same(
    {},
    RETRY_SAFE,
    broken=lambda: [partial(push_broken, job=b"mail"), partial(push_broken, job=b"print")],
    repaired=lambda: [partial(push, job=b"mail"), partial(push, job=b"print")],
    holds=lambda rows, _: (
        sorted(value for key, value in rows.items() if key in QUEUE) == [b"mail", b"print"]
    ),
)
