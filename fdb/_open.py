"""`fdb.open` and `fdb.init`: one name and one static type each, whatever the API version makes of them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, Literal, overload

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._startup import api_version, opening

#: The first API version in which `open` takes the event model, and no name of a database.
_OPEN_CHOOSES_MODEL = 610
_HAD_AN_ADDRESS = 13


@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None = None,
    event_model: Literal["debug", "gevent"] | None = None,
) -> Database: ...
@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None = None,
    *,
    event_model: Literal["asyncio"],
) -> AsyncDatabase: ...
@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None, event_model: Literal["asyncio"]
) -> AsyncDatabase: ...
@overload
def open(
    cluster_file: str | bytes | os.PathLike[str] | None = None, event_model: str | None = None
) -> Database | AsyncDatabase: ...
@functools.wraps(opening.open_database, assigned=("__doc__",))
def open(*args: Any, **kwargs: Any) -> Database | AsyncDatabase:
    version = api_version.require()
    if version >= _OPEN_CHOOSES_MODEL:
        return opening.open_database(*args, **kwargs)
    if version == _HAD_AN_ADDRESS:
        return opening.open_v13(*args, **kwargs)
    return opening.open_v609(*args, **kwargs)


def init(*args: Any, **kwargs: Any) -> None:
    """Below API version 610 chooses the event model; from then on `open` does, and this raises."""
    version = api_version.require()
    if version >= _OPEN_CHOOSES_MODEL:
        raise RuntimeError(
            "fdb.init() is for API versions below 610: from then on fdb.open() takes the event_model"
        )
    if version == _HAD_AN_ADDRESS:
        opening.init_v13(*args, **kwargs)
    else:
        opening.init_network(*args, **kwargs)


def show_signatures(version: int) -> None:
    """Has help() and inspect show what `open` and `init` take at an API version."""
    if version < _OPEN_CHOOSES_MODEL:
        first = version == _HAD_AN_ADDRESS
        _show(open, opening.open_v13 if first else opening.open_v609)
        _show(init, opening.init_v13 if first else opening.init_network)


def _show(function: Callable[..., Any], form: Callable[..., Any]) -> None:
    functools.update_wrapper(function, form, assigned=("__doc__",))
