"""docs/explanation/: what the tables of the pages say is so."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from helpers.paths import ROOT

PAGES = ROOT / "docs" / "explanation"
ONE = struct.pack("<q", 1)

Part = Callable[[Any], Any]


def code_of(future: Any) -> int:
    """Returns the code that a future fails with; 0 if it does not fail."""
    try:
        future.wait()
    except fdb.FDBError as error:
        return error.code
    return 0


def rows(page: str, header: str) -> list[list[str]]:
    """Returns the rows of the table that begins with a header."""
    text = (PAGES / page).read_text(encoding="utf-8")
    table = text.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]


def read_and_write(tr: Any) -> None:
    tr[b"read"].present()
    tr[b"own"] = b""


def reads_a_range(tr: Any) -> None:
    tr[b"a":b"z"].to_list()
    tr[b"~"] = b""


#: For each row of the table: who commits first, and who second.
MEETINGS: dict[str, tuple[Part, Part]] = {
    "one reads what the other writes": (lambda tr: tr.set(b"read", b""), read_and_write),
    "both write the same key, neither reads it": (
        lambda tr: tr.set(b"k", b"1"),
        lambda tr: tr.set(b"k", b"2"),
    ),
    "one only reads": (lambda tr: tr.set(b"k", b""), lambda tr: tr[b"k"].present()),
    "one reads a range, the other adds a key in it": (
        lambda tr: tr.set(b"new", b""),
        reads_a_range,
    ),
    "one reads a key that is absent, the other writes it": (
        lambda tr: tr.set(b"read", b""),
        read_and_write,
    ),
    "both add to a counter with `tr.add`": (
        lambda tr: tr.add(b"count", ONE),
        lambda tr: tr.add(b"count", ONE),
    ),
}


@pytest.mark.parametrize(("meeting", "said"), rows("isolation.md", "the two transactions"))
def test_conflicts_are_those_of_the_table(meeting: str, said: str, memory_name: str) -> None:
    assert said.startswith(("yes", "no"))
    db = fdb.open(memory_name)
    if "absent" not in meeting:
        db[b"read"] = b"before"
    first, second = MEETINGS[meeting]
    trs = db.create_transaction(), db.create_transaction()
    for tr, part in zip(trs, (first, second), strict=True):
        tr.get_read_version().wait()
        part(tr)
    trs[0].commit().wait()
    assert code_of(trs[1].commit()) == (1020 if said.startswith("yes") else 0)


def test_what_commits_first_does_not_conflict(memory_name: str) -> None:
    """'For the one that reads, if it also writes something and commits second.'"""
    db = fdb.open(memory_name)
    reader, writer = db.create_transaction(), db.create_transaction()
    read_and_write(reader)
    writer[b"read"] = b"after"
    reader.commit().wait()
    writer.commit().wait()
    assert db[b"read"] == b"after"


def test_errors_are_retried_or_raised_as_the_table_says(db: fdb.Database) -> None:
    seen = 0
    for errors, _, then in rows("transactions.md", "error"):
        assert then.startswith(("again", "raised"))
        for code, name in re.findall(r"(\d{4}) `(\w+)`", errors):
            assert fdb.ErrorCode[name] == int(code)
            answer = code_of(db.create_transaction().on_error(int(code)))
            assert answer == (0 if then.startswith("again") else int(code))
            seen += 1
    assert seen == 7


def written(db: fdb.Database, *pairs: tuple[bytes, bytes]) -> int:
    """Returns the code that writing rows in one transaction fails with, 0 if it does not."""
    tr = db.create_transaction()
    for key, value in pairs:
        tr[key] = value
    return code_of(tr.commit())


def test_limits_are_those_of_the_table(memory_name: str) -> None:
    db = fdb.open(memory_name)
    limits = {
        what: (int(most.split()[0].replace(",", "")), int(code))
        for what, most, code in rows("transactions.md", "what | most | beyond")
        if "bytes" in most
    }
    most, code = limits["a key"]
    assert written(db, (b"k" * most, b"")) == 0
    assert written(db, (b"k" * (most + 1), b"")) == code
    longest, code = limits["a value"]
    assert written(db, (b"k", b"v" * longest)) == 0
    assert written(db, (b"k", b"v" * (longest + 1))) == code
    most, code = next(limit for what, limit in limits.items() if what.startswith("a commit: "))
    large = [(b"%03d" % number, b"v" * longest) for number in range(most // longest)]
    assert written(db, *large[:-1]) == 0
    assert written(db, *large) == code
