"""Watches while other threads change the keys: none is lost, and what is read after one is newer."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

import fdb

CHANGES = 200
WATCHERS = 6
FINISH_SECONDS = 60


def value_of(number: int) -> bytes:
    return b"%08d" % number


@pytest.mark.parametrize("seed", [1, 2])
def test_a_watcher_sees_every_key_reach_its_last_value(
    db: Any, test_prefix: bytes, seed: int
) -> None:
    """Watchers follow keys that a writer counts up. A lost watch would leave one waiting."""
    print(f"seed {seed}")
    keys = [test_prefix + b"w%d" % number for number in range(WATCHERS)]
    for key in keys:
        db[key] = value_of(0)
    problems: list[str] = []

    def follow(key: bytes) -> None:
        last = -1
        while last < CHANGES:
            value, watch = db.get_and_watch(key)
            seen = int(bytes(value))
            if seen < last:
                problems.append(f"{key!r} went back from {last} to {seen}")
                return
            last = seen
            if last < CHANGES:
                watch.wait()

    threads = [threading.Thread(target=follow, args=(key,), daemon=True) for key in keys]
    for thread in threads:
        thread.start()
    rng = random.Random(seed)
    for number in range(1, CHANGES + 1):
        for key in rng.sample(keys, len(keys)):
            db[key] = value_of(number)
    for thread in threads:
        thread.join(FINISH_SECONDS)
    assert [thread for thread in threads if thread.is_alive()] == []
    assert problems == []


def test_watches_of_one_key_all_fire_at_one_change(db: Any, test_prefix: bytes) -> None:
    key = test_prefix + b"shared"
    db[key] = b"before"
    watches = [db.get_and_watch(key)[1] for _ in range(100)]
    assert not any(watch.is_ready() for watch in watches)
    db[key] = b"after"
    for watch in watches:
        watch.wait()
    assert all(watch.is_ready() for watch in watches)


def test_dropped_and_cancelled_watches_do_not_disturb_the_others(
    db: Any, test_prefix: bytes
) -> None:
    key = test_prefix + b"mixed"
    db[key] = b"0"
    kept, cancelled = [], []
    for number in range(90):
        watch = db.get_and_watch(key)[1]
        if number % 3 == 0:
            kept.append(watch)
        elif number % 3 == 1:
            watch.cancel()
            cancelled.append(watch)
    db[key] = b"1"
    for watch in kept:
        watch.wait()
    for watch in cancelled:
        with pytest.raises(fdb.FDBError) as refused:
            watch.wait()
        assert refused.value.code == 1101
