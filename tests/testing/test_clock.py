"""clock: what goes by it, how it is moved, and what it refuses. Nothing here sleeps."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb.testing._clock import Clock, clock
from helpers.databases import code_of

TOO_OLD = 1007
NOT_COMMITTED = 1020
FUTURE_VERSION = 1009
TIMED_OUT = 1031


@pytest.fixture
def prompt_db(prompt_name: str) -> Iterator[fdb.Database]:
    """An embedded database whose answers come at once, and whose clock runs afterwards."""
    with fdb.open(prompt_name) as database, clock(database):
        yield database


@pytest.fixture
def still(prompt_db: fdb.Database) -> Clock:
    """Its clock, which stands and waits for nobody."""
    still = clock(prompt_db)
    still.freeze(jump=False)
    return still


def test_a_clock_stands_moves_and_goes_on(prompt_db: fdb.Database) -> None:
    with clock(prompt_db) as moved:
        assert not moved.is_frozen
        moved.freeze()
        assert moved.is_frozen
        before = moved.now
        moved.advance(3600)
        assert moved.now == pytest.approx(before + 3600, abs=1e-9)
        moved.advance(0)
        moved.resume()
        moved.resume()
        assert not moved.is_frozen
        assert moved.now >= before + 3600
        moved.advance(10.5)
        assert moved.now >= before + 3610.5
        moved.freeze(jump=False)
    assert not moved.is_frozen
    assert repr(prompt_db) in repr(moved)


def test_the_window_of_reads(prompt_db: fdb.Database, still: Clock) -> None:
    prompt_db[b"k"] = b"v"
    early, late = prompt_db.create_transaction(), prompt_db.create_transaction()
    started = early.get_read_version().wait()
    assert late[b"k"] == b"v"
    still.advance(5)
    assert early[b"k"] == b"v"
    still.advance(0.000_001)
    assert code_of(early.get(b"other").wait) == TOO_OLD
    prompt_db[b"k"] = b"new"
    late[b"x"] = b""
    assert code_of(late.commit().wait) == TOO_OLD
    assert prompt_db.create_transaction().get_read_version().wait() >= started + 5_000_000


def test_versions_stand_with_the_clock(prompt_db: fdb.Database, still: Clock) -> None:
    versions = []
    for _ in range(3):
        tr = prompt_db.create_transaction()
        tr[b"k"] = b""
        tr.commit().wait()
        versions.append(tr.get_committed_version())
    assert versions == list(range(versions[0], versions[0] + 3))
    assert prompt_db.create_transaction().get_read_version().wait() == versions[-1]
    still.advance(2)
    assert prompt_db.create_transaction().get_read_version().wait() > versions[-1] + 1_900_000


def test_conflicts_are_found_however_many_versions_pass_on_a_standing_clock(
    prompt_db: fdb.Database, still: Clock
) -> None:
    stale = prompt_db.create_transaction()
    assert not stale[b"k"].present()
    for number in range(300):
        prompt_db[b"k"] = b"%d" % number
    stale[b"k"] = b"stale"
    assert code_of(stale.commit().wait) == NOT_COMMITTED


def test_a_timeout(prompt_db: fdb.Database, still: Clock) -> None:
    tr = prompt_db.create_transaction()
    tr.options.set_timeout(1000)
    assert not tr[b"k"].present()
    stamp = tr.get_versionstamp()
    still.advance(0.999_999)
    assert not stamp.is_ready()
    assert not tr[b"k"].present()
    still.advance(0.000_001)
    assert code_of(stamp.wait) == TIMED_OUT
    assert code_of(tr.get(b"k").wait) == TIMED_OUT


def test_a_backoff(prompt_db: fdb.Database, still: Clock) -> None:
    tr = prompt_db.create_transaction()
    waiting = tr.on_error(NOT_COMMITTED)
    assert not waiting.is_ready()
    still.advance(1)
    assert waiting.is_ready()
    waiting.wait()


def test_a_version_to_come(prompt_db: fdb.Database, still: Clock) -> None:
    now = prompt_db.create_transaction().get_read_version().wait()
    soon, never = prompt_db.create_transaction(), prompt_db.create_transaction()
    soon.set_read_version(now + 500_000)
    never.set_read_version(now + 60_000_000)
    value, lost = soon.get(b"k"), never.get(b"k")
    still.advance(0.4)
    assert not value.is_ready()
    still.advance(0.7)
    assert not value.present()
    assert code_of(lost.wait) == FUTURE_VERSION


def test_late_answers(prompt_db: fdb.Database, still: Clock) -> None:
    prompt_db[b"k"] = b"v"
    fdb.embedded.set_latency(prompt_db, 1)
    tr = prompt_db.create_transaction()
    value = tr[b"k"]
    still.advance(0.5)
    assert not value.is_ready()
    still.advance(0.5)
    assert value.is_ready()
    assert value == b"v"


def test_an_advance_goes_through_what_is_due_in_its_order(
    prompt_db: fdb.Database, still: Clock
) -> None:
    """The backoff is over long before the timeout, though one advance passes both."""
    fdb.embedded.set_latency(prompt_db, 0.01)
    tr = prompt_db.create_transaction()
    tr.options.set_timeout(1000)
    value = tr.get(b"k")
    stamp = tr.get_versionstamp()
    still.advance(5)
    assert not value.present()
    assert code_of(stamp.wait) == TIMED_OUT


def test_with_jumps_nobody_waits(prompt_db: fdb.Database) -> None:
    still = clock(prompt_db)
    still.freeze()
    before = still.now
    tr = prompt_db.create_transaction()
    for _ in range(30):
        tr.on_error(NOT_COMMITTED).wait()
    assert 0 < still.now - before < 30
    fdb.embedded.set_latency(prompt_db, 60)
    started = still.now
    assert prompt_db.get(b"k") is None
    assert still.now >= started + 60


def test_with_jumps_a_timeout_that_is_due_before_wins(prompt_db: fdb.Database) -> None:
    still = clock(prompt_db)
    still.freeze()
    before = still.now
    fdb.embedded.set_latency(prompt_db, 60)
    tr = prompt_db.create_transaction()
    tr.options.set_timeout(2000)
    assert code_of(tr.get(b"k").wait) == TIMED_OUT
    assert still.now == pytest.approx(before + 2, abs=0.001)


def test_with_jumps_a_retry_loop_runs_through(prompt_db: fdb.Database) -> None:
    still = clock(prompt_db)
    still.freeze()
    attempts = []

    @fdb.transactional
    def stubborn(tr: fdb.Transaction) -> None:
        attempts.append(still.now)
        tr[b"k"].wait()
        tr[b"k"] = b"mine"
        if len(attempts) < 8:
            prompt_db[b"k"] = b"theirs"

    stubborn(prompt_db)
    assert len(attempts) == 8
    assert attempts == sorted(set(attempts))
    assert prompt_db[b"k"] == b"mine"


def test_a_commit_that_nobody_looks_at_does_not_wait_for_the_clock(
    prompt_db: fdb.Database, still: Clock
) -> None:
    tr = prompt_db.create_transaction()
    tr[b"k"] = b"v"
    delivered = threading.Event()
    tr.commit().on_ready(lambda _: delivered.set())
    assert delivered.wait(30)


def test_watches_fire_while_it_stands(prompt_db: fdb.Database, still: Clock) -> None:
    tr = prompt_db.create_transaction()
    watch = tr.watch(b"k")
    tr.commit().wait()
    prompt_db[b"k"] = b"v"
    watch.wait()


def test_threads_commit_while_the_clock_is_moved(prompt_db: fdb.Database) -> None:
    @fdb.transactional
    def count(tr: fdb.Transaction) -> None:
        tr[b"n"] = b"%d" % (int(tr.get(b"n").wait() or b"0") + 1)

    def work() -> None:
        for _ in range(40):
            count(prompt_db)

    moved = clock(prompt_db)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        moved.freeze()
        moved.advance(0.01)
        moved.resume()
        moved.advance(0.02)
        threads[0].join(0.001)
    assert prompt_db[b"n"] == b"120"


def test_handles_and_tenants_share_the_clock(prompt_db: fdb.Database, prompt_name: str) -> None:
    clock(prompt_db.open_tenant(b"t")).freeze()
    assert clock(prompt_db).is_frozen
    again = fdb.open(prompt_name, event_model="asyncio")
    assert clock(again).is_frozen
    clock(again).resume()
    assert not clock(prompt_db).is_frozen


def test_another_database_goes_on(prompt_db: fdb.Database, still: Clock) -> None:
    name = fdb.embedded.unique()
    with fdb.open(name) as other:
        assert not clock(other).is_frozen
        other.create_transaction().on_error(NOT_COMMITTED).wait()
    fdb.embedded.drop(name)


def test_in_an_event_loop(prompt_name: str) -> None:
    async def main() -> None:
        db = fdb.open(prompt_name, event_model="asyncio")
        with clock(db) as moved:
            moved.freeze(jump=False)
            tr = db.create_transaction()
            retried = asyncio.ensure_future(tr.on_error(NOT_COMMITTED))
            await asyncio.sleep(0)
            moved.advance(1)
            await retried
            tr = db.create_transaction()
            tr.options.set_timeout(100)
            await tr.get(b"k")
            moved.advance(0.2)
            with pytest.raises(fdb.FDBError) as failed:
                await tr.get(b"k")
            assert failed.value.code == TIMED_OUT
            moved.freeze()
            await db.create_transaction().on_error(NOT_COMMITTED)

    asyncio.run(main())


def test_a_file_beyond_the_lease_of_its_versions(tmp_path: Any) -> None:
    for sync in ("full", "off"):
        name = f"file:{tmp_path}/{sync}.fdb?sync={sync}"
        with fdb.open(name) as db, clock(db) as moved:
            fdb.embedded.set_latency(db, None)
            last = 0
            for _ in range(3):
                moved.advance(5 * 3600)
                tr = db.create_transaction()
                tr[b"k"] = b"v"
                tr.commit().wait()
                assert tr.get_committed_version() > last + 4 * 3600 * 1_000_000
                last = tr.get_committed_version()
        with fdb.open(name) as db:
            assert db[b"k"] == b"v"
            assert db.create_transaction().get_read_version().wait() >= last


@pytest.mark.parametrize(
    "seconds", [-1, -1e-9, math.nan, math.inf, -math.inf, 1e12, 10**400, 367 * 86_400]
)
def test_times_that_make_no_sense(still: Clock, seconds: float) -> None:
    before = still.now
    with pytest.raises(ValueError, match="seconds must"):
        still.advance(seconds)
    assert still.now == before


@pytest.mark.parametrize("seconds", [None, "1", True, b"1", 1j])
def test_what_is_no_time(still: Clock, seconds: Any) -> None:
    with pytest.raises(TypeError, match=f"seconds must be a number, not {type(seconds).__name__}"):
        still.advance(seconds)


def test_jump_is_a_bool(still: Clock) -> None:
    with pytest.raises(TypeError, match="jump must be a bool, not int"):
        still.freeze(1)  # type: ignore[arg-type]


def test_clusters_have_no_clock_to_move(stub_db: fdb.Database) -> None:
    with pytest.raises(RuntimeError, match=r"clock\(\) is for databases of the embedded engine"):
        clock(stub_db)


def test_nothing_but_databases_has_one() -> None:
    with pytest.raises(TypeError, match=r"clock\(\) takes a database"):
        clock("memory:")  # type: ignore[arg-type]


def test_a_database_that_is_closed(prompt_name: str) -> None:
    db = fdb.open(prompt_name)
    with clock(db) as moved:
        db.close()
        with pytest.raises(RuntimeError, match="closed"):
            moved.advance(1)
