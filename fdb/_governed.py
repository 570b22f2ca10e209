"""Calls with a policy: what makes their transactions, and the loop that runs functions in them.

The loop is written once, as steps that yield what is to be waited for (`Steps`), and driven here for programs that block and
for those of asyncio. The objects belong to one transaction each, and are as thread-safe as that.
"""

from __future__ import annotations

from time import monotonic
from types import CoroutineType

from fdb._attempts import UNFINISHED, refuse_unfinished, strand_of
from fdb._errors import FDBError, predicates
from fdb._governed_transactions import GovernedTransaction, class_for
from fdb._native import extension
from fdb._policy import Policy, Retry
from fdb._startup import api_version
from fdb._transaction import Transaction
from fdb._typing import Any, Awaitable, Callable, Generator, TypeVar

ResultT = TypeVar("ResultT")
#: Yields what is to be waited for and is sent its result; returns what the waiting was for.
Steps = Generator[Any, Any, ResultT]

_FUTURE_VERSION = 1009
_TIMED_OUT = 1031
_NOT_COMMITTED = 1020
#: The API versions from which on there are conflicting keys to read, and on_error keeps limits for certain.
_HAS_CONFLICTING_KEYS, _KEEPS_LIMITS = 630, 610
_CONFLICTING_KEYS = b"\xff\xff/transaction/conflicting_keys/"
_BEGINS = b"1"


# ---- making transactions ----


class Defaults:
    """What makes the transactions of a database that was opened with a policy, and those of its tenants."""

    __slots__ = ("policy",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def create(self, source: Any) -> GovernedTransaction:
        """Returns a new transaction of a database or tenant."""
        started = monotonic()
        return _created(source, source._create_handle(), self.policy, started)


def _created(source: Any, handle: Any, policy: Policy, started: float) -> GovernedTransaction:
    tr = class_for(policy)(handle, source._library, source)
    tr._started = started
    tr._governor = GOVERNOR
    tr._begin(policy)
    return tr


def create(source: Any, policy: Policy) -> GovernedTransaction:
    """Returns a new transaction with the policy of a call, over the defaults of its database.

    Raises TypeError if the source makes transactions of another class than ours.
    """
    started = monotonic()
    if isinstance(source, extension.SourceBase):
        defaults: Defaults | None = source._defaults
        if defaults is not None:
            policy = policy._over(defaults.policy)
        if type(source).create_transaction is extension.SourceBase.create_transaction:
            return _created(source, source._create_handle(), policy, started)
    made = source.create_transaction()
    if type(made) is not Transaction and not isinstance(made, GovernedTransaction):
        raise TypeError(
            f"a call with a policy needs a transaction of this package, and {type(source).__name__} makes a "
            f"{type(made).__module__}.{type(made).__name__}"
        )
    return _created(made.db, made._handle, policy, started)


# ---- what is the same in all loops ----


class Progress:
    """How far a call is: its attempts, and what became of them."""

    __slots__ = ("attempts", "conflicts", "last", "looks_at_version", "policy", "started", "tr")

    def __init__(self, tr: GovernedTransaction) -> None:
        self.tr: GovernedTransaction = tr
        self.policy: Policy = tr._policy
        #: Whether attempts begin by asking for their read version: for `at_least`, and in a session.
        self.looks_at_version: bool = (
            tr._policy.at_least is not None or tr._handle.versions.above is not None
        )
        self.started: float = tr._started
        #: How many have failed, and the error of the last of them.
        self.attempts: int = 0
        self.last: FDBError | None = None
        self.conflicts: list[tuple[bytes, bytes]] | None = None

    def version_steps(self) -> Steps[None]:
        """Asks for the read version where the policy wants one; raises FDBError 1009 for a lower one."""
        if not self.looks_at_version:
            return
        least, seen = self.policy.at_least, self.tr._handle.versions
        wanted, by = least or 0, f"at_least={least}"
        if seen.above is not None and seen.newest > wanted:  # of a session (fdb/_causality.py)
            wanted, by = seen.newest, f"{seen.newest}, which the session has seen"
        version = yield self.tr.get_read_version()
        if version < wanted:
            raise FDBError(_FUTURE_VERSION, f"the read version {version} is below {by}")

    def commit_steps(self) -> Steps[None]:
        """Commits, unless the policy is to read only."""
        if self.policy.read_only:
            self.tr._handle.note_success()
        else:
            yield self.tr.commit()

    def conflict_steps(self, error: FDBError) -> Steps[None]:
        """Takes down what an error of the commit conflicted with, if the policy has that reported."""
        tr = self.tr
        if not (
            error.code == _NOT_COMMITTED and tr._has_begun_commit and self.policy.report_conflicts
        ):
            return
        if api_version.get() < _HAS_CONFLICTING_KEYS:
            return  # and a read behind a commit would be a misuse
        try:
            rows, _, _ = yield tr.snapshot.get_range_page(
                _CONFLICTING_KEYS, _CONFLICTING_KEYS[:-1] + b"0"
            )
        except FDBError:
            return  # it is no part of the call: its own error says more
        begin, found = None, []
        for key, value in rows:
            if value == _BEGINS:
                begin = key[len(_CONFLICTING_KEYS) :]
            elif begin is not None:
                found.append((begin, key[len(_CONFLICTING_KEYS) :]))
        error.conflicting_keys = self.conflicts = found

    def retry_steps(self, error: FDBError) -> Steps[FDBError | None]:
        """Makes the transaction ready for another attempt; returns what to raise if there will be none."""
        yield from self.conflict_steps(error)
        try:
            yield self.tr.on_error(error.code)
        except FDBError as refusal:
            return self.explained(error, refusal)
        if api_version.get() < _KEEPS_LIMITS and not self._keep_limits():
            self.tr._handle.note_failure(_TIMED_OUT)
            self.tr.cancel()
            return self.explained(error, FDBError(_TIMED_OUT))
        self.attempts += 1
        self.last = FDBError(error.code)  # without what the function had at hand
        self.last.conflicting_keys = error.conflicting_keys
        self.tr._begin_attempt()
        if self.policy.on_retry is not None:
            retry = Retry(error, self.attempts, monotonic() - self.started)
            waited = self.policy.on_retry(retry)
            if hasattr(waited, "__await__"):
                yield waited
        return None

    def _keep_limits(self) -> bool:
        """Sets anew the options that on_error may forget; returns whether there is time left.

        Time and retries are counted from the creation of the transaction on, so the values are the same.
        """
        self.tr._set(self.policy._options().call)
        timeout = self.policy.timeout
        return timeout is None or monotonic() < self.started + timeout

    def explained(self, error: FDBError, refusal: FDBError) -> FDBError:
        """Returns the error that the call ends with, having told it how it came to that."""
        raised, before = (error, self.last) if refusal.code == error.code else (refusal, error)
        if before is error:
            before = FDBError(error.code)
            before.conflicting_keys = error.conflicting_keys
        self.note(raised, before)
        return raised

    def note(self, raised: FDBError, before: FDBError | None) -> None:
        """Has an error tell of the call that it ends."""
        raised.attempts = self.attempts + 1
        raised.elapsed = monotonic() - self.started
        raised.last_error = before
        raised.conflicting_keys = self.conflicts
        misuse = self.tr._misuse
        if misuse and raised.code == 2000:
            raised._tell(misuse)
        counted = "1 attempt" if raised.attempts == 1 else f"{raised.attempts} attempts"
        text = f"after {counted} in {raised.elapsed:.3f} s"
        limit = self._limit(raised)
        if limit:
            text += f", by the policy's {limit}"
        if before is not None:
            text += f"; tried again after {before.name} ({before.code})"
        if self.conflicts:
            ranges = ", ".join(f"{begin!r} to {end!r}" for begin, end in self.conflicts)
            text += f"; conflicting keys: {ranges}"
        raised._tell(text)

    def _limit(self, raised: FDBError) -> str:
        """Returns the part of the policy that has ended the call, "" for none."""
        policy = self.policy
        if raised.code == _TIMED_OUT and policy.timeout is not None:
            return f"timeout={policy.timeout:g}"
        limit = policy.retry_limit
        if limit is not None and limit >= 0 and self.attempts >= limit:
            if predicates.is_retryable(raised):
                return f"retry_limit={limit}"
        return ""


def drive(steps: Steps[ResultT]) -> ResultT:
    """Waits for what the steps yield; returns what they do. Blocks."""
    try:
        waited = next(steps)
        while True:
            try:
                result = _wait(waited)
            except BaseException as error:
                waited = steps.throw(error)
            else:
                waited = steps.send(result)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended


def _wait(waited: Any) -> Any:
    if isinstance(waited, extension.FutureBase):
        return waited._resolve()
    if isinstance(waited, CoroutineType):
        waited.close()
    raise TypeError(
        "on_retry returned something to await, which a call that blocks does not: give it a plain function"
    )


async def drive_asynchronously(steps: Steps[ResultT]) -> ResultT:
    """Awaits what the steps yield; returns what they do."""
    try:
        waited = next(steps)
        while True:
            try:
                result = await waited
            except BaseException as error:
                waited = steps.throw(error)
            else:
                waited = steps.send(result)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended


async def _read_only(
    tr: GovernedTransaction,
    func: Callable[..., Awaitable[ResultT]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> ResultT:
    """Awaits what the function returns; there is nothing to commit, so those who observe have to be told."""
    try:
        result = await func(*args, **kwargs)
    except FDBError:
        raise
    except BaseException as error:
        tr._handle.note_failure(type(error))
        raise
    tr._handle.note_success()
    return result


# ---- the loop of fdb.transactional ----


class _Governor:
    """See `fdb._types.Governor`."""

    __slots__ = ()

    def run(
        self,
        tr: GovernedTransaction,
        func: Callable[..., ResultT],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> ResultT:
        """As `fdb._retry.run`."""
        strand, progress = strand_of(tr), Progress(tr)
        policy = progress.policy
        while True:
            try:
                if progress.looks_at_version:
                    drive(progress.version_steps())
                attempt = tr._attempt = [strand()]
                try:
                    result = func(*args, **kwargs)
                finally:
                    tr._attempt = None
                    attempt.clear()
                if isinstance(result, UNFINISHED):
                    refuse_unfinished(result)
                if policy.read_only:
                    tr._handle.note_success()
                else:
                    tr.commit().wait()
                return result
            except FDBError as error:
                refusal = drive(progress.retry_steps(error))
                if refusal is error:
                    raise
                if refusal is not None:
                    raise refusal from error
            except BaseException as error:
                tr._handle.note_failure(type(error))
                raise

    async def run_asynchronously(
        self,
        tr: GovernedTransaction,
        func: Callable[..., Awaitable[ResultT]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> ResultT:
        """As `fdb._retry.run_asynchronously`."""
        progress = Progress(tr)
        while True:
            try:
                if progress.looks_at_version:
                    await drive_asynchronously(progress.version_steps())
                if progress.policy.read_only:
                    return await _read_only(tr, func, args, kwargs)
                return await extension.transactional_call(tr, func, args, kwargs, None)
            except FDBError as failed:
                error = failed
            refusal = await drive_asynchronously(progress.retry_steps(error))
            try:
                if refusal is error:
                    raise error
                if refusal is not None:
                    raise refusal from error
            finally:
                del error, refusal  # which refer to this frame now


GOVERNOR = _Governor()
