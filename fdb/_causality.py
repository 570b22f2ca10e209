"""Sessions: databases whose transactions read nothing older than what the session has seen.

A session is a database of its own to its users, over the handle of the one that it was begun on. Its transactions have
the session's `Versions`, which learn what they read and commit (native/binding/versions.c), and the loop of
fdb/_governed.py has each attempt begin at a read version that is no lower.

Thread-safety: `Versions` are changed under the GIL, in one step; everything else of a session stays as it was made.
"""

from __future__ import annotations

from fdb._native import extension
from fdb._typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fdb._observing.observers import Observers
    from fdb._sources import DatabaseMembers, TenantMembers, TransactionSource
    from fdb._transaction import Handle

#: Versions are of 64 bits, with a sign.
_MOST = 2**63 - 1


class InSession:
    """What a session, and a tenant opened from one, has in place of what its database has."""

    #: The database that the session was begun on, or a tenant of it.
    _parent: TransactionSource
    #: What the session has seen.
    _seen: extension.Versions

    @property
    def _versions(self) -> extension.Versions:
        return self._seen

    @property
    def last_version(self) -> int:
        """The newest version that the session has read or committed, or was advanced to. Never goes back, never blocks."""
        return self._seen.newest

    def advance(self, version: int) -> None:
        """Has the session read nothing older than `version` from now on: one that another session or process knows.

        A lower one than the session has seen changes nothing. Transactions wait for a version that the database
        has not reached yet, as long as their policy lets them, so only pass on versions that a
        database has given. Raises TypeError for what is no int, ValueError for a negative one or one of more
        than 63 bits.
        """
        self._seen.advance(checked_version(version))

    def _create_handle(self) -> Handle:
        handle: Handle = self._parent._create_handle()
        handle.versions = self._seen
        return handle


class SessionMembers(InSession):
    """What sessions of all event models have."""

    @property
    def observers(self) -> Observers:
        """Those of the database, which are told of the session's transactions, too."""
        return self._root().observers

    def close(self) -> None:
        """Does nothing: a session holds nothing, and the database stays open."""

    def _root(self) -> DatabaseMembers:
        """Returns the database, also where this is a session of a session."""
        parent: Any = self._parent
        root: DatabaseMembers = parent._root() if isinstance(parent, SessionMembers) else parent
        return root


def checked_version(version: int) -> int:
    """Returns a version. Raises TypeError and ValueError for what is none."""
    if not isinstance(version, int) or isinstance(version, bool):
        raise TypeError(f"a version is an int, not {type(version).__name__}")
    if not 0 <= version <= _MOST:
        raise ValueError(f"a version is from 0 to 2**63 - 1, not {version}")
    return version


def begin(kind: type[Any], parent: DatabaseMembers, version: int) -> Any:
    """Returns a new session, an object of the class `kind`, which reads nothing older than a version."""
    checked_version(version)
    from fdb._governed import Defaults  # for programs with sessions or policies
    from fdb._policy import Policy

    session = kind(parent._handle, parent._library)
    session._parent = parent
    session._seen = extension.Versions(parent._versions)
    session._seen.advance(version)
    session._which = f" of {parent!r}"
    session._defaults = Defaults(parent.defaults or Policy())
    return session


def open_tenant(
    session: SessionMembers,
    kind: type[Any],
    plain: type[TenantMembers],
    name: bytes | tuple[Any, ...],
) -> Any:
    """Returns a tenant in a session, an object of the class `kind`, over one of the database, of the class `plain`."""
    parent = session._root()._open_tenant(plain, name)
    tenant = kind(parent._handle, parent._library)
    tenant._parent = parent
    tenant._seen = session._seen
    tenant._database = session
    tenant._name = parent._name
    tenant._which = f" {name!r} of {session!r}"
    return tenant
