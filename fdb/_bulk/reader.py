"""Reads a region batch by batch, in as many transactions as it takes; the next batch is on its way while one is used.

Each batch is a transaction of its own, so that a time-out and a number of retries that hold for transactions do not
add up. They share a read version while it is good: what one version can show is asked for once in a few seconds.
"""

from __future__ import annotations

import time

from fdb._bulk.region import Region
from fdb._errors import FDBError
from fdb._flow_requests import Await, Flow
from fdb._future import FutureKeyValueArray
from fdb._generated.options import STREAMING_MODE_WANT_ALL
from fdb._native.extension import KeyValue, Versions
from fdb._sources import TransactionSource
from fdb._transaction import Transaction
from fdb._typing import Any

TRANSACTION_TOO_OLD, FUTURE_VERSION = 1007, 1009
#: For how long a version is read, in seconds: after five a cluster may have forgotten it.
_VERSION_LIFE = 4.0
#: The rows of a batch that came too late for its version, if nobody knows how many they were.
_MANY_ROWS = 1000


class Reader:
    """What remains of a region, and the batch that is being read. One thread or task at a time.

    `limit` is the most rows of a batch; 0 leaves their number to the library.
    """

    def __init__(
        self, source: TransactionSource, region: Region, limit: int, version: int | None
    ) -> None:
        """`version` is the one to read, 0 to read one that is still to be chosen; None for any that is good."""
        #: What is not read yet.
        self.region = region
        self._source: Any = source
        self._most = self._limit = limit
        self._is_consistent = version is not None
        self._version = version or 0
        self._version_since = time.monotonic()
        self._batches = 0  # of this version
        self._rows = 0
        self._size = 0  # of the last batch
        self._future: FutureKeyValueArray | None = None
        #: Made for the batch that is read now, and kept for its retries.
        self._tr: Transaction | None = None

    @property
    def version(self) -> int | None:
        """The version of a consistent reader, 0 before it has one; None for others."""
        return self._version if self._is_consistent else None

    def close(self) -> None:
        """Gives up the batch that is being read."""
        self._future = self._tr = None

    def next(self) -> Flow[list[KeyValue] | None]:
        """Returns the next rows, at least one; None at the end. Raises FDBError for what a retry does not help."""
        while not self.region.is_empty():
            try:
                future = self._future
                if future is None:
                    future = yield from self._begin()
                rows, _, more = yield Await(future)
            except FDBError as error:
                self._future = None
                yield from self._recover(error)
                continue
            except BaseException:
                self.close()  # what is cancelled is of no more use
                raise
            self._future = self._tr = None
            before = self.region
            try:
                self._take(rows, more)
            except BaseException:
                self.region = before  # nobody gets the rows
                self.close()
                raise
            return rows or None
        return None

    def _take(self, rows: list[KeyValue], more: bool) -> None:
        self._batches += 1
        self._rows += len(rows)
        self._size = len(rows)
        if not (rows and more):
            self.region = self.region.nothing()
            return
        self.region = self.region.after(rows[-1].key)
        if self._limit != self._most:
            self._grow()
        if self._is_consistent or not self._is_old():
            self._request(self._at_version())

    def _begin(self) -> Flow[FutureKeyValueArray]:
        """Asks for a batch, and for a version where there is none."""
        if self._version and (self._is_consistent or not self._is_old()):
            return self._request(self._at_version())
        tr = self._tr or self._source.create_transaction()
        self._tr = tr
        version = yield Await(tr.get_read_version())
        if self._is_behind(version):
            raise FDBError(FUTURE_VERSION, f"the session has seen a newer version than {version}")
        self._version = version
        self._version_since = time.monotonic()
        self._batches = 0
        return self._request(tr)

    def _is_old(self) -> bool:
        is_late = time.monotonic() - self._version_since > _VERSION_LIFE
        return is_late or self._is_behind(self._version)

    def _is_behind(self, version: int) -> bool:
        """Whether the source is a session (fdb/_causality.py) that has seen a newer version."""
        seen: Versions = self._source._versions
        return seen.above is not None and version < seen.newest

    def _at_version(self) -> Transaction:
        tr: Transaction = self._tr or self._source.create_transaction()
        tr.set_read_version(self._version)
        return tr

    def _request(self, tr: Transaction) -> FutureKeyValueArray:
        region = self.region
        self._tr = tr
        self._future = tr.snapshot.get_range_page(
            region.begin,
            region.end,
            self._limit,
            region.reverse,
            STREAMING_MODE_WANT_ALL,
        )
        return self._future

    def _recover(self, error: FDBError) -> Flow[None]:
        """Makes ready for another attempt; raises if there is to be none."""
        try:
            yield from self._after(error)
        except BaseException:
            self.close()  # the next attempt, if there is one, has a transaction of its own
            raise

    def _after(self, error: FDBError) -> Flow[None]:
        if error.code == TRANSACTION_TOO_OLD:
            if self._is_consistent:
                error._tell(
                    f"after {self._rows} rows the version {self._version} is too old to be read: a scan with "
                    "consistent=True has to end within 5 seconds. Scan less, or without it; the "
                    "continuation of the scan is good for that"
                )
                raise error
            if self._batches:
                # It has lasted for some batches, so the next one lasts, too.
                self._version, self._tr = 0, None
                return
            self._shrink()
        if not self._is_consistent:
            self._version = 0
        if self._tr is None:
            raise error  # there was no transaction to be had
        yield Await(self._tr.on_error(error))

    def _shrink(self) -> None:
        self._limit = max(1, (self._limit or self._size or _MANY_ROWS) // 2)

    def _grow(self) -> None:
        """Undoes `_shrink`, step by step: not at once, as what made the batch late may last."""
        self._limit *= 2
        if self._limit >= (self._most or _MANY_ROWS):
            self._limit = self._most
