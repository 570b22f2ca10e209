"""tools/check_types.py: an error that is announced and not reported fails, as does the reverse."""

from __future__ import annotations

import pytest

import check_types

TEXT = """\
fine = 1
wrong = fine + ""  # error: operator reportOperatorIssue
only(mypy)  # error: name-defined -
"""


def test_reports_as_announced_are_no_difference() -> None:
    mypy = {2: ["operator"], 3: ["name-defined"]}
    assert check_types.differences(TEXT, "mypy", mypy) == []
    assert check_types.differences(TEXT, "pyright", {2: ["reportOperatorIssue"]}) == []


def test_an_error_that_is_not_reported_fails() -> None:
    reported = {3: ["name-defined"]}
    assert check_types.differences(TEXT, "mypy", reported) == [
        "line 2: mypy does not report operator"
    ]


def test_an_error_that_is_not_announced_fails() -> None:
    reported = {1: ["reportCallIssue"], 2: ["reportOperatorIssue", "reportIndexIssue"]}
    assert check_types.differences(TEXT, "pyright", reported) == [
        "line 1: pyright reports reportCallIssue",
        "line 2: pyright reports reportIndexIssue",
    ]


def test_an_announcement_that_is_no_announcement_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: write"):
        check_types.expected("x = 1  # error: operator", "mypy")


def test_the_program_announces_the_usual_mistakes() -> None:
    text = check_types.PROGRAM.read_text(encoding="utf-8")
    for checker, codes in {
        "mypy": {"call-arg", "arg-type", "assignment", "index", "operator", "attr-defined"},
        "pyright": {"reportCallIssue", "reportArgumentType", "reportAttributeAccessIssue"},
    }.items():
        announced = check_types.expected(text, checker)
        assert {code for found in announced.values() for code in found} >= codes
        assert len(announced) > 20
