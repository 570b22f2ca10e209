"""examples/time_series.py: what it stores and sums, against a model, and its commands."""

from __future__ import annotations

import io
import pathlib
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

import fdb
import fdb.testing

HOUR = 3_600_000


@pytest.fixture
def module(example: Callable[[str], Any]) -> Any:
    return example("time_series")


@pytest.fixture
def store(module: Any, memory_db: fdb.Database) -> Any:
    return module.SeriesStore(memory_db)


@pytest.fixture
def points(module: Any) -> list[Any]:
    """Points of two series within two days; a number of them is a whole one."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    times = rng.sample(range(48 * HOUR), 300)
    values = [rng.choice([rng.randrange(-20, 40), round(rng.uniform(-20, 40), 3)]) for _ in times]
    return [
        module.Point(rng.choice(["kitchen", "cellar"]), *each)
        for each in zip(times, values, strict=True)
    ]


def test_sums_are_right_however_often_points_come(
    module: Any, store: Any, points: list[Any], memory_db: fdb.Database
) -> None:
    with fdb.testing.faults(memory_db) as faults:
        faults.add("commit_unknown_result", probability=0.3, effect="applied")
        faults.add("not_committed", probability=0.2)
        store.load(points[:250])
        store.load(points)
    assert store.load(points) == 0
    assert store.series(memory_db) == ["cellar", "kitchen"]
    for name in ("cellar", "kitchen"):
        mine = sorted(point for point in points if point.series == name)
        assert list(store.between(name, 0, 48 * HOUR)) == mine
        assert store.last(memory_db, name) == mine[-1]
        for step, length in module.STEPS.items():
            parts = defaultdict(list)
            for point in mine:
                parts[point.time // length * length].append(point.value)
            found = store.by(memory_db, step, name, 0, 48 * HOUR)
            assert [each.time for each in found] == sorted(parts)
            for each in found:
                values = parts[each.time]
                assert (each.points, each.lowest, each.highest) == (
                    *(len(values), min(values), max(values)),
                )
                assert each.mean == pytest.approx(sum(values) / len(values))


def test_parts_of_a_series(module: Any, store: Any, memory_db: fdb.Database) -> None:
    store.load([module.Point("a", hour * HOUR, float(hour)) for hour in range(10)])
    assert [point.value for point in store.between("a", 2 * HOUR, 5 * HOUR)] == [2, 3, 4]
    assert [each.mean for each in store.by(memory_db, "hour", "a", 8 * HOUR, 99 * HOUR)] == [8, 9]
    store.forget(memory_db, 7 * HOUR)
    assert [point.value for point in store.between("a", 0, 99 * HOUR)] == [7, 8, 9]
    assert store.by(memory_db, "day", "a", 0, HOUR)[0].points == 10
    assert store.last(memory_db, "b") is None


def test_writers_of_one_series_do_not_conflict(
    module: Any, store: Any, memory_db: fdb.Database
) -> None:
    first = memory_db.create_transaction()
    store.write(first, [module.Point("a", 1, 1.0)])
    store.write(memory_db, [module.Point("a", 2, 2.0)])
    first.commit().wait()
    assert store.by(memory_db, "minute", "a", 0, HOUR)[0].mean == 1.5


def test_the_commands(
    module: Any,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = "kitchen 2026-01-31T12:00:00 21.5\nkitchen 2026-01-31T12:00:01+00:00 20.5\n"
    monkeypatch.setenv("FDB_CLUSTER_FILE", f"file:{tmp_path}/series.fdb")

    def tell(*command: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        assert module.main(list(command)) == 0
        return capsys.readouterr().out

    assert [tell("load"), tell("load")] == ["2 points added\n", "0 points added\n"]
    assert tell("sums", "kitchen", "hour") == "2026-01-31T12:00:00+00:00 2 21.0 20.5 21.5\n"
    assert tell("points", "kitchen", "--since", "2026-01-31T12:00:01").endswith(" 20.5\n")
    assert "kitchen" in tell("list")
    tell("forget", "--before", "2027-01-01")
    assert tell("points", "kitchen") == tell("list") == ""


@pytest.mark.parametrize(
    "line", ["kitchen 21.5", "a yesterday 1", "a 2026-01-31 warm", "a 2026-01-31 nan"]
)
def test_a_line_without_a_point_is_named(module: Any, line: str) -> None:
    points = module.parsed(["a 2026-01-31 1", line])
    assert next(points).value == 1
    with pytest.raises(SystemExit, match="error: line 2: "):
        next(points)
