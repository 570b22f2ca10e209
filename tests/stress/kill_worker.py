"""The program that is killed: threads that commit, and write down what was acknowledged.

    python kill_worker.py work DATABASE RECORDS SEED INCARNATION SECONDS BULK_ROWS [early]
    python kill_worker.py dump DATABASE OUTPUT leave|close

`work` writes a line to RECORDS before each commit (what it is about to do) and one after (its version and
stamp), and others for the read versions that it has seen. To stdout it says where it is: opening, working,
closing, closed. With `early` it acknowledges before it commits, which the test must find out.
`dump` writes all that the database holds, as a pickle, and ends itself as a kill would, or after closing it.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import kill_operations as ops  # noqa: E402

import fdb  # noqa: E402

THREADS = 4
SETUP_SECONDS = 60
NOT_COMMITTED = 1020
TENANT_NOT_FOUND = 2131
EARLY_SECONDS = 0.01


class Records:
    """The file of acknowledgements. Each record is written in one piece; a kill may tear the last ones."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def add(self, *fields: Any) -> None:
        line = b"\n" + json.dumps(fields).encode() + b"\n"
        if os.write(self._descriptor, line) != len(line):
            raise OSError("the record was not written in one piece")


class Seen:
    """The newest version that any thread knows of: what is asked for later may not be older."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = 0

    def newest(self) -> int:
        with self._lock:
            return self._newest

    def note(self, version: int) -> None:
        with self._lock:
            self._newest = max(self._newest, version)


class Worker:
    def __init__(self, database: fdb.Database, records: Records, arguments: list[str]) -> None:
        self.database = database
        self.records = records
        seed, incarnation, seconds, bulk_rows = arguments[:4]
        self.seed = seed
        self.incarnation = int(incarnation)
        self.seconds = float(seconds)
        self.bulk_rows = int(bulk_rows)
        self.early = arguments[4:] == ["early"]
        self.seen = Seen()
        self.is_set_up = threading.Event()
        self.stop = threading.Event()
        self.failures: list[BaseException] = []

    def run(self) -> None:
        threads = [threading.Thread(target=self._guarded, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        self.stop.wait(self.seconds)
        self.stop.set()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def _guarded(self, thread: int) -> None:
        try:
            self._work(thread)
        except BaseException as failure:
            self.failures.append(failure)
            self.stop.set()

    def _work(self, thread: int) -> None:
        rng = random.Random(f"{self.seed}/{self.incarnation}/{thread}")
        if thread != 0 and not self.is_set_up.wait(SETUP_SECONDS):
            raise TimeoutError("thread 0 has not made the tenants")
        number = 0
        while not self.stop.is_set():
            self._commit(ops.draw(self.incarnation, thread, number, rng, self.bulk_rows))
            number += 1
            if thread == 0:
                self.is_set_up.set()
            if rng.random() < 0.1:
                self._look(thread)

    def _commit(self, operation: ops.Operation) -> None:
        name = (operation.thread, operation.number)
        self.records.add("intent", *name, operation.kind, operation.arguments)
        if self.early:
            self.records.add("commit", *name, 1, "00" * 10)
            time.sleep(EARLY_SECONDS)
        tr = ops.begin(self.database, operation)
        while True:
            try:
                ops.run_operation(tr, operation)
                stamp = tr.get_versionstamp()
                tr.commit().wait()
                break
            except fdb.FDBError as error:
                if error.code != NOT_COMMITTED:
                    raise
                tr.on_error(error).wait()
        version = tr.get_committed_version()
        self.seen.note(version)
        if not self.early:
            self.records.add("commit", *name, version, stamp.wait().hex())

    def _look(self, thread: int) -> None:
        """Reads something, which must be of one moment that is not before what is known."""
        before = self.seen.newest()
        tr = self.database.create_transaction()
        version = tr.get_read_version().wait()
        self.records.add("read", thread, version)
        if version < before:
            raise AssertionError(f"read version {version}, but {before} was known before")
        self.seen.note(version)
        rows = {bytes(row.key): bytes(row.value) for row in tr.snapshot[b"bank/":b"bank0"]}
        balances = [ops.read_balance(rows.get(ops.account(n))) for n in range(ops.ACCOUNTS)]
        if sum(balances) != ops.ACCOUNTS * ops.BALANCE:
            raise AssertionError(f"the accounts are {balances} at version {version}")


def say(text: str) -> None:
    print(text, flush=True)


def work(name: str, records: str, *arguments: str) -> None:
    book = Records(records)
    say("opening")
    with fdb.open(name) as database:
        say("working")
        Worker(database, book, list(arguments)).run()
        say("closing")
    say("closed")


def all_rows(tr: Any) -> list[tuple[bytes, bytes]]:
    rows = tr.get_range(b"", b"\xff", streaming_mode=fdb.StreamingMode.want_all)
    return [(bytes(row.key), bytes(row.value)) for row in rows]


def contents(database: fdb.Database) -> dict[str, Any]:
    """All rows, read by range and checked by key, and the tenants with their prefixes."""
    tr = database.create_transaction()
    version = tr.get_read_version().wait()
    tr.options.set_raw_access()
    rows = all_rows(tr)
    for key, value in random.Random(version).sample(rows, min(100, len(rows))):
        if tr[key] != value:
            raise AssertionError(f"{key!r} has one value in a range and another one by itself")
    tenants = {}
    for row in tr.get_range_startswith(ops.TENANT_MAP):
        tenants[bytes(row.key[len(ops.TENANT_MAP) :])] = prefix_of(json.loads(bytes(row.value)))
    return {"read_version": version, "rows": rows, "tenants": tenants}


def prefix_of(tenant: dict[str, Any]) -> bytes:
    return int(tenant["id"]).to_bytes(8, "big")


def dump(name: str, output: str, end: str) -> None:
    with fdb.open(name) as database:
        found = contents(database)
        Path(output).write_bytes(pickle.dumps(found))
        if end == "leave":
            os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    fdb.api_version(740)
    command, *rest = arguments
    {"work": work, "dump": dump}[command](*rest)


if __name__ == "__main__":
    main(sys.argv[1:])
