"""Plain forms: they compare as the values do, and need no transaction."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from collections import OrderedDict, deque
from typing import Any

import pytest

import fdb
from fdb.testing._plain import Raised, Thing, is_of_program, plain, raised


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int
    y: Any


class Basket:
    def __init__(self, items: list[int]) -> None:
        self.items = items


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (5, 5),
        (b"x", b"x"),
        (Colour.RED, Colour.RED),
        (bytearray(b"x"), b"x"),
        ([1, (2, {3})], [1, (2, frozenset({3}))]),
        (deque([1]), [1]),
        (OrderedDict(a=[1]), {"a": [1]}),
        (fdb.KeyValue(b"k", b"v"), (b"k", b"v")),
        (fdb.Subspace(("a",)), fdb.Subspace(("a",))),
        (fdb.tuple.Versionstamp(b"0123456789", 1), b"0123456789\x00\x01"),
        (Point(1, [2]), Thing("Point", (("x", 1), ("y", [2])))),
        (Basket([1]), Thing("Basket", (("items", [1]),))),
        (len, Thing("len")),
        (ValueError("no", 3), Raised("ValueError", ("no", 3))),
        (float("nan"), Thing("nan")),
        (object(), Thing("object")),
    ],
)
def test_the_plain_form(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_an_object_within_itself() -> None:
    basket: list[Any] = [1]
    basket.append(basket)
    assert plain(basket) == [1, Thing("what contains it")]


def test_an_fdb_error_is_its_code() -> None:
    error = fdb.FDBError(1020)
    error._tell("after 3 attempts")
    assert raised(error) == Raised("FDBError", (1020,))
    assert repr(raised(error)) == "FDBError(1020)"


def test_futures(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"v"
    tr = memory_db.create_transaction()
    rows = [(b"k", b"v")]
    futures = [tr[b"k"], tr[b"none"], tr.get_range_page(b"", b"\xff")]
    for future in futures:
        future.block_until_ready()
    assert plain(futures) == [b"v", None, (rows, 1, False)]
    assert plain(tr[:]) == Thing("FDBRange")
    assert plain(tr.watch(b"k")) == Thing("Watch")
    tr.cancel()
    cancelled = tr[b"k"]
    cancelled.block_until_ready()
    assert plain(cancelled) == Raised("FDBError", (1025,))


def test_a_future_that_nobody_awaited_does_not_block_its_loop(
    async_memory_db: fdb.AsyncDatabase,
) -> None:
    async def main() -> Any:
        tr = async_memory_db.create_transaction()
        value = tr[b"k"]
        await tr[b"k"]
        return plain(value)

    assert asyncio.run(main()) in (None, Thing("pending Value"))


def test_whose_attributes_count(memory_db: fdb.Database) -> None:
    assert is_of_program(Basket)
    assert not is_of_program(type(memory_db))
    assert not is_of_program(object)
