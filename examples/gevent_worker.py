"""A gevent worker: delivers messages to the addresses of others by HTTP, many at a time.

    pip install 'foundationdb-cffi[examples]'
    export FDB_CLUSTER_FILE=file:hooks.fdb
    python examples/gevent_worker.py send https://example.org/hook '{"paid": 17}'
    python examples/gevent_worker.py work --greenlets 100
    python examples/gevent_worker.py status

While a greenlet waits for an answer, or for the database, others go on. A message that cannot be delivered is tried
again later and later, and after some attempts is kept as a dead letter. A worker that is killed loses nothing: what it
had claimed goes to the next one. The receiver may then get a message twice, with the same `Idempotency-Key`.

Any number of workers may run on a cluster; a file belongs to one process at a time.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import urllib.error  # noqa: E402
import urllib.request  # noqa: E402

import gevent  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.pool import Pool  # noqa: E402

import fdb  # noqa: E402

fdb.api_version(740)

#: Seconds: how long a receiver may take, and how long a claim lasts, which has to be longer.
PATIENCE, LEASE = 10, 60


class Hooks:
    """Messages that wait for their delivery, and how many were delivered, in a directory of the database."""

    def __init__(self, db: fdb.Database) -> None:
        self.db = db
        space = fdb.directory.create_or_open(db, ("hooks",))
        self.queue = fdb.layers.Queue(space["queue"], lease=LEASE, max_attempts=8)
        self.delivered = fdb.layers.Counter(space["delivered"])

    @fdb.transactional
    def send(self, tr: fdb.Transaction, url: str, body: str) -> None:
        """Has a message delivered. In a transaction: once that is committed, and only then."""
        self.queue.push(tr, json.dumps({"url": url, "body": body}).encode())

    @fdb.transactional
    def done(self, tr: fdb.Transaction, item: fdb.layers.QueueItem) -> None:
        """Removes a message and counts it, in one transaction: so each is counted once."""
        if self.queue.finish(tr, item):
            self.delivered.add(tr)

    def deliver(self, item: fdb.layers.QueueItem) -> None:
        """Delivers a message, or sees to it that it is tried again."""
        try:
            self._attempt(item)
        except fdb.layers.ItemLostError:
            print("too slow: another worker has it", flush=True)
        except fdb.FDBError as error:
            # The lease of the message will end, and it is claimed again.
            print(f"the database: {error}", file=sys.stderr, flush=True)

    def _attempt(self, item: fdb.layers.QueueItem) -> None:
        message = json.loads(item.data)
        try:
            status = post(message["url"], message["body"], item.id.to_bytes().hex())
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, ValueError) as error:
            print(f"{message['url']}: {error}", flush=True)
            status = 0
        if 200 <= status < 300:
            self.done(self.db, item)
            print(f"delivered to {message['url']}", flush=True)
        elif 400 <= status < 500 and status != 429:
            self.queue.bury(self.db, item)  # the receiver does not want it, now or later
        else:
            self.queue.release(self.db, item, delay=2.0**item.attempts)

    def work(self, greenlets: int) -> None:
        """Delivers messages until SIGTERM or SIGINT; those that are on their way are waited for then."""
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, stop.set)
        pool = Pool(greenlets)
        with self.queue.worker(self.db, batch=min(greenlets, 20)) as worker:
            taker = gevent.spawn(self._take, worker, pool)
            taker.link(lambda _: stop.set())
            print("working", flush=True)
            stop.wait()
        try:
            taker.get()  # raises what it could not go on after: a supervisor begins anew
        finally:
            pool.join()
        print("ended", flush=True)

    def _take(self, worker: fdb.layers.QueueWorker, pool: Pool) -> None:
        for item in worker:
            pool.spawn(self.deliver, item)  # waits while all greenlets have work


def post(url: str, body: str, key: str) -> int:
    """Sends a message and returns the status of the answer."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(url, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        status: int = answer.status
        return status


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    send = commands.add_parser("send", help="have messages delivered")
    send.add_argument("url")
    send.add_argument("bodies", nargs="+")
    work = commands.add_parser("work", help="deliver messages until it is told to end")
    work.add_argument("--greenlets", type=int, default=100)
    commands.add_parser("status", help="tell how many messages there are")
    options = parser.parse_args(argv)
    name = os.environ.get("FDB_CLUSTER_FILE", "file:hooks.fdb")
    with fdb.open(name, event_model="gevent") as db:
        hooks = Hooks(db)
        if options.command == "send":
            for body in options.bodies:
                hooks.send(db, options.url, body)
        elif options.command == "work":
            hooks.work(options.greenlets)
        else:
            print(f"delivered={hooks.delivered.get(db)}, {hooks.queue.counts(db)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
