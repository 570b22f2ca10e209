"""The log of transactions as a table (fdb/testing/_table.py)."""

from __future__ import annotations

import os
import re

import pytest

import fdb
import fdb.tuple
from fdb.testing._keys_shown import DirectoryNames
from fdb.testing._record import record
from fdb.testing._table import place_text, selector_text
from fdb.testing._tracing import Selector, Where


@fdb.transactional
def visit(tr: fdb.Transaction, users: fdb.Subspace) -> None:
    visits = int(tr[users["ann"]["visits"]] or 0)
    tr.get_range(b"a", b"b", limit=3, reverse=True).to_list()
    bytes(tr.snapshot.get_key(fdb.KeySelector.last_less_than(b"z")))
    tr[users["ann"]["visits"]] = b"%d" % (visits + 1)
    tr.add(b"total", b"\1")
    tr.clear_range(b"old/", b"old0")
    tr.add_read_conflict_key(b"guard")


def test_a_transaction_in_a_table(memory_db: fdb.Database) -> None:
    users = fdb.directory.create(memory_db, ("app", "users"))
    with record(memory_db) as log:
        visit(memory_db, users)
    here = os.path.relpath(__file__)
    text = re.sub(r"version \d+", "version N", str(log))
    text = re.sub(r":\d+", ":L", text.replace(here, "here"))
    assert re.sub(r"transaction \d+", "transaction 1", text) == (
        "transaction 1:L visit (here:L), begun at here:L\n".replace(":L visit", ": visit")
        + """\
  attempt 1: committed at version N, read version N (here:L)
    here:L  get                      /app/users ('ann', 'visits')  -> None
    here:L  get_range                b'a'*, limit 3, reverse  -> 0 rows
    here:L  snapshot.get_key         last_less_than(b'z')  -> /app/users ('ann', 'visits')
    here:L  set                      /app/users ('ann', 'visits') = b'1'
    here:L  add                      b'total' = b'\\x01'
    here:L  clear_range              b'old/'*
    here:L  add_read_conflict_range  b'guard'""".replace(
            "/app/users ('ann', 'visits')\n    here:L  set", "b''\n    here:L  set"
        )
    )


def test_how_attempts_end(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        memory_db.get(b"k")
        tr = memory_db.create_transaction()
        tr[b"a"] = b""
        tr.reset()
        tr[b"a"] = b""
        tr.cancel()
        tr = memory_db.create_transaction()
        tr.set_read_version(1)
        with pytest.raises(fdb.FDBError):
            tr[b"k"].present()
        tr = memory_db.create_transaction()
        tr.get(b"k")
        assert "open" in str(log)
        del tr
    for text in (
        "committed, without writes, read version",
        "attempt 1: reset (",
        "attempt 1: cancelled (",
        "-> transaction_too_old (1007)",
        "attempt 1: dropped without a commit",
    ):
        assert text in str(log)
    with record(memory_db) as nothing:
        pass
    assert str(nothing) == "no transactions"


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (fdb.KeySelector.last_less_than(b"k"), "last_less_than(b'k')"),
        (fdb.KeySelector.last_less_or_equal(b"k"), "last_less_or_equal(b'k')"),
        (fdb.KeySelector.first_greater_than(b"k"), "first_greater_than(b'k')"),
        (fdb.KeySelector.first_greater_or_equal(b"k"), "first_greater_or_equal(b'k')"),
        (fdb.KeySelector(b"k", True, 3), "KeySelector(b'k', True, 3)"),
    ],
)
def test_selectors(selector: fdb.KeySelector, text: str) -> None:
    given = Selector(selector.key, selector.or_equal, selector.offset)  # type: ignore[arg-type]
    assert selector_text(given, DirectoryNames()) == text


def test_a_range_between_selectors(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        begin = fdb.KeySelector.first_greater_than(b"a")
        tr.get_range(begin, fdb.KeySelector.first_greater_or_equal(b"c")).to_list()
        tr.get_range(begin, fdb.KeySelector.last_less_than(b"c")).to_list()
    assert "b'a\\x00' .. b'c'  -> 0 rows" in str(log)
    assert "first_greater_than(b'a') .. last_less_than(b'c')  -> 0 rows" in str(log)


def test_places() -> None:
    assert place_text(None) == "?"
    assert place_text(Where("", 0, "")) == "?"
    assert place_text(Where("/elsewhere/program.py", 3, "f")) == "/elsewhere/program.py:3"
    assert place_text(Where(os.path.join(os.getcwd(), "p.py"), 3, "f")) == "p.py:3"


def test_keys_with_a_stamp(memory_db: fdb.Database) -> None:
    queue = fdb.Subspace(("queue",))
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr.set_versionstamped_key(queue.pack_with_versionstamp((fdb.tuple.Versionstamp(),)), b"v")
        assert f"set_versionstamped_key  ('queue', {fdb.tuple.Versionstamp()!r}) = b'v'" in str(log)
        tr.commit().wait()
    stamp = fdb.tuple.Versionstamp(log.attempts[0].versionstamp)
    assert f"set_versionstamped_key  ('queue', {stamp!r}) = b'v'" in str(log)
