"""fdb/_notebooks.py: which objects show themselves in notebooks, and that nothing is loaded for it before."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import fdb
from helpers.processes import RunPython


class _Printer:
    """What IPython gives to `_repr_pretty_`."""

    def __init__(self) -> None:
        self.written = ""

    def text(self, text: str) -> None:
        self.written += text


def pretty(shown: Any, cycle: bool = False) -> str:
    """Returns what an object prints."""
    printer = _Printer()
    shown._repr_pretty_(printer, cycle)
    return printer.written


def test_rows_print_as_they_are_typed() -> None:
    row = fdb.KeyValue(fdb.tuple.pack(("users", 42)), b'{"a": 1}')
    assert pretty(row) == "('users', 42): {\"a\": 1}"
    assert pretty(row, cycle=True) == "..."
    assert pretty(fdb.KeyValue(b"\x00raw", b"")) == "\\x00raw: ''"
    assert pretty(fdb.KeyValue(1, None)) == "1: None"  # type: ignore[arg-type]


def test_a_row_without_its_parts_prints_something() -> None:
    row = fdb.KeyValue(b"k", b"v")
    del row.key
    assert "KeyValue" in pretty(row)
    assert "AttributeError" in row._repr_html_()


def test_a_collector_prints_its_table() -> None:
    collector = fdb.Collector()
    assert pretty(collector) == str(collector) != repr(collector)


def test_the_methods_of_rows_check_their_arguments() -> None:
    row = fdb.KeyValue(b"k", b"v")
    with pytest.raises(TypeError):
        row._repr_html_(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        row._repr_pretty_(1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        row._repr_pretty_(object(), False)


def test_all_rows_of_a_range_are_a_list(memory_db: fdb.Database) -> None:
    memory_db[b"a"], memory_db[b"b"] = b"1", b"2"
    for rows in (memory_db[:], memory_db.create_transaction()[:].to_list()):
        assert isinstance(rows, list) and rows == [(b"a", b"1"), (b"b", b"2")]
        assert repr(rows) == "[b'a': b'1', b'b': b'2']"
        assert rows + rows == [*rows, *rows] and rows[:1] == [(b"a", b"1")]
        assert pickle.loads(pickle.dumps(rows)) == rows == copy.deepcopy(rows)
        assert b"Rows" not in pickle.dumps(rows)


def test_every_object_that_is_looked_at_shows_itself(memory_db: fdb.Database) -> None:
    folder = fdb.directory.create_or_open(memory_db, "folder")
    status = memory_db.status()
    for shown in (
        *(memory_db, memory_db.session()),
        *(memory_db.create_transaction()[:], memory_db[:], memory_db[:][0]),
        *(memory_db.scan(folder), memory_db.scan(folder, page_size=1).page()),
        *(fdb.directory, folder, fdb.Subspace(("a",)), folder["a"]),
        *(fdb.Collector(), memory_db.ping(), status, status.data),
    ):
        html = shown._repr_html_()
        assert html.startswith("<div ") and html.endswith("</div>"), shown
        assert "⚠" not in html, html


def test_what_draws_is_loaded_when_something_is_shown(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import sys
        import fdb
        fdb.api_version(740)
        with fdb.open("memory:") as db:
            rows = db[:]
            assert not any("display" in name for name in sys.modules)
            assert "0 rows" in rows._repr_html_()
            assert "fdb._display.html" in sys.modules
            assert not {"pandas", "polars", "IPython", "asyncio"} & {*sys.modules}
        """
    )
    assert outcome.returncode == 0, outcome.stderr
