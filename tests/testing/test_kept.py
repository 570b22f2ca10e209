"""What functions keep: found, put back in place, compared."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import fdb
from fdb.testing._kept import Kept, futures_in

COUNTED: list[int] = []
total = 0


def kept(
    function: Callable[..., Any], *args: Any, ignore: tuple[str, ...] = (), **kwargs: Any
) -> Kept:
    return Kept(function, args, kwargs, ignore)


def names(found: Kept) -> set[str]:
    return {name for name, _ in found.now()}


def test_a_closure() -> None:
    seen: list[int] = []
    count = 0

    def call() -> None:
        nonlocal count
        count += 1
        seen.append(count)

    found = kept(call)
    call()
    assert {name: value for (name, _), value in found.now().items()} == {"seen": [1], "count": 1}
    assert all(of.startswith("the closure of call") for _, of in found.now())
    held = seen
    found.put_back()
    assert seen == [] and held is seen and count == 0


def test_a_variable_that_was_bound_anew() -> None:
    rows = {"a": [1]}

    def call() -> None:
        nonlocal rows
        rows["a"].append(2)
        rows = {}

    first = rows
    found = kept(call)
    call()
    found.put_back()
    assert rows is first and rows == {"a": [1]}


def test_behind_a_decorator_of_the_package(memory_db: fdb.Database) -> None:
    seen: list[bytes] = []

    @fdb.transactional
    def inner(tr: fdb.Transaction) -> None:
        seen.append(b"x")

    def outer(db: Any) -> None:
        inner(db)

    for function in (inner, outer, functools.partial(outer, memory_db)):
        found = kept(function, memory_db)
        inner(memory_db)
        assert found.now()[("seen", "the closure of inner()")] == [b"x"]
        found.put_back()
        assert seen == []


def test_defaults_and_arguments() -> None:
    def call(db: Any, jobs: list[int], known: Any = {}, *, log: Any = deque()) -> None:  # noqa: B006
        known[1] = jobs.pop()
        log.append(1)

    jobs = [5, 6]
    found = kept(call, None, jobs)
    call(None, jobs)
    state = {name: value for (name, _), value in found.now().items()}
    assert state == {"db": None, "jobs": [5], "known": {1: 6}, "log": [1]}
    found.put_back()
    assert jobs == [5, 6]
    assert call.__defaults__ == ({},) and call.__kwdefaults__ == {"log": deque()}


def test_arguments_of_a_partial() -> None:
    def call(db: Any, jobs: set[int]) -> None:
        jobs.clear()

    jobs = {1}
    found = kept(functools.partial(call, jobs=jobs), None)
    jobs.clear()
    assert found.now()[("jobs", "an argument")] == frozenset()
    found.put_back()
    assert jobs == {1}


class Shop:
    def __init__(self) -> None:
        self.number = 1
        self.orders: list[int] = []
        self.lock = threading.Lock()

    @fdb.transactional
    def order(self, tr: fdb.Transaction) -> None:
        self.number += 1
        self.orders.append(self.number)
        self.last = self.number

    def __call__(self, db: Any) -> None:
        self.order(db)


def test_the_object_of_a_method(memory_db: fdb.Database) -> None:
    shop = Shop()
    orders = shop.orders
    for function in (shop.order, shop):
        found = kept(function, memory_db)
        before = found.now()
        shop.order(memory_db)
        assert found.now() != before
        found.put_back()
        assert (shop.number, shop.orders, hasattr(shop, "last")) == (1, [], False)
        assert shop.orders is orders
        assert found.now() == before


def count_globally() -> None:
    global total
    total += 1
    COUNTED.append(total)


def test_variables_of_the_module() -> None:
    def call() -> None:
        count_globally()

    found = kept(call)
    assert {"total", "COUNTED"} <= names(found)
    call()
    found.put_back()
    assert total == 0 and COUNTED == []


def test_names_that_are_left_alone() -> None:
    seen: list[int] = []

    def call() -> None:
        seen.append(1)

    found = kept(call, ignore=("seen",))
    call()
    found.put_back()
    assert names(found) == set() and seen == [1]


def test_a_cell_that_is_empty_yet() -> None:
    def outer() -> Kept:
        def call() -> Any:
            return later

        found = kept(call)
        later = 1
        return found if later else found

    assert names(outer()) == set()


def test_objects_that_contain_themselves() -> None:
    ring: list[Any] = [1]
    ring.append(ring)

    def call() -> None:
        ring.pop()

    found = kept(call)
    call()
    found.put_back()
    assert ring[0] == 1 and ring[1] is ring


def test_futures_are_found_wherever_they_are(memory_db: fdb.Database) -> None:
    tr = memory_db.create_transaction()
    value, rows = tr[b"k"], tr[:]
    found = futures_in({"a": [1, (value,)], "b": {"c": rows}})
    assert {id(each) for each in found} == {id(value), id(rows)}
    assert futures_in([b"x", None]) == []

    def call() -> Any:
        return value

    assert [(name, each is value) for name, each in kept(call).held()] == [
        ("value (the closure of call())", True)
    ]
