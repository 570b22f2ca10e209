"""A helper that is called without `await`: it never runs, so the old address is not kept.

Repaired: it is awaited.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import RETRY_SAFE, same

ADDRESS = fdb.Subspace(("address",))
FORMER = fdb.Subspace(("former",))


async def keep_former(tr: fdb.Transaction, name: str) -> None:
    value = await tr[ADDRESS.pack((name,))]
    if value.present():
        tr[FORMER.pack((name,))] = value


@fdb.transactional
async def move_broken(tr: fdb.Transaction, name: str, street: bytes) -> None:
    keep_former(tr, name)  # type: ignore[unused-coroutine]
    tr[ADDRESS.pack((name,))] = street


@fdb.transactional
async def move(tr: fdb.Transaction, name: str, street: bytes) -> None:
    if await tr[ADDRESS.pack((name,))] != street:
        await keep_former(tr, name)
        tr[ADDRESS.pack((name,))] = street


BUG = same(
    {ADDRESS.pack(("ann",)): b"Elm Street"},
    RETRY_SAFE,
    broken=lambda: [partial(move_broken, name="ann", street=b"Oak Street")],
    repaired=lambda: [partial(move, name="ann", street=b"Oak Street")],
    holds=lambda rows, _: rows.get(FORMER.pack(("ann",))) == b"Elm Street",
    is_asyncio=True,
)
