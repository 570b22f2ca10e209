"""FDBError and the predicates that classify it."""

from __future__ import annotations

from fdb._error_text import ErrorText
from fdb._generated.errors import ERRORS, MAYBE_COMMITTED, RETRYABLE, RETRYABLE_NOT_COMMITTED
from fdb._typing import Protocol

#: The codes that the library describes one by one; the others share the text of 4000.
_DESCRIBED = range(30001)
_UNKNOWN_ERROR = 4000


def describe(code: int) -> ErrorText:
    """Returns the text of an error code, as fdb_get_error gives it."""
    if code not in _DESCRIBED:
        code = _UNKNOWN_ERROR
    known = ERRORS.get(code)
    return ErrorText(known[1] if known is not None else "UNKNOWN_ERROR")


#: What to do about codes whose description does not tell.
_ADVICE = {
    2000: "an argument has a form, or a call comes at a time, that the library does not allow",
    2017: "the transaction was used after its commit began: make another one, or wait for the commit and "
    "call reset()",
    2101: "write in several transactions, as write_in_batches() of a database does",
}


class FDBError(Exception):
    """An error reported by the client library.

    Compare `code`; give the error to `Transaction.on_error`, or let `fdb.transactional` do so.
    """

    #: Of the error that a transactional call ends with: how often its function was run; None elsewhere.
    attempts: int | None = None
    #: Of the error that a transactional call ends with: seconds from the begin of the call to its end (to some milliseconds).
    elapsed: float | None = None
    #: Of the error that a transactional call ends with: what the last attempt failed with that was to be followed by another; None for
    #: no such.
    last_error: FDBError | None = None
    #: The ranges, (begin, end) each, in which others wrote what the transaction had read; None where that
    #: was not reported. A policy with report_conflicts asks for it.
    conflicting_keys: list[tuple[bytes, bytes]] | None = None

    def __init__(self, code: int, detail: str = "") -> None:
        """`detail` says what this binding knows beyond the description of the code."""
        super().__init__(code, detail) if detail else super().__init__(code)
        #: The number of the error; `fdb.ErrorCode` has its name.
        self.code: int = code
        #: What this binding knows beyond the description of the code; often empty.
        self.detail: str = detail

    @property
    def name(self) -> str:
        """The name of the code, as in fdb.ErrorCode; "unknown_error" for a code that has none."""
        return ERRORS.get(self.code, ERRORS[_UNKNOWN_ERROR])[0]

    @property
    def description(self) -> ErrorText:
        """The text that belongs to the code: bytes that print as text and are equal to both."""
        return describe(self.code)

    def __str__(self) -> str:
        text = f"{self.description} ({self.code})"
        more = self.detail or _ADVICE.get(self.code, "")
        return f"{text}: {more}" if more else text

    def _tell(self, detail: str) -> None:
        """Adds to what is known beyond the description."""
        self.detail = f"{self.detail}; {detail}" if self.detail else detail
        if type(self) is FDBError:
            Exception.__init__(self, self.code, self.detail)

    def __repr__(self) -> str:
        return f"FDBError({self.code})"


class HasCode(Protocol):
    """What the predicates look at."""

    @property
    def code(self) -> int:
        """An error code."""
        ...


class ErrorPredicates:
    """Questions about an error, to be asked of anything with a `code`. See `fdb.predicates`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<fdb.predicates: is_retryable, is_maybe_committed, is_retryable_not_committed>"

    def is_retryable(self, error: HasCode) -> bool:
        """Whether the transaction can be tried again; `on_error` decides by the same list, but for 1039 and 1079."""
        return error.code in RETRYABLE

    def is_maybe_committed(self, error: HasCode) -> bool:
        """Whether the transaction may have been committed although it failed."""
        return error.code in MAYBE_COMMITTED

    def is_retryable_not_committed(self, error: HasCode) -> bool:
        """Whether the transaction can be tried again, and certainly was not committed."""
        return error.code in RETRYABLE_NOT_COMMITTED


#: Questions about errors: what may have become of the transaction.
predicates: ErrorPredicates = ErrorPredicates()
