"""A test's part of a database that others use too, most of all of a cluster: a tenant of its own, or a prefix.

Invariants:
1. What a test writes through its sandbox lies in its part; a write elsewhere raises before it is carried out.
2. The part is new, has a random name, and is removed by `close`.
3. The objects are the sandbox's own: nobody has them from `fdb.open`, and nobody who does is guarded.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._errors import FDBError
from fdb._generated.enumerations import ConflictRangeType
from fdb._keys import strinc
from fdb._open import database_of
from fdb._sources import TenantMembers, run
from fdb._startup import api_version
from fdb._startup.cluster_names import file_name, place_of
from fdb._startup.opening import model_named, open_place
from fdb.subspace_impl import Subspace
from fdb.tenant_management import create_tenant, delete_tenant
from fdb.testing._isolation import Sandbox, Source, new_subspace
from fdb.testing._tracing import Operation, trace

#: How the tests of a suite are kept apart: "auto" is a tenant where the cluster has them.
ISOLATIONS = ("auto", "tenant", "prefix")

_TIMED_OUT = 1031
#: What a client or a cluster without tenants answers: no such module of special keys, no such function, and disabled.
_NO_TENANTS = (2113, 2204, 2136)
_PATIENCE_MILLISECONDS = 30_000
_STAMPED_KEY = 14
_WRITES = ("set", "clear", "clear_range", "atomic_op")
_OF_RANGES = ("clear_range", "add_conflict_range")
#: From here on the place of a stamp in a key is given in four bytes, before in two.
_LONG_OFFSETS = 520


def open_part(cluster: str | os.PathLike[str] | None, isolation: str = "auto") -> Sandbox:
    """Makes a part of a database, for one test. Blocks for the first answer of the cluster.

    `cluster` is what `fdb.open` takes. Raises ValueError for an unknown isolation, RuntimeError for "tenant" where there are none, and
    for a cluster that does not answer in half a minute; FDBError for other errors, as `fdb.open` does.
    """
    if isolation not in ISOLATIONS:
        raise ValueError(
            f"isolation must be one of {', '.join(map(repr, ISOLATIONS))}, not {isolation!r}"
        )
    plain = _open(cluster, None)
    assert isinstance(plain, Database)
    # An option of this object alone: it makes and removes the part.
    plain.options.set_transaction_timeout(_PATIENCE_MILLISECONDS)
    try:
        _wait_for_answer(plain)
        if isolation != "prefix":
            name = b"fdb.testing/" + secrets.token_hex(8).encode()
            problem = _create_tenant(plain, name)
            if problem is None:
                return TenantSandbox(cluster, plain, name)
            if isolation == "tenant":
                raise RuntimeError(
                    f"{plain!r} has no tenants ({problem}): isolation 'prefix' does without, and 'auto' chooses by itself"
                )
        return PrefixSandbox(cluster, plain)
    except BaseException:
        plain.close()
        raise


def _open(
    cluster: str | os.PathLike[str] | None, event_model: str | None
) -> Database | AsyncDatabase:
    """As `fdb.open`, but another object each time."""
    api_version.require()
    name, model = file_name(cluster), model_named(event_model)
    return database_of(open_place(place_of(name), name, model), model)


def _wait_for_answer(plain: Database) -> None:
    try:
        run(plain, lambda tr: tr.get_read_version().wait())
    except FDBError as error:
        if error.code != _TIMED_OUT:
            raise
        raise RuntimeError(
            f"{plain!r} has not answered in {_PATIENCE_MILLISECONDS / 1000:g} seconds"
        ) from error


def _create_tenant(plain: Database, name: bytes) -> FDBError | None:
    """Returns the error of a cluster that has no tenants."""
    try:
        create_tenant(plain, name)
    except FDBError as error:
        if error.code in _NO_TENANTS:
            return error
        raise
    return None


class _Part(Sandbox):
    """What the two kinds have in common."""

    def __init__(self, cluster: str | os.PathLike[str] | None, plain: Database) -> None:
        super().__init__()
        self._cluster = cluster
        self._plain = plain


class TenantSandbox(_Part):
    """A tenant of the test's own, which stands for the database."""

    def __init__(
        self, cluster: str | os.PathLike[str] | None, plain: Database, name: bytes
    ) -> None:
        """The tenant `name` exists already."""
        super().__init__(cluster, plain)
        self.name = name
        self._opened: list[Database | AsyncDatabase] = []

    def _open(self, event_model: str | None) -> Source:
        database = _open(self._cluster, event_model)
        self._opened.append(database)
        return database.open_tenant(self.name)

    def close(self) -> None:
        super().close()
        for database in self._opened:
            database.close()
        self._opened.clear()
        if self._plain._closed:
            return
        try:
            with self._plain.open_tenant(self.name) as tenant:
                del tenant[:]
            delete_tenant(self._plain, self.name)
        finally:
            self._plain.close()


class PrefixSandbox(_Part):
    """The database itself, in which the test may write below a prefix only."""

    def __init__(self, cluster: str | os.PathLike[str] | None, plain: Database) -> None:
        super().__init__(cluster, plain)
        self._root = new_subspace()
        self._guards = contextlib.ExitStack()

    def _within(self) -> Subspace:
        return self._root

    def _open(self, event_model: str | None) -> Source:
        database = _open(self._cluster, event_model)
        self._guards.enter_context(trace(database, _Guard(self._root)))
        return database

    def close(self) -> None:
        # The objects are closed while they are guarded: a thread that the test has forgotten does no harm.
        super().close()
        self._guards.close()
        if self._plain._closed:
            return
        try:
            self._plain.clear_range_startswith(self._root)
        finally:
            self._plain.close()


class _Guard:
    """A tracer that refuses writes outside of a subspace."""

    def __init__(self, space: Subspace) -> None:
        self._begin = space.key()
        self._end = strinc(self._begin)

    def before(self, operation: Operation) -> None:
        """Raises RuntimeError for a write that may not be."""
        if _changes(operation) and not self._allows(operation):
            raise self._refusal(operation)

    def after(self, operation: Operation) -> None:
        """Nothing is left to be said."""

    def _allows(self, operation: Operation) -> bool:
        if isinstance(operation.transaction.source, TenantMembers):
            return False
        begin, end = operation.begin, operation.end
        assert isinstance(begin, bytes)
        if operation.name in _OF_RANGES:
            assert isinstance(end, bytes)
            return begin >= end or (self._begin <= begin and end <= self._end)
        if operation.name == "atomic_op" and operation.arguments[0] == _STAMPED_KEY:
            return begin.startswith(self._begin) and _stamp_place(begin) >= len(self._begin)
        return begin.startswith(self._begin)

    def _refusal(self, operation: Operation) -> RuntimeError:
        keys = f"{operation.begin!r}"
        if operation.name in _OF_RANGES:
            keys = f"{operation.begin!r} to {operation.end!r}"
        source = operation.transaction.source
        where = f" in {source!r}" if isinstance(source, TenantMembers) else ""
        return RuntimeError(
            f"{operation.name} of {keys}{where} is not in this test's part of the database, which others use, too: the keys that begin with "
            f"{self._begin!r}. The fixtures fdb_space and fdb_directory (`space` and `directory` of a DatabaseTestCase) lie there"
        )


def _changes(operation: Operation) -> bool:
    """Whether an operation is a write to others, who conflict with one that only says to be one, too."""
    if operation.name == "add_conflict_range":
        return bool(operation.arguments[0] == ConflictRangeType.write)
    return operation.name in _WRITES


def _stamp_place(key: bytes) -> int:
    """Returns where in a key the versionstamp goes; -1 if that is not said."""
    form = "<I" if api_version.get() >= _LONG_OFFSETS else "<H"
    size = struct.calcsize(form)
    return struct.unpack(form, key[-size:])[0] if len(key) >= size else -1
