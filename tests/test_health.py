"""fdb/_health.py: ping and status, of databases that answer at once, late, or not at all."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import fdb
import fdb.embedded
import fdb.testing
from helpers.waiting import installed

#: Much more than anything here takes.
LONG = 30.0


def opened(name: str, model: str | None) -> Any:
    """Opens an embedded database in an event model."""
    if model is not None:
        installed(model)
    return fdb.open(name, event_model=model)


def answer(ask: Callable[..., Any], *args: Any) -> Any:
    """Calls a method of a database; what that returns is awaited if it is a coroutine."""
    called = ask(*args)
    return asyncio.run(called) if asyncio.iscoroutine(called) else called


@pytest.fixture(params=[None, "debug", "gevent", "asyncio"])
def db(request: pytest.FixtureRequest) -> Any:
    """A database of its own, in each event model."""
    name = fdb.embedded.unique()
    yield opened(name, request.param)
    fdb.embedded.drop(name)


@pytest.mark.parametrize("latency", [0, 0.001])
def test_a_ping_tells_of_the_database(db: Any, latency: float) -> None:
    fdb.embedded.set_latency(db, latency, latency)
    ping: fdb.Ping = answer(db.ping)
    assert latency <= ping.round_trip < LONG
    assert db.last_version == ping.read_version > 0
    status: fdb.Status = answer(db.status)
    assert ping.client_version == "7.4.0" and ping.protocol == status.protocol_version
    assert ping.cluster_id and len(ping.cluster_id) == 32
    assert status.available is True and status.data.state == "healthy"


@pytest.mark.parametrize("method", ["ping", "status"])
def test_what_does_not_answer_fails_by_the_timeout(db: Any, method: str) -> None:
    fdb.embedded.set_latency(db, 60, 60)
    for timeout in (0.02, timedelta(milliseconds=20)):
        started = time.monotonic()
        with pytest.raises(fdb.FDBError, match=rf"{method}: .* within 0\.02 s") as caught:
            answer(getattr(db, method), timeout)
        assert caught.value.code == 1031
        assert time.monotonic() - started < LONG


@pytest.mark.parametrize(
    "timeout", [0, -1, -0.5, math.inf, math.nan, timedelta(0), timedelta(seconds=-1)]
)
def test_a_timeout_is_positive(memory_db: fdb.Database, timeout: Any) -> None:
    for method in (memory_db.ping, memory_db.status):
        with pytest.raises(ValueError, match="timeout must be a positive, finite time"):
            method(timeout)


@pytest.mark.parametrize("timeout", ["5", None, True, b"1"])
def test_a_timeout_is_a_time(memory_db: fdb.Database, timeout: Any) -> None:
    for method in (memory_db.ping, memory_db.status):
        with pytest.raises(TypeError, match="timeout must be seconds"):
            method(timeout)


def test_errors_that_pass_are_asked_through(memory_db: fdb.Database) -> None:
    with fdb.testing.faults(memory_db, seed=1, rules="on"):
        for _ in range(20):
            assert memory_db.ping(LONG).read_version > 0
            assert memory_db.status(LONG).available


def test_a_locked_database_answers(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def lock(tr: fdb.Transaction) -> None:
        tr.options.set_lock_aware()
        tr.options.set_special_key_space_enable_writes()
        tr[b"\xff\xff/management/db_locked"] = b"0123456789abcdef" * 2

    lock(memory_db)
    assert memory_db.ping().read_version > 0
    assert memory_db.status().locked is True


def test_a_library_that_tells_little(stub_db: fdb.Database) -> None:
    """The stub has no fdb_database_get_server_protocol, and gives each key as its own value."""
    ping = stub_db.ping()
    assert ping.protocol is None and ping.client_version and ping.read_version >= 0
    with pytest.raises(ValueError):
        stub_db.status()


def test_pings_of_several_threads(memory_db: fdb.Database) -> None:
    versions: list[int] = []

    def work() -> None:
        for _ in range(20):
            versions.append(memory_db.ping().read_version)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(versions) == 80 and memory_db.last_version == max(versions)


def test_a_blocking_ping_is_refused_in_a_loop() -> None:
    """An asyncio database's is a coroutine, which does not hold the loop up."""
    db = fdb.open("memory:", event_model="asyncio")

    async def program() -> None:
        fdb.embedded.set_latency(db, 0.01, 0.01)
        pings = await asyncio.gather(*(db.ping() for _ in range(5)))
        assert all(ping.round_trip > 0 for ping in pings)
        task = asyncio.ensure_future(db.ping())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(program())
    finally:
        fdb.embedded.set_latency(db, None)
