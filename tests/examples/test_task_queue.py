"""examples/task_queue.py: its tasks in threads of this process, and its worker, which is killed."""

from __future__ import annotations

import pathlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fdb
from helpers.examples import EXAMPLES, PATIENCE, Start, end, kill, told
from helpers.processes import run

PROGRAM = EXAMPLES / "task_queue.py"


@pytest.fixture
def module(example: Callable[[str], Any]) -> Any:
    return example("task_queue")


@pytest.fixture
def tasks(module: Any, test_prefix: bytes) -> Any:
    return module.Tasks(fdb.Subspace(rawPrefix=test_prefix), max_attempts=1)


@pytest.fixture
def working(db: fdb.Database, tasks: Any) -> Iterator[None]:
    """Two threads that work until the test ends."""
    stop = threading.Event()
    worker = threading.Thread(target=tasks.work, args=(db, 2, stop))
    worker.start()
    yield
    stop.set()
    worker.join()


def test_results(db: fdb.Database, tasks: Any, module: Any, working: None) -> None:
    @tasks.task
    def double(number: int) -> int:
        return 2 * number

    @tasks.task
    def fail() -> None:
        raise ZeroDivisionError("by zero")

    calls = [double(number) for number in range(5)]
    for call in calls:
        call.send(db)
    assert [call.result(db, PATIENCE) for call in calls] == [0, 2, 4, 6, 8]
    failing = fail()
    failing.send(db)
    with pytest.raises(module.TaskFailed, match="ZeroDivisionError: by zero"):
        failing.result(db, PATIENCE)
    (dead,) = tasks.queue.dead(db)
    assert dead.attempts == 1


def test_what_is_not_done_yet(db: fdb.Database, tasks: Any) -> None:
    @tasks.task
    def nothing() -> None:
        pass

    call = nothing()
    with pytest.raises(TimeoutError, match="nothing has not ended within 0 s"):
        call.result(db, timeout=0)
    with pytest.raises(ZeroDivisionError), db.transaction() as tr:
        call.send(tr)
        raise ZeroDivisionError  # so the transaction is not committed, and nothing is sent
    assert sum(tasks.queue.counts(db)) == 0
    call.send(db, delay=3600)
    assert tasks.queue.counts(db).delayed == 1


def test_a_transaction_that_is_retried_sends_one_call(memory_db: fdb.Database, tasks: Any) -> None:
    @tasks.task
    def one() -> int:
        return 1

    @fdb.transactional
    def send(tr: fdb.Transaction) -> None:
        call.send(tr)

    call = one()
    with fdb.testing.faults(memory_db) as faults:
        faults.add("commit_unknown_result", nth=1, effect="applied")
        send(memory_db)
    tasks.handle(memory_db, tasks.queue.claim(memory_db))
    assert tasks.queue.claim(memory_db) is None
    assert call.result(memory_db, PATIENCE) == 1


def test_a_transactional_task_takes_effect_once(memory_db: fdb.Database, tasks: Any) -> None:
    @tasks.transactional
    def count(tr: fdb.Transaction) -> None:
        tr.add(b"count", b"\x01")

    count().send(memory_db)
    item = tasks.queue.claim(memory_db)
    with fdb.testing.faults(memory_db) as faults:
        faults.add("commit_unknown_result", times=3, effect="applied")
        tasks.handle(memory_db, item)
        assert faults.injected["commit_unknown_result"] > 0
    tasks.handle(memory_db, item)  # a worker that was too slow: the item is not its own any more
    assert memory_db[b"count"] == b"\x01"


def test_a_call_that_fails_is_taken_again_later(
    db: fdb.Database, module: Any, test_prefix: bytes
) -> None:
    tasks = module.Tasks(fdb.Subspace(rawPrefix=test_prefix), max_attempts=2)
    module.Call(tasks, "of a newer release", [], module.today(), "number").send(db)
    tasks.handle(db, tasks.queue.claim(db))
    assert tasks.queue.counts(db).delayed == 1


def test_old_results_are_forgotten(db: fdb.Database, tasks: Any, module: Any) -> None:
    @tasks.task
    def one() -> int:
        return 1

    for age in (0, 6, 8):
        module.Call(tasks, "one", [], module.today() - age, "number").send(db)
        tasks.handle(db, tasks.queue.claim(db))
    assert len(db[tasks.results.range()]) == 3
    tasks.forget(db, days=7)
    assert len(db[tasks.results.range()]) == 2


def test_a_thread_that_cannot_go_on_ends_the_worker(
    db: fdb.Database, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(tasks, "handle", broken)
    tasks.queue.push(db, b"")
    with pytest.raises(MemoryError):
        tasks.work(db, 2, threading.Event())


def test_a_worker_that_is_killed(start: Start, module: Any, tmp_path: pathlib.Path) -> None:
    """Every task was called, and what transactional ones add is added once, under faults."""
    variables = {"FDB_CLUSTER_FILE": "file:tasks.fdb", "FDB_EMBEDDED_FAULTS": "on"}
    greeting = re.compile(
        r"Hello number (\d+)"
    )  # threads may come between each other's line and its end
    run(sys.executable, PROGRAM, "send", 40, cwd=tmp_path, **variables)
    worker = start(PROGRAM, "work", "--threads", 4, **variables)
    greeted: set[str] = set()
    while len(greeted) < 10:
        greeted.update(greeting.findall(told(worker, greeting.pattern).string))
    greeted.update(greeting.findall(kill(worker)))
    worker = start(PROGRAM, "work", "--threads", 4, **variables)
    while len(greeted) < 40:
        greeted.update(greeting.findall(told(worker, greeting.pattern).string))
    end(worker)

    with fdb.open(f"file:{tmp_path}/tasks.fdb") as db:
        while (item := module.tasks.queue.claim(db)) is not None:
            module.tasks.handle(db, item)
        assert db[module.total] == sum(range(40)).to_bytes(8, "little")
        assert module.tasks.queue.counts(db) == (0, 0, 0, 0)
        assert len(db[module.tasks.results.range()]) == 80
    assert "total=780, QueueCounts(ready=0" in run(
        *(sys.executable, PROGRAM, "status"), cwd=tmp_path, FDB_CLUSTER_FILE="file:tasks.fdb"
    )
