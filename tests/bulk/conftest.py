"""What the tests of work in batches share: both kinds of databases, used in the same way."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

import fdb

KINDS = ["blocking", "asyncio"]
#: Of the tests with faults: a few, or as many as are asked for.
SEEDS = range(int(os.environ.get("FDB_BULK_SEEDS", "4")))


class Either:
    """A database of either kind whose methods block here."""

    def __init__(self, db: Any, plain: fdb.Database) -> None:
        #: The database itself.
        self.db = db
        #: A blocking one with the same data.
        self.plain = plain
        self.is_async = isinstance(db, (fdb.AsyncDatabase, fdb.AsyncTenant))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.db, name)
        if not self.is_async:
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            async def main() -> Any:
                return await method(*args, **kwargs)

            return asyncio.run(main())

        return call

    def items(self, iterable: Any) -> list[Any]:
        """Iterates to the end."""
        if not self.is_async:
            return list(iterable)

        async def main() -> list[Any]:
            return [item async for item in iterable]

        return asyncio.run(main())

    def some(self, iterable: Any, number: int) -> list[Any]:
        """Breaks an iteration off after some items, at least one."""
        found: list[Any] = []
        if not self.is_async:
            for item in iterable:
                found.append(item)
                if len(found) == number:
                    break
            return found

        async def main() -> None:
            async for item in iterable:
                found.append(item)
                if len(found) == number:
                    break

        asyncio.run(main())
        return found

    def scan(self, *args: Any, **kwargs: Any) -> Any:
        """The scan of the database."""
        return self.db.scan(*args, **kwargs)

    def page(self, scan: Any) -> fdb.Page:
        """The next page of a scan."""

        async def main() -> fdb.Page:
            page: fdb.Page = await scan.page()
            return page

        return asyncio.run(main()) if self.is_async else scan.page()


@pytest.fixture(params=KINDS)
def either(request: pytest.FixtureRequest, memory_db: fdb.Database, memory_name: str) -> Either:
    """An empty embedded database of either kind."""
    if request.param == "blocking":
        return Either(memory_db, memory_db)
    return Either(fdb.open(memory_name, event_model="asyncio"), memory_db)


@pytest.fixture
def other(either: Either) -> Any:
    """Another database of the same kind, in memory."""
    name = fdb.embedded.unique()
    model = "asyncio" if either.is_async else None
    yield Either(fdb.open(name, event_model=model), fdb.open(name))
    fdb.embedded.drop(name)
