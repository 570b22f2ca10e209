"""Databases and tenants whose convenience methods block: each is a transaction of its own."""

from __future__ import annotations

from fdb import _causality
from fdb._generated.options import STREAMING_MODE_WANT_ALL, AtomicOperations
from fdb._keys import Bound, KeySelector, NoEnd, prefix_range
from fdb._mistakes import no_default
from fdb._range import Rows
from fdb._sources import DatabaseMembers, TenantMembers, TransactionSource, call, run
from fdb._transaction import Transaction
from fdb._types import KeyArgument, ValueArgument
from fdb._typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Iterable,
    NoReturn,
    TypeVar,
    TypeVarTuple,
    Unpack,
    overload,
)
from fdb._values import Value
from fdb._watch import Watch

if TYPE_CHECKING:
    from datetime import timedelta

    from fdb._attempt_loops import Attempts, TransactionBlock
    from fdb._bulk.progress import OnProgress, Progress
    from fdb._bulk.region import RangeArgument
    from fdb._bulk.scan import Scan
    from fdb._bulk.work import Transform
    from fdb._health import Ping
    from fdb._policy import BlockKeywords, PolicyKeywords
    from fdb._status import Status

ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")


class SynchronousOperations(TransactionSource, AtomicOperations[None]):
    """Convenience methods of Database and Tenant: each is a transaction, retried until it succeeds.

    They block, and raise FDBError for what a retry does not help.
    """

    def run(
        self,
        function: Callable[[Transaction, Unpack[ArgumentsT]], ResultT],
        /,
        *args: Unpack[ArgumentsT],
        **policy: Unpack[PolicyKeywords],
    ) -> ResultT:
        """Calls `function(tr, *args)` in a transaction, as `fdb.transactional` would; returns its result.

        The keywords are those of `fdb.Policy`. TypeError for others.
        """
        return call(self, function, args, policy)

    def attempts(self, **policy: Unpack[PolicyKeywords]) -> Attempts:
        """Attempts at a transaction, as a loop: `for attempt in db.attempts(): with attempt as tr: ...`

        The end of the block commits. Where an error allows another attempt the loop goes on, after a wait, with the
        same transaction made new; it ends when an attempt was committed. Other errors, and all other exceptions, are
        raised, and nothing was written, except that it is unknown after an error of the commit such as 1021 or 1031.
        Leave the loop behind the block, not inside of it: a block left by `return` or `break` is committed, but if
        that fails it cannot run again, and raises. What stands in the loop below the block runs after failed attempts, too.

        The keywords are those of `fdb.Policy`. TypeError for others.
        """
        from fdb import _attempt_loops as loops  # for those who write loops

        return loops.Attempts(self, loops.policy_of(policy, "attempts"))

    def transaction(self, **policy: Unpack[BlockKeywords]) -> TransactionBlock:
        """A transaction for one block: `with db.transaction() as tr: ...` commits it at the end, and cancels it for an exception.

        It is not tried again: what would be is raised, as FDBError. Use `run`, `attempts` or `fdb.transactional` for
        what has to succeed; this is for what must run only once, or is tried again by others.

        The keywords are those of `fdb.Policy` but for `retry_limit`, `max_retry_delay` and `on_retry`. TypeError for
        others.
        """
        from fdb import _attempt_loops as loops  # for those who write blocks

        return loops.TransactionBlock(
            self, loops.policy_of(policy, "transaction", loops.RETRY_ONLY)
        )

    def get(self, key: KeyArgument, *unwanted: NoReturn) -> bytes | None:
        """Returns the value of `key`, None if there is none."""
        if unwanted:
            raise no_default("value if (value := db.get(key)) is not None else default")
        return run(self, lambda tr: tr.get(key).value)

    @overload
    def __getitem__(self, key: slice) -> Rows: ...
    @overload
    def __getitem__(self, key: KeyArgument) -> bytes | None: ...
    def __getitem__(self, key: KeyArgument | slice) -> bytes | None | Rows:
        """`db[key]` is `get`; `db[begin:end]` is `get_range`, `db[begin:end:-1]` in reverse."""
        if isinstance(key, slice):
            return self.get_range(key)
        return run(self, lambda tr: tr.get(key).value)

    def get_key(self, key_selector: KeySelector) -> bytes:
        """Returns the key that the selector resolves to."""
        return run(self, lambda tr: bytes(tr.get_key(key_selector)))

    def get_range(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_WANT_ALL,
    ) -> Rows:
        """Returns the rows with begin <= key < end. See `TransactionRead.get_range`."""
        return run(
            self, lambda tr: tr.get_range(begin, end, limit, reverse, streaming_mode).to_list()
        )

    def get_range_startswith(
        self,
        prefix: KeyArgument,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_WANT_ALL,
    ) -> Rows:
        """Returns the rows whose keys start with `prefix`."""
        begin, end = prefix_range(prefix)
        return self.get_range(begin, end, limit, reverse, streaming_mode)

    def set(self, key: KeyArgument, value: ValueArgument) -> None:
        """Stores `value` under `key`."""
        run(self, lambda tr: tr.set(key, value))

    def __setitem__(self, key: KeyArgument, value: ValueArgument) -> None:
        """The same as `set`."""
        run(self, lambda tr: tr.set(key, value))

    def clear(self, key: KeyArgument | KeySelector) -> None:
        """Removes `key`, or the key that a selector resolves to."""
        run(self, lambda tr: tr.clear(key))

    def clear_range(self, begin: Bound | slice, end: Bound | NoEnd = ...) -> None:
        """Removes all keys with begin <= key < end. See `Transaction.clear_range`."""
        run(self, lambda tr: tr.clear_range(begin, end))

    def clear_range_startswith(self, prefix: KeyArgument) -> None:
        """Removes all keys that start with `prefix`."""
        self.clear_range(*prefix_range(prefix))

    def __delitem__(self, key: KeyArgument | KeySelector | slice) -> None:
        """`del db[key]` is `clear`, `del db[begin:end]` is `clear_range`."""
        if isinstance(key, slice):
            self.clear_range(key)
        else:
            self.clear(key)

    def get_and_watch(self, key: KeyArgument) -> tuple[Value, Watch]:
        """Returns the value of `key` and a watch that becomes ready when it changes from that."""
        return run(self, lambda tr: (tr.get(key), tr.watch(key)))

    def set_and_watch(self, key: KeyArgument, value: ValueArgument) -> Watch:
        """Stores `value` and returns a watch that becomes ready when it changes from that."""

        def act(tr: Transaction) -> Watch:
            tr.set(key, value)
            return tr.watch(key)

        return run(self, act)

    def clear_and_watch(self, key: KeyArgument) -> Watch:
        """Removes `key` and returns a watch that becomes ready when it is set again."""

        def act(tr: Transaction) -> Watch:
            tr.clear(key)
            return tr.watch(key)

        return run(self, act)

    # ---- more rows than a transaction can take: see docs/guides/scanning.md ----

    def scan(
        self,
        rows: RangeArgument,
        *,
        page_size: int | None = None,
        reverse: bool = False,
        continuation: bytes | None = None,
        consistent: bool = False,
    ) -> Scan:
        """Returns the rows of a range of any size, to be iterated over: in as many transactions as it takes.

        `rows` is a slice of keys, a Subspace or a pair of keys. The rows come in order, each key once at most, as
        they are when their batch is read, ahead of its use; nothing is locked, so others may change what lies
        ahead. Nothing is read before the first row is asked for. A batch that cannot be read within 5 seconds is
        read again in smaller ones. `page_size` is the number of rows in a page of the scan, and of those
        that are read at a time; None leaves the latter to the library. `continuation` is that of a scan of the
        same range and direction, or of one of its pages: this one begins behind it. With `consistent` all rows
        are of one version of the database, and the scan fails with FDBError 1007 when that is too old to be
        read, after about 5 seconds.

        Raises TypeError for what is no range, page size or continuation; ValueError for a range that begins behind
        its end, a page size below 1, and a continuation that is damaged or of another range or direction.
        """
        from fdb._bulk.scan import Scan

        return Scan(self, rows, page_size, reverse, continuation, consistent)

    def count(
        self,
        rows: RangeArgument,
        *,
        consistent: bool = False,
        on_progress: OnProgress | None = None,
    ) -> int:
        """Returns the number of rows in a range of any size, which it reads as `scan` does, `consistent` or not.

        Blocks. `on_progress` is called with a `Progress` after each batch; what it raises ends the count.
        Raises as `scan` does.
        """
        from fdb import _flow_requests as flows
        from fdb._bulk import work

        return flows.run_blocking(
            work.count(self, rows, consistent, on_progress), flows.model_of(self)
        )

    def copy(
        self,
        rows: RangeArgument,
        target_db: SynchronousOperations,
        *,
        transform: Transform | None = None,
        continuation: bytes | None = None,
        batch_bytes: int = 1_000_000,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Copies the rows of a range of any size to another database or tenant; returns the last `Progress`.

        Blocks. Reads as `scan` does, not at one version, and writes transactions of about `batch_bytes`
        bytes; other keys of the target remain. `transform(key, value)` returns the key and value to write, or
        None to leave the row out. `on_progress` is called with a `Progress` after each transaction; what it or
        `transform` raises ends the copy. The `continuation` of a progress lets a later call, with the same
        range, go on behind it. Copying rows again does no harm.

        Raises TypeError for a target, range, function or continuation of a wrong type and for what `transform`
        must not return; ValueError for a continuation of another range, `batch_bytes` that no commit can have,
        and for a key within the range that is copied if the target is the same database: then the
        transaction that would have had it writes nothing.
        """
        from fdb import _flow_requests as flows
        from fdb._bulk import work

        flow = work.copy(self, rows, target_db, transform, continuation, batch_bytes, on_progress)
        return flows.run_blocking(flow, flows.model_of(self))

    def clear_in_batches(
        self,
        rows: RangeArgument,
        *,
        batch_bytes: int = 1_000_000,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Removes the rows of a range of any size piece by piece; returns the last `Progress`.

        Blocks. `clear_range` does it at once; this one tells how far it has come (`on_progress` is called with a
        `Progress` after each transaction), and each of its transactions is in conflict only with those who read the
        piece of about `batch_bytes` bytes that it removes. Rows that others write meanwhile may remain. When it
        was interrupted another call does the rest. Raises TypeError or ValueError for wrong arguments.
        """
        from fdb import _flow_requests as flows
        from fdb._bulk import work

        return flows.run_blocking(
            work.clear(self, rows, batch_bytes, on_progress), flows.model_of(self)
        )

    def write_in_batches(
        self,
        rows: Iterable[tuple[KeyArgument, ValueArgument | None]],
        *,
        position_key: KeyArgument | None = None,
        batch_bytes: int = 1_000_000,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Writes any number of pairs of a key and a value, None to remove the key; returns the last `Progress`.

        Blocks. Takes pairs from the iterable for a transaction of about `batch_bytes` bytes, writes it, and
        goes on; a commit that the library finds too large is divided. No transaction is open while the
        iterable is asked. `on_progress` is called with a `Progress` after each transaction.

        With a `position_key` the number of items that are done stands under that key, and is written in the
        transactions of the items: a later call with the same items takes them from the iterable and goes
        on behind them, and a transaction whose result was unknown is not done again if it was committed. The key
        remains at the end.

        Raises TypeError for what is no pair, ValueError if what stands under the position key does not fit the
        items, RuntimeError if somebody else changes it, and FDBError 2101, 2102 or 2103 for an item that
        is too large by itself. The transactions before remain.
        """
        from fdb import _flow_requests as flows
        from fdb._bulk import write

        flow = write.write(self, rows, position_key, batch_bytes, on_progress, False)
        return flows.run_blocking(flow, flows.model_of(self))

    def _atomic_operation(self, code: int, key: KeyArgument, param: ValueArgument) -> None:
        run(self, lambda tr: tr._atomic_operation(code, key, param))


class Tenant(SynchronousOperations, TenantMembers):
    """A tenant, as returned by `Database.open_tenant`; its keys are its own. Thread-safe."""


class Database(SynchronousOperations, DatabaseMembers):
    """A database, as returned by `fdb.open`. Thread-safe.

    A method that reads or writes keys is one transaction, or several where it says so, each retried until it succeeds. It blocks
    until then, and raises FDBError for what a retry does not help, TypeError for what cannot be a key or value.
    """

    def session(self, last_version: int = 0) -> Session:
        """Begins a session: this database, whose transactions read at least what the session has read and committed.

        `last_version` is what it has seen to begin with, as from another process. Raises as
        `Session.advance` does. Does not block.
        """
        session: Session = _causality.begin(Session, self, last_version)
        return session

    def ping(self, timeout: float | timedelta = 5) -> Ping:
        """Asks the database for a read version, and says how long that took; see `fdb.Ping` for the rest of the answer.

        Blocks for at most `timeout`, in seconds or as a timedelta: then raises FDBError 1031. Raises ValueError for
        a time that is not positive.
        """
        from fdb import _health

        return _health.block(self, "ping", timeout, _health.ping_steps)

    def status(self, timeout: float | timedelta = 10) -> Status:
        """Returns the status document of the cluster: `fdb.Status`, with the raw document behind it.

        Blocks for at most `timeout`, in seconds or as a timedelta: then raises FDBError 1031. Before that the
        client may give a document that says the cluster cannot be reached (`status.available` is False).
        Collecting it is work for the cluster: not to be asked for all the time.
        """
        from fdb import _health

        return _health.block(self, "status", timeout, _health.status_steps)

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> Tenant:
        """Returns a tenant, whether it exists or not: that shows in its operations (2131).

        `name` is bytes, or a tuple that is packed. Raises TypeError for another type.
        """
        return self._open_tenant(Tenant, name)


class SessionTenant(_causality.InSession, Tenant):
    """A tenant, as returned by `Session.open_tenant`: its transactions are those of the session."""


class Session(_causality.SessionMembers, Database):
    """A session, as returned by `Database.session`: the database, read at no older version than the session has seen.

    Each attempt that `run`, `attempts`, `transaction`, `fdb.transactional` or a convenience method makes asks for its
    read version first. One below `last_version` counts as error 1009, so the attempt is made again after a short wait,
    as the policy allows. What the attempt then reads at and commits is what the session has seen from there on.
    So all transactions of a session read what was committed in it before them, and never less than those
    before them read, also with `USE_GRV_CACHE` and `causal_read_risky`.

    A transaction of `create_transaction` that the program drives itself counts for the session, but what it reads at is
    for the program to look at: `get_read_version()`. A commit with unknown result (1021) that was not tried again is
    not known to the session.

    Everything else is as in the database, with its options, policy and observers. Thread-safe: what one thread has
    seen, transactions that begin later in others read too.
    """

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> SessionTenant:
        """As `Database.open_tenant`: a tenant whose transactions are those of the session."""
        tenant: SessionTenant
        tenant = _causality.open_tenant(self, SessionTenant, Tenant, name)
        return tenant
