"""What a recorded transaction did (fdb/testing/_actions.py)."""

from __future__ import annotations

from typing import Any

import pytest

import fdb
from fdb.testing._actions import Attempt, KeyRange, Read, Write, merged, note_end, note_error
from fdb.testing._record import record
from fdb.testing._tracing import Selector, Where

HERE = Where("program.py", 1, "program")


def test_ranges() -> None:
    assert KeyRange.of_key(b"k") == (b"k", b"k\x00")
    assert KeyRange.of_key(b"k").is_one_key
    assert not KeyRange(b"a", b"b").is_one_key
    assert KeyRange(b"a", b"c").common(KeyRange(b"b", b"d")) == (b"b", b"c")
    assert KeyRange(b"a", b"b").common(KeyRange(b"b", b"c")) is None


def test_merging() -> None:
    given = [(b"c", b"d"), (b"a", b"b"), (b"b", b"bb"), (b"x", b"x"), (b"c", b"cc")]
    assert merged(KeyRange(*each) for each in given) == [(b"a", b"bb"), (b"c", b"d")]
    assert merged([]) == []


def read_of(begin: Any, end: Any = None, reverse: bool = False) -> Read:
    return Read("get_range" if end else "get_key", begin, end, False, 0, reverse, HERE, 1)


class Ended:
    """A future that is ready."""

    def __init__(self, result: Any, code: int = 0) -> None:
        self._result, self._error = result, code

    def _ready(self) -> bool:
        return True

    def _peek(self) -> Any:
        return self._result

    def _code(self) -> int:
        return self._error


def test_a_read_that_nobody_looked_at() -> None:
    read = read_of(Selector(b"k", False, 1))
    assert (read.known, read.value, read.rows, read.error) == (False, None, None, 0)
    assert read.keys == (b"k", b"k\x00")
    rows = read_of(Selector(b"a", False, 1), Selector(b"c", False, 1))
    assert (rows.rows, rows.keys) == (None, (b"a", b"c"))


def test_a_read_that_failed() -> None:
    read = read_of(Selector(b"k", False, 1))
    read.listen(Ended(None, 1007))
    assert (read.known, read.value, read.error) == (True, None, 1007)


@pytest.mark.parametrize(
    ("or_equal", "offset", "found", "keys"),
    [
        (False, 1, b"m", (b"k", b"m\x00")),
        (True, 1, b"m", (b"k\x00", b"m\x00")),
        (False, 0, b"c", (b"c", b"k")),
        (True, 0, b"k", (b"k", b"k\x00")),
    ],
)
def test_the_keys_of_a_selector(
    or_equal: bool, offset: int, found: bytes, keys: tuple[bytes, bytes]
) -> None:
    read = read_of(Selector(b"k", or_equal, offset))
    read.listen(Ended(found))
    assert read.keys == keys


@pytest.mark.parametrize(
    ("rows", "more", "reverse", "keys"),
    [
        ([b"b", b"c"], False, False, (b"a", b"z")),
        ([b"b", b"c"], True, False, (b"a", b"c\x00")),
        ([b"y", b"x"], True, True, (b"x", b"z")),
        ([b"y", b"x"], False, True, (b"a", b"z")),
        ([], False, False, (b"a", b"z")),
    ],
)
def test_the_keys_of_a_range(
    rows: list[bytes], more: bool, reverse: bool, keys: tuple[bytes, bytes]
) -> None:
    read = read_of(Selector(b"a", False, 1), Selector(b"z", False, 1), reverse)
    read.listen(Ended(([fdb.KeyValue(key, b"") for key in rows], len(rows), more)))
    assert (read.rows, read.keys) == (len(rows), keys)


def test_a_range_between_selectors_that_cross() -> None:
    assert read_of(Selector(b"k", True, 1), Selector(b"c", False, 1)).keys == (b"k\x00", b"k\x00")
    assert read_of(Selector(b"k", False, 0), Selector(b"c", False, 1)).keys == (b"c", b"k")


def test_the_keys_of_selectors_are_those_that_the_database_submits(memory_db: fdb.Database) -> None:
    for key in (b"b", b"d", b"f", b"h"):
        memory_db[key] = b""
    selectors = [
        fdb.KeySelector(key, or_equal, offset)
        for key in (b"c", b"d", b"e")
        for or_equal in (False, True)
        for offset in (0, 1, 2)
    ]
    with record(memory_db) as log:
        for selector in selectors:
            tr = memory_db.create_transaction()
            bytes(tr.get_key(selector))
            tr.commit().wait()
        for limit in (0, 1, 2):
            for reverse in (False, True):
                for begin, end in ((b"a", b"z"), (b"c", b"g")):
                    tr = memory_db.create_transaction()
                    tr.get_range(begin, end, limit, reverse).to_list()
                    tr.commit().wait()
    assert len(log.attempts) == len(selectors) + 12
    for attempt in log.attempts:
        assert attempt.read_conflicts == merged(read.keys for read in attempt.reads)


def test_the_key_of_a_stamp() -> None:
    write = Write("set_versionstamped_key", b"k/" + bytes(10) + b"/\x02\0\0\0", None, b"v", HERE, 1)
    assert write.stored_key(b"0123456789") == b"k/0123456789/"
    assert write.keys(None).begin == write.key


def test_the_first_end_counts() -> None:
    attempt = Attempt(None, 1)  # type: ignore[arg-type]
    note_error(attempt, 1020)
    note_end(attempt, "reset")
    assert (attempt.outcome, attempt.error, attempt.committed) == ("not_committed", 1020, False)
