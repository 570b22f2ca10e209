"""fdb/_errors.py: FDBError, its texts, and the predicates."""

from __future__ import annotations

import copy
import pickle

import pytest

import fdb


def test_error() -> None:
    error = fdb.FDBError(1007)
    assert error.code == 1007
    assert str(error) == "Transaction is too old to perform reads or be committed (1007)"
    assert repr(error) == "FDBError(1007)"
    assert isinstance(error, Exception)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "Success"),
        (-1, "An unknown error occurred"),
        (30001, "An unknown error occurred"),
        (29999, "UNKNOWN_ERROR"),
    ],
)
def test_texts_of_odd_codes(code: int, text: str) -> None:
    assert fdb.FDBError(code).description == text


def test_detail_follows_the_description() -> None:
    error = fdb.FDBError(2204, "no such function")
    assert str(error).endswith("(2204): no such function")


def test_errors_can_be_copied_and_pickled() -> None:
    for error in (fdb.FDBError(1020), fdb.FDBError(2204, "why")):
        for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert (twin.code, str(twin)) == (error.code, str(error))


@pytest.mark.parametrize(
    ("code", "retryable", "maybe", "not_committed"),
    [
        (1020, True, False, True),
        (1007, True, False, True),
        (1021, True, True, False),
        (1039, True, True, False),
        (1242, True, False, True),
        (1031, False, False, False),
        (1022, False, False, False),
        (2000, False, False, False),
        (0, False, False, False),
    ],
)
def test_predicates(code: int, retryable: bool, maybe: bool, not_committed: bool) -> None:
    error = fdb.FDBError(code)
    assert fdb.predicates.is_retryable(error) is retryable
    assert fdb.predicates.is_maybe_committed(error) is maybe
    assert fdb.predicates.is_retryable_not_committed(error) is not_committed


def test_predicates_take_anything_with_a_code() -> None:
    class Coded:
        code = 1020

    assert fdb.predicates.is_retryable(Coded())
