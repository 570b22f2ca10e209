"""Tests of layers: databases of both kinds, and seeds of faults, of which `make layers-seeds` takes 1,000."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
import fdb.testing

#: What goes wrong: the mix of everything that is retried, and unknown results of either effect more often.
RULES = "commit_unknown_result:p=0.2,effect=either;on"


def seeds(few: int) -> range:
    """The seeds of a test: a few, or as many as the environment's FDB_LAYERS_SEEDS says."""
    return range(int(os.environ.get("FDB_LAYERS_SEEDS", few)))


def done(result: Any) -> Any:
    """Waits for what an operation of either kind has returned."""
    if not inspect.isawaitable(result):
        return result

    async def main() -> Any:
        return await result

    return asyncio.run(main())


@contextlib.contextmanager
def in_trouble(seed: int, event_model: str | None = None) -> Iterator[Any]:
    """A database of its own in which things go wrong until `calm` is called with it or the block ends."""
    with fdb.testing.temporary_database(event_model=event_model) as db:
        db.options.set_transaction_max_retry_delay(2)
        fdb.testing.faults(db, seed=seed, rules=RULES)
        yield db


def calm(db: Any) -> Any:
    """Nothing goes wrong any more in a database. Returns it."""
    fdb.testing.faults(db, rules="off")
    return db


@pytest.fixture(params=["threads", "asyncio"])
def either_db(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A database of its own, once blocking and once of the asyncio event model: see `done`."""
    model = None if request.param == "threads" else request.param
    with fdb.testing.temporary_database(event_model=model) as db:
        yield db
