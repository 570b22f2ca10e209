"""What the page is asked about the database as a whole."""

from __future__ import annotations

from typing import Any

from fdb._browse.requests import Parameters, Refused, Session, range_of, refusal_of, shown_bounds
from fdb._display.notation import printable
from fdb._errors import FDBError
from fdb._startup import api_version
from fdb._version import __version__
from fdb.tenant_management import list_tenants

_MOST_TENANTS = 1_000
_TENANTS_FROM = 630
#: The page waits for them before it shows anything.
_SECONDS_FOR_TENANTS = 2.0
_TIMED_OUT = 1031


def about(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/about`."""
    library = session.db._library
    has_version = library.has("fdb_get_client_version")
    names, more, trouble = _tenants(session)
    return {
        "database": session.title,
        "library": library.fdb_get_client_version() if has_version else None,
        "api_version": api_version.get(),
        "version_of_fdb": __version__,
        "write": session.write,
        "has_tenants": session.has_tenants,
        "tenant": None if session.has_tenants else printable(session.db._name),
        "tenants": names,
        "more_tenants": more,
        "trouble": trouble,
    }


def _tenants(session: Session) -> tuple[list[str], bool, str | None]:
    """Returns the names of tenants, whether there are more, and what to say if the database does not answer."""
    if not session.has_tenants or api_version.get() < _TENANTS_FROM:
        return [], False, None

    def read(tr: Any) -> list[bytes]:
        return [row.key for row in list_tenants(tr, b"", b"\xff", _MOST_TENANTS + 1)]

    try:
        found = session.read(session.db, read, _SECONDS_FOR_TENANTS)
    except FDBError as error:
        # A cluster in trouble has a page, too; and one without tenants, or a library that is too old for them.
        return [], False, str(refusal_of(error)) if error.code == _TIMED_OUT else None
    names = [printable(name) for name in found[:_MOST_TENANTS]]
    return names, len(found) > _MOST_TENANTS, None


def status(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/status`."""
    if not session.has_tenants:
        raise Refused(404, "a tenant has no status: that is its database's")
    found = session.status()
    return {
        "available": found.available,
        "healthy": found.healthy,
        "data": found.data.state,
        "data_description": found.data.description,
        "bytes": found.data.total_kv_size_bytes,
        "disk_bytes": found.data.total_disk_used_bytes,
        "recovery": found.recovery_state.name,
        "redundancy": found.configuration.redundancy_mode,
        "storage_engine": found.configuration.storage_engine,
        "tenant_mode": found.configuration.tenant_mode,
        "processes": len(found.processes),
        "coordinators": len(found.coordinators),
        "clients": found.clients_count,
        "locked": found.locked,
        "messages": [
            each.description or each.name for each in (*found.client_messages, *found.messages)
        ],
    }


def estimate(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/estimate`."""
    source = session.source(asked.text("tenant", ""))

    def read(tr: Any) -> dict[str, Any]:
        begin, end = range_of(asked, tr)
        size = tr.get_estimated_range_size_bytes(begin, end).wait() if begin < end else 0
        return {"bytes": size, "range": shown_bounds(begin, end)}

    answer: dict[str, Any] = session.read(source, read)
    return answer
