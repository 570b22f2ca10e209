"""Opening a database: what `fdb.open` and `fdb.init` do, whatever the API version makes of them.

A string becomes an object in four steps: `_startup/cluster_names.py` finds out which place it means,
`_startup/opening.py` chooses the event model and the client, `_startup/client.py` starts the network of
that client and opens a handle, and here a Database or an AsyncDatabase is made of it: one for each place
and event model.
"""

from __future__ import annotations

import os

from fdb._blocking import Database
from fdb._errors import FDBError
from fdb._native import process
from fdb._sources import Sharing
from fdb._startup import api_version
from fdb._startup.client import Opened
from fdb._startup.cluster_names import file_name, place_of
from fdb._startup.network_options import network_options
from fdb._startup.opening import model_named, open_place
from fdb._typing import TYPE_CHECKING, Any, Callable, Literal, overload
from fdb._waiting.model import EventModel

if TYPE_CHECKING:
    from fdb._async import AsyncDatabase
    from fdb._policy import Policy

    #: The event model, and the policy of the transactions.
    Kind = tuple[str | None, Policy | None]

_CLIENT_INVALID_OPERATION = 2000
_INVALID_DATABASE_NAME = 2013
_LOCAL_ADDRESS = 10
#: The first API version in which `open` takes the event model, and no name of a database.
_OPEN_CHOOSES_MODEL = 610
_HAD_AN_ADDRESS = 13
_POLICY_VARIABLES = ("FDB_TIMEOUT", "FDB_RETRY_LIMIT", "FDB_MAX_RETRY_DELAY")


class _OpenDatabases:
    """What was opened, by what its string meant and its kind; the event model that `init` chose."""

    def __init__(self) -> None:
        self.lock = process.reentrant_lock()
        self.opened: dict[bytes, dict[Kind, Database | AsyncDatabase]] = {}
        self.initialised = False
        self.default_model: str | None = None

    def forget(self) -> None:
        """In a forked child: the inherited databases are dead, so the next open makes new ones."""
        self.lock = process.reentrant_lock()
        self.opened.clear()


_state = _OpenDatabases()
process.on_fork(_state.forget)


def policy_of(defaults: Policy | None) -> Policy | None:
    """Returns the policy of a database: its defaults over the environment; None where neither says anything.

    Raises TypeError for what is no Policy, ValueError for one that can be no default, and for the environment.
    """
    if defaults is None and not any(name in os.environ for name in _POLICY_VARIABLES):
        return None
    from fdb._policy import defaults_of  # most programs have no policy

    return defaults_of(defaults)


def database_of(
    opened: Opened, model: EventModel, policy: Policy | None = None
) -> Database | AsyncDatabase:
    """Makes the object for a database that a library has opened, and whose transactions have a policy."""
    kind: type[Database | AsyncDatabase] = Database
    if model.must_await:
        from fdb import _async  # for programs with asyncio only

        kind = _async.AsyncDatabase
    database = kind(opened.handle, opened.library)
    database._which = opened.which
    if policy is not None:
        from fdb._governed import Defaults  # most programs have no policy

        database._defaults = Defaults(policy)
    return database


def open_database(
    cluster_file: str | bytes | os.PathLike[str] | None = None,
    event_model: str | None = None,
    *,
    defaults: Policy | None = None,
) -> Database | AsyncDatabase:
    """Opens a database. The same database gives the same object until that is closed.

    `cluster_file` chooses the library: "memory:" or "memory:NAME" (a database in this process) and
    "file:PATH" (a database in a file) are served by the embedded engine; everything else is the path
    of a cluster file. If its first line is one of these forms it means that database, else it is for
    the installed libfdb_c. None is FDB_CLUSTER_FILE, which may hold one of the forms too, and then
    the default cluster file.

    "file:PATH" makes the file if there is none. Behind a "?" (a path with one in it gets another at
    its end) it may have options, with "&" between them: sync=full (default: what was committed is on
    disk), sync=normal (the last moments may be lost with the power) or sync=off; mode=ro; cache=SIZE,
    the memory for data that is also in the file. "memory:NAME?from=PATH" loads such a file when NAME
    is first opened. A file that is open already is shared; options that contradict its own are refused.

    `with fdb.open(...)` closes the object at the end unless others got it from `open` too.

    `event_model` says how to wait: None blocks threads, "debug" polls, "gevent" blocks greenlets,
    and "asyncio" gives an AsyncDatabase, whose methods are coroutines.

    `defaults` is a fdb.Policy that holds for all of its transactions, where a call says nothing else. What it does
    not say the environment may: FDB_TIMEOUT and FDB_MAX_RETRY_DELAY (seconds), FDB_RETRY_LIMIT. Opened with
    other defaults, the same database is another object.

    Does not wait for a cluster. Blocks while it reads what a file needs to be open: in a loop of
    asyncio, `await asyncio.to_thread(...)` does that elsewhere. Raises RuntimeError before
    `api_version`, and if there is no usable library; ValueError for a string of no known form or
    with unknown options, and for defaults or a variable of the environment that make no policy;
    FDBError 2000 for an unknown event model, and for a file that cannot be used, with a text that
    says why (docs/explanation/durability.md): 1529 in use elsewhere, 1522 damaged or not a database, 1220 of a
    newer version, 1514 not writable, 1513 not readable, 1511 no such directory, 1510 others.
    """
    api_version.require()
    model = model_named(event_model if event_model is not None else _state.default_model)
    policy = policy_of(defaults)
    kind = model.name, policy
    name = file_name(cluster_file)
    place = place_of(name)
    with _state.lock:
        database = _state.opened.get(place.identity, {}).get(kind)
        if database is None or database._closed:
            database = database_of(open_place(place, name, model), model, policy)
            database._sharing = Sharing(
                _state, lambda closed: _forget(place.identity, kind, closed)
            )
            _state.opened.setdefault(place.identity, {})[kind] = database
            _state.initialised = True
        elif place.has_options:  # the engine refuses others than the file is open with
            open_place(place, name, model).handle.close()
        assert database._sharing is not None
        database._sharing.holders += 1
        return database


def _forget(identity: bytes, kind: Kind, database: Database | AsyncDatabase) -> None:
    """Lets go of an object that was closed."""
    with _state.lock:
        kinds = _state.opened.get(identity, {})
        if kinds.get(kind) is database:
            del kinds[kind]
            if not kinds:
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
    *,
    defaults: Policy | None = None,
) -> Database | AsyncDatabase:
    """`fdb.open` below API version 610. Raises FDBError 2013 for a name other than b"DB"."""
    _check_name(database_name)
    return open_database(cluster_file, event_model, defaults=defaults)


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
    *,
    defaults: Policy | None = None,
) -> Database | AsyncDatabase:
    """`fdb.open` at API version 13."""
    _check_name(database_name)
    if not _state.initialised:
        init_v13(local_address, event_model)
    return open_database(cluster_id_path, defaults=defaults)


class Cluster:
    """A cluster, below API version 610: what `create_cluster` returns."""

    #: There are no options of a cluster.
    options: None = None

    def __init__(self, cluster_file: str | bytes | None) -> None:
        #: The path that `create_cluster` was given.
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


# ---- one name and one static type each ----


@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None = None,
    event_model: Literal["debug", "gevent"] | None = None,
    *,
    defaults: Policy | None = None,
) -> Database: ...
@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None = None,
    *,
    event_model: Literal["asyncio"],
    defaults: Policy | None = None,
) -> AsyncDatabase: ...
@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None,
    event_model: Literal["asyncio"],
    *,
    defaults: Policy | None = None,
) -> AsyncDatabase: ...
@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None = None,
    event_model: str | None = None,
    *,
    defaults: Policy | None = None,
) -> Database | AsyncDatabase: ...
def open(*args: Any, **kwargs: Any) -> Database | AsyncDatabase:
    version = api_version.require()
    if version >= _OPEN_CHOOSES_MODEL:
        return open_database(*args, **kwargs)
    if version == _HAD_AN_ADDRESS:
        return open_v13(*args, **kwargs)
    return open_v609(*args, **kwargs)


open.__doc__ = open_database.__doc__
open.__wrapped__ = open_database  # type: ignore[attr-defined]


def init(*args: Any, **kwargs: Any) -> None:
    """Below API version 610 chooses the event model; from then on `open` does, and this raises."""
    version = api_version.require()
    if version >= _OPEN_CHOOSES_MODEL:
        raise RuntimeError(
            "fdb.init() is for API versions below 610: from then on fdb.open() takes the event_model"
        )
    if version == _HAD_AN_ADDRESS:
        init_v13(*args, **kwargs)
    else:
        init_network(*args, **kwargs)


def show_signatures(version: int) -> None:
    """Has help() and inspect show what `open` and `init` take at an API version."""
    if version < _OPEN_CHOOSES_MODEL:
        first = version == _HAD_AN_ADDRESS
        _show(open, open_v13 if first else open_v609)
        _show(init, init_v13 if first else init_network)


def _show(function: Callable[..., Any], form: Callable[..., Any]) -> None:
    function.__doc__ = form.__doc__
    function.__wrapped__ = form  # type: ignore[attr-defined]
