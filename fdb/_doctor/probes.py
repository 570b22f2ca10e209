"""What children of the doctor do: see `children.py`. Each function takes and returns what JSON has.

This is the one module of the folder that imports the package; the doctor itself does not import it.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from typing import Any

import fdb
from fdb.embedded import info


def package() -> dict[str, Any]:
    """Says which package has been imported."""
    return {"file": os.path.realpath(fdb.__file__ or ""), "version": fdb.__version__}


def engine() -> dict[str, Any]:
    """Opens a database in memory."""
    fdb.api_version(fdb.LATEST_API_VERSION)
    with fdb.open("memory:") as db:
        ping = db.ping(60)
    return {"version": ping.client_version}


def database_file(path: str) -> dict[str, Any]:
    """Says what a database file is."""
    fdb.api_version(fdb.LATEST_API_VERSION)
    found = info(path)
    return {"path": found.path, "keys": found.keys, "bytes": found.file_bytes}


def library(api_version: int | None) -> dict[str, Any]:
    """Finds the client library for clusters; `passed_over` is what was asked for and cannot be used.

    Its release is told for an API version that it has, as near to the one that is wanted as can be.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fdb.ClientLibrary()
    version = None
    with contextlib.suppress(fdb.FDBError, RuntimeError):
        fdb.api_version(min(api_version or fdb.LATEST_API_VERSION, found.max_api_version))
        version = found.version
    return {
        "path": found.path,
        "version": version,
        "max_api_version": found.max_api_version,
        "embedded": found._client.library.has("fdb_embedded_backup"),
        "passed_over": [str(each.message) for each in caught],
    }


def cluster(name: str | None, api_version: int, timeout: float) -> dict[str, Any]:
    """Asks a cluster for a read version, then for its status."""
    fdb.api_version(api_version)
    db = fdb.open(name)
    facts: dict[str, Any] = {"answers": False}
    try:
        ping = db.ping(timeout)
        facts.update(answers=True, round_trip=ping.round_trip, protocol=ping.protocol)
    except fdb.FDBError as error:
        facts.update(error_text=str(error), code=error.code)
    try:
        facts["status"] = _status(db, timeout)
    except (fdb.FDBError, ValueError):
        facts["status"] = None
    return facts


def _status(db: fdb.Database, timeout: float) -> dict[str, Any]:
    status = db.status(timeout)
    return {
        "available": status.available,
        "healthy": status.healthy,
        "data": status.data.state,
        "messages": [
            [message.name, message.description]
            for message in (*status.client_messages, *status.messages)
        ],
        "protocols": sorted(
            {each.protocol for each in status.coordinators if each.protocol is not None}
        ),
    }
