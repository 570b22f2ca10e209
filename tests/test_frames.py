"""fdb/_frames.py: rows as frames of pandas and polars."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import enum
import fractions
import importlib
import json
import math
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
import fdb.tuple
from fdb import _frames
from helpers.databases import fill
from helpers.tools import needs

users = fdb.Subspace(("users",))
ROWS = [
    (users.pack(("alice", 1)), b'{"amount": 10}'),
    (users.pack(("alice", 2)), b'{"amount": 20, "note": "late"}'),
    (users.pack(("bob", 1)), b"{}"),
]


@pytest.fixture(params=_frames.LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    """The name of a library of frames that is installed."""
    name: str = request.param
    needs(name)
    return name


@pytest.fixture
def db(memory_db: fdb.Database) -> fdb.Database:
    fill(memory_db, ROWS)
    return memory_db


def columns_of(frame: Any) -> dict[str, list[Any]]:
    """Returns the values of a frame by column, None for those that are missing."""
    missing = importlib.import_module("pandas").NA if hasattr(frame, "iloc") else None
    return {
        name: [None if value is missing else value for value in frame[name].to_list()]
        for name in frame.columns
    }


def types_of(frame: Any) -> list[str]:
    """Returns the names of the types of the columns."""
    return [str(frame[name].dtype) for name in frame.columns]


def column_of(library: str, *values: Any) -> Any:
    """Returns the frame of some rows whose values are decoded to these."""
    left = iter(values)
    rows = fdb._range.Rows(fdb.KeyValue(b"k", b"v") for _ in values)
    return rows.to_frame(decode=lambda _: next(left), library=library)


def test_keys_and_values_are_bytes(db: fdb.Database, library: str) -> None:
    frame = db[users.range()].to_frame(library=library)
    assert columns_of(frame) == {"key": [k for k, _ in ROWS], "value": [v for _, v in ROWS]}
    expected = {"pandas": ["object"] * 2, "polars": ["Binary"] * 2}
    assert types_of(frame) == expected[library]


def test_tuples_and_values_in_columns(db: fdb.Database, library: str) -> None:
    wanted = {
        "name": ["alice", "alice", "bob"],
        "number": [1, 2, 1],
        "amount": [10, 20, None],
        "note": [None, "late", None],
    }
    for rows in (db.create_transaction()[users.range()], db.scan(users), db[users.range()]):
        frame = rows.to_frame(
            ["name", "number"],
            within=users,
            decode=json.loads,
            value_columns=["amount", "note"],
            library=library,
        )
        found = columns_of(frame)
        found["note"] = [None if value != value else value for value in found["note"]]
        assert found == wanted
        number, amount = types_of(frame)[1:3]
        assert (number, amount) == {"pandas": ("int64", "Int64"), "polars": ("Int64", "Int64")}[
            library
        ]


def test_without_a_subspace_the_whole_tuple_is_unpacked(db: fdb.Database, library: str) -> None:
    frame = db[:].to_frame(("kind", "name", "number", "more"), library=library)
    assert columns_of(frame)["kind"] == ["users"] * 3
    assert columns_of(frame)["more"] == [None] * 3


def test_no_rows_have_the_columns_all_the_same(db: fdb.Database, library: str) -> None:
    frame = db[b"x":b"y"].to_frame(library=library)
    assert list(frame.columns) == ["key", "value"] and len(frame) == 0
    assert types_of(frame) == {"pandas": ["object"] * 2, "polars": ["Binary"] * 2}[library]
    assert list(db.scan((b"x", b"y")).to_frame(["a", "b"], library=library).columns) == [
        "a",
        "b",
        "value",
    ]


@pytest.mark.parametrize(
    ("values", "pandas", "polars"),
    [
        ([1, 2], "int64", "Int64"),
        ([1, None], "Int64", "Int64"),
        # 2**53 + 1 is no float.
        ([2**53 + 1, None], "Int64", "Int64"),
        ([2**63 - 1, -(2**63)], "int64", "Int64"),
        ([2**63, 1], "object", "Object"),
        ([True, False], "bool", "Boolean"),
        ([True, None], "boolean", "Boolean"),
        ([True, 1], "object", "Object"),
        ([1.5, 2.5], "float64", "Float64"),
        ([1, 2.5], "object", "Object"),
        ([b"a", None], "object", "Binary"),
        ([b"a", "a"], "object", "Object"),
        ([None, None], "object", "Null"),
        ([uuid.UUID(int=1), uuid.UUID(int=2)], "object", "Object"),
        ([(1, "a"), (2, "b")], "object", "Object"),
        ([[1], ["a"]], "object", "Object"),
        # The type of the first would lose what only the second has.
        ([{"a": 1}, {"b": 2}], "object", "Object"),
        ([fdb.tuple.Versionstamp(), fdb.tuple.Versionstamp()], "object", "Object"),
    ],
)
def test_values_are_exact_in_columns_of_their_type(
    library: str, values: list[Any], pandas: str, polars: str
) -> None:
    frame = column_of(library, *values)
    assert types_of(frame)[1] == {"pandas": pandas, "polars": polars}[library]
    found = columns_of(frame)["value"]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def whole(values: list[Any], library: str) -> None:
    frame = column_of(library, *values)
    found = columns_of(frame)["value"]
    assert types_of(frame)[1] == "Int64" and found == values
    assert [type(value) for value in found if value is not None] == [int] * 2, found


@pytest.mark.parametrize("value", [2**53 + 1, -(2**63)])
def test_whole_numbers_of_other_classes_are_exact(library: str, value: int) -> None:
    numbers = enum.IntEnum("numbers", {"it": value, "one": 1})
    whole([numbers.it, None, numbers.one], library)
    whole([*map(needs("numpy").int64, (value, 1)), None], library)


@pytest.mark.parametrize(
    "values",
    [
        [fractions.Fraction(1, 3), None],
        [decimal.Decimal(10) ** 60, decimal.Decimal("0.1")],
        [range(3), None],
        [
            datetime.datetime(2024, 2, 29, 12),
            datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc),
        ],
    ],
)
def test_what_a_library_has_no_type_for_stays_what_it_is(library: str, values: list[Any]) -> None:
    frame = column_of(library, *values)
    assert types_of(frame)[1] in ("object", "Object") and columns_of(frame)["value"] == values


def test_texts_and_dates_have_the_types_of_the_library(library: str) -> None:
    day = datetime.datetime(2024, 2, 29, 12)
    assert columns_of(column_of(library, "a", "ä"))["value"] == ["a", "ä"]
    frame = column_of(library, day, day)
    assert types_of(frame)[1].lower().startswith("datetime")
    assert columns_of(frame)["value"] == [day, day]


def test_texts_that_are_no_unicode_stay_what_they_are(library: str) -> None:
    half = json.loads('"\\ud800"')
    assert columns_of(column_of(library, "a", half))["value"] == ["a", half]


def test_a_missing_float_is_missing(library: str) -> None:
    first, second = columns_of(column_of(library, 1.5, None))["value"]
    assert first == 1.5 and (second is None or math.isnan(second))


def test_single_floats_are_floats(memory_db: fdb.Database, library: str) -> None:
    memory_db[fdb.tuple.pack((fdb.tuple.SingleFloat(1.5),))] = b""
    assert columns_of(memory_db[:].to_frame(["x"], library=library))["x"] == [1.5]


def test_a_scan_gives_a_frame_of_the_rest(db: fdb.Database, library: str) -> None:
    scan = db.scan(users, page_size=2)
    first = next(iter(scan))
    assert first.key == ROWS[0][0]
    assert columns_of(scan.to_frame(library=library, limit=1))["key"] == [ROWS[1][0]]
    assert columns_of(scan.to_frame(library=library, limit=5))["key"] == [ROWS[2][0]]
    assert len(scan.to_frame(library=library)) == 0


def test_many_rows_in_many_batches(memory_db: fdb.Database, library: str) -> None:
    memory_db.write_in_batches((fdb.tuple.pack((number,)), b"x" * 50) for number in range(5000))
    whole = memory_db.scan(slice(None, None), page_size=700)
    assert columns_of(whole.to_frame(["n"], library=library))["n"] == list(range(5000))
    tr = memory_db.create_transaction()
    assert columns_of(tr[::-1].to_frame(["n"], library=library))["n"][:3] == [4999, 4998, 4997]


def test_pages_are_frames_too(db: fdb.Database, library: str) -> None:
    page = db.scan(users, page_size=2).page()
    assert len(page.to_frame(library=library)) == 2


def test_in_a_loop_it_is_awaited(
    db: fdb.Database, async_memory_db: fdb.AsyncDatabase, library: str
) -> None:
    async def main() -> None:
        tr = async_memory_db.create_transaction()
        frame = await tr[users.range()].to_frame(library=library)
        assert columns_of(frame)["value"] == [value for _, value in ROWS]
        scan = async_memory_db.scan(users)
        assert len(await scan.to_frame(library=library, limit=2)) == 2
        assert len(await scan.to_frame(library=library)) == 1
        assert len((await async_memory_db[users.range()]).to_frame(library=library)) == 3

    asyncio.run(main())
    with_a_thread_of_its_own = async_memory_db.create_transaction()[users.range()]
    assert len(with_a_thread_of_its_own.to_frame(library=library)) == 3


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"columns": "name"}, TypeError, "columns must be a list of names, not 'name'"),
        ({"columns": [1]}, TypeError, "columns must be a list of names"),
        ({"columns": []}, ValueError, "at least one name"),
        ({"columns": ["a", "a"]}, ValueError, "two columns would have one name"),
        ({"columns": ["value"]}, ValueError, "two columns would have one name"),
        ({"value_columns": ["a"]}, ValueError, "value_columns needs a decode function"),
        ({"within": b"x"}, ValueError, "give columns, too"),
        ({"decode": "json"}, TypeError, "decode must be a function"),
        ({"library": "numpy"}, ValueError, "library must be 'pandas' or 'polars', not 'numpy'"),
        ({"columns": ["a"]}, ValueError, "has 3 elements, and there are 1 columns"),
        ({"columns": ["a"], "within": b"x"}, ValueError, "does not begin with b'x'"),
        ({"columns": ["a"], "within": b"\x02"}, ValueError, "is no tuple behind"),
        ({"columns": ["a"], "within": 5}, TypeError, "bytes"),
        (
            {"decode": json.loads, "value_columns": ["value"], "columns": ["a", "b", "c"]},
            None,
            "",
        ),
        ({"decode": bytes.decode, "value_columns": ["x"]}, TypeError, "a mapping or a sequence"),
        (
            {"decode": lambda _: (1, 2), "value_columns": ["x"]},
            ValueError,
            "decode returned 2 values",
        ),
    ],
)
def test_wrong_arguments(
    db: fdb.Database, library: str, arguments: dict[str, Any], error: Any, text: str
) -> None:
    arguments = {"library": library, **arguments}
    if error is None:
        db.scan(users).to_frame(**arguments)
        return
    for rows in (db.scan(users), db.create_transaction()[users.range()], db[users.range()]):
        with pytest.raises(error, match=text):
            rows.to_frame(**arguments)


@pytest.mark.parametrize("limit", [0, -1, "5", True])
def test_a_limit_is_a_number_of_rows(db: fdb.Database, library: str, limit: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="limit must be"):
        db.scan(users).to_frame(library=library, limit=limit)


class _Missing:
    """Finds no library of frames."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Takes libraries away: they are not loaded, and cannot be."""

    def take(*names: str) -> None:
        for name in names:
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(sys, "meta_path", [_Missing(names), *sys.meta_path])

    return take


def test_without_a_library_it_says_what_to_install(db: fdb.Database, missing: Any) -> None:
    missing("pandas", "polars")
    with pytest.raises(ImportError, match="needs pandas or polars, .* pip install pandas"):
        db[:].to_frame()
    with pytest.raises(ImportError, match="needs polars, .* pip install polars"):
        db.scan(users).to_frame(library="polars")


def test_what_is_loaded_comes_before_what_is_installed(
    db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pandas, polars = needs("pandas"), needs("polars")
    assert isinstance(db[:].to_frame(), pandas.DataFrame)
    monkeypatch.delitem(sys.modules, "pandas")
    assert isinstance(db[:].to_frame(), polars.DataFrame)


def test_a_library_that_is_broken_says_so_itself(
    db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    monkeypatch.setattr(
        importlib,
        "import_module",
        lambda _: (_ for _ in ()).throw(ModuleNotFoundError("numpy", name="numpy")),
    )
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        db[:].to_frame(library="pandas")
