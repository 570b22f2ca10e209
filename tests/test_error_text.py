"""fdb/_error_text.py: a description is bytes, and text too."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

import fdb

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
