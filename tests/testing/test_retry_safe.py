"""assert_retry_safe: what it finds, what it lets pass, and that it leaves nothing behind."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest

import fdb
from fdb.testing._retry_safe import RetryUnsafe, assert_retry_safe

NUMBER = fdb.tuple.pack(("n", 1))
ONE = (1).to_bytes(8, "little")


def unsafe(function: Any, db: Any, *args: Any, **kwargs: Any) -> RetryUnsafe:
    with pytest.raises(RetryUnsafe) as failed:
        assert_retry_safe(function, db, *args, **kwargs)
    return failed.value


def kinds(failure: RetryUnsafe) -> set[str]:
    return {finding.kind for finding in failure.findings}


@fdb.transactional
def set_number(tr: fdb.Transaction, value: bytes) -> bytes | None:
    former = tr[NUMBER]
    tr[b"read"] = former.value or b""
    tr[NUMBER] = value
    return value


@fdb.transactional
def count(tr: fdb.Transaction) -> None:
    value = tr[NUMBER]
    tr[NUMBER] = b"%d" % (int(value) + 1 if value.present() else 1)


def test_a_function_that_is_safe(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def put(tr: fdb.Transaction, rows: list[int]) -> int:
        found = len(tr[b"a":b"z"].to_list())
        assert not tr[b"0"].present()
        for number in rows:
            tr[b"row%d" % number] = b"x"
        return found if found > 3 else 3

    assert_retry_safe(put, memory_db, [1, 2, 3])
    assert memory_db[:] == []


def test_what_is_not_idempotent_under_an_unknown_result(memory_db: fdb.Database) -> None:
    memory_db[NUMBER] = b"4"
    failure = unsafe(count, memory_db)
    assert kinds(failure) == {"content"}
    finding = failure.findings[0]
    assert finding.fault == "commit_unknown_result:effect=applied"
    assert finding.operation == "commit"
    assert "test_retry_safe.py" in finding.where
    (difference,) = finding.differences
    assert tuple(difference) == ("('n', 1)", b"5", b"6")
    assert "('n', 1): b'5' without faults, b'6' with this one" in str(failure)
    assert {each.fault for each in failure.findings} >= {
        "cluster_version_changed:at=commit,effect=applied",
        "commit_unknown_result:effect=applied, twice",
        "not_committed, then commit_unknown_result:effect=applied",
    }
    assert memory_db[NUMBER] == b"4"


def test_the_same_again(memory_db: fdb.Database) -> None:
    assert unsafe(count, memory_db).findings == unsafe(count, memory_db).findings


def test_a_result_that_differs(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def create(tr: fdb.Transaction) -> bool:
        is_new = not tr[b"user"].present()
        tr[b"user"] = b""
        return is_new

    failure = unsafe(create, memory_db)
    assert kinds(failure) == {"result"}
    assert tuple(failure.findings[0].differences[0]) == ("result", True, False)
    assert_retry_safe(create, memory_db, ignore=["result"])


def test_what_a_closure_keeps(memory_db: fdb.Database) -> None:
    seen: list[int] = []

    @fdb.transactional
    def read(tr: fdb.Transaction) -> None:
        seen.append(len(seen))
        tr[b"k"].wait()

    failure = unsafe(read, memory_db)
    assert kinds(failure) == {"state"}
    assert tuple(failure.findings[0].differences[0]) == ("seen", [0], [0, 1])
    assert "'seen', in the closure of read(), keeps something of an attempt that failed" in str(
        failure
    )
    assert seen == []
    assert_retry_safe(read, memory_db, ignore=["seen"])


def test_defaults_arguments_and_objects(memory_db: fdb.Database) -> None:
    class Shop:
        number = 1

        @fdb.transactional
        def order(self, tr: fdb.Transaction, jobs: list[int], log: list[int] = []) -> None:  # noqa: B006
            self.number += 1
            log.append(1)
            if jobs:
                tr[b"job%d" % jobs.pop()] = b""

    shop, jobs = Shop(), [1, 2, 3]
    failure = unsafe(shop.order, memory_db, jobs)
    names = {each.what for finding in failure.findings for each in finding.differences}
    assert names >= {"self", "jobs", "log"}
    assert (shop.number, jobs) == (1, [1, 2, 3])
    unsafe(partial(shop.order, jobs=jobs), memory_db)


def test_errors_that_are_swallowed(memory_db: fdb.Database) -> None:
    def read(db: Any) -> bytes | None:
        try:
            return db.create_transaction()[b"k"].value
        except fdb.FDBError:
            return None

    failure = unsafe(read, memory_db)
    assert kinds(failure) == {"swallowed"}
    assert "the error of get b'k' was swallowed" in str(failure)
    assert "in read" in failure.findings[0].where

    def write(db: Any) -> None:
        tr = db.create_transaction()
        tr[b"k"] = b"v"
        tr.commit().block_until_ready()

    assert kinds(unsafe(write, memory_db)) == {"content", "swallowed"}


def test_a_loop_of_its_own_that_makes_new_transactions(memory_db: fdb.Database) -> None:
    def write(db: Any) -> None:
        while True:
            tr = db.create_transaction()
            try:
                assert tr[b"k"].value != b"w"
                tr[b"k"] = b"v"
                tr.commit().wait()
                return
            except fdb.FDBError as error:
                if not fdb.predicates.is_retryable(error):
                    raise

    assert_retry_safe(write, memory_db)


def test_a_function_that_does_not_retry(memory_db: fdb.Database) -> None:
    def write(db: Any) -> None:
        tr = db.create_transaction()
        tr[b"k"] = b"v"
        tr.commit().wait()

    failure = unsafe(write, memory_db)
    assert kinds(failure) == {"not retried"}
    assert "FDBError(1020) reached the caller" in str(failure)


def test_an_exception_that_comes_only_with_a_fault(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def create(tr: fdb.Transaction) -> None:
        if tr[b"user"].present():
            raise KeyError("there is one")
        tr[b"user"] = b""

    failure = unsafe(create, memory_db)
    assert kinds(failure) == {"exception"}
    assert "KeyError('there is one') was raised, only with the fault" in str(failure)


def test_a_future_that_leaves_the_transaction(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def read(tr: fdb.Transaction) -> Any:
        return {"value": tr[b"k"], "rows": tr[b"a":b"b"]}

    failure = unsafe(read, memory_db)
    assert kinds(failure) == {"leak"}
    assert failure.findings[0].fault == ""


def test_retries_without_end(memory_db: fdb.Database) -> None:
    def read(db: Any) -> bytes | None:
        tr = db.create_transaction()
        while True:
            try:
                value = tr[b"k"].value
                tr.commit().wait()
                return value
            except fdb.FDBError:
                pass  # with the same transaction as it is

    memory_db[b"k"] = b"v"
    assert "endless" in kinds(unsafe(read, memory_db))


def test_what_a_timeout_leaves_half_done(memory_db: fdb.Database) -> None:
    memory_db[b"from"] = b"5"

    @fdb.transactional
    def take(tr: fdb.Transaction) -> int:
        amount = int(tr[b"from"].value or b"0")
        tr[b"from"] = b"0"
        return amount

    def move(db: Any) -> None:
        if db[b"to"] is None:
            db[b"to"] = b"%d" % take(db)

    failure = unsafe(move, memory_db)
    (lost, *_) = [finding for finding in failure.findings if finding.kind == "half done"]
    assert lost.fault == "transaction_timed_out:at=commit,effect=applied"
    assert [tuple(each) for each in lost.differences] == [("b'to'", b"5", b"0")]

    @fdb.transactional
    def move_at_once(tr: fdb.Transaction) -> None:
        if not tr[b"to"].present():
            tr[b"to"] = tr[b"from"]
            tr[b"from"] = b"0"

    assert_retry_safe(move_at_once, memory_db)


def test_a_batch_that_is_short(memory_db: fdb.Database) -> None:
    for number in range(3):
        memory_db[b"%d" % number] = b""

    @fdb.transactional
    def number_of_rows(tr: fdb.Transaction) -> int:
        return tr.get_range_page(b"", b"\xff").wait()[1]

    failure = unsafe(number_of_rows, memory_db)
    assert [finding.fault for finding in failure.findings] == ["short_range:rows=1"]


def test_versionstamps_are_no_difference(memory_db: fdb.Database) -> None:
    key = b"log" + bytes(10) + len(b"log").to_bytes(4, "little")

    @fdb.transactional
    def log(tr: fdb.Transaction) -> Any:
        tr.set_versionstamped_value(b"last", bytes(14))
        tr.clear_range(b"log", b"loh")
        tr.set_versionstamped_key(key, b"x")
        return tr.get_versionstamp()

    @fdb.transactional
    def push(tr: fdb.Transaction) -> None:
        tr.set_versionstamped_key(key, b"x")

    assert_retry_safe(log, memory_db)
    (finding, *_) = unsafe(push, memory_db).findings
    # A second row, not another key.
    assert [each.what for each in finding.differences] == ["b'logstamp00002'"]
    assert finding.differences[0].clean is None


def test_chance_is_to_be_named(memory_db: fdb.Database) -> None:
    space = fdb.Subspace(("ids",))

    @fdb.transactional
    def write(tr: fdb.Transaction) -> None:
        tr[space.pack((random.random(),))] = b""

    with pytest.raises(
        ValueError, match="something else every time, also without faults: say with ignore="
    ):
        assert_retry_safe(write, memory_db)
    for ignored in (space, space.key(), (space.key(), fdb.strinc(space.key()))):
        assert_retry_safe(write, memory_db, ignore=[ignored])


def test_an_exception_without_faults_is_raised(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def wrong(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"v"
        raise LookupError("as always")

    with pytest.raises(LookupError, match="as always"):
        assert_retry_safe(wrong, memory_db)


def test_management_is_not_examined(memory_db: fdb.Database) -> None:
    with pytest.raises(
        ValueError, match="create_tenant changes what is not put back .*set .*/tenant/map/t"
    ):
        assert_retry_safe(fdb.tenant_management.create_tenant, memory_db, b"t")


def test_several_transactions(memory_db: fdb.Database) -> None:
    def both(db: Any) -> None:
        set_number(db, b"1")
        count(db)

    failure = unsafe(both, memory_db)
    assert kinds(failure) == {"content", "half done"}
    twice = [finding for finding in failure.findings if finding.kind == "content"]
    assert all("count" in finding.where or "both" in finding.where for finding in twice)


def test_a_tenant(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    memory_db[NUMBER] = b"outside"
    tenant[NUMBER] = b"7"
    assert kinds(unsafe(count, tenant)) == {"content"}
    assert (tenant[NUMBER], memory_db[NUMBER]) == (b"7", b"outside")


KEYS = [b"a", b"b", b"c", b"d"]


def random_function(chance: random.Random, is_guarded: bool) -> Any:
    """A transaction that adds to a counter, among other things; guarded, it does so once."""
    steps = [
        (
            chance.choice(["get", "range", "key", "set", "clear", "stamp"]),
            *sorted(chance.choices(KEYS, k=2)),
        )
        for _ in range(chance.randint(1, 6))
    ]

    @fdb.transactional
    def act(tr: fdb.Transaction) -> None:
        if is_guarded and tr[b"marker"].present():
            return
        tr[b"marker"] = b""
        tr.add(b"counter", ONE)
        read = b""
        for what, begin, end in steps:
            if what == "get":
                read += tr[begin].value or b"-"
            elif what == "range":
                read += b"%d" % len(tr[begin : end + b"\x00"].to_list())
            elif what == "key":
                tr.get_key(fdb.KeySelector.last_less_or_equal(end)).wait()
            elif what == "set":
                tr[begin] = read
            elif what == "clear":
                tr.clear_range(begin, end)
            else:
                tr.set_versionstamped_value(b"stamp" + begin, bytes(14))

    return act


@pytest.mark.parametrize("seed", range(6))
def test_functions_that_remember_that_they_were_done(memory_db: fdb.Database, seed: int) -> None:
    memory_db[b"b"], memory_db[b"d"] = b"1", b"2"
    assert_retry_safe(random_function(random.Random(seed), is_guarded=True), memory_db)
    failure = unsafe(random_function(random.Random(seed), is_guarded=False), memory_db)
    assert "content" in kinds(failure)
    assert "b'counter'" in {each.what for each in failure.findings[0].differences}


# ---- arguments ----


async def async_nothing(db: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "options", "text"),
    [
        (b"f", {}, "function must be one that takes the database"),
        (count, {"ignore": b"prefix"}, "give a list of them, not bytes"),
        (count, {"ignore": [5]}, "ignore takes Subspaces, pairs of keys .* not 5"),
        (
            async_nothing,
            {},
            'an async def function needs a database opened with event_model="asyncio"',
        ),
    ],
)
def test_arguments_of_no_use_are_refused(
    memory_db: fdb.Database, function: Any, options: Any, text: str
) -> None:
    with pytest.raises(TypeError, match=text):
        assert_retry_safe(function, memory_db, **options)


def test_something_that_is_no_database_is_refused() -> None:
    with pytest.raises(TypeError, match="assert_retry_safe\\(\\) takes a database"):
        assert_retry_safe(count, object())  # type: ignore[call-overload]
