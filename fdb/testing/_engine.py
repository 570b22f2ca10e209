"""Which database a tool works on, and what is said where it cannot."""

from __future__ import annotations

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._sources import DatabaseMembers, TenantMembers

_ON_A_CLUSTER = (
    "{what} is for databases of the embedded engine ('memory:' and 'file:'), and {database!r} is one of a cluster. There "
    "the client's own fault injection is all there is: fdb.options.set_client_buggify_enable(), with "
    "set_client_buggify_section_activated_probability() and set_client_buggify_section_fired_probability(), "
    "before the first fdb.open()"
)


def database_of(source: object, what: str) -> Database | AsyncDatabase:
    """Returns a database given as such or by one of its tenants.

    Raises TypeError for anything else; `what` names the tool in its text.
    """
    database: object = source._database if isinstance(source, TenantMembers) else source
    if not isinstance(database, Database | AsyncDatabase):
        raise TypeError(
            f"{what} takes a database (what fdb.open() returned) or a tenant, not {type(source).__name__}"
        )
    return database


def is_embedded(database: DatabaseMembers) -> bool:
    """Whether a database is one of the embedded engine, however that was loaded."""
    return database._library.has("fdb_embedded_drop")


def embedded_database(source: object, what: str) -> Database | AsyncDatabase:
    """As `database_of`, for what only the engine can do: RuntimeError for a database of a cluster."""
    database = database_of(source, what)
    if not is_embedded(database):
        raise RuntimeError(_ON_A_CLUSTER.format(what=what, database=database))
    return database
