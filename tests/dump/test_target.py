"""fdb/_dump/target.py: rows in transactions that the database takes, and how two sides differ."""

from __future__ import annotations

import random

import pytest

import fdb
from fdb._dump.target import Comparison, compare, first_key, write
from helpers.databases import code_of


def test_rows_are_written_in_one_transaction(memory_db):
    assert write(memory_db, [(b"a", b"1"), (b"b", b"2")]) == 1
    assert memory_db[b"":b"\xff"] == [(b"a", b"1"), (b"b", b"2")]


def test_what_is_too_large_for_one_is_divided(memory_db):
    rows = [(b"k%02d" % number, b"v" * 90_000) for number in range(24)]
    memory_db.options.set_transaction_size_limit(1_000_000)
    assert write(memory_db, rows) == 4
    assert memory_db[b"k":b"l"] == rows
    memory_db.options.set_transaction_size_limit(60_000)
    assert code_of(write, memory_db, rows) == 2101
    memory_db.options.set_transaction_size_limit(10_000_000)
    assert code_of(write, memory_db, [(b"k", b"v" * 100_001)]) == 2103


def test_the_first_key(memory_db):
    assert first_key(memory_db, b"", b"\xff") is None
    memory_db[b"b"] = b""
    assert first_key(memory_db, b"", b"\xff") == b"b"
    assert first_key(memory_db, b"", b"b") is None


@pytest.mark.parametrize(
    ("wanted", "found", "result"),
    [
        ("", "", Comparison()),
        ("a1 b2", "a1 b2", Comparison(same=2)),
        ("a1 b2", "b2", Comparison(same=1, missing=1, first=b"a")),
        ("a1 b2", "a1", Comparison(same=1, missing=1, first=b"b")),
        ("a1", "a2", Comparison(different=1, first=b"a")),
        ("b1", "a1 b1 c1", Comparison(same=1, extra=2, first=b"a")),
        ("", "c1", Comparison(extra=1, first=b"c")),
    ],
)
def test_differences(wanted, found, result):
    sides = [
        [(row[:1].encode(), row[1:].encode()) for row in text.split()] for text in (wanted, found)
    ]
    assert compare(*sides) == result
    more = compare(*sides, may_have_more=True)
    assert (more.same, more.missing, more.different) == (
        result.same,
        result.missing,
        result.different,
    )
    assert more.extra == 0
    assert result.is_sound(False) == (sides[0] == sides[1])
    assert more.is_sound(True) == (not (result.missing or result.different))


@pytest.mark.parametrize("seed", range(20))
def test_differences_of_any_two_sides(seed):
    rng = random.Random(seed)
    left, right = (
        {b"%d" % rng.randrange(20): b"%d" % rng.randrange(2) for _ in range(rng.randrange(12))}
        for _ in range(2)
    )
    result = compare(sorted(left.items()), sorted(right.items()))
    assert result.missing == len(left.keys() - right.keys())
    assert result.extra == len(right.keys() - left.keys())
    assert result.same == len(left.items() & right.items())
    changed = {key for key in left.keys() & right.keys() if left[key] != right[key]}
    assert result.different == len(changed)
    all_of_them = (left.keys() ^ right.keys()) | changed
    assert result.first == (min(all_of_them) if all_of_them else None)


def test_rows_of_a_scan_are_compared(memory_db):
    write(memory_db, [(b"a", b"1"), (b"b", b"2")])
    rows = memory_db.scan((b"", b"\xff"))
    assert compare([(b"a", b"1"), (b"b", b"2")], rows) == Comparison(same=2)
    assert isinstance(memory_db, fdb.Database)
