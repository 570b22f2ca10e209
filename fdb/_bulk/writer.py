"""Writes rows in as many transactions as it takes, each below the limit of a commit's size.

What is written can be done twice: it is sets and clears of the same keys, so that an unknown result does no harm.
"""

from __future__ import annotations

from fdb._errors import FDBError
from fdb._flow_requests import Flow
from fdb._sources import TransactionSource, run, run_asynchronously
from fdb._transaction import Transaction
from fdb._typing import Awaitable, Callable, Generic, Sequence, TypeVar
from fdb._waiting.model import EventModel

T = TypeVar("T")
TRANSACTION_TOO_LARGE = 2101
#: By default a transaction writes about as much as a cluster takes without trouble, a tenth of the limit.
BATCH_BYTES = 1_000_000
#: What a commit has for a row beside its key, which it has four times, and its value.
_ROW_OVERHEAD = 70


def cost(key: bytes, value: bytes | None) -> int:
    """Returns at most how many bytes a row adds to the size of a commit."""
    return _ROW_OVERHEAD + 4 * len(key) + (len(value) if value is not None else 0)


class Write(Generic[T]):
    """One transaction, retried: reads a key, if one is given, and writes. The answer is what `act` returns.

    `act` is called with the transaction and the value of the key.
    """

    __slots__ = ("_act", "_key", "_source")

    def __init__(
        self,
        source: TransactionSource,
        act: Callable[[Transaction, bytes | None], T],
        key: bytes | None = None,
    ) -> None:
        self._source = source
        self._act = act
        self._key = key

    def block(self, model: EventModel) -> T:
        """See Request."""
        key = self._key

        def attempt(tr: Transaction) -> T:
            return self._act(tr, None if key is None else tr.get(key).value)

        return run(self._source, attempt)

    def perform(self) -> Awaitable[T]:
        """See Request."""
        key = self._key

        async def attempt(tr: Transaction) -> T:
            return self._act(tr, None if key is None else (await tr.get(key)).value)

        return run_asynchronously(self._source, attempt)


class Batches:
    """Splits items that belong together into transactions that are not too large for the library."""

    def __init__(self, batch_bytes: int) -> None:
        self._limit = batch_bytes
        self._most_items: int | None = None  # once a commit was too large

    def is_full(self, items: int, size: int) -> bool:
        """Whether items of this size are enough for a transaction."""
        return size >= self._limit or (self._most_items is not None and items >= self._most_items)

    def write(self, items: Sequence[T], step: Callable[[Sequence[T]], Flow[None]]) -> Flow[None]:
        """Does `step` for parts of the items, in their order.

        There is one part, unless a commit was too large: then it is halved. An item that is too large by itself
        raises FDBError 2101.
        """
        parts = [items]
        while parts:
            part = parts.pop()
            try:
                yield from step(part)
            except FDBError as error:
                if error.code != TRANSACTION_TOO_LARGE or len(part) < 2:
                    raise
                half = len(part) // 2
                self._most_items = half
                parts += [part[half:], part[:half]]
