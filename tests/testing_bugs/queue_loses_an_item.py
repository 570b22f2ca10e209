"""A batch that is taken off its list while it is written: an attempt that fails has taken its items with it.

Repaired: the list stays as it is until the transaction is committed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import fdb
from testing_bugs.bug import RETRY_SAFE, same

MAILS = fdb.Subspace(("mails",))


@fdb.transactional
def store_broken(tr: fdb.Transaction, waiting: list[tuple[int, bytes]]) -> None:
    while waiting:
        number, text = waiting.pop()
        tr[MAILS.pack((number,))] = text


@fdb.transactional
def store_all(tr: fdb.Transaction, waiting: list[tuple[int, bytes]]) -> None:
    for number, text in waiting:
        tr[MAILS.pack((number,))] = text


def store(db: Any, waiting: list[tuple[int, bytes]]) -> None:
    store_all(db, waiting)
    waiting.clear()


def mails() -> list[tuple[int, bytes]]:
    return [(1, b"hello"), (2, b"bye")]


BUG = same(
    {},
    RETRY_SAFE,
    broken=lambda: [partial(store_broken, waiting=mails())],
    repaired=lambda: [partial(store, waiting=mails())],
    holds=lambda rows, _: len(rows) == 2,
)
