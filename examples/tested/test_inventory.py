"""Tests of inventory.py, as a suite to start from: a database for each test, and what goes wrong on a cluster.

    pip install 'foundationdb-cffi[testing]'
    pytest examples/tested
    pytest examples/tested --fdb-faults='commit_unknown_result:p=0.2'     # the same on a bad day
    pytest examples/tested --fdb-cluster=/etc/foundationdb/fdb.cluster    # the same on a cluster

The fixtures of a database (fdb_db, fdb_space, fdb_faults, ...) are described in docs/guides/pytest.md, the functions
of fdb.testing in docs/guides/testing.md.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest
from inventory import Inventory, SoldOut

import fdb
from fdb.testing import Faults, assert_retry_safe, assert_serializable, record


@pytest.fixture
def inventory(fdb_db: fdb.Database, fdb_space: fdb.Subspace) -> Inventory:
    """An inventory with ten cups and one pot."""
    made = Inventory(fdb_space)
    made.restock(fdb_db, "cup", "first", 10)
    made.restock(fdb_db, "pot", "first", 1)
    return made


def test_an_order_has_its_goods(fdb_db: fdb.Database, inventory: Inventory) -> None:
    inventory.reserve(fdb_db, "order 1", {"cup": 4, "pot": 1})
    assert (inventory.left(fdb_db, "cup"), inventory.left(fdb_db, "pot")) == (6, 0)
    inventory.cancel(fdb_db, "order 1")
    assert (inventory.left(fdb_db, "cup"), inventory.left(fdb_db, "pot")) == (10, 1)


def test_all_or_nothing(fdb_db: fdb.Database, inventory: Inventory) -> None:
    with pytest.raises(SoldOut):
        inventory.reserve(fdb_db, "order 1", {"cup": 4, "pot": 2})
    assert inventory.left(fdb_db, "cup") == 10


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        (Inventory.restock, ("cup", "second", 5)),
        (Inventory.reserve, ("order 2", {"cup": 1, "pot": 1})),
        (Inventory.cancel, ("order 1",)),
    ],
)
def test_what_is_retried_happens_once(
    fdb_db: fdb.Database,
    inventory: Inventory,
    method: Callable[..., None],
    arguments: tuple[object, ...],
) -> None:
    """Every error at every point of the transaction: the outcome has to be the same."""
    inventory.reserve(fdb_db, "order 1", {"cup": 1})
    assert_retry_safe(partial(method, inventory), fdb_db, *arguments)


def test_the_last_pot_is_sold_once(fdb_db: fdb.Database, inventory: Inventory) -> None:
    """Two at the same time do what they would do one after the other, whichever way they meet."""

    def reserve(db: fdb.Database, order: str) -> str:
        try:
            inventory.reserve(db, order, {"pot": 1})
        except SoldOut:
            return "sold out"
        return "reserved"

    orders = [partial(reserve, order=order) for order in ("order 1", "order 2")]
    assert_serializable(orders, fdb_db, schedules=30, seed=1)


def test_a_bad_day(fdb_db: fdb.Database, fdb_faults: Faults, inventory: Inventory) -> None:
    """Threads compete for the cups while commits fail, and answers to them get lost."""
    fdb_faults.add("not_committed", probability=0.2)
    fdb_faults.add("commit_unknown_result", probability=0.2)
    sold = []

    def buy(number: int) -> None:
        try:
            inventory.reserve(fdb_db, f"order {number}", {"cup": 1})
            sold.append(number)
        except SoldOut:
            pass

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sold) == 10 and inventory.left(fdb_db, "cup") == 0


def test_what_a_reservation_touches(fdb_db: fdb.Database, inventory: Inventory) -> None:
    """Orders of other goods must not be in each other's way."""
    cups, order = inventory.stock["cup"], inventory.reserved["order 1"]
    with record(fdb_db) as log:
        inventory.reserve(fdb_db, "order 1", {"cup": 1})
    log.assert_reads_only(cups, order)
    log.assert_writes({cups: b"9", order["cup"]: b"1"})


def test_waiting_for_a_delivery(fdb_db: fdb.Database, inventory: Inventory) -> None:
    arrived = inventory.wait_for(fdb_db, "pot")
    inventory.restock(fdb_db, "pot", "second", 3)
    arrived.wait()
    assert inventory.left(fdb_db, "pot") == 4


def test_in_asyncio(fdb_async_db: fdb.AsyncDatabase, inventory: Inventory) -> None:
    """fdb_async_db is the same database as fdb_db."""
    assert asyncio.run(inventory.left_async(fdb_async_db, "cup")) == 10


def test_after_a_restart(
    fdb_file_db: fdb.Database, fdb_reopen: Callable[[], fdb.Database], fdb_space: fdb.Subspace
) -> None:
    """A database in a file, closed and opened again: what was committed is there."""
    inventory = Inventory(fdb_space)
    inventory.restock(fdb_file_db, "cup", "first", 10)
    assert inventory.left(fdb_reopen(), "cup") == 10
