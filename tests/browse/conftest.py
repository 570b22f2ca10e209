"""Pages of databases that tests look into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
from helpers.tools import needs

for module in ("starlette", "uvicorn", "httpx"):
    needs(module)


@pytest.fixture
def session(memory_db: fdb.Database) -> Any:
    """What holds for the requests of a page that may write, without the page."""
    from fdb._browse.requests import Session

    return Session(memory_db, True, 10.0, "a database")


@pytest.fixture(scope="module")
def shared_page() -> Iterator[Any]:
    """A page that may write, of a database in memory; one for all tests of a module, as its end takes a moment."""
    from fdb._browse import browse

    name = fdb.embedded.unique()
    with fdb.open(name) as db, browse(db, write=True) as page:
        yield page
    fdb.embedded.drop(name)


@pytest.fixture
def page(shared_page: Any) -> Any:
    """The page, of a database that is empty."""
    shared_page._session.db.clear_range(b"", b"\xff")
    return shared_page


@pytest.fixture
def page_db(page: Any) -> Any:
    """The database of the page."""
    return page._session.db


@pytest.fixture
def asking(page: Any, client: Callable[[Any], Any]) -> Any:
    """A client of the page."""
    return client(page)


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    """Serves pages until the test ends."""
    pages: list[Any] = []

    def begin(db: Any, **options: Any) -> Any:
        from fdb._browse import browse

        pages.append(browse(db, **options))
        return pages[-1]

    yield begin
    for page in pages:
        page.close()


@pytest.fixture
def client() -> Iterator[Callable[[Any], Any]]:
    """Makes clients of pages, whose addresses are relative to that of the page."""
    import httpx

    clients: list[httpx.Client] = []

    def begin(page: Any) -> httpx.Client:
        clients.append(httpx.Client(base_url=page.url, trust_env=False))
        return clients[-1]

    yield begin
    for each in clients:
        each.close()
