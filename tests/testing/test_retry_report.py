"""How findings are told."""

from __future__ import annotations

import fdb
from fdb.testing._retry_report import Difference, Finding, RetryUnsafe, rows_that_differ


def finding(fault: str, kind: str = "content", text: str = "the rows differ") -> Finding:
    return Finding(kind, fault, "commit", "app.py:7 in f", text, (Difference("b'n'", b"1", b"2"),))


def test_rows_that_differ() -> None:
    key = fdb.tuple.pack(("n", 1))
    differences = rows_that_differ({key: b"1", b"same": b"x"}, {b"same": b"x", b"new": b"y"})
    assert differences == (Difference("('n', 1)", b"1", None), Difference("b'new'", None, b"y"))
    assert str(differences[0]) == "('n', 1): b'1' without faults, absent with this one"


def test_a_finding() -> None:
    assert str(finding("not_committed")).splitlines() == [
        "not_committed at commit (app.py:7 in f): the rows differ",
        "    b'n': b'1' without faults, b'2' with this one",
    ]
    assert (
        str(Finding("leak", "", "", "", "the result holds a range"))
        == "without a fault: the result holds a range"
    )
    assert str(Finding("leak", "", "get b'k'", "", "unused")) == "get b'k': unused"


def test_many_differences_are_cut_off() -> None:
    many = tuple(Difference(str(number), b"", None) for number in range(20))
    assert str(finding("x")._replace(differences=many)).splitlines()[-1] == "    and 12 more"
    assert len(str(Difference("result", "x" * 500, 1))) < 200


def test_the_same_trouble_is_told_once() -> None:
    findings = [finding("a"), finding("b"), finding("c", "state", "n is kept"), finding("a")]
    failure = RetryUnsafe("count", findings)
    assert failure.findings == tuple(findings)
    assert str(failure).splitlines() == [
        "count is not safe to retry:",
        "",
        "1. a at commit (app.py:7 in f): the rows differ",
        "    b'n': b'1' without faults, b'2' with this one",
        "    and 2 times more, with b",
        "",
        "2. c at commit (app.py:7 in f): n is kept",
        "    b'n': b'1' without faults, b'2' with this one",
    ]
    assert "and once more at other points" in str(RetryUnsafe("f", [finding("a"), finding("a")]))
