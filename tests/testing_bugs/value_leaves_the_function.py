"""A read that is returned before it has arrived: its error comes where no retry loop is any more.

Repaired: the bytes are returned.
"""

from __future__ import annotations

from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, same

MOTTO = fdb.tuple.pack(("motto",))


@fdb.transactional
def motto_broken(tr: fdb.Transaction) -> Any:
    return tr[MOTTO]


@fdb.transactional
def motto(tr: fdb.Transaction) -> bytes | None:
    return tr[MOTTO].value


BUG = same(
    {MOTTO: b"read before you write"},
    RETRY_SAFE,
    broken=lambda: [motto_broken],
    repaired=lambda: [motto],
    holds=lambda _, results: bool(results[0] == b"read before you write"),
)
