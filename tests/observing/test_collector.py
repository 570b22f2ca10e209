"""The collector: what it counts and how it shows it."""

from __future__ import annotations

import threading

import pytest

import fdb
from fdb.testing import faults


@fdb.transactional
def increment(tr: fdb.Transaction, key: bytes) -> None:
    tr[key] = str(int(tr[key] or b"0") + 1).encode()


@fdb.transactional
def fail(tr: fdb.Transaction) -> None:
    raise KeyError


def test_counts_by_function_and_of_all(memory_db: fdb.Database) -> None:
    with fdb.observe(fdb.Collector()) as collector:
        with faults(memory_db, rules="not_committed:nth=2"):
            for _ in range(3):
                increment(memory_db, b"n")
        with pytest.raises(KeyError):
            fail(memory_db)
    mine = collector.functions[f"{__name__}.increment"]
    assert (mine.count, mine.attempts, mine.conflicts) == (3, 4, 1)
    assert (mine.outcomes, mine.errors) == ({"committed": 3}, {"not_committed": 1})
    assert (mine.keys_read, mine.keys_written) == (4, 4)
    assert (mine.bytes_read, mine.bytes_written) == (3, 8)
    assert mine.elapsed.count == mine.in_backoff.count == 3
    assert mine.in_backoff.longest > 0
    other = collector.functions[f"{__name__}.fail"]
    assert (other.outcomes, other.errors) == ({"failed": 1}, {"KeyError": 1})
    total = collector.total
    assert (total.count, total.attempts) == (4, 5)
    assert total.outcomes == {"committed": 3, "failed": 1}
    assert "4 transactions in 5 attempts" in repr(total)
    assert "4 transactions of 2 functions in 5 attempts" in repr(collector)


def test_the_table(memory_db: fdb.Database) -> None:
    with fdb.observe(fdb.Collector()) as collector:
        increment(memory_db, b"n")
        memory_db.get(b"n")
    head, rule, *rows = str(collector).splitlines()
    assert head.split()[:4] == ["function", "count", "committed", "failed"]
    assert set(rule) == {"-", " "}
    assert len(rows) == 3
    assert rows[-1].startswith("all ")
    assert {row.split()[0] for row in rows} == {f"{__name__}.increment", "Database.get", "all"}
    assert all(len(row) <= len(rule) for row in (head, *rows))


def test_an_empty_table() -> None:
    assert len(str(fdb.Collector()).splitlines()) == 3


def test_clearing(memory_db: fdb.Database) -> None:
    collector = fdb.Collector()
    with fdb.observe(collector):
        increment(memory_db, b"n")
    collector.clear()
    assert (collector.total.count, collector.functions) == (0, {})


def test_its_memory_is_bounded(memory_db: fdb.Database) -> None:
    with fdb.observe(fdb.Collector(most_functions=3)) as collector:
        for number in range(6):
            scope: dict[str, object] = {"fdb": fdb}
            exec(f"@fdb.transactional\ndef f{number}(tr): tr[b'a'] = b''", scope)
            scope[f"f{number}"](memory_db)  # type: ignore[operator]
    assert len(collector.functions) == 4
    assert collector.functions["(others)"].count == 3
    assert collector.total.count == 6


@pytest.mark.parametrize("most", [0, -1])
def test_room_for_nothing(most: int) -> None:
    with pytest.raises(ValueError, match=f"not {most}"):
        fdb.Collector(most_functions=most)


def test_what_was_read_does_not_change(memory_db: fdb.Database) -> None:
    with fdb.observe(fdb.Collector()) as collector:
        increment(memory_db, b"n")
        before = collector.total
        increment(memory_db, b"n")
    assert (before.count, before.elapsed.count, before.outcomes) == (1, 1, {"committed": 1})
    assert collector.total.count == 2


def test_many_threads_lose_nothing(memory_db: fdb.Database) -> None:
    with fdb.observe(fdb.Collector()) as collector:

        def work(number: int) -> None:
            for _ in range(50):
                increment(memory_db, b"%d" % number)
                collector.total  # noqa: B018 - while others count

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert collector.total.count == 200


def test_an_event_while_the_collector_is_at_work(memory_db: fdb.Database) -> None:
    """As a finalizer brings one: the thread has the lock already."""
    events: list[fdb.TransactionEvent] = []
    with fdb.observe(events.append):
        increment(memory_db, b"n")
    collector = fdb.Collector()
    with collector._lock:
        for event in events:
            collector(event)
    assert collector.total.count == 1
