"""Creating, deleting and listing the tenants of a cluster (API version 630 and later)."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator

from fdb._layers import (
    AsyncSource,
    BlockingSource,
    Steps,
    is_asynchronous,
    require_transaction,
    run,
)
from fdb._typing import Any, overload
from fdb.impl import FDBError, KeyValue, TransactionRead, process_tenant_name

__all__ = ["FDBTenantList", "create_tenant", "delete_tenant", "list_tenants"]

TenantName = bytes | tuple[Any, ...]

_TENANT_MAP = b"\xff\xff/management/tenant/map/"

_COMMIT_UNKNOWN_RESULT = 1021
_TENANT_NOT_FOUND = 2131
_TENANT_ALREADY_EXISTS = 2132


@overload
def create_tenant(db_or_tr: BlockingSource, tenant_name: TenantName) -> None: ...
@overload
def create_tenant(db_or_tr: AsyncSource, tenant_name: TenantName) -> Coroutine[Any, Any, None]: ...
def create_tenant(db_or_tr: Any, tenant_name: TenantName) -> Any:
    """Create a tenant. The name is bytes, or a tuple that is packed.

    With a database: blocks until it is done and raises FDBError 2132 if the tenant exists already. A
    tenant that somebody else creates at the same time counts as created here. With a transaction: the
    tenant exists once the transaction has committed, and whether it existed before is not checked. A
    name that begins with 0xff gives FDBError 2134 at the commit; one of another type, TypeError.
    With the asyncio event model this is a coroutine.
    """
    return _create_tenant_impl(db_or_tr, process_tenant_name(tenant_name), _new_marker(db_or_tr))


@overload
def delete_tenant(db_or_tr: BlockingSource, tenant_name: TenantName) -> None: ...
@overload
def delete_tenant(db_or_tr: AsyncSource, tenant_name: TenantName) -> Coroutine[Any, Any, None]: ...
def delete_tenant(db_or_tr: Any, tenant_name: TenantName) -> Any:
    """Delete an empty tenant. The name is bytes, or a tuple that is packed.

    With a database: blocks until it is done and raises FDBError 2131 if there is no such tenant. With a
    transaction: takes effect when that commits, and the existence is not checked. A tenant that still
    has keys gives FDBError 2133 at the commit; a name of another type, TypeError. With the asyncio event
    model this is a coroutine.
    """
    return _delete_tenant_impl(db_or_tr, process_tenant_name(tenant_name), _new_marker(db_or_tr))


@overload
def list_tenants(
    db_or_tr: BlockingSource, begin: TenantName, end: TenantName, limit: int
) -> FDBTenantList: ...
@overload
def list_tenants(
    db_or_tr: AsyncSource, begin: TenantName, end: TenantName, limit: int
) -> Coroutine[Any, Any, FDBTenantList]: ...
def list_tenants(db_or_tr: Any, begin: TenantName, end: TenantName, limit: int) -> Any:
    """Return the tenants with names from ``begin`` up to but not including ``end``, in order of name.

    At most ``limit`` of them; 0 means all. With a database this blocks until they are read; with a
    transaction, iterating over the result does. With the asyncio event model this is a coroutine.
    """
    first, last = process_tenant_name(begin), process_tenant_name(end)
    if isinstance(db_or_tr, TransactionRead) and not is_asynchronous(db_or_tr):
        return FDBTenantList(_begin_list(db_or_tr, first, last, limit))
    return run(db_or_tr, lambda tr: _list_steps(tr, first, last, limit))


class FDBTenantList:
    """Tenants as KeyValues: the key is the name, the value what is known of it as JSON.

    The JSON object has members such as ``id`` and ``prefix``. Can be iterated over once.
    """

    def __init__(self, rangeresult: Any) -> None:
        self._rows = iter(rangeresult)

    def __repr__(self) -> str:
        return "<FDBTenantList, to be iterated over once>"

    def __iter__(self) -> Iterator[KeyValue]:
        return self

    def __next__(self) -> KeyValue:
        row = next(self._rows)
        return KeyValue(row.key[len(_TENANT_MAP) :], row.value)

    def to_list(self) -> list[KeyValue]:
        """Return those not yet iterated over as a list."""
        return list(self)


def _new_marker(db_or_tr: Any) -> list[None]:
    # What is in the list says that the existence need not be checked any more. Whoever gives a
    # transaction checks it himself, if he wants to.
    return [None] if isinstance(db_or_tr, TransactionRead) else []


def _check_existence(
    tr: Any, key: bytes, existence_check_marker: list[None], force_maybe_committed: bool
) -> Steps[bool | None]:
    """Tell whether the tenant exists, in the first attempt only; None in the later ones.

    A retry after an unknown result may meet what the first attempt has done. So the marker is kept
    across attempts. The flag lets a test pretend that the first attempt ended that way.
    """
    if existence_check_marker:
        return None
    stored = yield tr.get(key)
    existence_check_marker.append(None)
    if force_maybe_committed:
        raise FDBError(_COMMIT_UNKNOWN_RESULT)
    return stored is not None


def _create_tenant_impl(
    tr: Any,
    tenant_name: bytes,
    existence_check_marker: list[None],
    force_existence_check_maybe_committed: bool = False,
) -> Any:
    def steps(tr: Any) -> Steps[None]:
        key = _begin_change(tr, tenant_name)
        force = force_existence_check_maybe_committed
        if (yield from _check_existence(tr, key, existence_check_marker, force)) is True:
            raise FDBError(_TENANT_ALREADY_EXISTS)
        tr.set(key, b"")

    return run(tr, steps)


def _delete_tenant_impl(
    tr: Any,
    tenant_name: bytes,
    existence_check_marker: list[None],
    force_existence_check_maybe_committed: bool = False,
) -> Any:
    def steps(tr: Any) -> Steps[None]:
        key = _begin_change(tr, tenant_name)
        force = force_existence_check_maybe_committed
        if (yield from _check_existence(tr, key, existence_check_marker, force)) is False:
            raise FDBError(_TENANT_NOT_FOUND)
        tr.clear(key)

    return run(tr, steps)


def _begin_change(tr: Any, tenant_name: bytes) -> bytes:
    """Prepare a transaction for the change of a tenant; return the key that stands for that."""
    require_transaction(tr, "tenants are created and deleted")
    tr.options.set_special_key_space_enable_writes()
    return _TENANT_MAP + tenant_name


def _begin_list(tr: Any, begin: bytes, end: bytes, limit: int) -> Any:
    require_transaction(tr, "tenants are listed, with an option that they need,")
    tr.options.set_raw_access()
    return tr.get_range(_TENANT_MAP + begin, _TENANT_MAP + end, limit)


def _list_steps(tr: Any, begin: bytes, end: bytes, limit: int) -> Steps[FDBTenantList]:
    # Read within the transaction: a range read on after the commit would fail at its second batch.
    return FDBTenantList((yield _begin_list(tr, begin, end, limit)))
