"""native/binding/view.c, source.c, attempt.c: transactions in a program's hands, and the loop that makes and commits them."""

from __future__ import annotations

import gc
import sys
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb._native import extension

RETRYABLE = 1020
NOT_RETRYABLE = 2000


# ---- views -----------------------------------------------------------------------------------


def test_arguments_by_name(memory_db: fdb.Database) -> None:
    tr: Any = memory_db.create_transaction()
    tr.set(value=b"1", key=b"a")
    tr.set(b"b", value=b"2")
    assert tr.get(key=b"a") == b"1" and tr.snapshot.get(key=b"b") == b"2"


@pytest.mark.parametrize(
    "call",
    [
        lambda tr: tr.get(),
        lambda tr: tr.get(name=b"a"),
        lambda tr: tr.get(b"a", b"default"),
        lambda tr: tr.get(b"a", key=b"a"),
        lambda tr: tr.set(b"a"),
        lambda tr: tr.set(b"a", b"1", b"2"),
        lambda tr: tr.set(b"a", b"1", key=b"a"),
        lambda tr: tr.set(b"a", wert=b"1"),
    ],
)
def test_wrong_arguments(memory_db: fdb.Database, call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        call(memory_db.create_transaction())


def test_a_snapshot_has_no_writes(memory_db: fdb.Database) -> None:
    snapshot: Any = memory_db.create_transaction().snapshot
    assert not hasattr(snapshot, "set")
    with pytest.raises(TypeError):
        snapshot[b"a"] = b"1"
    with pytest.raises(TypeError):
        del snapshot[b"a"]


def test_a_subclass_of_the_program(memory_db: fdb.Database) -> None:
    class Counting(fdb.Transaction):
        def get(self, key: Any) -> Any:
            seen.append(key)
            return super().get(key)

        def get_range(self, *args: Any, **kwargs: Any) -> Any:
            seen.append(args)
            return super().get_range(*args, **kwargs)

    seen: list[Any] = []
    plain = memory_db.create_transaction()
    tr = Counting(plain._handle, plain._library, memory_db)
    tr[b"a"] = b"1"
    assert tr.get(b"a") == b"1" and tr[b"a"] == b"1" and list(tr[b"a":b"b"]) == [(b"a", b"1")]
    assert seen == [b"a", (slice(b"a", b"b"),)]


def test_the_memory_of_a_transaction_is_used_again_without_what_was_in_it(
    memory_db: fdb.Database,
) -> None:
    for _ in range(200):
        tr: Any = memory_db.create_transaction()
        assert tr.__dict__ == {} and tr._snapshot_view is None and tr._attempt is None
        assert not tr._is_snapshot and tr.db is memory_db
        tr.mark = tr.snapshot
        tr._attempt = [1]


def test_a_transaction_in_a_cycle_is_collected(memory_db: fdb.Database) -> None:
    tr: Any = memory_db.create_transaction()
    tr.itself = tr
    gone = weakref.ref(tr)
    del tr
    gc.collect()
    assert gone() is None


def test_the_handle_is_replaced_while_the_key_is_converted(memory_db: fdb.Database) -> None:
    class Replacing:
        def as_foundationdb_key(self) -> bytes:
            tr._handle = memory_db.create_transaction()._handle
            gc.collect()
            return b"a"

    tr = memory_db.create_transaction()
    assert not tr[Replacing()].present()
    tr[Replacing()] = b"1"
    assert not tr[b"a"].present()


def test_without_a_handle() -> None:
    bare: Any = fdb.Transaction.__new__(fdb.Transaction)
    with pytest.raises(AttributeError):
        bare[b"a"]
    with pytest.raises(AttributeError):
        bare[b"a"] = b"1"
    source: Any = fdb.Database.__new__(fdb.Database)
    with pytest.raises(TypeError):
        source.create_transaction()


# ---- attempts --------------------------------------------------------------------------------


def failing_once(code: int, seen: list[Any]) -> Callable[..., Any]:
    @fdb.transactional
    def work(tr: fdb.Transaction, *args: Any, **kwargs: Any) -> Any:
        seen.append(sys.exc_info()[1])
        if len(seen) == 1:
            raise fdb.FDBError(code)
        return args, kwargs

    return work


def test_an_attempt_after_an_error_handles_none(memory_db: fdb.Database) -> None:
    seen: list[Any] = []
    try:
        raise KeyError
    except KeyError as outer:
        assert failing_once(RETRYABLE, seen)(memory_db, 1, a=2) == ((1,), {"a": 2})
        assert seen == [outer, outer] and sys.exc_info()[1] is outer
    assert sys.exc_info()[1] is None


def test_references_come_out_even(memory_db: fdb.Database) -> None:
    argument, named, result = object(), object(), object()

    @fdb.transactional
    def work(tr: fdb.Transaction, given: object, fail: int, name: object = None) -> object:
        tries.append(fail)
        if fail and len(tries) == 1:
            raise fdb.FDBError(fail)
        return result

    def count() -> list[int]:
        gc.collect()
        return [sys.getrefcount(each) for each in (argument, named, result, work, memory_db)]

    def use() -> None:
        for code in (0, RETRYABLE, NOT_RETRYABLE) * 10:
            tries.clear()
            try:
                work(memory_db, argument, code, name=named)
            except fdb.FDBError:
                assert code == NOT_RETRYABLE
            tries.clear()
            work(memory_db, argument, 0)

    tries: list[int] = []
    use()
    before = count()
    use()
    assert count() == before


def test_the_traceback_leads_into_the_function(memory_db: fdb.Database) -> None:
    with pytest.raises(fdb.FDBError) as raised:
        failing_once(NOT_RETRYABLE, [])(memory_db)
    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names[-2:] == ["wrapper", "work"]


@pytest.mark.parametrize("place", ["class", "object"])
def test_a_commit_that_a_program_has_replaced(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    commits: list[fdb.Transaction] = []
    original = fdb.Transaction.commit

    def commit(tr: fdb.Transaction) -> Any:
        commits.append(tr)
        if len(commits) == 1:
            raise fdb.FDBError(1021)
        return original(tr)

    @fdb.transactional
    def work(tr: Any) -> None:
        if place == "object":
            tr.commit = lambda: commit(tr)

    if place == "class":
        monkeypatch.setattr(fdb.Transaction, "commit", commit)
    work(memory_db)
    assert len(commits) == 2


def test_what_on_error_raises_has_the_error_as_its_context(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(tr: fdb.Transaction, error: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(fdb.Transaction, "on_error", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        failing_once(RETRYABLE, [])(memory_db)
    context = raised.value.__context__
    assert isinstance(context, fdb.FDBError) and context.code == RETRYABLE


def test_transact_refuses_what_is_no_call() -> None:
    transact: Any = extension.transact
    with pytest.raises(TypeError):
        transact(len)
    with pytest.raises(TypeError):
        transact(len, None, 0, [], {})
    with pytest.raises(TypeError):
        transact(len, None, "0", (), {})
