"""No faults, no waiting; and everything as before afterwards."""

from __future__ import annotations

import fdb
from fdb.testing._clock import clock
from fdb.testing._faults import faults
from fdb.testing._undisturbed import undisturbed


def test_faults_are_suspended(memory_db: fdb.Database) -> None:
    with faults(memory_db, seed=1) as mine:
        mine.add("not_committed")
        with undisturbed(memory_db):
            tr = memory_db.create_transaction()
            tr[b"k"] = b"v"
            tr.commit().wait()
        assert mine.injected == {}
        tr = memory_db.create_transaction()
        tr[b"k"] = b"v"
        tr.commit().block_until_ready()
        assert mine.injected == {"not_committed": 1}


def test_backoffs_take_no_time(memory_db: fdb.Database) -> None:
    its_clock = clock(memory_db)
    with undisturbed(memory_db):
        before = its_clock.now
        tr = memory_db.create_transaction()
        for _ in range(12):  # 10 ms, then twice as long each time, up to a second
            tr.on_error(1020).wait()
        assert its_clock.now - before > 0.5
        assert its_clock.is_frozen
    assert not its_clock.is_frozen


def test_a_clock_that_stood_stands_on(memory_db: fdb.Database) -> None:
    with clock(memory_db) as its_clock:
        its_clock.freeze()
        with undisturbed(memory_db):
            pass
        assert its_clock.is_frozen
