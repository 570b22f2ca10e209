"""Background tasks, as with Celery, on nothing but the database: functions that are called later, by workers.

    export FDB_CLUSTER_FILE=file:tasks.fdb
    python examples/task_queue.py send 20
    python examples/task_queue.py work --threads 4

Copy the classes and declare tasks of your own:

    @tasks.task                       # called at least once; may do what it likes, outside of a transaction
    def send_mail(address): ...

    @tasks.transactional              # takes effect exactly once: all that it does is done in the transaction
    def book(tr, account, amount): ...    # that removes it from the queue

    call = send_mail("ann@example.org")   # a Call; nothing is done yet
    call.send(db, delay=60)               # or call.send(tr): committed with the rest of a transaction
    call.result(db, timeout=90)

Arguments and results are what JSON can say. A task that raises, or whose worker dies, is called again, up to
`max_attempts` times; then it has failed, and stays in the queue as a dead letter.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fdb
from fdb.layers import QueueItem

fdb.api_version(740)

Act = Callable[[fdb.Transaction], Any]


class TaskFailed(Exception):
    """The task raised in its last attempt; the text is its traceback."""


def today() -> int:
    return int(time.time()) // 86_400


class Call:
    """A call of a task. It has its number from the beginning, so that a transaction that is retried sends the same."""

    def __init__(self, tasks: Tasks, name: str, args: list[Any], day: int, number: str) -> None:
        self.tasks, self.name, self.args, self.day, self.number = tasks, name, args, day, number
        self.key = tasks.results[day][number].key()

    def send(self, tr: fdb.Database | fdb.Transaction, delay: float = 0) -> None:
        """Has it be called, in `delay` seconds at the earliest."""
        data = json.dumps([self.name, self.args, self.day, self.number])
        self.tasks.queue.push(tr, data.encode(), delay=delay)

    def result(self, db: fdb.Database, timeout: float) -> Any:
        """Waits for the end of the task. Raises TaskFailed, and TimeoutError after `timeout` seconds."""
        deadline, changed = time.monotonic() + timeout, threading.Event()
        while True:
            changed.clear()
            value, watch = db.get_and_watch(self.key)
            if value.present():
                done, outcome = json.loads(value)
                if not done:
                    raise TaskFailed(outcome)
                return outcome
            watch.on_ready(lambda _: changed.set())
            if not changed.wait(deadline - time.monotonic()):
                watch.cancel()
                raise TimeoutError(f"{self.name} has not ended within {timeout} s")


class Tasks:
    """Tasks, a queue of their calls, and their results by day, in a subspace. Thread-safe."""

    def __init__(self, space: fdb.Subspace, lease: float = 60, max_attempts: int = 5) -> None:
        """A call may take `lease` seconds. After it has failed a second goes by, then two, then four, and so on."""
        self.queue = fdb.layers.Queue(space["queue"], lease=lease, max_attempts=max_attempts)
        self.results = space["result"]
        self.max_attempts = max_attempts
        self._tasks: dict[str, tuple[Callable[..., Any], bool]] = {}

    def task(self, function: Callable[..., Any]) -> Callable[..., Call]:
        """Declares a task: a function that is called at least once."""
        return self._declare(function, False)

    def transactional(self, function: Callable[..., Any]) -> Callable[..., Call]:
        """Declares a task whose first parameter is the transaction: it takes effect exactly once."""
        return self._declare(function, True)

    def _declare(self, function: Callable[..., Any], with_tr: bool) -> Callable[..., Call]:
        name = function.__name__
        self._tasks[name] = function, with_tr
        return lambda *args: Call(self, name, list(args), today(), uuid.uuid4().hex)

    def forget(self, db: fdb.Database, days: int) -> None:
        """Removes the results of calls that were made more than so many days ago."""
        db.clear_range(self.results, self.results[today() - days])

    @fdb.transactional
    def _finish(self, tr: fdb.Transaction, item: QueueItem, call: Call, act: Act) -> None:
        """Removes a call from the queue, does `act(tr)` and stores what that returns: all of it, or nothing."""
        if self.queue.finish(tr, item):  # else an attempt with an unknown result was committed
            tr[call.key] = json.dumps([True, act(tr)]).encode()

    @fdb.transactional
    def _fail(self, tr: fdb.Transaction, item: QueueItem, call: Call, error: str) -> None:
        """Has a call be taken again, or makes it a dead letter and tells those who wait."""
        if item.attempts < self.max_attempts:
            self.queue.release(tr, item, delay=2.0 ** (item.attempts - 1))
        else:
            self.queue.bury(tr, item)
            tr[call.key] = json.dumps([False, error]).encode()

    def handle(self, db: fdb.Database, item: QueueItem) -> None:
        """Calls the function of a call that was claimed, and notes what came of it."""
        call = Call(self, *json.loads(item.data))
        with contextlib.suppress(fdb.layers.ItemLostError):  # it was too slow: another has it
            try:
                function, with_tr = self._tasks[call.name]
                if with_tr:
                    self._finish(db, item, call, lambda tr: function(tr, *call.args))
                else:
                    outcome = function(*call.args)
                    self._finish(db, item, call, lambda tr: outcome)
            except fdb.layers.ItemLostError:
                raise
            except Exception:  # whatever a task raises is its own business
                self._fail(db, item, call, traceback.format_exc())

    def work(self, db: fdb.Database, threads: int, stop: threading.Event) -> None:
        """Handles calls in threads until `stop` is set, and ends what was begun. Raises what one cannot go on after."""

        def run(worker: fdb.layers.QueueWorker) -> None:
            try:
                for item in worker:
                    self.handle(db, item)
            finally:
                stop.set()

        self.forget(db, days=7)
        with ThreadPoolExecutor(threads) as pool:
            with self.queue.worker(db) as worker:
                running = [pool.submit(run, worker) for _ in range(threads)]
                stop.wait()
        for each in running:
            each.result()


tasks = Tasks(fdb.Subspace(("example", "tasks")))
total = fdb.Subspace(("example", "total")).key()


@tasks.task
def greet(name: str) -> str:
    print(f"Hello {name}", flush=True)
    return name.upper()


@tasks.transactional
def add(tr: fdb.Transaction, amount: int) -> None:
    tr.add(total, amount.to_bytes(8, "little"))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("send").add_argument("count", type=int)
    commands.add_parser("work").add_argument("--threads", type=int, default=4)
    commands.add_parser("status")
    options = parser.parse_args(argv)
    with fdb.open(os.environ.get("FDB_CLUSTER_FILE", "file:tasks.fdb")) as db:
        if options.command == "send":
            for number in range(options.count):
                greet(f"number {number}").send(db)
                add(number).send(db)
        elif options.command == "work":
            stop = threading.Event()
            for kind in (signal.SIGTERM, signal.SIGINT):
                signal.signal(kind, lambda *_: stop.set())
            tasks.work(db, options.threads, stop)
        else:
            print(f"total={int.from_bytes(db[total] or b'', 'little')}, {tasks.queue.counts(db)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
