"""fdb/_errors.py: FDBError, its texts, and the predicates."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

import fdb


def test_error() -> None:
    error = fdb.FDBError(1007)
    assert error.code == 1007
    assert str(error) == "Transaction is too old to perform reads or be committed (1007)"
    assert repr(error) == "FDBError(1007)"
    assert isinstance(error, Exception)


TEXT = "Transaction not committed due to conflict with another transaction"
BYTES = TEXT.encode()


def test_a_description_goes_where_bytes_go() -> None:
    description = fdb.FDBError(1020).description
    assert isinstance(description, bytes)
    assert str(description, "utf-8") == description.decode() == TEXT
    assert description.decode("ascii", "replace") == TEXT
    assert type(bytes(description)) is bytes and bytes(description) == BYTES
    assert b"[" + description + b"]" == b"[" + BYTES + b"]" == b"[%s]" % description
    assert description[:11] == b"Transaction" and description[0] == 84 and len(description) == 66
    assert b", ".join([description, b"x"]) == BYTES + b", x"
    assert bytes(memoryview(description)) == BYTES == b"" + description
    assert description.upper() == BYTES.upper() and re.match(rb"Trans", description)
    assert description.split() == BYTES.split() and description.split(b" ", 1)[0] == b"Transaction"


def test_a_description_goes_where_text_goes(capsys: pytest.CaptureFixture[str]) -> None:
    description = fdb.FDBError(1020).description
    print(description)
    assert capsys.readouterr().out == TEXT + "\n"
    assert str(description) == TEXT == f"{description}" == "%s" % description  # noqa: UP031
    assert f"{description:>70}" == f"{TEXT:>70}" and "{!s}".format(description) == TEXT  # noqa: UP032
    assert "[" + description + "]" == f"[{TEXT}]"
    assert description.encode("ascii") == BYTES
    assert description.split(" ", 1)[0] == "Transaction"
    assert description.replace("not ", "") == TEXT.replace("not ", "")


@pytest.mark.parametrize("kind", [str, str.encode])
def test_a_description_takes_both(kind: Callable[[str], Any]) -> None:
    description = fdb.FDBError(1020).description
    assert description == kind(TEXT) and kind(TEXT) == description
    assert not description != kind(TEXT) and not kind(TEXT) != description
    assert description != kind("other") and not description == kind("other")
    assert kind("not committed") in description and kind("nothing") not in description
    assert description.startswith(kind("Transaction")) and description.endswith(kind("action"))
    assert description.startswith((kind("x"), kind("T"))) and not description.startswith(kind("t"))
    assert description.find(kind("not")) == description.index(kind("not")) == 12
    assert description.rfind(kind("t")) == description.rindex(kind("t")) == TEXT.rindex("t")
    assert description.count(kind("t")) == TEXT.count("t")
    assert description.partition(kind(" "))[0] == kind("Transaction")
    assert description.removeprefix(kind("Transaction ")) == kind(TEXT.removeprefix("Transaction "))


def test_descriptions_as_keys() -> None:
    """They are found by bytes, and by each other."""
    first, second = fdb.FDBError(1020).description, fdb.FDBError(1020).description
    assert first == second and hash(first) == hash(second) == hash(BYTES)
    assert {first: 1}[BYTES] == {BYTES: 1}[second] == 1
    assert first != fdb.FDBError(1007).description
    for twin in (copy.copy(first), pickle.loads(pickle.dumps(first))):
        assert twin == first and str(twin) == TEXT


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
