"""Tasks of asyncio beside our own blocking calls, and beside the official package in threads."""

from __future__ import annotations

from suite.measure import Plan, Source
from suite.places import Places
from suite.results import C_LOOP as C
from suite.results import OFFICIAL, OURS, Target

SUBJECT = "asyncio"
MODULE = "tasks"
BLOCKING = "our blocking call"
LOOP = "our for"
BOUND = "one thread runs the tasks and the event loop"


def plans(places: Places) -> list[Plan]:
    return [
        row(
            places,
            ("get, open transaction", "get"),
            official=(MODULE, "get in an executor"),
            limit=(BLOCKING, "get"),
            targets=(Target(BLOCKING, most=2),),
        ),
        row(
            places,
            ("begin, get, end", "begin, get, end"),
            official=None,
            limit=(BLOCKING, "begin, get, end"),
            targets=(Target(BLOCKING, most=2),),
        ),
        row(
            places,
            ("row of `async for` over 100,000", "range of 100,000, iterator"),
            official=("binding", "range of 100,000, iterator"),
            limit=(LOOP, "range of 100,000, iterator"),
            targets=(Target(LOOP, most=1.5),),
        ),
        row(
            places,
            ("10,000 tasks, a get each", "concurrent gets"),
            official=("binding", "concurrent gets, threads"),
            limit=(BLOCKING, "begin, get, end"),
            loop="concurrent_gets",
        ),
        row(
            places,
            ("1,000 tasks, ten increments each", "increments of 1,000 tasks"),
            official=("binding", "increments of 1,000 jobs, threads"),
            limit=(BLOCKING, "increment"),
            targets=(Target(OFFICIAL, least=6),),
            loop="jobs",
        ),
    ]


def row(
    places: Places,
    name: tuple[str, str],
    official: tuple[str, str] | None,
    limit: tuple[str, str],
    targets: tuple[Target, ...] = (),
    loop: str | None = None,
) -> Plan:
    """A row (title, row of `work.tasks`), what the official package does instead, which of our blocking rows limits it,
    and a loop in C that does as many at a time.
    """
    title, work = name
    sources: dict[str, Source] = {OURS: places.ours(MODULE, work)}
    if official is not None:
        sources |= places.official(*official)
    sources[limit[0]] = places.ours("binding", limit[1])
    if loop is not None:
        sources[C] = places.c("loops", loop)
    return Plan(SUBJECT, title, sources, limit=limit[0], targets=targets, bound=BOUND)
