"""Databases, subspaces and directories that belong to one test, so that hundreds of tests never meet.

A database in memory is a test's own at the price of a function call. Where tests share one (a cluster, a file), each gets a prefix:
random, so that nobody has to be asked for it, and cleared afterwards.
"""

from __future__ import annotations

import abc
import contextlib
import gc
import os
import pathlib
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Generic, Literal, TypeAlias, TypeVar, overload

from fdb import embedded
from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb._errors import FDBError
from fdb._open import open_database
from fdb._sources import TransactionSource
from fdb.directory_impl import DirectoryLayer
from fdb.subspace_impl import Subspace

T = TypeVar("T")

#: What the tools of a test work on, by event model.
Source: TypeAlias = Database | AsyncDatabase | Tenant | AsyncTenant

#: The names of event models, as tests have them, and what `fdb.open` takes for them.
EVENT_MODELS: dict[str, str | None] = {
    "threads": None,
    "debug": "debug",
    "gevent": "gevent",
    "asyncio": "asyncio",
}

_IN_USE = 1529
_FIRST = "fdb.testing"
_NODES = "nodes"
_CONTENT = "content"


def new_subspace(within: Subspace | None = None) -> Subspace:
    """Returns a subspace that nothing else uses: its prefix has 64 random bits. Does not touch a database."""
    outer = Subspace() if within is None else within
    return outer.subspace((_FIRST, secrets.token_hex(8)))


def directory_in(space: Subspace) -> DirectoryLayer:
    """Returns a directory layer whose metadata and contents lie in a subspace."""
    return DirectoryLayer(node_subspace=space[_NODES], content_subspace=space[_CONTENT])


class Temporary(Generic[T]):
    """What lies below a prefix for the length of a `with` block; `async with` for a database of asyncio.

    The end of the block clears all keys of the prefix, also when the block has raised.
    """

    def __init__(self, db: Source, space: Subspace, given: T) -> None:
        """`given` is what the block gets."""
        self._db = db
        self._prefix = space.key()
        self._given = given

    def __enter__(self) -> T:
        if isinstance(self._db, AsyncDatabase | AsyncTenant):
            raise TypeError(f"{self._db!r} is for asyncio: write `async with`")
        return self._given

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert isinstance(self._db, Database | Tenant)
        self._db.clear_range_startswith(self._prefix)

    async def __aenter__(self) -> T:
        if not isinstance(self._db, AsyncDatabase | AsyncTenant):
            raise TypeError(f"{self._db!r} blocks: write `with`")
        return self._given

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert isinstance(self._db, AsyncDatabase | AsyncTenant)
        await self._db.clear_range_startswith(self._prefix)


def temporary_subspace(db: Source, within: Subspace | None = None) -> Temporary[Subspace]:
    """Gives a `with` block a Subspace that nobody else uses, and clears it afterwards.

    `db` is a database or tenant, of a cluster too; one of asyncio takes `async with`. `within` is a subspace or directory that the
    new one shall lie in. Begins without touching the database and ends with a transaction, which blocks. Raises TypeError
    for anything else as `db` or `within`, FDBError if the clearing fails for good.
    """
    space = _new_subspace_of(db, within)
    return Temporary(db, space, space)


def temporary_directory(db: Source, within: Subspace | None = None) -> Temporary[DirectoryLayer]:
    """Gives a `with` block a DirectoryLayer of its own, and clears its metadata and contents afterwards.

    Directories of several blocks may have the same paths and do not meet. The rest is as for `temporary_subspace`.
    """
    space = _new_subspace_of(db, within)
    return Temporary(db, space, directory_in(space))


def _new_subspace_of(db: object, within: object) -> Subspace:
    if not isinstance(db, Database | AsyncDatabase | Tenant | AsyncTenant):
        raise TypeError(f"db must be a database or a tenant, not {type(db).__name__}")
    if within is not None and not isinstance(within, Subspace):
        raise TypeError(
            f"within must be a Subspace, a directory or None, not {type(within).__name__}"
        )
    return new_subspace(within)


@overload
def temporary_database(
    event_model: Literal["threads", "debug", "gevent"] | None = None,
) -> AbstractContextManager[Database]: ...
@overload
def temporary_database(
    event_model: Literal["asyncio"],
) -> AbstractContextManager[AsyncDatabase]: ...
@overload
def temporary_database(
    event_model: str | None = None,
) -> AbstractContextManager[Database | AsyncDatabase]: ...
def temporary_database(
    event_model: str | None = None,
) -> AbstractContextManager[Database | AsyncDatabase]:
    """Gives a `with` block an empty database in memory, which goes with its end.

    `event_model` is as for `fdb.open`; "threads" is the same as None. At the end of the block it is closed, whoever else has it,
    and its memory is freed. Raises FDBError 2000 for an unknown event model, RuntimeError before `fdb.api_version`.
    """
    return _temporary_database(event_model)


@contextlib.contextmanager
def _temporary_database(event_model: str | None) -> Iterator[Database | AsyncDatabase]:
    with contextlib.closing(MemorySandbox()) as sandbox:
        yield sandbox.database(event_model)


class Sandbox(abc.ABC):
    """All of one test's: its database, in any event model, and a subspace and a directory layer in it.

    To be closed by the thread that uses it. `close` removes what the test has written.
    """

    def __init__(self) -> None:
        self._databases: dict[str | None, Source] = {}
        self._space: Subspace | None = None
        self._directory: DirectoryLayer | None = None

    def source(self, event_model: str | None = None) -> Source:
        """Returns the database, or the tenant that stands for it; the same object each time for an event model.

        `event_model` is one of EVENT_MODELS, or None.
        """
        model = _model_of(event_model)
        database = self._databases.get(model)
        if database is None:
            database = self._databases[model] = self._open(model)
        return database

    def is_open(self, event_model: str | None = None) -> bool:
        """Whether `source` has been called for an event model."""
        return _model_of(event_model) in self._databases

    def sources(self) -> list[Source]:
        """What `source` has returned."""
        return list(self._databases.values())

    @property
    def blocking(self) -> Database | Tenant:
        """The database for threads."""
        source = self.source()
        assert isinstance(source, Database | Tenant)
        return source

    @property
    def asynchronous(self) -> AsyncDatabase | AsyncTenant:
        """The database for asyncio."""
        source = self.source("asyncio")
        assert isinstance(source, AsyncDatabase | AsyncTenant)
        return source

    @property
    def space(self) -> Subspace:
        """The test's own subspace; its prefix is not empty."""
        if self._space is None:
            self._space = new_subspace(self._within())
        return self._space

    @property
    def directory(self) -> DirectoryLayer:
        """The test's own directory layer."""
        if self._directory is None:
            self._directory = directory_in(new_subspace(self._within()))
        return self._directory

    def _within(self) -> Subspace | None:
        """Where `space` and `directory` have to lie."""
        return None

    @abc.abstractmethod
    def _open(self, event_model: str | None) -> Source:
        """Opens the database in an event model that is not open yet."""

    def close(self) -> None:
        """Closes the database in all event models."""
        databases, self._databases = self._databases, {}
        for database in databases.values():
            _close(database)


def _model_of(name: str | None) -> str | None:
    return None if name is None else EVENT_MODELS.get(name, name)


def _close(source: TransactionSource) -> None:
    if not source._closed:
        source.close()


class EmbeddedSandbox(Sandbox):
    """One whose database is the test's alone, and of the embedded engine."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """What to give to `fdb.open`."""

    def database(self, event_model: str | None = None) -> Database | AsyncDatabase:
        """As `source`."""
        database = self.source(event_model)
        assert isinstance(database, Database | AsyncDatabase)
        return database

    def _open(self, event_model: str | None) -> Database | AsyncDatabase:
        return open_database(self.name, event_model)


class MemorySandbox(EmbeddedSandbox):
    """An empty database in memory, which is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._name = embedded.unique()

    @property
    def name(self) -> str:
        return self._name

    def close(self) -> None:
        super().close()
        embedded.drop(self._name)


class FileSandbox(EmbeddedSandbox):
    """A database in a file, which stays where it is when that is closed."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = pathlib.Path(path)

    @property
    def name(self) -> str:
        text = os.fspath(self.path)
        # What is behind the last "?" are options.
        return f"file:{text}?" if "?" in text else f"file:{text}"

    def reopen(self, event_model: str | None = None) -> Database | AsyncDatabase:
        """Closes the file and opens it again, as the next run of a program does. Returns the new object.

        Raises RuntimeError if the file is open still, because of transactions that have not gone: then nothing was closed
        but the objects of this sandbox, and what is opened next would not be read from the file.
        """
        super().close()
        # What raised an error may live on in a circle with its traceback.
        if self._is_open() and gc.collect() >= 0 and self._is_open():
            raise RuntimeError(
                f"{self.path} is still open: transactions, futures or exceptions (whose tracebacks hold them), or other objects "
                "of the database are alive; drop them before it is opened again"
            )
        return self.database(event_model)

    def _is_open(self) -> bool:
        try:
            embedded.info(self.path)
        except FDBError as error:
            return error.code == _IN_USE  # what else is wrong with it shows when it is opened
        except FileNotFoundError:
            pass
        return False
