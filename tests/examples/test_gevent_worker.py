"""examples/gevent_worker.py: its deliveries to a server of the test, while it is killed and started again."""

from __future__ import annotations

import json
import pathlib
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import fdb
from helpers.examples import EXAMPLES, Start, end, kill, told
from helpers.processes import run

pytest.importorskip("gevent")

PROGRAM = EXAMPLES / "gevent_worker.py"


class Receiver(ThreadingHTTPServer):
    """Notes the keys of the messages that it gets; tells the paths /gone and /down that it does not take them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys: Counter[str] = Counter()
        self.bodies: set[str] = set()
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = {"/gone": 410, "/down": 503}.get(self.path, 204)
        if status == 204:
            with self.server.lock:
                self.server.keys[self.headers["Idempotency-Key"]] += 1
                self.server.bodies.add(body)
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_worker_that_is_killed(start: Start, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """All messages are delivered, and counted once, under faults; a second time only with the same key."""
    variables = {"FDB_CLUSTER_FILE": "file:hooks.fdb", "FDB_EMBEDDED_FAULTS": "on"}

    def tell(*command: object) -> str:
        return run(sys.executable, PROGRAM, *command, cwd=tmp_path, **variables)

    bodies = [f'{{"order": {number}}}' for number in range(30)]
    tell("send", receiver.url("/hook"), *bodies)
    worker = start(PROGRAM, "work", "--greenlets", 10, **variables)
    for _ in range(10):
        told(worker, "^delivered to")
    kill(worker)
    assert 10 <= len(receiver.keys) <= 30

    worker = start(PROGRAM, "work", "--greenlets", 10, **variables)
    told(worker, "^working")
    while len(receiver.keys) < len(bodies):
        told(worker, "^delivered to")
    assert end(worker).endswith("ended\n")
    assert receiver.bodies == set(bodies)
    assert "delivered=30, QueueCounts(ready=0, claimed=0, delayed=0, dead=0)" in tell("status")


def test_receivers_that_refuse(start: Start, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    file = f"file:{tmp_path}/hooks.fdb"
    urls = [receiver.url("/gone"), receiver.url("/down"), "http://127.0.0.1:1/", "no address"]
    with fdb.open(file) as db:
        queue = fdb.layers.Queue(fdb.directory.create(db, ("hooks",))["queue"])
        for url in [*urls, receiver.url("/hook")]:
            queue.push(db, json.dumps({"url": url, "body": "text"}).encode())
    worker = start(PROGRAM, "work", "--greenlets", 1, FDB_CLUSTER_FILE=file)
    told(worker, "^delivered to")
    end(worker)
    with fdb.open(file) as db:
        assert queue.counts(db) == (0, 0, 3, 1)  # ready, claimed, delayed, dead
    assert receiver.bodies == {"text"}
