"""What fdb.open asks of the libraries: the event model, and the client that serves a place.

`fdb/_open.py` goes on from here: it makes the objects of the client API, one for each place and model.
"""

from __future__ import annotations

from fdb._errors import FDBError
from fdb._startup.client import Opened, clients
from fdb._startup.cluster_names import Place
from fdb._waiting.model import EventModel
from fdb._waiting.threads import DEBUG, THREADS

_CLIENT_INVALID_OPERATION = 2000
_INVALID_OPTION_VALUE = 2006


def model_named(name: str | None) -> EventModel:
    """Returns the model for an `event_model` argument. Raises FDBError 2000 for an unknown one."""
    if name is None:
        return THREADS
    if name == "debug":
        return DEBUG
    if name == "asyncio":
        from fdb._waiting.asyncio_model import ASYNCIO

        return ASYNCIO
    if name == "gevent":
        from fdb._waiting.gevent_model import GEVENT

        return GEVENT
    known = "None (threads), 'debug', 'gevent', 'asyncio'"
    raise FDBError(_CLIENT_INVALID_OPERATION, f"event_model is {name!r}; known are {known}")


def open_place(place: Place, name: bytes | None, model: EventModel) -> Opened:
    """Opens the database that `place_of(name)` has found.

    Raises RuntimeError if its library cannot be used, FDBError for what that says, with the engine's explanation;
    ValueError for options that contradict those that the database is open with.
    """
    if place.embedded:
        return open_embedded(place.string, model)
    return clients.vendor(None).open(name, model)


def open_embedded(string: bytes, model: EventModel) -> Opened:
    """Opens a database of the embedded engine. Blocks while it reads a file. Raises as `open_place`."""
    client = clients.embedded()
    opened = client.open(string, model)
    code, text = opened.handle.call(client.library.fdb_embedded_problem)
    if code == 0:
        return opened
    opened.handle.close()
    if code == _INVALID_OPTION_VALUE:
        raise ValueError(text)
    raise FDBError(code, text)
