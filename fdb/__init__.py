"""fdb: a Python binding to FoundationDB, with an embedded engine.

import fdb
fdb.api_version(740)
db = fdb.open()                # a cluster, through the installed libfdb_c
db = fdb.open("memory:")       # a database in this process

@fdb.transactional
def increment(tr, key):
    tr[key] = str(int(tr[key] or b"0") + 1).encode()

increment(db, b"counter")
"""

from __future__ import annotations

import os as _os

from fdb import _notebooks as _notebooks
from fdb import _open as _open
from fdb import _retry as _retry
from fdb._attempts import AsynchronousRun as _AsynchronousRun
from fdb._blocking import Database, Session, SessionTenant, Tenant
from fdb._errors import FDBError, predicates
from fdb._future import (
    Future,
    FutureInt64,
    FutureKeyArray,
    FutureKeyValueArray,
    FutureStringArray,
    FutureUInt64,
    FutureVoid,
)
from fdb._keys import KeySelector, strinc
from fdb._native import extension as _extension
from fdb._native.extension import KeyValue
from fdb._native.library import missing_function_at as _missing_function_at
from fdb._native.process import unusable as _unusable
from fdb._open import init, open
from fdb._open import show_signatures as _show_signatures
from fdb._range import FDBRange
from fdb._startup import api_version as _api_version
from fdb._startup.api_version import LATEST_API_VERSION
from fdb._startup.network_options import options
from fdb._transaction import Transaction, TransactionRead
from fdb._typing import TYPE_CHECKING, Any
from fdb._typing import Sequence as _Sequence
from fdb._values import Key, Value
from fdb._version import __version__
from fdb._watch import Watch

if TYPE_CHECKING:
    # Names of some API versions only, and those loaded by their first use.
    from fdb import apiversion as apiversion
    from fdb import directory_impl as directory_impl
    from fdb import embedded as embedded
    from fdb import fdboptions as fdboptions
    from fdb import impl as impl
    from fdb import layers as layers
    from fdb import locality as locality
    from fdb import subspace_impl as subspace_impl
    from fdb import telemetry as telemetry
    from fdb import tenant_management as tenant_management
    from fdb import testing as testing
    from fdb import tuple as tuple
    from fdb._async import AsyncDatabase as AsyncDatabase
    from fdb._async import AsyncSession as AsyncSession
    from fdb._async import AsyncSessionTenant as AsyncSessionTenant
    from fdb._async import AsyncTenant as AsyncTenant
    from fdb._browse import browse as browse
    from fdb._bulk.progress import Progress as Progress
    from fdb._bulk.scan import AsyncScan as AsyncScan
    from fdb._bulk.scan import Page as Page
    from fdb._bulk.scan import Scan as Scan
    from fdb._client_library import ClientLibrary as ClientLibrary
    from fdb._generated.enumerations import ConflictRangeType as ConflictRangeType
    from fdb._generated.enumerations import StreamingMode as StreamingMode
    from fdb._generated.error_codes import ErrorCode as ErrorCode
    from fdb._health import Ping as Ping
    from fdb._observing.collector import Collector as Collector
    from fdb._observing.event import TransactionEvent as TransactionEvent
    from fdb._observing.observers import observe as observe
    from fdb._open import Cluster as Cluster
    from fdb._open import create_cluster as create_cluster
    from fdb._policy import Policy as Policy
    from fdb._policy import Retry as Retry
    from fdb._retry import transactional as transactional
    from fdb._shell.opening import shell as shell
    from fdb._status import Status as Status
    from fdb.directory_impl import DirectoryLayer as DirectoryLayer
    from fdb.directory_impl import DirectorySubspace as DirectorySubspace
    from fdb.directory_impl import directory as directory
    from fdb.subspace_impl import Subspace as Subspace

_extension.configure(
    error=FDBError,
    unusable=_unusable,
    missing_function=_missing_function_at,
    value=Value,
    key=Key,
    nothing=FutureVoid,
    int64=FutureInt64,
    rows=FutureKeyValueArray,
    watch=Watch,
    transaction=Transaction,
    run=_AsynchronousRun,
)
_Sequence.register(KeyValue)  # pyright: ignore[reportAttributeAccessIssue]

#: Modules loaded by their first use, and those there are from an API version on.
_MODULES = (
    "apiversion",
    "directory_impl",
    "embedded",
    "fdboptions",
    "impl",
    "layers",
    "subspace_impl",
    "telemetry",
    "testing",
    "tuple",
)
_MODULES_FROM_VERSION = {"locality": 23, "tenant_management": 630}
#: Names that are taken from their modules by their first use.
_NAMES = {
    "AsyncDatabase": "_async",
    "AsyncScan": "_bulk.scan",
    "AsyncSession": "_async",
    "AsyncSessionTenant": "_async",
    "AsyncTenant": "_async",
    "ClientLibrary": "_client_library",
    "Collector": "_observing.collector",
    "ConflictRangeType": "_generated.enumerations",
    "DirectoryLayer": "directory_impl",
    "DirectorySubspace": "directory_impl",
    "ErrorCode": "_generated.error_codes",
    "Page": "_bulk.scan",
    "Policy": "_policy",
    "Progress": "_bulk.progress",
    "Retry": "_policy",
    "Scan": "_bulk.scan",
    "Ping": "_health",
    "Status": "_status",
    "StreamingMode": "_generated.enumerations",
    "Subspace": "subspace_impl",
    "TransactionEvent": "_observing.event",
    "browse": "_browse",
    "directory": "directory_impl",
    "observe": "_observing.observers",
    "shell": "_shell.opening",
}

__all__ = [
    "LATEST_API_VERSION",
    "AsyncDatabase",
    "AsyncScan",
    "AsyncSession",
    "AsyncSessionTenant",
    "AsyncTenant",
    "ClientLibrary",
    "Collector",
    "ConflictRangeType",
    "Database",
    "DirectoryLayer",
    "DirectorySubspace",
    "ErrorCode",
    "FDBError",
    "FDBRange",
    "Future",
    "FutureInt64",
    "FutureKeyArray",
    "FutureKeyValueArray",
    "FutureStringArray",
    "FutureUInt64",
    "FutureVoid",
    "Key",
    "KeySelector",
    "KeyValue",
    "Page",
    "Policy",
    "Progress",
    "Retry",
    "Scan",
    "Ping",
    "Session",
    "SessionTenant",
    "Status",
    "StreamingMode",
    "Subspace",
    "Tenant",
    "Transaction",
    "TransactionEvent",
    "TransactionRead",
    "Value",
    "Watch",
    "__version__",
    "api_version",
    "browse",
    "directory",
    "get_api_version",
    "init",
    "is_api_version_selected",
    "observe",
    "open",
    "options",
    "predicates",
    "shell",
    "strinc",
    "transactional",
]


def api_version(ver: int) -> None:
    """Selects the API version, which decides how the API behaves; to be called before using it.

    `ver` is from 13 to LATEST_API_VERSION. A second call with the same number does nothing. Needs
    no client library: whether that supports the version shows when a database is opened. Raises
    RuntimeError for an unknown version and for another than the one selected before.
    """
    if not _api_version.select(ver):
        return
    _show_signatures(ver)


def is_api_version_selected() -> bool:
    """Whether `api_version` was called with success."""
    return _api_version.is_selected()


def get_api_version() -> int:
    """Returns the selected API version. Raises RuntimeError if there is none."""
    return _api_version.get()


#: What threads are loading now.
_loading: list[str] = []


def _load(name: str) -> Any:
    import importlib  # for those who use such a name only

    module = f"fdb.{name}"
    _loading.append(module)
    try:
        return importlib.import_module(module)
    finally:
        _loading.remove(module)


_notebooks.drawn_by(lambda: _load("_display.html"))


def _finish_loading() -> None:
    """Waits for modules that other threads are loading: in a forked child nobody would finish them."""
    for module in list(_loading):
        import contextlib
        import importlib

        with contextlib.suppress(Exception):  # whoever asked for it gets that
            importlib.import_module(module)


_os.register_at_fork(before=_finish_loading)


def _has_module(name: str) -> bool:
    """Whether there is a module of this name, loaded or not, in the selected API version."""
    if name in _MODULES_FROM_VERSION:
        return is_api_version_selected() and get_api_version() >= _MODULES_FROM_VERSION[name]
    return name in _MODULES


if not TYPE_CHECKING:  # so that checkers see the names above, and no others

    def transactional(*args: Any, **kwargs: Any) -> Any:
        _api_version.require("fdb.transactional")
        return _retry.transactional(*args, **kwargs)

    transactional.__doc__ = _retry.transactional.__doc__
    transactional.__wrapped__ = _retry.transactional

    def __getattr__(name: str) -> Any:
        if _has_module(name):
            return _load(name)
        if name in _NAMES:
            found = globals()[name] = getattr(_load(_NAMES[name]), name)
            return found
        if (
            name in ("Cluster", "create_cluster")
            and is_api_version_selected()
            and get_api_version() < 610
        ):
            return getattr(_open, name)
        raise AttributeError(f"module 'fdb' has no attribute {name!r}")


def __dir__() -> list[str]:
    present: list[str] = [
        name for name in _MODULES_FROM_VERSION if name in globals() or _has_module(name)
    ]
    if is_api_version_selected() and get_api_version() < 610:
        present += ["Cluster", "create_cluster"]
    return sorted({*__all__, *_MODULES, *present})
