"""An editor: the text is loaded by one await and stored by another, so of two edits at a time one is lost.

Repaired: what was loaded is compared in the transaction that stores, and the edit is made anew if it has changed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import SERIALIZABLE, same

PAGE = fdb.tuple.pack(("wiki", "start"))


async def append_broken(db: Any, line: bytes) -> None:
    text = await db.get(PAGE) or b""
    await db.set(PAGE, text + line)


@fdb.transactional
async def store_if_unchanged(tr: fdb.Transaction, loaded: bytes, text: bytes) -> bool:
    present = await tr[PAGE]
    if present != loaded and present != text:
        return False
    tr[PAGE] = text
    return True


async def append(db: Any, line: bytes) -> None:
    while True:
        loaded = await db.get(PAGE)
        if await store_if_unchanged(db, loaded, loaded + line):
            return


BUG = same(
    {PAGE: b"start;"},
    SERIALIZABLE,
    broken=lambda: [partial(append_broken, line=b"one;"), partial(append_broken, line=b"two;")],
    repaired=lambda: [partial(append, line=b"one;"), partial(append, line=b"two;")],
    holds=lambda rows, _: sorted(rows[PAGE].split(b";")) == [b"", b"one", b"start", b"two"],
    is_asyncio=True,
)
