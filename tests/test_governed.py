"""fdb/_governed.py: what a policy does to a call, in the event models that block and in asyncio."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import pytest

import fdb
import fdb.testing
from fdb._governed_transactions import GovernedTransaction
from fdb.testing._tracing import trace
from helpers.policies import CONFLICT, Calls, failing

FUTURE_VERSION, TIMED_OUT = 1009, 1031


@pytest.fixture(params=["threads", "gevent", "asyncio"])
def run(request: pytest.FixtureRequest, memory_name: str) -> Any:
    """`db.run` of each event model, with a function that does not wait."""
    if request.param == "gevent":
        pytest.importorskip("gevent")
    if request.param != "asyncio":
        model = None if request.param == "threads" else "gevent"
        return fdb.open(memory_name, event_model=model).run  # type: ignore[call-overload]
    db = fdb.open(memory_name, event_model="asyncio")

    def run(function: Any, *args: Any, **policy: Any) -> Any:
        async def asynchronous(tr: fdb.Transaction, *args: Any) -> Any:
            return function(tr, *args)

        return asyncio.run(db.run(asynchronous, *args, **policy))

    return run


# ---- how a call ends ----


def test_run_calls_and_commits(memory_db: fdb.Database) -> None:
    def write(tr: fdb.Transaction, key: bytes, value: bytes) -> bytes:
        tr[key] = value
        return key + value

    assert memory_db.run(write, b"a", b"1") == b"a1"
    assert memory_db.run(write, b"b", b"2", timeout=10) == b"b2"
    assert [bytes(row.key) for row in memory_db[:]] == [b"a", b"b"]
    with pytest.raises(
        TypeError, match="run\\(\\) takes .* keywords of fdb.Policy .* no 'tiemout'"
    ):
        memory_db.run(write, b"a", b"2", tiemout=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="run\\(\\) takes a function"):
        memory_db.run(b"a")  # type: ignore[call-overload]


def test_the_retry_limit_bounds_the_attempts_and_the_error_tells(run: Any) -> None:
    for limit in (0, 1, 3):
        with pytest.raises(fdb.FDBError) as caught:
            run(failing(CONFLICT), retry_limit=limit, max_retry_delay=0.001)
        error = caught.value
        assert (error.code, error.attempts) == (CONFLICT, limit + 1)
        assert error.elapsed is not None
        assert 0 <= error.elapsed < 10
        assert (error.last_error is None) == (limit == 0)
        assert error.last_error is None or error.last_error.code == CONFLICT
        assert error.conflicting_keys is None
        counted = "1 attempt" if limit == 0 else f"{limit + 1} attempts"
        assert f"after {counted} in " in str(error)
        assert f"by the policy's retry_limit={limit}" in str(error)
        assert ("tried again after not_committed (1020)" in str(error)) == (limit > 0)
    assert run(failing(CONFLICT, 2), retry_limit=2, max_retry_delay=0.001) == 3
    assert run(failing(CONFLICT, 3), retry_limit=-1, max_retry_delay=0.001) == 4


def test_the_timeout_is_that_of_the_whole_call(run: Any) -> None:
    with pytest.raises(fdb.FDBError) as caught:
        run(failing(CONFLICT), timeout=0.1, max_retry_delay=0.01)
    error = caught.value
    assert error.code == TIMED_OUT
    assert error.attempts is not None
    assert error.attempts > 1
    assert error.elapsed is not None
    assert 0.09 <= error.elapsed < 10
    assert error.last_error is not None
    assert error.last_error.code == CONFLICT
    assert "by the policy's timeout=0.1; tried again after not_committed (1020)" in str(error)


def test_what_is_not_retried_tells_its_attempts_too(run: Any) -> None:
    with pytest.raises(fdb.FDBError) as caught:
        run(failing(2000), retry_limit=5)
    error = caught.value
    assert (error.code, error.attempts, error.last_error) == (2000, 1, None)
    assert "retry_limit" not in str(error)


def test_calls_without_a_policy_tell_too(run: Any) -> None:
    def limited(tr: fdb.Transaction) -> None:
        tr.options.set_retry_limit(2)
        raise fdb.FDBError(CONFLICT)

    with pytest.raises(fdb.FDBError) as caught:
        run(limited)
    error = caught.value
    assert (error.code, error.attempts) == (CONFLICT, 3)
    assert error.elapsed is not None
    assert 0 <= error.elapsed < 10
    assert error.last_error is not None
    assert error.last_error.code == CONFLICT
    with pytest.raises(fdb.FDBError) as caught:
        run(failing(2000))
    assert (caught.value.attempts, caught.value.last_error) == (1, None)
    assert caught.value.elapsed is not None


def test_errors_that_no_call_has_ended_with_know_nothing() -> None:
    error = fdb.FDBError(CONFLICT)
    known = (error.attempts, error.elapsed, error.last_error, error.conflicting_keys)
    assert known == (None, None, None, None)


def test_another_exception_ends_the_call_and_writes_nothing(memory_db: fdb.Database) -> None:
    def write(tr: fdb.Transaction) -> None:
        tr[b"a"] = b"1"
        raise KeyError("a")

    with pytest.raises(KeyError):
        memory_db.run(write, retry_limit=5)
    assert memory_db[:] == []


# ---- conflicts ----


def conflicting(db: fdb.Database) -> Any:
    def function(tr: fdb.Transaction) -> None:
        assert tr[b"read"].value != b"nothing"
        tr[b"own"] = b""
        thread = threading.Thread(target=lambda: db.set(b"read", b"theirs"))
        thread.start()
        thread.join()

    return function


def test_conflicting_keys_are_reported(memory_db: fdb.Database) -> None:
    with pytest.raises(fdb.FDBError) as caught:
        memory_db.run(conflicting(memory_db), report_conflicts=True, retry_limit=1)
    error = caught.value
    assert error.conflicting_keys == [(b"read", b"read\x00")]
    assert "conflicting keys: b'read' to b'read\\x00'" in str(error)
    assert error.last_error is not None
    assert error.last_error.conflicting_keys == error.conflicting_keys


def test_a_conflict_that_is_no_commit_s_reports_nothing(memory_db: fdb.Database) -> None:
    with pytest.raises(fdb.FDBError) as caught:
        memory_db.run(failing(CONFLICT), report_conflicts=True, retry_limit=1)
    assert caught.value.conflicting_keys is None


def test_conflicting_keys_are_reported_in_asyncio(async_memory_db: fdb.AsyncDatabase) -> None:
    seen: list[Any] = []

    async def function(tr: fdb.Transaction) -> None:
        await tr[b"read"]
        tr[b"own"] = b""
        await async_memory_db.set(b"read", b"theirs")

    async def main() -> None:
        with pytest.raises(fdb.FDBError) as caught:
            await async_memory_db.run(
                function,
                report_conflicts=True,
                retry_limit=1,
                on_retry=lambda retry: seen.append(retry.error.conflicting_keys),
            )
        seen.append(caught.value.conflicting_keys)

    asyncio.run(main())
    assert seen == [[(b"read", b"read\x00")]] * 2


# ---- on_retry ----


def test_on_retry_is_told_between_attempts(run: Any) -> None:
    seen: list[fdb.Retry] = []
    assert run(failing(CONFLICT, 2), on_retry=seen.append, max_retry_delay=0.001) == 3
    assert [(retry.attempt, retry.error.code) for retry in seen] == [(1, CONFLICT), (2, CONFLICT)]
    assert 0 <= seen[0].elapsed <= seen[1].elapsed
    seen.clear()
    with pytest.raises(fdb.FDBError):
        run(failing(CONFLICT), on_retry=seen.append, retry_limit=0)
    assert seen == []


def test_what_on_retry_raises_ends_the_call(run: Any) -> None:
    def stop(retry: fdb.Retry) -> None:
        raise LookupError(retry.attempt)

    with pytest.raises(LookupError):
        run(failing(CONFLICT), on_retry=stop)

    def stop_retryably(retry: fdb.Retry) -> None:
        raise fdb.FDBError(CONFLICT)

    with pytest.raises(fdb.FDBError):
        run(failing(CONFLICT), on_retry=stop_retryably)


def test_on_retry_may_be_asynchronous_where_the_call_is(
    memory_db: fdb.Database, async_memory_db: fdb.AsyncDatabase
) -> None:
    seen: list[int] = []

    async def note(retry: fdb.Retry) -> None:
        await asyncio.sleep(0)
        seen.append(retry.attempt)

    async def function(tr: fdb.Transaction) -> None:
        if len(seen) < 2:
            raise fdb.FDBError(CONFLICT)

    asyncio.run(async_memory_db.run(function, on_retry=note))
    assert seen == [1, 2]
    with pytest.raises(TypeError, match="on_retry"):
        memory_db.run(failing(CONFLICT), on_retry=note)
    assert seen == [1, 2]


# ---- the policy of whom ----


def test_the_policy_of_the_outer_call_holds(memory_db: fdb.Database) -> None:
    @fdb.transactional(read_only=True)
    def read(tr: fdb.Transaction) -> None:
        tr[b"a"] = b"1"

    @fdb.transactional(retry_limit=0, max_retry_delay=0.001)
    def impatient(tr: fdb.Transaction, runs: list[int]) -> None:
        runs.append(1)
        if len(runs) < 3:
            raise fdb.FDBError(CONFLICT)

    memory_db.run(lambda tr: read(tr))
    assert memory_db[b"a"] == b"1"
    memory_db.run(impatient, [], retry_limit=5)
    with pytest.raises(fdb.FDBError):
        impatient(memory_db, [])
    with pytest.raises(fdb.FDBError, match="read_only"):
        memory_db.run(lambda tr: memory_db_write(tr), read_only=True)


@fdb.transactional
def memory_db_write(tr: fdb.Transaction) -> None:
    tr[b"b"] = b""


def test_options_are_set_again_for_every_attempt(run: Any, memory_name: str) -> None:
    database = run.__self__ if hasattr(run, "__self__") else None
    db = database if database is not None else fdb.open(memory_name, event_model="asyncio")
    tracer = Calls()
    with trace(db, tracer):
        run(
            failing(CONFLICT, 1),
            timeout=60,
            retry_limit=3,
            max_retry_delay=0.0015,
            tags=["a", b"b"],
            priority="batch",
            report_conflicts=True,
        )
    again = [(800, b"a"), (800, b"b"), (201, None), (712, None)]
    numbers = [
        (code, number.to_bytes(8, "little")) for code, number in ((500, 60000), (501, 3), (502, 2))
    ]
    assert tracer.options == {1: [*numbers, *again], 2: again}


def test_a_call_beats_its_database(memory_name: str) -> None:
    db = fdb.open(memory_name, defaults=fdb.Policy(read_only=True, retry_limit=1, priority="batch"))
    with pytest.raises(fdb.FDBError, match="read_only"):
        db[b"a"] = b"1"
    tracer = Calls()
    with trace(db, tracer):
        db.run(lambda tr: tr.set(b"a", b"1"), read_only=False, priority="default", timeout=math.inf)
    assert db[b"a"] == b"1"
    assert tracer.options == {1: [(500, bytes(8)), (501, (1).to_bytes(8, "little"))]}


# ---- at_least ----


def test_at_least_waits_for_a_version(memory_db: fdb.Database) -> None:
    now = memory_db.run(lambda tr: tr.get_read_version().wait())
    seen = memory_db.run(
        lambda tr: tr.get_read_version().wait(),
        at_least=now + 1,
        on_retry=lambda retry: memory_db.set(b"a", b""),  # which makes a newer version
    )
    assert seen > now
    with pytest.raises(fdb.FDBError, match="is below at_least=") as caught:
        memory_db.run(lambda tr: None, at_least=2**62, retry_limit=1)
    assert (caught.value.code, caught.value.attempts) == (FUTURE_VERSION, 2)
    with pytest.raises(fdb.FDBError) as caught:
        memory_db.run(lambda tr: None, at_least=2**62, timeout=0.05)
    assert caught.value.code == TIMED_OUT


def test_at_least_in_asyncio(async_memory_db: fdb.AsyncDatabase) -> None:
    async def version(tr: fdb.Transaction) -> int:
        return await tr.get_read_version()

    async def main() -> None:
        now = await async_memory_db.run(version)
        seen = await async_memory_db.run(
            version, at_least=now + 1, on_retry=lambda retry: async_memory_db.set(b"a", b"")
        )
        assert seen > now
        with pytest.raises(fdb.FDBError, match="is below at_least="):
            await async_memory_db.run(version, at_least=2**62, retry_limit=1)

    asyncio.run(main())


# ---- sources that are not ours ----


def test_sources_of_another_class(memory_db: fdb.Database) -> None:
    class Source:
        def create_transaction(self) -> Any:
            return memory_db.create_transaction()

    @fdb.transactional(read_only=True)
    def write(tr: fdb.Transaction) -> None:
        tr[b"a"] = b"1"

    with pytest.raises(fdb.FDBError, match="read_only"):
        write(Source())

    class Foreign:
        def create_transaction(self) -> Any:
            return object()

    with pytest.raises(TypeError, match="a call with a policy needs a transaction of this package"):
        write(Foreign())


def test_a_watch_of_a_governed_call_waits_for_its_commit(memory_db: fdb.Database) -> None:
    def wait_inside(tr: fdb.Transaction) -> None:
        tr.watch(b"a").wait()

    with pytest.raises(RuntimeError, match="only after its transaction was committed"):
        memory_db.run(wait_inside, timeout=10)
    watch = memory_db.run(lambda tr: tr.watch(b"a"), timeout=10)
    memory_db[b"a"] = b"1"
    watch.wait()


def test_generators_and_coroutines_are_refused(memory_db: fdb.Database) -> None:
    async def asynchronous(tr: fdb.Transaction) -> None:
        tr[b"a"] = b"1"

    with pytest.raises(TypeError, match="coroutine that has not run"):
        memory_db.run(asynchronous, timeout=10)

    @fdb.transactional(timeout=10)
    def generator(tr: fdb.Transaction) -> Any:
        yield tr

    with pytest.raises(ValueError, match="Generators"):
        generator(memory_db)
    with pytest.raises(TypeError, match="asyncio"):
        asyncio.run(fdb.transactional(timeout=10)(asynchronous)(memory_db))


def test_limits_are_set_again_where_on_error_may_forget_them(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As libraries below API version 610 say of theirs."""
    calls: list[list[str]] = []
    monkeypatch.setattr("fdb._governed._KEEPS_LIMITS", 10**6)
    monkeypatch.setattr(
        GovernedTransaction, "_set", lambda tr, options: calls.append([each[0] for each in options])
    )

    def act(tr: fdb.Transaction) -> None:
        if len(calls) == 2:
            raise fdb.FDBError(1020)

    memory_db.run(act, timeout=5, retry_limit=3, max_retry_delay=0.001)
    limits = ["timeout", "retry_limit", "max_retry_delay"]
    assert calls == [limits, [], limits, []]
