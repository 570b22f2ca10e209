"""What the kill test checks with: it accepts what a database does, and finds every kind of damage."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import pytest

import fdb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import kill_operations as ops  # noqa: E402
from kill_check import Expected, Fault, History  # noqa: E402
from kill_worker import THREADS, Records, Worker, contents  # noqa: E402

INCARNATION = 1
SECONDS = 0.3


class Lived:
    """An incarnation that has come to its end, and what the database holds then."""

    def __init__(self, database: fdb.Database, records: pathlib.Path) -> None:
        arguments = ["7", str(INCARNATION), str(SECONDS), "0"]
        Worker(database, Records(str(records)), arguments).run()
        self.history = History.read(records, INCARNATION)
        self.found: dict[str, Any] = contents(database)
        self.expected = Expected()

    def check(self) -> None:
        self.expected.check(self.history, self.found)

    @property
    def rows(self) -> dict[bytes, bytes]:
        return dict(self.found["rows"])

    def put(self, **changes: bytes | None) -> None:
        rows = self.rows
        for name, value in changes.items():
            key = name.encode()
            if value is None:
                del rows[key]
            else:
                rows[key] = value
        self.found["rows"] = sorted(rows.items())

    def last(self, thread: int) -> tuple[int, int]:
        return max(name for name in self.history.commits if name[0] == thread)

    def marker(self, name: tuple[int, int]) -> str:
        return self.history.intents[name].marker.decode()

    def last_in_the_open(self) -> tuple[int, int]:
        """The last transaction of a thread that is of no tenant."""
        last = [self.last(thread) for thread in range(THREADS)]
        return next(name for name in last if self.history.intents[name].tenant is None)


@pytest.fixture
def lived(memory_db: fdb.Database, tmp_path: pathlib.Path) -> Lived:
    return Lived(memory_db, tmp_path / "records")


def test_what_a_database_does_is_accepted(lived: Lived) -> None:
    lived.check()
    assert lived.expected.commits == len(lived.history.commits) > 100
    assert {operation.kind for operation in lived.history.intents.values()} >= {"setup", "transfer"}
    assert lived.expected.unacknowledged == 0


def test_the_transaction_in_flight_may_be_there(lived: Lived) -> None:
    del lived.history.commits[lived.last(1)]
    lived.check()
    assert lived.expected.unacknowledged == 1


def test_only_that_one_may(lived: Lived) -> None:
    del lived.history.commits[(1, 0)]
    with pytest.raises(Fault, match=r"\(1, 0\) is there, not acknowledged"):
        lived.check()


def test_an_acknowledged_transaction_is_missing(lived: Lived) -> None:
    lived.put(**{lived.marker(lived.last_in_the_open()): None})
    with pytest.raises(Fault, match="acknowledged and missing"):
        lived.check()


def test_the_whole_of_one_thread_is_missing(lived: Lived) -> None:
    lived.found["rows"] = []
    with pytest.raises(Fault, match="acknowledged and missing"):
        lived.check()


def test_a_transaction_that_nobody_began(lived: Lived) -> None:
    name = lived.last_in_the_open()
    marker = lived.marker(name)
    del lived.history.intents[name], lived.history.commits[name]
    assert marker.encode() in lived.rows
    with pytest.raises(Fault, match="no thread has begun it"):
        lived.check()


def test_a_key_of_a_transaction_is_missing(lived: Lived) -> None:
    lived.put(**{next(key.decode() for key in lived.rows if key.startswith(b"bank/")): None})
    with pytest.raises(Fault, match="b'bank/.*' is missing instead of"):
        lived.check()


def test_a_key_has_another_value(lived: Lived) -> None:
    key = next(key for key in lived.rows if key.startswith(b"count/"))
    lived.put(**{key.decode(): ops.as_number(ops.number_in(lived.rows[key]) + 1)})
    with pytest.raises(Fault, match="b'count/.*' is .* instead of"):
        lived.check()


def test_a_key_that_nobody_wrote(lived: Lived) -> None:
    lived.put(**{"f/more": b"x"})
    with pytest.raises(Fault, match="b'f/more' is .* instead of missing"):
        lived.check()


def test_a_tenant_is_missing(lived: Lived) -> None:
    lived.found["tenants"][b"nobody"] = b"\0" * 8
    with pytest.raises(Fault, match="nobody"):
        lived.check()


def test_another_stamp_than_the_acknowledged_one(lived: Lived) -> None:
    name = lived.last_in_the_open()
    version, stamp = lived.history.commits[name]
    lived.put(**{lived.marker(name): stamp[:8] + b"\xff\xff"})
    with pytest.raises(Fault, match="acknowledged was"):
        lived.check()


def test_versions_that_begin_anew(lived: Lived) -> None:
    lived.expected.newest = min(version for version, _ in lived.history.commits.values())
    lived.history.read_versions.clear()
    with pytest.raises(Fault, match="is not above .*, seen before"):
        lived.check()


def test_read_versions_that_go_back(lived: Lived) -> None:
    thread, version = lived.history.read_versions[-1]
    lived.history.read_versions.append((thread, version - 1))
    with pytest.raises(Fault, match="after newer ones"):
        lived.check()


def test_a_read_version_below_a_commit(lived: Lived) -> None:
    lived.found["read_version"] = 1
    with pytest.raises(Fault, match="the read version 1 is below"):
        lived.check()


def test_a_line_that_was_torn(tmp_path: pathlib.Path) -> None:
    records = tmp_path / "records"
    records.write_bytes(
        b'\n["intent", 0, 0, "setup", []]\n\n["intent", 0, 1, "tri\n["read", 0, 5]\n'
    )
    history = History.read(records, INCARNATION)
    assert (list(history.intents), history.read_versions) == ([(0, 0)], [(0, 5)])
    assert history.torn == 1
