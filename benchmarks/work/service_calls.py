"""Transactional calls with a policy, and while somebody observes them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

import fdb
from work.bench import PREFIX, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
CALLS = 5_000
COUNTER = PREFIX + b"counter"
ONE = (1).to_bytes(8, "little")


def increment(tr: Any) -> None:
    number = int.from_bytes(tr[COUNTER].value or b"", "little")
    tr[COUNTER] = (number + 1).to_bytes(8, "little")


def read(tr: Any) -> Any:
    return tr[COUNTER].value


def nothing() -> Any:
    return contextlib.nullcontext()


def idle() -> Any:
    return fdb.observe(lambda event: None)


def collector() -> Any:
    return fdb.observe(fdb.Collector())


def telemetry(name: str, *args: Any, **kwargs: Any) -> Any:
    from fdb import telemetry

    return fdb.observe(getattr(telemetry, name)(*args, **kwargs))


def silent() -> Any:
    logging.getLogger("fdb.off").setLevel(logging.ERROR)
    return telemetry("LoggingExporter", "fdb.off")


def logged() -> Any:
    logger = logging.getLogger("fdb.on")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers = [logging.NullHandler()]
    return telemetry("LoggingExporter", logger)


def spans() -> Any:
    return telemetry("OpenTelemetryExporter")


#: The keywords of the decorator, and what surrounds the calls.
Setting = tuple[dict[str, Any], Callable[[], Any]]
POLICY = {"timeout": 60, "retry_limit": 100}
WORKS = {"increment": increment, "read": read}
SETTINGS: dict[str, Setting] = {
    "nothing": ({}, nothing),
    "a policy": (POLICY, nothing),
    "an observer that does nothing": ({}, idle),
    "a collector": ({}, collector),
    "logging, which is off": ({}, silent),
    "logging": ({}, logged),
    "OpenTelemetry without an SDK": ({}, spans),
    "a policy and a collector": (POLICY, collector),
}


def calls(bench: Bench, work: Any, setting: Setting) -> Round:
    """Measures calls of one function."""
    keywords, surroundings = setting
    function = fdb.transactional(**keywords)(work) if keywords else fdb.transactional(work)
    db, count = bench.db, bench.count(CALLS)

    def measured() -> Sample:
        db[COUNTER] = ONE
        with surroundings(), timed(count) as sample:
            for _ in range(count):
                function(db)
        return sample

    return measured


def add(work: str, setting: str) -> None:
    ROWS.add(f"{work}, {setting}")(lambda bench: calls(bench, WORKS[work], SETTINGS[setting]))


for _work in WORKS:
    for _setting in SETTINGS:
        add(_work, _setting)
