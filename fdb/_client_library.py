"""ClientLibrary: a client library that the program chooses itself."""

from __future__ import annotations

import os

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._open import database_of, policy_of
from fdb._startup import api_version
from fdb._startup.client import clients
from fdb._startup.cluster_names import file_name
from fdb._startup.opening import model_named
from fdb._typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from fdb._policy import Policy


class ClientLibrary:
    """A client library chosen by the program: the vendor's at a path, or the default one.

    Several may be in use in one process, each with its own network thread. The objects for one
    file share everything.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """Loads the library. None searches as `fdb.open` does.

        Raises RuntimeError that lists the places tried and the loader's reasons.
        """
        self._client = clients.vendor(None if path is None else os.path.abspath(os.fspath(path)))

    def __repr__(self) -> str:
        return f"ClientLibrary({self.path!r})"

    @property
    def path(self) -> str:
        """The real path of the library's file."""
        return self._client.path

    @property
    def version(self) -> str:
        """The release of the library, as in "7.4.6". Selects the API version of the program.

        Raises RuntimeError before `fdb.api_version`.
        """
        self._client.select_api_version()
        return self._client.library.fdb_get_client_version()

    @property
    def max_api_version(self) -> int:
        """The newest API version that the library supports."""
        return self._client.library.fdb_get_max_api_version()

    @overload
    def open(
        self,
        cluster_file: str | bytes | os.PathLike[str] | None = None,
        event_model: Literal["debug", "gevent"] | None = None,
        *,
        defaults: Policy | None = None,
    ) -> Database: ...
    @overload
    def open(
        self,
        cluster_file: str | bytes | os.PathLike[str] | None = None,
        *,
        event_model: Literal["asyncio"],
        defaults: Policy | None = None,
    ) -> AsyncDatabase: ...
    @overload
    def open(
        self,
        cluster_file: str | bytes | os.PathLike[str] | None,
        event_model: Literal["asyncio"],
        *,
        defaults: Policy | None = None,
    ) -> AsyncDatabase: ...
    @overload
    def open(
        self,
        cluster_file: str | bytes | os.PathLike[str] | None = None,
        event_model: str | None = None,
        *,
        defaults: Policy | None = None,
    ) -> Database | AsyncDatabase: ...
    def open(
        self,
        cluster_file: str | bytes | os.PathLike[str] | None = None,
        event_model: str | None = None,
        *,
        defaults: Policy | None = None,
    ) -> Database | AsyncDatabase:
        """Opens a database through this library; a new object each time.

        `cluster_file` goes to the library as it is; None is the library's default. Does not wait
        for a cluster. `defaults` is as in `fdb.open`. Raises RuntimeError before `fdb.api_version`, FDBError if the network cannot
        be set up.
        """
        api_version.require()
        name, model = file_name(cluster_file), model_named(event_model)
        policy = policy_of(defaults)
        return database_of(self._client.open(name, model), model, policy)
