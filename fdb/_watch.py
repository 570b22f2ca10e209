"""Watches, and the mistake of waiting for one before its transaction has been committed."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from fdb._future import FutureVoid

if TYPE_CHECKING:
    from fdb._transaction import Transaction

#: For watches made inside a running transactional function: the transaction, and what ran the
#: function (a thread's number or an asyncio task).
_creators: weakref.WeakKeyDictionary[Watch, tuple[weakref.ref[Transaction], object]]
_creators = weakref.WeakKeyDictionary()


class Watch(FutureVoid):
    """Becomes ready when the value of a key changes after the commit of its transaction."""

    __slots__ = ()

    def wait(self) -> None:
        """Blocks until the value has changed; raises FDBError if the watch failed.

        Raises RuntimeError inside the transactional function that made the watch.
        """
        self._refuse_in_its_own_transaction()
        self._resolve()

    def block_until_ready(self) -> None:
        """Blocks until the value has changed or the watch failed; RuntimeError as for `wait`."""
        self._refuse_in_its_own_transaction()
        super().block_until_ready()

    def __await__(self) -> Generator[Any, None, None]:
        self._refuse_in_its_own_transaction()
        return super().__await__()

    def _refuse_in_its_own_transaction(self) -> None:
        creator = _creators.get(self)
        if creator is None or self._ready():
            return
        transaction, flow = creator[0](), creator[1]
        if transaction is not None and transaction._retry_flow is flow and _runs_here(flow):
            raise RuntimeError(
                "a watch becomes ready only after its transaction was committed, so waiting for it inside "
                "the transactional function would never end: return the watch and wait for it then"
            )


def _runs_here(flow: object) -> bool:
    if isinstance(flow, int):
        return flow == threading.get_ident()
    import asyncio

    try:
        return asyncio.current_task() is flow
    except RuntimeError:
        return False


def current_flow() -> object:
    """Returns the asyncio task that runs now."""
    import asyncio

    return asyncio.current_task()


def remember_creator(watch: Watch, transaction: Transaction) -> None:
    """Notes that `watch` was made inside a running transactional function."""
    _creators[watch] = (weakref.ref(transaction), transaction._retry_flow)
