"""Transactions and their snapshot views."""

from __future__ import annotations

from fdb._attempts import Attempt, run_of
from fdb._errors import FDBError
from fdb._future import (
    FutureInt64,
    FutureKeyArray,
    FutureKeyValueArray,
    FutureStringArray,
    FutureVoid,
)
from fdb._generated.errors import MAYBE_COMMITTED
from fdb._generated.options import (
    CONFLICT_RANGE_TYPE_READ,
    CONFLICT_RANGE_TYPE_WRITE,
    STREAMING_MODE_ITERATOR,
    AtomicOperations,
    TransactionOptions,
)
from fdb._keys import (
    KEYS_END,
    Bound,
    KeySelector,
    NoEnd,
    key_bounds,
    prefix_range,
    range_bounds,
    selector_of,
    undirected_bounds,
)
from fdb._mistakes import misplaced_stamp, no_default, no_membership, no_selector
from fdb._native import extension
from fdb._native.library import Library
from fdb._range import FDBRange
from fdb._startup import api_version
from fdb._types import Governor, KeyArgument, Origin, ValueArgument
from fdb._typing import TYPE_CHECKING, Any, NoReturn
from fdb._values import Key, Value
from fdb._waiting.threads import model_of
from fdb._watch import Watch

if TYPE_CHECKING:
    from typing import TypeAlias

    Handle: TypeAlias = extension.TransactionHandle[
        Value, Key, FutureVoid, FutureInt64, FutureKeyValueArray, Watch
    ]
    _Reads = extension.ReadBase[Value, FDBRange]
    _Writes = extension.WriteBase[Value, FDBRange]
else:
    _Reads = extension.ReadBase
    _Writes = extension.WriteBase

#: Atomic operations whose key or value ends in the place of the versionstamp.
_STAMPED = {14: "key", 15: "value"}


class TransactionRead(_Reads):
    """The reads of a transaction; `Transaction.snapshot` is one.

    Reads return at once with futures, and see the writes made before them in the transaction.
    Errors are raised as FDBError when a result is used.
    """

    if TYPE_CHECKING:
        _handle: Handle
        _library: Library
        #: The database or tenant that made the transaction.
        db: Origin[Transaction]

    def __init__(
        self, handle: Handle, library: Library, db: Origin[Transaction], snapshot: bool
    ) -> None:
        self._handle = handle
        self._library = library
        self._is_snapshot = snapshot
        self.db = db

    def __repr__(self) -> str:
        view = ", snapshot" if self._is_snapshot else ""
        return f"<{type(self).__name__}{view} of {self.db!r}>"

    def get_read_version(self) -> FutureInt64:
        """Returns the (future) version of the database that the transaction reads."""
        return self._handle.get_read_version()

    def _refuse_default(self) -> NoReturn:
        raise no_default("value if (value := tr.get(key)).present() else default")

    def get_key(self, key_selector: KeySelector) -> Key:
        """Returns the (future) key that the selector resolves to."""
        try:
            key, or_equal = key_selector.key, key_selector.or_equal
        except AttributeError:
            raise no_selector(key_selector) from None
        return self._handle.get_key(key, or_equal, key_selector.offset, self._is_snapshot)

    def get_range(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_ITERATOR,
    ) -> FDBRange:
        """Returns the rows with begin <= key < end; the reading starts at once.

        `begin` and `end` are keys or selectors; None is the begin or end of the key space. In place of
        both there may be a slice of keys (of step -1 for reverse) or a Subspace, all of which is read;
        a Subspace with an end is a key. `limit` 0 is no limit; `reverse` starts at the end.

        Raises TypeError for a slice with an end, ValueError for a slice of another step.
        """
        if isinstance(begin, slice) or end is None:
            begin, end, backwards = range_bounds(begin, end)
            reverse = reverse or backwards
        return FDBRange(
            self,
            selector_of(begin, b""),
            selector_of(end, KEYS_END),
            limit,
            reverse,
            streaming_mode,
        )

    def get_range_page(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_ITERATOR,
        iteration: int = 1,
    ) -> FutureKeyValueArray:
        """Returns (future) one batch of the rows that `get_range` would give, for paging by hand.

        The result is a list of KeyValue, its length, and whether there are more. To go on, ask for the
        rows after the last key, `KeySelector.first_greater_than(key)`, or before it in reverse. In the
        mode `iterator` batches grow with `iteration`, which counts from 1. Raises as `get_range` does.
        """
        if type(begin) is bytes and type(end) is bytes:  # as most are, and without objects between
            return self._handle.get_range(
                begin,
                False,
                1,
                end,
                False,
                1,
                limit,
                streaming_mode,
                iteration,
                self._is_snapshot,
                reverse,
            )
        begin, end, backwards = range_bounds(begin, end)
        return self._get_range(begin, end, limit, streaming_mode, iteration, reverse or backwards)

    def _get_range(
        self,
        begin: Bound,
        end: Bound,
        limit: int,
        streaming_mode: int,
        iteration: int,
        reverse: bool,
    ) -> FutureKeyValueArray:
        """`get_range_page` under the name and with the arguments that programs know."""
        first, last = selector_of(begin, b""), selector_of(end, KEYS_END)
        return self._request(first, last, limit, streaming_mode, iteration, reverse)

    def _request(
        self,
        first: KeySelector,
        last: KeySelector,
        limit: int,
        streaming_mode: int,
        iteration: int,
        reverse: bool,
    ) -> FutureKeyValueArray:
        return self._handle.get_range(
            first.key,
            first.or_equal,
            first.offset,
            last.key,
            last.or_equal,
            last.offset,
            limit,
            streaming_mode,
            iteration,
            self._is_snapshot,
            reverse,
        )

    def get_range_startswith(
        self,
        prefix: KeyArgument,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_ITERATOR,
    ) -> FDBRange:
        """Returns the rows whose keys start with `prefix`. Raises ValueError for only 0xff bytes."""
        begin, end = prefix_range(prefix)
        return self.get_range(begin, end, limit, reverse, streaming_mode)

    def __contains__(self, key: NoReturn) -> bool:
        """Raises TypeError: whether a key is there shows its value."""
        raise no_membership(key, "tr[key].present()")

    #: TypeError: not all rows are read at once unless that is written, as in tr[:].
    __iter__ = None

    def get_estimated_range_size_bytes(
        self,
        begin_key: KeyArgument | slice | None,
        end_key: KeyArgument | NoEnd | None = ...,
    ) -> FutureInt64:
        """Returns the (future) estimated size of a range, in bytes.

        In place of both bounds there may be a slice or a Subspace. From API version 700 on, None as a
        bound raises TypeError.
        """
        if begin_key is None or end_key is None:
            if api_version.get() >= 700:
                raise TypeError(
                    "Invalid begin key or end key: None is a bound below API version 700 only; give keys, "
                    "for example b'' and b'\\xff'"
                )
            begin_key = b"" if begin_key is None else begin_key
            end_key = KEYS_END if end_key is None else end_key
        begin, end = key_bounds(begin_key, end_key)
        address = self._handle.call(
            self._library.fdb_transaction_get_estimated_range_size_bytes, begin, end
        )
        return FutureInt64(self._handle, address, extension.INT64)

    def get_range_split_points(
        self,
        begin_key: KeyArgument | slice,
        end_key: KeyArgument | NoEnd = ...,
        chunk_size: int | None = None,
    ) -> FutureKeyArray:
        """Returns (future) keys that cut a range into parts of about `chunk_size` bytes each.

        The first is the begin of the range and the last is its end. In place of both bounds there may be
        a slice or a Subspace. Raises TypeError for None as a bound or chunk size, and a plain Exception, as
        the official package does, for a chunk size that is not positive.
        """
        if begin_key is None or end_key is None or chunk_size is None:
            raise TypeError(
                "Invalid begin key, end key or chunk size: give two keys (or a slice) and a number of bytes, "
                "none of which may be None"
            )
        if chunk_size <= 0:
            raise Exception(
                f"Invalid begin key, end key or chunk size: {chunk_size!r} bytes make no chunk"
            )
        begin, end = key_bounds(begin_key, end_key)
        address = self._handle.call(
            self._library.fdb_transaction_get_range_split_points, begin, end, chunk_size
        )
        return FutureKeyArray(self._handle, address, extension.KEYS)

    def get_addresses_for_key(self, key: KeyArgument) -> FutureStringArray:
        """Returns the (future) addresses of the servers that store `key`, as byte strings."""
        address = self._handle.call(
            self._library.fdb_transaction_get_addresses_for_key, extension.key_bytes(key)
        )
        return FutureStringArray(self._handle, address, extension.STRINGS)


class Transaction(TransactionRead, _Writes, AtomicOperations[None]):
    """Reads and writes that take effect together, or not at all.

    Made by `create_transaction`, or by `fdb.transactional`. Writes are buffered: their errors come
    with later operations, at the latest with the commit. Thread-safe; operations of one thread
    take effect in their order.
    """

    if TYPE_CHECKING:
        #: The attempt of the transactional function that the transaction was made for, while it lasts.
        _attempt: Attempt | None
        _snapshot_view: TransactionRead | None

        def __delitem__(self, key: KeyArgument | KeySelector | slice, /) -> None: ...

    #: What runs it in place of the plain loop: of transactions with a policy (fdb/_governed.py).
    _governor: Governor | None = None
    #: What the program has got wrong, if the commit will fail with 2000 for it.
    _misuse: str = ""
    #: How many attempts were given up by `on_error` since the creation or a `reset`, and whether one of them may have
    #: been committed. For layers, see fdb/layers/_once.py, as are the receipts that they keep.
    _failed_attempts: int = 0
    _maybe_committed: bool = False
    _receipts: dict[bytes, Any] | None = None

    def __init__(self, handle: Handle, library: Library, db: Origin[Transaction]) -> None:
        super().__init__(handle, library, db, False)

    @property
    def snapshot(self) -> TransactionRead:
        """The same transaction for reading without conflicts: others may change what was read."""
        view = self._snapshot_view
        if view is None:
            view = self._snapshot_view = TransactionRead(self._handle, self._library, self.db, True)
        return view

    @property
    def options(self) -> TransactionOptions:
        """The options of this transaction."""
        return TransactionOptions(self._handle.set_option)

    # ---- writes ----

    def clear(self, key: KeyArgument | KeySelector) -> None:
        """Removes `key`, or the key that a selector resolves to; resolving one blocks."""
        if isinstance(key, KeySelector):
            key = self.get_key(key)
        self._handle.clear(key)

    def clear_range(self, begin: Bound | slice, end: Bound | NoEnd = ...) -> None:
        """Removes all keys with begin <= key < end. None is the begin or end of the key space.

        In place of both there may be a slice of keys or a Subspace, all of which is removed but for the
        key that is its prefix. Does not block, unless a bound is a selector, which has to be resolved.

        Raises TypeError for a slice with an end and for a key without one, ValueError for a slice with
        a step.
        """
        begin, end = undirected_bounds(begin, end)
        self._handle.clear_range(self._resolve(begin, b""), self._resolve(end, KEYS_END))

    def clear_range_startswith(self, prefix: KeyArgument) -> None:
        """Removes all keys that start with `prefix`. Raises ValueError for only 0xff bytes."""
        begin, end = prefix_range(prefix)
        self._handle.clear_range(begin, end)

    def _resolve(self, bound: Bound, default: bytes) -> KeyArgument:
        if isinstance(bound, KeySelector):
            return self.get_key(bound)
        return default if bound is None else bound

    def _atomic_operation(self, code: int, key: KeyArgument, param: ValueArgument) -> None:
        self._handle.atomic_op(code, key, param)
        if code in _STAMPED:
            self._misuse = self._misuse or misplaced_stamp(_STAMPED[code], key, param)

    # ---- conflict ranges ----

    def add_read_conflict_range(
        self, begin: KeyArgument | slice, end: KeyArgument | NoEnd = ...
    ) -> None:
        """Makes the commit fail if others write into the range, as reading it does.

        In place of both bounds there may be a slice or a Subspace. Raises FDBError 2005 if the range is
        inverted.
        """
        begin, end = key_bounds(begin, end)
        self._handle.add_conflict_range(begin, end, CONFLICT_RANGE_TYPE_READ)

    def add_read_conflict_key(self, key: KeyArgument) -> None:
        """Makes the commit fail if others write `key`, as reading it does."""
        begin = extension.key_bytes(key)
        self._handle.add_conflict_range(begin, begin + b"\x00", CONFLICT_RANGE_TYPE_READ)

    def add_write_conflict_range(
        self, begin: KeyArgument | slice, end: KeyArgument | NoEnd = ...
    ) -> None:
        """Makes others conflict that read from the range, as writing to it does.

        In place of both bounds there may be a slice or a Subspace. Raises FDBError 2005 if the range is
        inverted.
        """
        begin, end = key_bounds(begin, end)
        self._handle.add_conflict_range(begin, end, CONFLICT_RANGE_TYPE_WRITE)

    def add_write_conflict_key(self, key: KeyArgument) -> None:
        """Makes others conflict that read `key`, as writing it does."""
        begin = extension.key_bytes(key)
        self._handle.add_conflict_range(begin, begin + b"\x00", CONFLICT_RANGE_TYPE_WRITE)

    # ---- watches, versions, sizes ----

    def watch(self, key: KeyArgument) -> Watch:
        """Returns a future that becomes ready when the value of `key` changes after the commit.

        It outlives a transaction that commits; cancel it when it is no longer wanted. It fails with
        the error of a failed commit, and with 1025 when the transaction is reset, retried or dropped
        before it commits. `cancel` fails it only while the key has not been read, which takes a
        fraction of a second; after that it stays pending until one of the others, as it does when
        the transaction times out.
        """
        watch = self._handle.watch(key)
        if self._attempt is not None:
            watch._run = run_of(self._attempt, model_of(watch))
        return watch

    def set_read_version(self, version: int) -> None:
        """Has the transaction read `version` of the database; before its first read."""
        self._handle.call(self._library.fdb_transaction_set_read_version, version)
        self._handle.is_version_given = True

    def get_committed_version(self) -> int:
        """Returns the version of a finished commit; -1 if nothing was written. Does not block."""
        return self._handle.call(self._library.fdb_transaction_get_committed_version)

    def get_versionstamp(self) -> Key:
        """Returns the (future) versionstamp of the commit, 10 bytes. Call it before the commit.

        It becomes ready with the commit, and fails if that writes nothing. Waiting for it inside the
        transactional function raises RuntimeError: return it and wait for it then.
        """
        address = self._handle.call(self._library.fdb_transaction_get_versionstamp)
        stamp = Key(self._handle, address, extension.KEY)
        stamp._run = run_of(self._attempt, model_of(stamp))
        return stamp

    def get_approximate_size(self) -> FutureInt64:
        """Returns the (future) size of the commit so far, in bytes."""
        address = self._handle.call(self._library.fdb_transaction_get_approximate_size)
        return FutureInt64(self._handle, address, extension.INT64)

    # ---- life cycle ----

    def commit(self) -> FutureVoid:
        """Starts the commit; wait for the future to know that it succeeded.

        1021 means that it may or may not have been committed.
        """
        if self._attempt is not None:
            self._attempt.clear()
        return self._handle.commit()

    def on_error(self, error: Any) -> FutureVoid:
        """Resets the transaction for another attempt, after a delay, if the error allows one.

        `error` is an FDBError or its code. The future fails with the same error if a retry cannot
        help. Any other exception given is raised.
        """
        if isinstance(error, (FDBError, int)):
            code = error.code if isinstance(error, FDBError) else error
            self._failed_attempts += 1
            if code in MAYBE_COMMITTED:
                self._maybe_committed = True
            return self._handle.on_error(code)
        if isinstance(error, BaseException):
            raise error
        raise TypeError(f"on_error takes an FDBError or its code, not {type(error).__name__}")

    def reset(self) -> None:
        """Puts the transaction back to where it was after its creation."""
        self._handle.reset()
        if self._receipts is not None or self._failed_attempts:
            self._failed_attempts, self._maybe_committed, self._receipts = 0, False, None

    def cancel(self) -> None:
        """Fails everything pending and everything that follows, until `reset`, with 1025.

        Watches are the exception: one that has read its key (see `watch`) stays pending, and one that
        a commit has registered is none of the transaction's business any more.
        """
        self._handle.cancel()
