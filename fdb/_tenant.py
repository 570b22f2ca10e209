"""Tenants: named key spaces within a database."""

from __future__ import annotations

from fdb import _fast
from fdb._database import SynchronousOperations, TransactionSource
from fdb._future import FutureInt64, FutureKeyValueArray
from fdb._generated_options import KeyArgument


class TenantMembers(TransactionSource):
    """What tenants of all event models have, and databases have not."""

    def get_id(self) -> FutureInt64:
        """Returns the (future) number of the tenant; fails with 2131 if it does not exist."""
        address = self._handle.call(self._library.fdb_tenant_get_id)
        return FutureInt64(self._handle, address, _fast.INT64)

    def list_blobbified_ranges(
        self, begin: KeyArgument, end: KeyArgument, limit: int
    ) -> FutureKeyValueArray:
        """Returns the (future) blobbified ranges between two keys, at most `limit`.

        The key of each row is the begin of a range and the value is its end.
        """
        address = self._handle.call(
            self._library.fdb_tenant_list_blobbified_ranges,
            _fast.key_bytes(begin),
            _fast.key_bytes(end),
            limit,
        )
        return FutureKeyValueArray(self._handle, address, _fast.RANGES)


class Tenant(SynchronousOperations, TenantMembers):
    """A tenant, as returned by `Database.open_tenant`; its keys are its own. Thread-safe."""
