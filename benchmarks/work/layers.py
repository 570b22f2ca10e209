"""Directories, subspaces and tuples: what the layers of the package take."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import fdb
import fdb.tuple
from work.bench import PREFIX, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
CHILDREN = 100
TUPLE = ("users", 123456789, b"bytes\x00with zero", "na\u00efve", -42, 2.5, None, (1, "nested"))


def directories() -> Any:
    """A directory layer whose keys all begin with the prefix of the benchmarks."""
    return fdb.DirectoryLayer(
        fdb.Subspace(rawPrefix=PREFIX + b"n"), fdb.Subspace(rawPrefix=PREFIX + b"c")
    )


def with_children(
    bench: Bench, made_before: bool, work: Callable[[Any, Any, tuple[str, ...]], object]
) -> Round:
    """Measures `work(layer, db, path)` for each of 100 children of a fresh directory, made before if wanted."""
    layer, db, turns = directories(), bench.db, itertools.count()
    count = bench.count(CHILDREN)

    def measured() -> Sample:
        parent = f"turn{next(turns)}"
        layer.create_or_open(db, (parent,))
        paths = [(parent, f"d{at:03}") for at in range(count)]
        if made_before:
            for path in paths:
                layer.create(db, path)
        with timed(count) as sample:
            for path in paths:
                work(layer, db, path)
        layer.remove(db, (parent,))
        return sample

    return measured


@ROWS.add("create")
def create(bench: Bench) -> Round:
    return with_children(bench, False, lambda layer, db, path: layer.create(db, path))


@ROWS.add("create or open")
def create_or_open(bench: Bench) -> Round:
    return with_children(bench, True, lambda layer, db, path: layer.create_or_open(db, path))


@ROWS.add("exists")
def exists(bench: Bench) -> Round:
    return with_children(bench, True, lambda layer, db, path: layer.exists(db, path))


@ROWS.add("move")
def move(bench: Bench) -> Round:
    def work(layer: Any, db: Any, path: tuple[str, ...]) -> None:
        layer.move(db, path, (path[0], path[1] + " moved"))

    return with_children(bench, True, work)


@ROWS.add("remove")
def remove(bench: Bench) -> Round:
    return with_children(bench, True, lambda layer, db, path: layer.remove(db, path))


@ROWS.add("open")
def open_(bench: Bench) -> Round:
    """A directory three levels deep."""
    layer, db, count = directories(), bench.db, bench.count(200)
    path = ("opened", "deep", "deeper")
    layer.create_or_open(db, path)

    def measured() -> Sample:
        with timed(count) as sample:
            for _ in range(count):
                layer.open(db, path)
        return sample

    return measured


@ROWS.add("list of 100")
def list_(bench: Bench) -> Round:
    layer, db, count = directories(), bench.db, bench.count(20)
    for at in range(CHILDREN):
        layer.create_or_open(db, ("listed", f"d{at:03}"))

    def measured() -> Sample:
        with timed(count) as sample:
            for _ in range(count):
                if len(layer.list(db, ("listed",))) != CHILDREN:
                    raise AssertionError("not all directories were listed")
        return sample

    return measured


def calls(count: int, call: Callable[[], object]) -> Round:
    """Measures so many calls."""

    def measured() -> Sample:
        with timed(count) as sample:
            for _ in range(count):
                call()
        return sample

    return measured


@ROWS.add("tuple pack")
def tuple_pack(bench: Bench) -> Round:
    return calls(bench.count(20_000), lambda: fdb.tuple.pack(TUPLE))


@ROWS.add("tuple unpack")
def tuple_unpack(bench: Bench) -> Round:
    packed = fdb.tuple.pack(TUPLE)
    return calls(bench.count(20_000), lambda: fdb.tuple.unpack(packed))


@ROWS.add("tuple range")
def tuple_range(bench: Bench) -> Round:
    return calls(bench.count(20_000), lambda: fdb.tuple.range(("users", 42)))


@ROWS.add("subspace pack")
def subspace_pack(bench: Bench) -> Round:
    space = fdb.Subspace(("users", 42))
    return calls(bench.count(20_000), lambda: space.pack(("name", 7)))


@ROWS.add("subspace unpack")
def subspace_unpack(bench: Bench) -> Round:
    space = fdb.Subspace(("users", 42))
    packed = space.pack(("name", 7))
    return calls(bench.count(20_000), lambda: space.unpack(packed))
