"""A page to look into a database: served to this machine alone, by this process, from a thread of its own.

`fdb browse` and `fdb.browse(db)` use the same server. From the bottom: `requests` (parameters, answers), `rows`, `trees`,
`writing` and `live` (what the database is asked), `guard` (who may ask), `app` (the addresses), `page` (the server).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fdb._blocking import Database, Tenant
    from fdb._browse.page import BrowsePage

_EXTRA = "foundationdb-cffi[cli]"


def browse(
    db: Database | Tenant,
    *,
    write: bool = False,
    port: int = 0,
    timeout: float = 10,
    title: str | None = None,
) -> BrowsePage:
    """Serves a page that shows what is in a database or tenant, from this process; returns at once.

        with fdb.browse(db) as page:
            print(page.url)
            input("Enter ends it: ")

    The page is to be had at `page.url` on this machine only, by whoever has the token in that address. It reads; with `write`
    it also sets and clears what a person says. `port` 0 is any free one. `timeout`: seconds after which a request to the
    database is given up. `title` is how the page names the database. `page.close()`, or the end of the `with` block,
    ends it.

    `db` is what `fdb.open` returned, or a tenant of it, with the event model of threads: a program for asyncio or gevent opens
    the same database once more for the page. Raises TypeError for another one, ValueError for a port or timeout that is none,
    OSError if the port is taken, ImportError if the extra `foundationdb-cffi[cli]` is not installed.
    """
    try:
        from fdb._browse.page import BrowsePage
    except ModuleNotFoundError as error:
        if (error.name or "fdb").partition(".")[0] == "fdb":
            raise
        raise ImportError(
            f"the page needs {error.name}: pip install '{_EXTRA}' brings what it needs"
        ) from None
    page = BrowsePage(db, write=write, port=port, timeout=timeout, title=title)
    page.start()
    return page
