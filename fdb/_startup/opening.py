"""fdb.open: which library a string means, and the forms that older API versions had."""

from __future__ import annotations

import os
import threading
from functools import partial

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._errors import FDBError
from fdb._native import process
from fdb._sources import Sharing
from fdb._startup import api_version
from fdb._startup.client import clients, file_name
from fdb._startup.cluster_names import place_of
from fdb._startup.network_options import network_options
from fdb._waiting.model import model_named

_CLIENT_INVALID_OPERATION = 2000
_INVALID_DATABASE_NAME = 2013
_LOCAL_ADDRESS = 10


class _OpenDatabases:
    """What was opened, by what its string meant and event model; the model that `init` chose."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.opened: dict[bytes, dict[str | None, Database | AsyncDatabase]] = {}
        self.initialised = False
        self.default_model: str | None = None

    def forget(self) -> None:
        """In a forked child: the inherited databases are dead, so the next open makes new ones."""
        self.lock = threading.RLock()
        self.opened.clear()


_state = _OpenDatabases()
process.on_fork(_state.forget)


def open_database(
    cluster_file: str | bytes | os.PathLike[str] | None = None, event_model: str | None = None
) -> Database | AsyncDatabase:
    """Opens a database. The same database gives the same object until that is closed.

    `cluster_file` chooses the library: "memory:" or "memory:NAME" (a database in this process) are
    served by the embedded engine; everything else is the path of a cluster file. If its first line
    is one of these two forms it means that database, else it is for the installed libfdb_c. None is
    FDB_CLUSTER_FILE, which may hold one of the forms too, and then the default cluster file.

    `with fdb.open(...)` closes the object at the end unless others got it from `open` too.

    `event_model` says how to wait: None blocks threads, "debug" polls, "gevent" blocks greenlets,
    and "asyncio" gives an AsyncDatabase, whose methods are coroutines.

    Does not wait for a cluster. Raises RuntimeError before `api_version`, and if there is no usable
    library; ValueError for a string of no known form; FDBError 2000 for an unknown event model.
    """
    api_version.require()
    model = model_named(event_model if event_model is not None else _state.default_model)
    name = file_name(cluster_file)
    place = place_of(name)
    with _state.lock:
        database = _state.opened.get(place.identity, {}).get(model.name)
        if database is None or database._closed:
            if place.embedded:
                database = clients.embedded().open(place.identity, model)
            else:
                database = clients.vendor(None).open(name, model)
            database._sharing = Sharing(_state, partial(_forget, place.identity, model.name))
            _state.opened.setdefault(place.identity, {})[model.name] = database
            _state.initialised = True
        assert database._sharing is not None
        database._sharing.holders += 1
        return database


def _forget(identity: bytes, model: str | None, database: Database | AsyncDatabase) -> None:
    """Lets go of an object that was closed."""
    with _state.lock:
        models = _state.opened.get(identity, {})
        if models.get(model) is database:
            del models[model]
            if not models:
                del _state.opened[identity]


def forget_database(identity: bytes) -> None:
    """Makes the next `open_database` of an embedded database, "memory:NAME", give a new object."""
    with _state.lock:
        _state.opened.pop(identity, None)


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

    def __repr__(self) -> str:
        return f"<Cluster {self.cluster_file!r}>"

    def open_database(self, name: bytes = b"DB") -> Database | AsyncDatabase:
        """Returns the cluster's database. Raises FDBError 2013 for a name other than b"DB"."""
        _check_name(name)
        return open_database(self.cluster_file)


def create_cluster(cluster_file: str | bytes | None = None) -> Cluster:
    """Returns a Cluster; below API version 610."""
    return Cluster(cluster_file)
