"""Which database one is: to go on with the same one only, and not to copy one onto itself."""

from __future__ import annotations

import os
from typing import Any

from fdb import tenant_management
from fdb._errors import FDBError
from fdb._sources import TenantMembers
from fdb._startup.cluster_names import place_of

_PATH_KEY = b"\xff\xff/cluster_file_path"
_CONNECTION_KEY = b"\xff\xff/connection_string"


def database_of(source: Any) -> Any:
    """Returns the database of a tenant, and a database itself."""
    return source._database if isinstance(source, TenantMembers) else source


def is_embedded(source: Any) -> bool:
    """Whether it is of the embedded engine: then no other process has it open."""
    embedded: bool = database_of(source)._library.has("fdb_embedded_drop")
    return embedded


def has_tenants(source: Any) -> bool:
    """Whether it is a database with tenants; those of a cluster that cannot have any, or cannot say, are none. Blocks."""
    if isinstance(source, TenantMembers):
        return False
    try:
        return bool(list(tenant_management.list_tenants(source, b"", b"\xff", 1)))
    except FDBError:
        return False


def name_of(source: Any) -> str:
    """Returns the same text for the same database or tenant, however it was opened. Blocks.

    An embedded one is named by its string with the whole path, a cluster by its description and ID, which its connection
    string begins with, not by where its servers are.
    """
    database = database_of(source)
    if is_embedded(database):
        name = os.fsdecode(place_of(database.get(_PATH_KEY)).identity)
    else:
        name = os.fsdecode(database.get(_CONNECTION_KEY) or b"").partition("@")[0]
    if isinstance(source, TenantMembers):
        return f"tenant {source._name!r} of {name}"
    return name
