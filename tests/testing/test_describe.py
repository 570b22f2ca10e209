"""Calls in words."""

from __future__ import annotations

import fdb
from fdb.testing._describe import told
from fdb.testing._tracing import Operation, trace


class Listing:
    """A tracer that keeps all calls."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def before(self, operation: Operation) -> None:
        pass

    def after(self, operation: Operation) -> None:
        self.operations.append(operation)


def test_calls_in_words(memory_db: fdb.Database) -> None:
    memory_db[fdb.tuple.pack(("a", 1))] = b"x"
    space = fdb.Subspace(("a",))
    listing = Listing()
    with trace(memory_db, listing):
        tr = memory_db.create_transaction()
        tr[space.pack((1,))].wait()
        tr.snapshot[b"none"].wait()
        list(tr[space.range()])
        list(tr.get_range(b"p", b"q"))
        tr.get_range(fdb.KeySelector.last_less_than(b"p"), b"q").to_list()
        tr.get_key(fdb.KeySelector.first_greater_than(b"\x00")).wait()
        tr.get_key(fdb.KeySelector(b"\x00", False, 7)).wait()
        tr[b"k"] = b"v"
        tr.add(b"n", (5).to_bytes(4, "little"))
        tr.bit_or(b"n", b"\x01")
        del tr[b"k"]
        del tr[b"a":b"b"]
        tr.add_write_conflict_key(b"k")
        tr.reset()
        tr.commit().wait()
        tr.on_error(1020).wait()
    assert [told(each) for each in listing.operations] == [
        "get ('a', 1) -> b'x'",
        "snapshot get b'none' -> absent",
        "get_range all of ('a',) -> ('a', 1) = b'x'",
        "get_range b'p' .. b'q' -> no rows",
        "get_range last_less_than(b'p') .. b'q' -> ('a', 1) = b'x'",
        "get_key first_greater_than((None,)) -> ('a', 1)",
        "get_key KeySelector((None,), False, 7) -> b'\\xff'",
        "set b'k' = b'v'",
        "add b'n', 5",
        "bit_or b'n', b'\\x01'",
        "clear b'k'",
        "clear_range b'a' .. b'b'",
        "add_write_conflict_range b'k'",
        "reset",
        "commit -> read-only",
        "on_error not_committed (1020)",
    ]


def test_a_commit_that_failed(memory_db: fdb.Database) -> None:
    listing = Listing()
    with trace(memory_db, listing):
        tr = memory_db.create_transaction()
        tr[b"k"].wait()
        memory_db[b"k"] = b"2"
        tr[b"k"] = b"1"
        tr.commit().block_until_ready()
    assert "commit -> not_committed (1020)" in [told(each) for each in listing.operations]
