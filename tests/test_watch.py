"""fdb/_watch.py: watches of one transaction; tests/stress/ has many of them."""

from __future__ import annotations

import threading

import fdb
from helpers.databases import code_of


def test_watches(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    watch = tr.watch(test_prefix)
    assert isinstance(watch, fdb.FutureVoid)
    tr.commit().wait()
    assert not watch.is_ready()
    timer = threading.Timer(0.05, lambda: db.set(test_prefix, b"changed"))
    timer.start()
    watch.wait()
    timer.join()


def test_a_watch_is_cancelled_with_its_transaction(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    watch = tr.watch(test_prefix)
    del tr
    assert code_of(watch.wait) == 1025


def test_a_watch_can_be_cancelled(db: fdb.Database, test_prefix: bytes) -> None:
    watch = db.set_and_watch(test_prefix, b"")
    watch.cancel()
    assert code_of(watch.wait) == 1101


def test_another_thread_may_wait_before_the_commit(db: fdb.Database, test_prefix: bytes) -> None:
    """Only the function that made the watch would wait for ever."""
    done = threading.Event()

    @fdb.transactional
    def watching(tr: fdb.Transaction) -> None:
        watch = tr.watch(test_prefix)

        def wait() -> None:
            watch.wait()
            done.set()

        threading.Thread(target=wait, daemon=True).start()

    watching(db)
    while not done.wait(0.01):
        db[test_prefix] = b"changed"
