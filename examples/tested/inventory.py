"""An inventory: goods that orders reserve, and that are never promised twice.

What test_inventory.py beside it tests. The keys, below the subspace that it is made with:

    ("stock", item)                 how many can still be reserved
    ("reserved", order, item)       how many an order has, as a number in text
"""

from __future__ import annotations

from typing import Any

import fdb


class SoldOut(Exception):
    """There are not as many as the order wants."""


class Inventory:
    """Goods and orders. Each method is a transaction of its own on a database, or part of the one that it is given."""

    def __init__(self, space: fdb.Subspace) -> None:
        self.stock = space["stock"]
        self.reserved = space["reserved"]

    @fdb.transactional
    def restock(self, tr: fdb.Transaction, item: str, delivery: str, count: int) -> None:
        """Adds goods to the stock. A delivery counts once, however often it is told."""
        mark = self.stock.pack((item, "delivery", delivery))
        if not tr[mark].present():
            tr[mark] = b""
            tr[self.stock[item]] = b"%d" % (self._left(tr, item) + count)

    @fdb.transactional
    def reserve(self, tr: fdb.Transaction, order: str, goods: dict[str, int]) -> None:
        """Gives an order all of its goods, or nothing; an order that has them is left alone. Raises SoldOut."""
        if tr.get_range(self.reserved[order], limit=1).to_list():
            return
        for item, count in goods.items():
            left = self._left(tr, item) - count
            if left < 0:
                raise SoldOut(item)
            tr[self.stock[item]] = b"%d" % left
            tr[self.reserved[order][item]] = b"%d" % count

    @fdb.transactional
    def cancel(self, tr: fdb.Transaction, order: str) -> None:
        """Puts the goods of an order back; nothing happens if it has none."""
        for key, count in tr[self.reserved[order].range()]:
            _, item = self.reserved.unpack(key)
            tr[self.stock[item]] = b"%d" % (self._left(tr, item) + int(count))
        del tr[self.reserved[order].range()]

    def _left(self, tr: fdb.Transaction, item: str) -> int:
        return int(tr[self.stock[item]] or b"0")

    @fdb.transactional
    def left(self, tr: fdb.Transaction, item: str) -> int:
        """How many can still be reserved."""
        return self._left(tr, item)

    @fdb.transactional
    async def left_async(self, tr: Any, item: str) -> int:
        """The same in asyncio."""
        return int(await tr[self.stock[item]] or b"0")

    @fdb.transactional
    def wait_for(self, tr: fdb.Transaction, item: str) -> fdb.Watch:
        """Returns a watch that ends when the stock of an item changes; `wait()` for it, or await it."""
        return tr.watch(self.stock[item])
