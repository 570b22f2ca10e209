"""Tenants: named key spaces within a database."""

from __future__ import annotations

from fdb._blocking import SynchronousOperations, TransactionSource
from fdb._future import FutureInt64, FutureKeyValueArray
from fdb._keys import NoEnd, key_bounds
from fdb._native import extension
from fdb._types import KeyArgument


class TenantMembers(TransactionSource):
    """What tenants of all event models have, and databases have not."""

    def get_id(self) -> FutureInt64:
        """Returns the (future) number of the tenant; fails with 2131 if it does not exist."""
        address = self._handle.call(self._library.fdb_tenant_get_id)
        return FutureInt64(self._handle, address, extension.INT64)

    def list_blobbified_ranges(
        self,
        begin: KeyArgument | slice,
        end: KeyArgument | NoEnd = ...,
        limit: int | None = None,
    ) -> FutureKeyValueArray:
        """Returns the (future) blobbified ranges between two keys, at most `limit`, which must be given.

        In place of both bounds there may be a slice or a Subspace. The key of each row is the begin of
        a range and the value is its end.
        """
        if limit is None:
            raise TypeError("list_blobbified_ranges() needs a limit")
        first, last = key_bounds(begin, end)
        address = self._handle.call(
            self._library.fdb_tenant_list_blobbified_ranges,
            first,
            last,
            limit,
        )
        return FutureKeyValueArray(self._handle, address, extension.RANGES)


class Tenant(SynchronousOperations, TenantMembers):
    """A tenant, as returned by `Database.open_tenant`; its keys are its own. Thread-safe."""
