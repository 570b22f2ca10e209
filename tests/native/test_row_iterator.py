"""native/binding/row_iterator.c: rows are given out batch after batch."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import fdb
from fdb._native import extension


class Batch:
    """Stands for the future of a batch."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def wait(self) -> Any:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome() if callable(self.outcome) else self.outcome


def rows_of(first: Any, following: list[Any], asked: list[Any]) -> Any:
    def after(rows: Any, more: Any) -> Any:
        asked.append((list(rows), more))
        return following.pop(0) if following else None

    iterator: Any = extension.RowIterator
    return iterator(first, lambda: after)


def test_what_follows_is_asked_for_before_the_last_row() -> None:
    asked: list[Any] = []
    rows = rows_of(Batch(([1, 2], 2, True)), [Batch(([3], 1, False))], asked)
    assert iter(rows) is rows and next(rows) == 1 and asked == []
    assert next(rows) == 2 and asked == [([1, 2], True)]
    assert list(rows) == [3] and asked == [([1, 2], True)]  # nothing follows the second
    assert list(rows) == []


def test_an_empty_batch_is_the_end() -> None:
    rows = rows_of(Batch(([], 0, True)), [Batch(([3], 1, False))], [])
    assert list(rows) == [] and list(rows) == []


@pytest.mark.parametrize("wrong", [ValueError("waiting"), None, ([1], 1), ((), 0, False)])
def test_after_an_error_there_is_nothing_more(wrong: Any) -> None:
    rows = rows_of(Batch(([1], 1, True)), [Batch(wrong), Batch(([2], 1, False))], [])
    assert next(rows) == 1
    with pytest.raises((ValueError, TypeError)):
        next(rows)
    assert list(rows) == []


@pytest.mark.parametrize("start", [lambda: lambda rows, more: 1 / 0, lambda: 1 / 0])
def test_an_error_while_asking_comes_in_place_of_the_last_row(start: Any) -> None:
    iterator: Any = extension.RowIterator
    rows = iterator(Batch(([1, 2], 2, True)), start)
    assert next(rows) == 1
    with pytest.raises(ZeroDivisionError):
        next(rows)
    assert list(rows) == []


def test_a_list_that_changes() -> None:
    batch = [1, 2, 3]
    rows = rows_of(Batch((batch, 3, False)), [], [])
    assert next(rows) == 1
    batch.clear()
    assert list(rows) == []


def test_two_threads_do_not_share_an_iterator() -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait() -> Any:
        inside.set()
        leave.wait()
        return [1], 1, False

    rows = rows_of(Batch(wait), [], [])
    read: list[Any] = []
    thread = threading.Thread(target=lambda: read.extend(rows))
    thread.start()
    inside.wait()
    with pytest.raises(ValueError, match="another thread"):
        next(rows)
    leave.set()
    thread.join()
    assert read == [1]


def test_an_iterator_in_a_cycle_is_collected() -> None:
    class Asker:
        def __call__(self) -> Any:
            return None

    asker: Any = Asker()
    iterator: Any = extension.RowIterator
    asker.rows = iterator(Batch(([1, 2], 2, False)), asker)
    assert next(asker.rows) == 1
    gone = weakref.ref(asker)
    del asker
    gc.collect()
    assert gone() is None


def test_over_batches_of_a_database(memory_db: fdb.Database) -> None:
    keys = [b"%04d" % number for number in range(700)]
    tr = memory_db.create_transaction()
    for key in keys:
        tr[key] = b"v" * 50
    assert [row.key for row in tr[:]] == keys
    assert [row.key for row in tr[::-1]] == keys[::-1]
    for limit in (1, 2, 100, 699, 700, 701):
        assert [row.key for row in tr.get_range(None, None, limit=limit)] == keys[:limit]
