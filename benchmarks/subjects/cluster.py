"""This package's client on a cluster, beside a loop in C on the same library, and the official package.

The cluster is that of FDB_CLUSTER_FILE, and the library that of FDB_LIBRARY_PATH, the engine's where it is not set. All keys begin
with `bench/`, and are removed at the end. Counts are smaller where each operation waits for an answer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from suite.measure import Failed, Plan, Source
from suite.places import Places
from suite.results import C_LOOP as C
from suite.results import OURS, Target

SUBJECT = "cluster"
TARGETS = (Target(C, most=1.1),)
FEW, FEWER = 0.2, 0.1


@dataclass(frozen=True)
class Kind:
    """A row: what this package does (module and row of work), the official package, and C."""

    title: str
    ours: tuple[str, str]
    loop: str
    official: tuple[str, str]
    scale: float = 1.0


def blocking(title: str, row: str, loop: str, scale: float = 1.0) -> Kind:
    return Kind(title, ("binding", row), loop, ("binding", row), scale)


KINDS = (
    blocking("get, open transaction", "get", "get", FEW),
    blocking("get, 10,000 pipelined", "pipelined get", "pipelined"),
    blocking("begin, get, end", "begin, get, end", "whole_get", FEWER),
    blocking("row of a range of 100,000", "range of 100,000", "range"),
    blocking(
        "row of a range of 100,000, default mode", "range of 100,000, iterator", "range_iterator"
    ),
    blocking("set, open transaction", "set", "set"),
    blocking("get of an own write", "own write", "own"),
    blocking("transactional increment", "increment", "increment", FEWER),
    Kind("asyncio: get", ("tasks", "get"), "get", ("tasks", "get in an executor"), FEW),
    Kind(
        "asyncio: get, 10,000 pipelined",
        ("tasks", "pipelined get"),
        "pipelined",
        ("binding", "pipelined get"),
    ),
    Kind(
        "asyncio: row of `async for` over 100,000",
        ("tasks", "range of 100,000, iterator"),
        "range_iterator",
        ("binding", "range of 100,000, iterator"),
    ),
    Kind(
        "asyncio: 10,000 tasks, a get each",
        ("tasks", "concurrent gets"),
        "concurrent_gets",
        ("binding", "concurrent gets, threads"),
    ),
    Kind(
        "asyncio: 1,000 tasks, ten increments each",
        ("tasks", "increments of 1,000 tasks"),
        "jobs",
        ("binding", "increments of 1,000 jobs, threads"),
    ),
)


def plans(places: Places) -> list[Plan]:
    """Raises Failed where no cluster is named."""
    cluster, library = os.environ.get("FDB_CLUSTER_FILE"), os.environ.get("FDB_LIBRARY_PATH")
    if not cluster:
        raise Failed("FDB_CLUSTER_FILE names no cluster")
    here = replace(
        places,
        database=str(Path(cluster).resolve()),
        library=Path(library) if library else None,
        programs={},
    )
    return [plan(replace(here, scale=here.scale * kind.scale), kind) for kind in KINDS]


def plan(places: Places, kind: Kind) -> Plan:
    sources: dict[str, Source] = {OURS: places.ours(*kind.ours)}
    sources |= places.official(*kind.official)
    sources[C] = places.c("loops", kind.loop)
    return Plan(SUBJECT, kind.title, sources, limit=C, targets=TARGETS, waits=True)
