"""fdb/testing/_unittest.py: the mixin for classes of unittest."""

from __future__ import annotations

import re
import unittest
from typing import Any

import pytest

import fdb
from fdb.testing import DatabaseTestCase, _engine
from helpers.databases import code_of


def outcome_of(case: type[unittest.TestCase]) -> unittest.TestResult:
    """Runs the tests of a class as unittest does."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


class Usual(DatabaseTestCase, unittest.TestCase):
    """Run by pytest, too."""

    def test_a_database(self) -> None:
        assert type(self.db) is fdb.Database
        assert self.db is self.db and self.db[:] == []
        self.db[self.space.pack((1,))] = b"v"
        people = self.directory.create(self.db, ("people",))
        self.db[people.pack((1,))] = b"v"

    test_another = test_a_database

    def test_faults(self) -> None:
        self.faults.add("not_committed", times=1)
        self.db[b"k"] = b"v"
        assert self.faults.injected == {"not_committed": 1}

    def test_the_clock(self) -> None:
        tr = self.db.create_transaction()
        tr[b"k"].present()
        self.clock.advance(6)
        assert code_of(tr[b"x"].wait) == 1007

    def test_the_log(self) -> None:
        self.db[b"before"] = b"v"
        log = self.log
        self.db[b"k"] = b"v"
        assert len(log.transactions) == 1 and self.log is log


class Asynchronous(DatabaseTestCase, unittest.IsolatedAsyncioTestCase):
    """Run by pytest, too."""

    async def test_a_database(self) -> None:
        assert type(self.db) is fdb.AsyncDatabase
        assert self.async_db is self.db
        await self.db.set(self.space.pack((1,)), b"v")
        people = await self.directory.create(self.db, ("people",))
        await self.db.set(people.pack((1,)), b"v")


@pytest.mark.parametrize("case", [Usual, Asynchronous])
def test_tests_succeed(case: type[unittest.TestCase]) -> None:
    result = outcome_of(case)
    assert result.wasSuccessful() and result.testsRun > 0
    assert unittest.TestCase.run(case(next(iter(vars_of(case))))) is not None


def vars_of(case: type[unittest.TestCase]) -> list[str]:
    return [name for name in vars(case) if name.startswith("test")]


def test_the_database_goes_after_the_cleanups_of_the_test() -> None:
    seen: list[Any] = []

    class Case(DatabaseTestCase, unittest.TestCase):
        fdb_event_model = "debug"

        def setUp(self) -> None:  # without the one of the mixin
            self.db[b"k"] = b"v"
            self.addCleanup(lambda: seen.append(self.db[b"k"]))
            seen.append(self.db)

        def test(self) -> None:
            pass

        def tearDown(self) -> None:
            seen.append(self.db[b"k"])

    assert outcome_of(Case).wasSuccessful()
    assert seen[1:] == [b"v", b"v"] and seen[0]._handle.model.name == "debug"
    with pytest.raises(RuntimeError, match="closed"):
        seen[0].get(b"k")


def test_a_test_without_a_database_opens_none() -> None:
    class Case(DatabaseTestCase, unittest.TestCase):
        def test(self) -> None:
            assert self._fdb_kit is None

    assert outcome_of(Case).wasSuccessful()


def test_the_seed_of_a_failure_is_told_and_may_be_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    class Case(DatabaseTestCase, unittest.TestCase):
        def test_faults(self) -> None:
            seeds.append(self.seed)
            self.faults.add("not_committed", nth=1)
            self.db[b"k"] = b"v"
            self.fail()

        def test_without(self) -> None:
            self.db[b"k"] = b"v"
            raise KeyError

    result = outcome_of(Case)
    assert len(result.failures) == len(result.errors) == 1
    told = capsys.readouterr().err
    match = re.search(r"test_faults: the seed was (\d+): FDB_TESTING_SEED=(\d+) takes it", told)
    assert match is not None and [int(match[1])] == [int(match[2])] == seeds
    assert "test_faults: faults that happened: not_committed 1" in told
    assert f"FDB_EMBEDDED_FAULTS='not_committed:nth=1;seed={seeds[0]}'" in told
    assert "test_without" not in told
    monkeypatch.setenv("FDB_TESTING_SEED", match[1])
    outcome_of(Case)
    assert seeds[0] == seeds[1]


def test_the_seed_of_a_subtest(capsys: pytest.CaptureFixture[str]) -> None:
    class Case(DatabaseTestCase, unittest.TestCase):
        fdb_seed = 7

        def test(self) -> None:
            for turn in range(3):
                with self.subTest(turn=turn):
                    assert self.seed != 7 or turn != 1

    assert len(outcome_of(Case).failures) == 1
    assert capsys.readouterr().err.count("the seed was 7") == 1


@pytest.mark.parametrize("seed", ["x", "-1"])
def test_a_seed_that_is_none(seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDB_TESTING_SEED", seed)
    result = outcome_of(Usual)
    assert f"FDB_TESTING_SEED={seed}: " in result.errors[0][1]


@pytest.mark.parametrize("isolation", ["tenant", "prefix"])
def test_on_a_cluster(memory_name: str, isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Case(DatabaseTestCase, unittest.TestCase):
        fdb_cluster = memory_name
        fdb_isolation = isolation

        def test(self) -> None:
            self.db[self.space.pack((1,))] = b"v"

        def test_faults(self) -> None:
            self.faults.clear()

        def test_clock(self) -> None:
            self.clock.freeze()

    db = fdb.open(memory_name)
    db[b"data"] = b"of others"
    monkeypatch.setattr(_engine, "is_embedded", lambda database: False)
    result = outcome_of(Case)
    assert result.wasSuccessful() and len(result.skipped) == 2
    assert "the client's own fault injection" in result.skipped[0][1]
    assert [bytes(row.key) for row in db[:]] == [b"data"]
