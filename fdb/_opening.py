"""fdb.open: which library a string means, and the forms that older API versions had."""

from __future__ import annotations

import os
import re
import threading
from typing import Any

from fdb import _api_version, _threads
from fdb._async_database import AsyncDatabase
from fdb._client import clients, file_name
from fdb._database import Database
from fdb._errors import FDBError
from fdb._network_options import network_options
from fdb._waiting import model_named

_CLIENT_INVALID_OPERATION = 2000
_INVALID_DATABASE_NAME = 2013
_LOCAL_ADDRESS = 10
_CONNECTION_STRING = re.compile(r"[\w.-]+:[\w.-]+@.+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")

FORMS = (
    "the forms are: None (FDB_CLUSTER_FILE or the default cluster file), the path of a cluster file, "
    'and "memory:" or "memory:NAME" (a database in this process)'
)


class _OpenDatabases:
    """What was opened, by argument and event model; the model that `init` chose."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.opened: dict[tuple[Any, str | None], Database | AsyncDatabase] = {}
        self.initialised = False
        self.default_model: str | None = None

    def forget(self) -> None:
        """In a forked child: the inherited databases are dead, so the next open makes new ones."""
        self.lock = threading.RLock()
        self.opened.clear()


_state = _OpenDatabases()
_threads.on_fork(_state.forget)


def is_embedded(name: bytes) -> bool:
    """Whether a cluster string means the embedded engine.

    Raises ValueError for a string that is neither this nor the name of a file.
    """
    if name.startswith(b"memory:"):
        return True
    text = os.fsdecode(name)
    if name.startswith(b"file:"):
        raise ValueError(
            f"cannot open {text!r}: the engine keeps databases in memory only; {FORMS}"
        )
    if os.path.exists(text):
        return False
    if _CONNECTION_STRING.fullmatch(text):
        raise ValueError(f"{text!r} is a connection string: write it to a cluster file; {FORMS}")
    if _SCHEME.match(text) or text in ("memory", "file"):
        raise ValueError(f"cannot open {text!r}; {FORMS}")
    return False


def _default_name() -> bytes | None:
    value = os.environb.get(b"FDB_CLUSTER_FILE", b"")
    return value if value.startswith((b"memory:", b"file:")) else None


def open_database(
    cluster_file: str | bytes | os.PathLike[str] | None = None, event_model: str | None = None
) -> Database | AsyncDatabase:
    """Opens a database. The same arguments give the same object until that is closed.

    `cluster_file` chooses the library: "memory:" or "memory:NAME" (a database in this process) are
    served by the embedded engine; everything else is the path of a cluster file for the installed
    libfdb_c. None is FDB_CLUSTER_FILE, which may hold one of these forms, and then the default
    cluster file.

    `event_model` says how to wait: None blocks threads, "debug" polls, "gevent" blocks greenlets,
    and "asyncio" gives an AsyncDatabase, whose methods are coroutines.

    Does not wait for a cluster. Raises RuntimeError before `api_version`, and if there is no usable
    library; ValueError for a string of no known form; FDBError 2000 for an unknown event model.
    """
    _api_version.require()
    model = model_named(event_model if event_model is not None else _state.default_model)
    name = file_name(cluster_file) or _default_name()
    embedded = name is not None and is_embedded(name)
    with _state.lock:
        key = (cluster_file, model.name)
        database = _state.opened.get(key)
        if database is None or database._closed:
            client = clients.embedded() if embedded else clients.vendor(None)
            database = client.open(name, model)
            _state.opened[key] = database
            _state.initialised = True
        return database


def forget_database(name: bytes) -> None:
    """Makes the next `open_database` of a cluster string give a new object."""
    with _state.lock:
        for key in list(_state.opened):
            if (file_name(key[0]) or _default_name()) == name:
                del _state.opened[key]


# ---- API versions below 610 ----


def _check_name(database_name: bytes) -> None:
    if database_name != b"DB":
        raise FDBError(_INVALID_DATABASE_NAME)


def init_network(event_model: str | None = None) -> None:
    """`fdb.init` below API version 610: chooses the event model of the `open` calls that follow.

    The network itself is started by the first `open`, which knows the library. Raises FDBError
    2000 when called twice or after `open`, and for an unknown event model.
    """
    with _state.lock:
        if _state.initialised:
            raise FDBError(_CLIENT_INVALID_OPERATION)
        model_named(event_model)
        _state.default_model = event_model
        _state.initialised = True


def open_v609(
    cluster_file: str | bytes | None = None,
    database_name: bytes = b"DB",
    event_model: str | None = None,
) -> Database | AsyncDatabase:
    """`fdb.open` below API version 610. Raises FDBError 2013 for a name other than b"DB"."""
    _check_name(database_name)
    return open_database(cluster_file, event_model)


def init_v13(local_address: str | bytes | None, event_model: str | None = None) -> None:
    """`fdb.init` at API version 13; the address is passed on as a network option."""
    if local_address is not None:
        address = local_address.encode() if isinstance(local_address, str) else local_address
        network_options.set(_LOCAL_ADDRESS, address)
    init_network(event_model)


def open_v13(
    cluster_id_path: str | bytes | None,
    database_name: bytes,
    local_address: str | bytes | None = None,
    event_model: str | None = None,
) -> Database | AsyncDatabase:
    """`fdb.open` at API version 13."""
    _check_name(database_name)
    if not _state.initialised:
        init_v13(local_address, event_model)
    return open_database(cluster_id_path)


class Cluster:
    """A cluster, below API version 610: what `create_cluster` returns."""

    #: There are no options of a cluster.
    options: None = None

    def __init__(self, cluster_file: str | bytes | None) -> None:
        self.cluster_file = cluster_file

    def open_database(self, name: bytes = b"DB") -> Database | AsyncDatabase:
        """Returns the cluster's database. Raises FDBError 2013 for a name other than b"DB"."""
        _check_name(name)
        return open_database(self.cluster_file)


def create_cluster(cluster_file: str | bytes | None = None) -> Cluster:
    """Returns a Cluster; below API version 610."""
    return Cluster(cluster_file)
