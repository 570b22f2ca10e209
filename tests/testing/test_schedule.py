"""The scheduler: who runs when, and what happens to those that do not come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb.testing import _schedule
from fdb.testing._schedule import Choose, Run, Scheduler, Stuck, keep_on, replay, switches_of
from fdb.testing._tracing import trace

PATIENCE = 30.0


def run(
    db: Any, functions: list[Callable[[Any], Any]], choose: Choose, patience: float = PATIENCE
) -> Run:
    scheduler = Scheduler(functions, db, patience)
    with trace(db, scheduler):
        return scheduler.run(choose)


def reader(name: bytes) -> Callable[[Any], Any]:
    @fdb.transactional
    def read(tr: fdb.Transaction) -> bytes:
        assert not tr[name + b"1"].present()
        assert not tr[name + b"2"].present()
        return name

    return read


def keys(done: Run) -> list[bytes]:
    return [
        operation.begin
        for step in done.steps
        for operation in step.operations
        if operation.name == "get" and isinstance(operation.begin, bytes)
    ]


def test_functions_run_one_after_the_other(memory_db: fdb.Database) -> None:
    done = run(memory_db, [reader(b"a"), reader(b"b")], keep_on([1, 0]))
    assert done.schedule == (
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
    )  # to the first read, the second, the commit, the end
    assert keys(done) == [b"b1", b"b2", b"a1", b"a2"]
    assert [each.result for each in done.ended] == [b"a", b"b"]


def test_a_switch_is_at_its_step(memory_db: fdb.Database) -> None:
    done = run(memory_db, [reader(b"a"), reader(b"b")], keep_on([0, 1], [(2, 1)]))
    assert done.schedule == (0, 0, 1, 1, 1, 1, 0, 0)
    assert keys(done) == [b"a1", b"b1", b"b2", b"a2"]
    assert switches_of(done.schedule) == 2


def test_a_schedule_is_replayed(memory_db: fdb.Database) -> None:
    functions = [reader(b"a"), reader(b"b"), reader(b"c")]
    first = run(memory_db, functions, keep_on([2, 0, 1], [(1, 0), (4, 1), (6, 2)]))
    again = run(memory_db, functions, replay(first.schedule))
    assert again.schedule == first.schedule
    assert keys(again) == keys(first)


def test_what_does_not_fit_is_left_out_of_a_schedule(memory_db: fdb.Database) -> None:
    done = run(memory_db, [reader(b"a"), reader(b"b")], replay([1, 7, 0]))
    assert done.schedule == (1, 1, 0, 0, 0, 0, 1, 1)


def test_a_commit_that_conflicts_is_tried_again(memory_db: fdb.Database) -> None:
    memory_db[b"n"] = b"0"

    @fdb.transactional
    def add(tr: fdb.Transaction) -> None:
        tr[b"n"] = b"%d" % (int(tr[b"n"]) + 1)

    done = run(memory_db, [add, add], keep_on([0, 1], [(2, 1)]))
    assert memory_db[b"n"] == b"2"
    names = [(step.function, each.name) for step in done.steps for each in step.operations]
    assert (0, "on_error") in names
    commits = [each for step in done.steps for each in step.operations if each.name == "commit"]
    assert [each.error for each in commits] == [0, 1020, 0]


def test_an_exception_ends_only_its_function(memory_db: fdb.Database) -> None:
    def fail(db: Any) -> None:
        raise LookupError("nothing there")

    done = run(memory_db, [fail, reader(b"b")], keep_on([0, 1]))
    assert isinstance(done.ended[0].error, LookupError)
    assert done.ended[1].result == b"b"


def test_coroutines_have_a_loop_each(async_memory_db: fdb.AsyncDatabase) -> None:
    loops = []

    async def write(db: fdb.AsyncDatabase, name: bytes) -> None:
        loops.append(asyncio.get_running_loop())
        await asyncio.gather(db.set(name + b"1", b""), db.set(name + b"2", b""))

    functions: list[Callable[[Any], Any]] = [lambda db: write(db, b"a"), lambda db: write(db, b"b")]
    done = run(async_memory_db, functions, keep_on([0, 1], [(1, 1)]))
    assert len({id(loop) for loop in loops}) == 2
    assert switches_of(done.schedule) == 2
    assert len(asyncio.run(async_memory_db.get_range(b"", b"\xff"))) == 4


def test_who_waits_for_another_function_is_reported(memory_db: fdb.Database) -> None:
    lock = threading.Lock()

    def locked(db: Any) -> None:
        with lock:
            reader(b"a")(db)

    before = threading.active_count()
    with pytest.raises(Stuck, match=r"locked.*has come to no read and no commit for 0\.2 s"):
        run(memory_db, [locked, locked], keep_on([0, 1], [(1, 1)]), patience=0.2)
    assert threading.active_count() == before


def test_who_asks_again_and_again_is_reported(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_schedule, "MOST_STEPS", 200)

    def poll(db: Any) -> None:
        while db[b"flag"] is None:
            pass

    def raise_flag(db: Any) -> None:
        db[b"flag"] = b""

    before = threading.active_count()
    with pytest.raises(Stuck, match="200 steps without an end, the last one of .*poll"):
        run(memory_db, [poll, raise_flag], keep_on([0, 1]))
    assert threading.active_count() == before


def test_a_chooser_that_fails_lets_the_functions_go(memory_db: fdb.Database) -> None:
    def choose(step: int, runnable: object, last: int) -> int:
        if step == 2:
            raise ZeroDivisionError
        return 0

    before = threading.active_count()
    written: list[bytes] = []

    def write(db: Any) -> None:
        db[b"k"] = b"v"
        written.append(b"k")

    with pytest.raises(ZeroDivisionError):
        run(memory_db, [reader(b"a"), write], choose)
    assert written == [] and memory_db[b"k"] is None
    assert threading.active_count() == before
