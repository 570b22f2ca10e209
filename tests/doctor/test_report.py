"""fdb/_doctor/report.py: how findings are shown."""

from __future__ import annotations

import json

from fdb._doctor.finding import note, ok, problem, warning
from fdb._doctor.report import lines, status_of, summary, text

SEEN = [ok("a", "good"), note("b", "so"), warning("c", "odd", "do"), problem("d", "bad", "x\ny")]


def test_people_see_the_way_out() -> None:
    assert list(text(SEEN, "text")) == [
        "ok       a: good",
        "note     b: so",
        "warning  c: odd",
        "         -> do",
        "PROBLEM  d: bad",
        "         -> x",
        "            y",
        "1 problem, 1 warning",
    ]
    assert [line for each in SEEN for line in lines(each)] == list(text(SEEN, "text"))[:-1]


def test_programs_see_all_of_it() -> None:
    rows = [each._asdict() for each in SEEN]
    assert json.loads("".join(text(SEEN, "json"))) == rows
    assert [json.loads(line) for line in text(SEEN, "jsonl")] == rows
    assert json.loads("".join(text([], "json"))) == []


def test_the_end() -> None:
    assert summary(SEEN[:2]) == "nothing is wrong" and status_of(SEEN[:3]) == 0
    assert summary([SEEN[3], SEEN[3]]) == "2 problems" and status_of(SEEN) == 1


def test_on_a_terminal() -> None:
    """The text is folded; a command to be copied is not."""
    long = problem(
        "d",
        "many words " * 5,
        "python -m pip install " + "x" * 60 + "\nor, as a last resort, buy another computer",
    )
    assert list(lines(long, columns=40, colours=True)) == [
        "\x1b[1;31mPROBLEM\x1b[0m  d: many words many words many",
        "         words many words many words",
        "         -> python -m pip install " + "x" * 60,
        "            or, as a last resort, buy",
        "            another computer",
    ]
    assert len(list(lines(long, columns=1))) == 8
