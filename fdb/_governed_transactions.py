"""Classes of transactions with a policy: they set its options, and refuse what it does not allow.

Invariants:
1. The options of a policy hold in every attempt: those that on_error forgets are set again before anything is asked
   in the next one, by the loop (fdb/_governed.py) or, where a program has its own, by the first call.
2. A read-only transaction hands no write, no watch and no commit to the library.
"""

from __future__ import annotations

from fdb._errors import FDBError
from fdb._keys import Bound, KeySelector, NoEnd
from fdb._policy import Policy
from fdb._transaction import Transaction, TransactionRead
from fdb._typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from fdb._future import FutureInt64, FutureVoid
    from fdb._policy import Option
    from fdb._values import Key
    from fdb._watch import Watch

_UNKNOWN_OPTION = 2007
_READ_ONLY = 2023


class GovernedTransaction(Transaction):
    """A transaction with a policy."""

    _policy: Policy
    #: When it was made, by `time.monotonic`.
    _started: float
    #: Whether the error of the attempt may be that of its commit.
    _has_begun_commit = False

    def _begin(self, policy: Policy) -> None:
        """Has the policy hold, from the first attempt on."""
        self._policy = policy
        self._set(policy._options().call)
        self._begin_attempt()

    def _begin_attempt(self) -> None:
        self._has_begun_commit = False
        self._set(self._policy._options().attempt)

    def _set(self, options: tuple[Option, ...]) -> None:
        for name, code, value in options:
            try:
                self._handle.set_option(code, value)
            except FDBError as error:
                if error.code == _UNKNOWN_OPTION:
                    error._tell(f"this library has no option for the {name} of a policy")
                raise

    def commit(self) -> FutureVoid:
        self._has_begun_commit = True
        return super().commit()

    def reset(self) -> None:
        super().reset()
        self._begin(self._policy)


class RenewingTransaction(GovernedTransaction):
    """One whose policy has options that `on_error` forgets: they are set again by the first call after that.

    The loop does so by itself; this is for programs that have a loop of their own.
    """

    _is_stale = False

    def _begin_attempt(self) -> None:
        self._is_stale = False
        super()._begin_attempt()

    def _renew(self) -> None:
        if self._is_stale:
            self._begin_attempt()

    def on_error(self, error: Any) -> FutureVoid:
        future = super().on_error(error)
        self._is_stale = True
        return future

    def get_read_version(self) -> FutureInt64:
        self._renew()
        return super().get_read_version()

    def get(self, *args: Any, **kwargs: Any) -> Any:
        self._renew()
        return super().get(*args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        self._renew()
        return super().__getitem__(key)

    def get_key(self, key_selector: KeySelector) -> Key:
        self._renew()
        return super().get_key(key_selector)

    def get_range(self, *args: Any, **kwargs: Any) -> Any:
        self._renew()
        return super().get_range(*args, **kwargs)

    def get_range_page(self, *args: Any, **kwargs: Any) -> Any:
        self._renew()
        return super().get_range_page(*args, **kwargs)

    @property
    def snapshot(self) -> TransactionRead:
        self._renew()
        return super().snapshot

    def watch(self, key: Any) -> Watch:
        self._renew()
        return super().watch(key)

    def commit(self) -> FutureVoid:
        self._renew()
        return super().commit()


def _refused(what: str) -> FDBError:
    return FDBError(_READ_ONLY, f"{what} in a transaction whose policy has read_only=True")


class ReadOnlyTransaction(GovernedTransaction):
    """One that refuses, with FDBError 2023, whatever would need a commit; nothing of it is done."""

    def set(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _refused("set")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise _refused("set")

    def clear(self, key: Any) -> NoReturn:
        raise _refused("clear")

    def clear_range(self, begin: Bound | slice, end: Bound | NoEnd = ...) -> NoReturn:
        raise _refused("clear_range")

    def clear_range_startswith(self, prefix: Any) -> NoReturn:
        raise _refused("clear_range_startswith")

    def __delitem__(self, key: Any) -> NoReturn:
        raise _refused("clear")

    def _atomic_operation(self, code: int, key: Any, param: Any) -> NoReturn:
        raise _refused("an atomic operation")

    def add_write_conflict_range(self, begin: Any, end: Any = ...) -> NoReturn:
        raise _refused("add_write_conflict_range")

    def add_write_conflict_key(self, key: Any) -> NoReturn:
        raise _refused("add_write_conflict_key")

    def watch(self, key: Any) -> NoReturn:
        raise _refused("watch, which begins with the commit,")

    def get_versionstamp(self) -> NoReturn:
        raise _refused("get_versionstamp, which comes with the commit,")

    def commit(self) -> NoReturn:
        raise _refused("commit")


class RenewingReadOnlyTransaction(ReadOnlyTransaction, RenewingTransaction):
    """Both."""


def class_for(policy: Policy) -> type[GovernedTransaction]:
    """Returns the class that does what a policy says."""
    if policy._options().attempt:
        return RenewingReadOnlyTransaction if policy.read_only else RenewingTransaction
    return ReadOnlyTransaction if policy.read_only else GovernedTransaction
