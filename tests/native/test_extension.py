"""native/binding/: what the Python above it never does, but must not crash it."""

from __future__ import annotations

import gc
import operator
import select
import sys
import threading
import weakref
from typing import Any

import pytest

import fdb
from fdb._native import extension
from helpers.waiting import WAIT_SECONDS


def test_a_mailbox() -> None:
    mailbox = extension.Mailbox()

    def readable() -> bool:
        return bool(select.select([mailbox.fileno()], [], [], 0)[0])

    assert not readable() and mailbox.take() == []
    for token in (3, -1, sys.maxsize):
        mailbox.push(token)
    assert readable()
    mailbox.wait()
    assert mailbox.take() == [3, -1, sys.maxsize]
    assert not readable() and mailbox.take() == []


def test_a_mailbox_gives_at_most_256_tokens_at_a_time() -> None:
    mailbox = extension.Mailbox()
    for token in range(600):
        mailbox.push(token)
    taken = []
    while select.select([mailbox.fileno()], [], [], 0)[0]:
        batch = mailbox.take()
        assert len(batch) <= 256
        taken += batch
    assert taken == list(range(600))


def test_a_mailbox_is_filled_from_many_threads() -> None:
    mailbox = extension.Mailbox()
    threads = [
        threading.Thread(target=lambda n=n: [mailbox.push(n * 1000 + i) for i in range(1000)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    taken: list[int] = []
    while len(taken) < 8000:
        mailbox.wait()
        taken += mailbox.take()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(8000))
    for n in range(8):
        assert [t for t in taken if t // 1000 == n] == list(range(n * 1000, n * 1000 + 1000))


def test_a_closed_mailbox(stub_db: fdb.Database) -> None:
    mailbox = extension.Mailbox()
    future = stub_db.create_transaction()[b"delay:300"]
    assert future._subscribe(mailbox, 1) is True
    mailbox.push(2)
    mailbox.close()
    mailbox.close()
    for use in (mailbox.fileno, mailbox.take, mailbox.wait, lambda: mailbox.push(1)):
        with pytest.raises(ValueError, match="closed"):
            use()
    with pytest.raises(ValueError, match="closed"):
        future._subscribe(mailbox, 1)
    assert future == b"delay:300"  # its token went nowhere


def test_subscribing(stub_db: fdb.Database) -> None:
    mailbox = extension.Mailbox()
    future = stub_db.create_transaction()[b"delay:300"]
    assert all(future._subscribe(mailbox, token) for token in range(5))
    future.wait()
    taken: list[int] = []
    while len(taken) < 5:
        mailbox.wait()
        taken += mailbox.take()
    assert sorted(taken) == list(range(5))
    assert future._subscribe(mailbox, 9) is False
    with pytest.raises(TypeError, match="expected a Mailbox"):
        future._subscribe(5, 1)  # type: ignore[arg-type]


def test_an_abandoned_future_wakes_who_waits(stub_db: fdb.Database) -> None:
    future = stub_db.create_transaction()[b"never"]
    codes: list[int] = []

    def wait() -> None:
        try:
            future.wait()
        except fdb.FDBError as error:
            codes.append(error.code)

    thread = threading.Thread(target=wait)
    thread.start()
    threading.Timer(0.05, future._abandon).start()
    thread.join(WAIT_SECONDS)
    assert codes == [1101]
    future._abandon()
    assert future.is_ready()


def test_wrong_arguments(db: fdb.Database) -> None:
    tr = db.create_transaction()
    handle: Any = tr._handle
    for call in (
        lambda: handle.get(b"k"),
        lambda: handle.set(b"k"),
        lambda: handle.get_range(b"k"),
        lambda: handle.atomic_op(2, b"k"),
        lambda: handle.atomic_op("2", b"k", b"v"),
        lambda: handle.get_key(b"k", True, "1", False),
        lambda: handle.on_error("1020"),
        lambda: handle.set_option(500),
        lambda: handle.set_option("500", None),
        lambda: handle.set_option(500, 5),
        lambda: type(handle)(),
        lambda: fdb.Value(5, 0, 0),  # type: ignore[arg-type]
        lambda: extension.wait_any([]),
        lambda: extension.wait_any([5]),  # type: ignore[list-item]
        lambda: fdb.KeyValue(b"k"),  # type: ignore[call-arg]
        lambda: extension.configure(value=int),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(OverflowError):
        handle.atomic_op(1 << 40, b"k", b"v")
    with pytest.raises(OverflowError):
        handle.set_option(1 << 40, None)


def test_conversions() -> None:
    class Key(bytes):
        pass

    assert extension.key_bytes(b"k") == b"k"
    key = Key(b"sub")
    assert extension.key_bytes(key) is key and extension.value_bytes(key) is key


def test_reference_counts_of_arguments(db: fdb.Database) -> None:
    key, value = b"fdb-test/" + b"k" * 50, b"v" * 50
    tr = db.create_transaction()

    def use() -> None:
        tr[key] = value
        assert tr[key] == value
        tr.add(key, value)
        tr.clear(key)
        tr.clear_range(key, value)
        tr.add_read_conflict_range(key, value)
        tr.options.set_debug_transaction_identifier(value)
        with pytest.raises(fdb.FDBError):
            tr._handle.set_option(99999, value)
        tr.get_range(key, value).to_list()
        tr.get_key(fdb.KeySelector.last_less_than(key)).wait()
        with pytest.raises(TypeError):
            tr[key] = 5  # type: ignore[assignment]
        with pytest.raises(TypeError):
            tr.get_range(key, 5)  # type: ignore[arg-type]

    use()
    before = sys.getrefcount(key), sys.getrefcount(value)
    for _ in range(100):
        use()
    assert (sys.getrefcount(key), sys.getrefcount(value)) == before


def test_handles_of_a_subclass(db: fdb.Database, test_prefix: bytes) -> None:
    class Kept(extension.TransactionHandle):  # type: ignore[type-arg]
        """One with attributes, some of which lead back to it."""

    handle = db._handle.create_transaction_of(Kept)
    handle.itself = handle  # type: ignore[attr-defined]
    key = test_prefix + b"k"
    handle.set(key, b"v")
    assert handle.get(key, False) == b"v"
    handle.commit().wait()
    assert db[key] == b"v"
    ended = weakref.ref(handle)
    del handle
    gc.collect()
    assert ended() is None
    for wrong in (int, 1, fdb.Transaction, extension.DatabaseHandle):
        with pytest.raises(TypeError, match="a subclass of TransactionHandle"):
            db._handle.create_transaction_of(wrong)  # type: ignore[type-var, arg-type]
    for kind in (extension.TransactionHandle, Kept):
        with pytest.raises(TypeError, match="cannot create"):
            kind()


def test_whether_a_future_was_used(prompt_name: str) -> None:
    database = fdb.open(prompt_name)
    database[b"k"] = b"v"
    tr = database.create_transaction()
    value, rows, other = tr[b"k"], tr.get_range_page(b"", b"\xff"), tr[b"k"]
    assert value._owes() == 0
    for future in (value, rows, other):
        future._note_use()
        assert future._code() == 0  # a look at how it ended is no use
        assert future._owes() == extension.UNSEEN
    assert value == b"v"
    rows.wait()
    assert value._owes() == rows._owes() == 0
    assert other._owes() == extension.UNSEEN
    assert hash(other) == hash(b"v") and other._owes() == 0


def test_the_parts_of_a_row_one_after_the_other() -> None:
    row = fdb.KeyValue(b"k", b"v")
    first, second = iter(row), iter(row)
    assert operator.length_hint(first) == 2 and iter(first) is first
    row.key = b"other"
    assert next(first) == b"k" and operator.length_hint(first) == 1
    assert list(first) == [b"v"] and list(first) == [] and operator.length_hint(first) == 0
    assert list(second) == [b"k", b"v"] and list(row) == [b"other", b"v"]
    del row.key
    with pytest.raises(AttributeError):
        iter(row)


def test_an_iterator_over_a_row_in_a_cycle_is_collected() -> None:
    class Holder(list[Any]):
        pass

    holder = Holder()
    holder.append(iter(fdb.KeyValue(b"k", holder)))  # type: ignore[arg-type]
    gone = weakref.ref(holder)
    del holder
    gc.collect()
    assert gone() is None


def test_values_come_and_go_with_nothing_of_the_last(memory_db: fdb.Database) -> None:
    """Their memory is used again."""
    tr = memory_db.create_transaction()
    tr[b"a"] = b"1"
    for _ in range(200):
        values = [tr.get(key) for key in (b"a", b"b", b"a")]
        seen = [weakref.ref(value) for value in values]
        assert values[0] == b"1" and not values[1].present() and values[2] == b"1"
        assert values[0]._run is None
        values[0]._run = None
        values.clear()
        assert [each() for each in seen] == [None] * 3
