"""A generator over the rows of a range, made in the transaction and used after it: what it reads then belongs to no attempt.

Repaired: the rows are read in the function.
"""

from __future__ import annotations

from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, same

MEMBERS = fdb.Subspace(("members",))


@fdb.transactional
async def members_broken(tr: fdb.Transaction) -> Any:
    return {"members": tr[MEMBERS.range()]}


@fdb.transactional
async def members(tr: fdb.Transaction) -> dict[str, Any]:
    return {"members": await tr[MEMBERS.range()]}


def all_there(_: Any, results: Any) -> bool:
    found = results[0]["members"]
    return isinstance(found, list) and len(found) == 3


BUG = same(
    {MEMBERS.pack((name,)): b"" for name in ("ann", "bob", "eve")},
    RETRY_SAFE,
    broken=lambda: [members_broken],
    repaired=lambda: [members],
    holds=all_there,
    is_asyncio=True,
)
