"""Why commits failed with 1020 (fdb/testing/_explain.py)."""

from __future__ import annotations

import asyncio
import pathlib
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb.testing import clock
from fdb.testing._actions import Read, Write
from fdb.testing._explain import ConflictExplanation
from fdb.testing._log import TransactionLog
from fdb.testing._record import record
from helpers.processes import RunPython

LINES = pathlib.Path(__file__).read_text().splitlines()


def line_of(mark: str) -> int:
    """The number of the line that ends in a comment."""
    (number,) = [i for i, line in enumerate(LINES, 1) if line.endswith(f"# {mark}")]
    return number


def lose(
    db: fdb.Database,
    read: Callable[[fdb.Transaction], Any],
    write: Callable[[fdb.Transaction], Any],
) -> tuple[TransactionLog, ConflictExplanation]:
    """Has a transaction read before, and commit after another one that writes; the commit fails."""
    with record(db) as log:
        loser = db.create_transaction()
        loser.get_read_version().wait()
        read(loser)
        loser[b"of the loser"] = b""
        winner = db.create_transaction()
        write(winner)
        winner.commit().wait()
        with pytest.raises(fdb.FDBError) as caught:
            loser.commit().wait()
        assert caught.value.code == 1020
        loser.on_error(caught.value).wait()
    (conflict,) = log.conflicts
    assert conflict.attempt is log.attempts[0]
    return log, conflict


def test_two_threads(memory_db: fdb.Database) -> None:
    users = fdb.directory.create(memory_db, ("app", "users"))
    memory_db[users["ann"]] = b"5"
    barrier = threading.Barrier(2)
    attempts = threading.local()

    @fdb.transactional
    def add(tr: fdb.Transaction, amount: int) -> None:
        balance = int(tr[users["ann"]] or 0)  # the read of add
        attempts.number = getattr(attempts, "number", 0) + 1
        if attempts.number == 1:
            barrier.wait()
        tr[users["ann"]] = b"%d" % (balance + amount)  # the write of add

    with record(memory_db) as log:
        threads = [threading.Thread(target=add, args=(memory_db, i)) for i in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    log.assert_writes({(users, "ann"): b"8"})
    (conflict,) = log.conflicts
    (found,) = conflict.ranges
    assert found.keys == (users.pack(("ann",)), users.pack(("ann",)) + b"\0")
    (read,), (win,) = found.reads, found.wins
    assert isinstance(read, Read)
    assert (read.value, read.where.line) == (b"5", line_of("the read of add"))
    (write,) = win.actions
    assert isinstance(write, Write)
    assert (write.key, write.where.line) == (read.begin, line_of("the write of add"))
    assert conflict.winners == [win.attempt]
    assert win.attempt.transaction.name.endswith("add")
    assert win.attempt.transaction is not conflict.attempt.transaction
    text = str(conflict)
    for part in (
        f"attempt 1 was not committed (1020). It read version {conflict.attempt.read_version}.",
        "/app/users ('ann',) was read, and written before the commit:",
        f"{line_of('the read of add')}  get /app/users ('ann',) -> b'5'",
        f"{line_of('the write of add')}  set /app/users ('ann',) = b'",
        f"by transaction {win.attempt.transaction.number}: ",
        f"committed at version {win.attempt.committed_version}",
    ):
        assert part in text
    assert "conflicting: /app/users ('ann',)" in str(log)
    assert log.explain() == text
    for check in (log.no_conflicts, log.assert_no_conflicts):
        with pytest.raises(AssertionError, match="1 commit failed with a conflict:\n"):
            check()


def test_asyncio(prompt_name: str) -> None:
    # Where answers are late a log is complete a moment after the commit.
    adb = fdb.open(prompt_name, event_model="asyncio")

    @fdb.transactional
    async def add(tr: fdb.Transaction) -> None:
        count = int(await tr[b"k"] or 0)  # the read of a task
        if len(arrived) < 2:
            await meet()
        tr[b"k"] = b"%d" % (count + 1)  # the write of a task

    async def main() -> None:
        with record(adb) as log:
            await asyncio.gather(add(adb), add(adb))
        log.assert_writes({b"k": b"2"})
        (conflict,) = log.conflicts
        text = str(conflict)
        assert f"{line_of('the read of a task')}  get b'k' -> None" in text
        assert f"{line_of('the write of a task')}  set b'k' = b'1'" in text
        assert "ran within this attempt" not in text

    arrived: list[asyncio.Future[None]] = []

    async def meet() -> None:
        here = asyncio.get_running_loop().create_future()
        arrived.append(here)
        if len(arrived) == 2:
            for each in arrived:
                each.set_result(None)
        await here

    asyncio.run(main())


def test_a_range_of_which_one_key_was_written(memory_db: fdb.Database) -> None:
    space = fdb.Subspace(("index",))
    log, conflict = lose(
        memory_db,
        lambda tr: tr[space.range()].to_list(),
        lambda tr: tr.set(space["new"], b""),
    )
    assert "get_range ('index',) ... -> 0 rows" in str(conflict)
    assert (
        "note     get_range conflicts with every write in ('index',) ..., and what was written is only "
        "('index', 'new'): tr.snapshot.get_range, with add_read_conflict_key"
    ) in str(conflict)
    # The winner of the next try is nobody.
    assert [attempt.outcome for attempt in log.attempts] == ["not_committed", "committed"]


def test_a_selector(memory_db: fdb.Database) -> None:
    memory_db[b"m"] = b""
    _, conflict = lose(
        memory_db,
        lambda tr: bytes(tr.get_key(fdb.KeySelector.first_greater_than(b"c"))),
        lambda tr: tr.set(b"f", b""),
    )
    assert "get_key first_greater_than(b'c') -> b'm'" in str(conflict)
    assert "what was written is only b'f'" in str(conflict)


def test_a_point_read_has_nothing_to_learn(memory_db: fdb.Database) -> None:
    def read(tr: fdb.Transaction) -> None:
        tr.get_range(b"a", b"z").to_list()
        tr[b"k"].present()

    _, conflict = lose(memory_db, read, lambda tr: tr.set(b"k", b"v"))
    assert len(conflict.ranges[0].reads) == 2
    assert "note" not in str(conflict)


def test_snapshot_reads_and_other_keys_are_not_named(memory_db: fdb.Database) -> None:
    def read(tr: fdb.Transaction) -> None:
        tr.snapshot[b"k"].present()
        tr[b"k"].present()
        tr[b"other"].present()

    def write(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"v"
        tr[b"more"] = b""

    _, conflict = lose(memory_db, read, write)
    (found,) = conflict.ranges
    assert [read.snapshot for read in found.reads if isinstance(read, Read)] == [False]
    assert len(found.wins[0].actions) == 1


def test_a_write_of_the_same_value(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"v"
    _, conflict = lose(memory_db, lambda tr: tr[b"k"].present(), lambda tr: tr.set(b"k", b"v"))
    assert "note     what was written is what was there" in str(conflict)


def test_conflict_ranges_that_the_program_has_added(memory_db: fdb.Database) -> None:
    _, conflict = lose(
        memory_db,
        lambda tr: tr.add_read_conflict_range(b"a", b"c"),
        lambda tr: tr.add_write_conflict_key(b"b"),
    )
    assert "add_read_conflict_range b'a' .. b'c'" in str(conflict)
    assert "add_write_conflict_range b'b', by transaction" in str(conflict)
    assert "note     the program itself has added a conflict range there" in str(conflict)


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (lambda tr: tr.clear_range(b"a", b"m"), "clear_range b'a' .. b'm'"),
        (lambda tr: tr.add(b"k", b"\1"), r"add b'k' = b'\x01'"),
        (lambda tr: tr.clear(b"k"), "clear b'k'"),
    ],
)
def test_other_writes(memory_db: fdb.Database, write: Any, text: str) -> None:
    _, conflict = lose(memory_db, lambda tr: tr[b"k"].present(), write)
    assert f"{text}, by transaction" in str(conflict)


def test_the_key_of_a_stamp(memory_db: fdb.Database) -> None:
    log, conflict = lose(
        memory_db,
        lambda tr: tr.get_range(b"q/", b"q0").to_list(),
        lambda tr: tr.set_versionstamped_key(b"q/" + bytes(10) + b"\2\0\0\0", b"item"),
    )
    (keys,) = conflict.ranges[0].wins[0].keys
    assert keys.begin == b"q/" + (log.attempts[1].versionstamp or b"")


def test_several_ranges_and_winners(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        loser = memory_db.create_transaction()
        for key in (b"a", b"b", b"c"):
            loser[key].present()
        loser[b"x"] = b""
        for i in range(5):
            memory_db[b"a"] = b"%d" % i
        memory_db[b"c"] = b""
        with pytest.raises(fdb.FDBError):
            loser.commit().wait()
        memory_db[b"a"] = b"after it"
    (conflict,) = log.conflicts
    assert [len(found.wins) for found in conflict.ranges] == [5, 1]
    assert len(conflict.winners) == 6
    assert "written  by 2 more transactions" in str(conflict)


def test_a_transaction_within_the_attempt(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def inner(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"inner"

    @fdb.transactional
    def outer(tr: fdb.Transaction) -> None:
        if not tr[b"k"].present():
            inner(memory_db)
        tr[b"x"] = b""

    with record(memory_db) as log:
        outer(memory_db)
    (conflict,) = log.conflicts
    (winner,) = conflict.winners
    assert f"transaction {winner.transaction.number} ran within this attempt" in str(conflict)


def test_a_winner_that_was_not_recorded(memory_db: fdb.Database, memory_name: str) -> None:
    before = memory_db.create_transaction()
    before[b"k"] = b"made before the recording"
    with record(memory_db) as log:
        loser = memory_db.create_transaction()
        loser[b"k"].present()
        loser[b"x"] = b""
        before.commit().wait()
        with pytest.raises(fdb.FDBError):
            loser.commit().wait()
    (conflict,) = log.conflicts
    assert (conflict.winners, len(conflict.ranges)) == ([], 1)
    assert "b'k' was read, and written" in str(conflict)
    assert "written  by whom is not known: no recorded transaction wrote there" in str(conflict)


def test_a_write_without_a_conflict_range_is_not_to_blame(memory_db: fdb.Database) -> None:
    def write(tr: fdb.Transaction) -> None:
        tr.options.set_next_write_no_write_conflict_range()
        tr[b"a"] = b""
        tr[b"k"] = b""

    def read(tr: fdb.Transaction) -> None:
        tr[b"a"].present()
        tr[b"k"].present()

    _, conflict = lose(memory_db, read, write)
    assert [found.keys.begin for found in conflict.ranges] == [b"k"]


def test_a_tenant(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant: Any = memory_db.open_tenant(b"t")
    there = fdb.directory.create(tenant, "there")
    log, conflict = lose(
        tenant,
        lambda tr: tr[there["k"]].present(),
        lambda tr: tr.set(there["k"], b"v"),
    )
    assert conflict.ranges[0].keys.begin == there.pack(("k",))
    assert "/there ('k',) was read, and written" in str(conflict)
    assert "in tenant b't'" in str(conflict)
    assert len(log.of(tenant).conflicts) == 1
    assert log.of(memory_db).conflicts == []


def test_late_answers(memory_db: fdb.Database) -> None:
    fdb.embedded.set_latency(memory_db, 0.0001, 0.001)
    _, conflict = lose(
        memory_db,
        lambda tr: tr.get_range(b"a", b"z").to_list(),
        lambda tr: tr.set(b"k", b"v"),
    )
    assert "get_range b'a' .. b'z' -> 0 rows" in str(conflict)


def test_an_error_that_the_program_has_made_is_no_conflict(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr[b"k"].present()
        tr.on_error(1020).wait()
    assert log.attempts[0].outcome == "not_committed"
    log.no_conflicts()
    assert log.explain() == "no conflicts"


def test_what_was_too_old(memory_db: fdb.Database) -> None:
    with record(memory_db) as log:
        memory_db[b"k"] = b"v"
        tr = memory_db.create_transaction()
        tr.set_read_version(1)
        with pytest.raises(fdb.FDBError) as caught:
            tr[b"k"].present()  # the first call
        tr.on_error(caught.value).wait()
    text = log.explain()
    assert "attempt 1 ended with transaction_too_old (1007) at " in text
    assert f"{line_of('the first call')} was " in text
    newest = log.attempts[0].committed_version
    assert (
        f"It read version 1; the newest recorded one is {newest}, {(newest or 0) - 1} later" in text
    )
    log.no_conflicts()


def test_how_old_it_was(memory_db: fdb.Database) -> None:
    with clock(memory_db) as time, record(memory_db) as log:
        tr = memory_db.create_transaction()
        tr[b"k"].present()
        tr[b"x"] = b""
        time.advance(7)
        memory_db[b"other"] = b""
        with pytest.raises(fdb.FDBError) as caught:
            tr.commit().wait()
    assert caught.value.code == 1007
    (version,) = [each.read_version for each in log.attempts if each.error == 1007]
    assert f"It read version {version}; the newest recorded one is" in log.explain()
    assert "(that is 7.0 s; versions are readable for 5 s)" in log.explain()


def test_before_there_were_special_keys(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(620)
        from fdb.testing import record
        db = fdb.open(fdb.embedded.unique())
        with record(db) as log:
            tr = db.create_transaction()
            tr[b"a"].present()
            tr[b"k"].present()
            tr[b"x"] = b""
            db[b"k"] = b"v"
            try:
                tr.commit().wait()
            except fdb.FDBError as error:
                tr.on_error(error).wait()
        print(log.explain())
        """
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "b'k' was read, and written before the commit:" in outcome.stdout
    assert "b'a' was read" not in outcome.stdout
    assert "set b'k' = b'v', by transaction" in outcome.stdout
    assert not re.search("Traceback", outcome.stderr)
