"""fdb/_retry.py: fdb.transactional in all its forms."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest

import fdb


def test_it_commits_and_returns(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def work(tr: fdb.Transaction, key: bytes, value: bytes = b"default") -> str:
        tr[key] = value
        return "result"

    assert work(db, test_prefix) == "result"
    assert db[test_prefix] == b"default"
    assert work(db, test_prefix, value=b"given") == "result"
    assert db[test_prefix] == b"given"


def test_by_keyword(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def work(key: bytes, tr: fdb.Transaction) -> None:
        tr[key] = b"x"

    work(test_prefix, tr=db)
    work(tr=db, key=test_prefix)
    work(test_prefix, db)
    assert db[test_prefix] == b"x"
    with pytest.raises(TypeError, match="the argument 'tr' of the .* test_by_keyword.* is missing"):
        work(test_prefix)


def test_another_parameter(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional(parameter="transaction")
    def work(key: bytes, transaction: fdb.Transaction) -> None:
        transaction[key] = b"x"

    work(test_prefix, db)
    assert db[test_prefix] == b"x"


def test_methods(db: fdb.Database, test_prefix: bytes) -> None:
    class Counter:
        @fdb.transactional
        def up(self, tr: fdb.Transaction) -> int:
            tr[test_prefix] = b"%d" % (int(tr[test_prefix] or b"0") + 1)
            return int(tr[test_prefix])

        @staticmethod
        @fdb.transactional
        def read(tr: fdb.Transaction) -> bytes:
            return bytes(tr[test_prefix])

        @classmethod
        @fdb.transactional
        def name(cls, tr: fdb.Transaction) -> str:
            return cls.__name__

    assert [Counter().up(db) for _ in range(3)] == [1, 2, 3]
    assert Counter.read(db) == b"3"
    assert Counter.name(db) == "Counter"


def test_composition(db: fdb.Database, test_prefix: bytes) -> None:
    commits: list[object] = []

    @fdb.transactional
    def inner(tr: fdb.Transaction, key: bytes) -> fdb.Transaction:
        tr[key] = b"x"
        return tr

    @fdb.transactional
    def outer(tr: fdb.Transaction) -> None:
        assert inner(tr, test_prefix + b"a") is tr
        assert inner(tr, test_prefix + b"b") is tr
        assert db[test_prefix + b"a"] is None
        commits.append(tr)

    outer(db)
    assert len(commits) == 1
    assert len(db.get_range_startswith(test_prefix)) == 2


def test_a_transaction_or_snapshot_is_passed_through(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def read(tr: fdb.Transaction) -> object:
        return tr[test_prefix].value

    tr = db.create_transaction()
    tr[test_prefix] = b"mine"
    assert read(tr) == b"mine"
    assert read(tr.snapshot) == b"mine"
    assert read(db) is None


def test_conflicts_are_retried_with_the_same_transaction(
    db: fdb.Database, test_prefix: bytes
) -> None:
    seen: list[fdb.Transaction] = []

    @fdb.transactional
    def work(tr: fdb.Transaction) -> int:
        tr[test_prefix].wait()
        seen.append(tr)
        if len(seen) < 3:
            db[test_prefix] = b"%d" % len(seen)
        tr[test_prefix] = b"done"
        return len(seen)

    assert work(db) == 3
    assert len(set(map(id, seen))) == 1
    assert db[test_prefix] == b"done"


def test_errors_of_the_function(db: fdb.Database, test_prefix: bytes) -> None:
    attempts: list[int] = []

    @fdb.transactional
    def work(tr: fdb.Transaction, error: Exception) -> None:
        tr[test_prefix] = b"written"
        attempts.append(1)
        if len(attempts) < 3:
            raise error

    work(db, fdb.FDBError(1020))
    assert len(attempts) == 3
    del db[test_prefix]
    attempts.clear()
    with pytest.raises(ZeroDivisionError):
        work(db, ZeroDivisionError())
    assert len(attempts) == 1 and db[test_prefix] is None
    attempts.clear()
    with pytest.raises(fdb.FDBError) as failed:
        work(db, fdb.FDBError(2000))
    assert failed.value.code == 2000 and len(attempts) == 1 and db[test_prefix] is None


def test_a_retry_limit(db: fdb.Database) -> None:
    attempts: list[int] = []

    @fdb.transactional
    def work(tr: fdb.Transaction) -> None:
        tr.options.set_retry_limit(2)
        attempts.append(1)
        raise fdb.FDBError(1020)

    with pytest.raises(fdb.FDBError) as failed:
        work(db)
    assert failed.value.code == 1020 and len(attempts) == 3


def test_anything_that_creates_transactions(db: fdb.Database, test_prefix: bytes) -> None:
    class Source:
        def create_transaction(self) -> fdb.Transaction:
            return db.create_transaction()

    @fdb.transactional
    def work(tr: fdb.Transaction) -> None:
        tr[test_prefix] = b"x"

    work(Source())
    assert db[test_prefix] == b"x"
    with pytest.raises(TypeError, match="must be a Database, Tenant or Transaction, not int"):
        work(5)


def test_generators_are_refused_when_called(db: fdb.Database) -> None:
    @fdb.transactional
    def generator(tr: fdb.Transaction) -> Any:
        yield 1

    @fdb.transactional
    def returns_one(tr: fdb.Transaction) -> Any:
        return (i for i in range(3))

    for call in (generator, returns_one):
        with pytest.raises(
            ValueError, match="Generators can not be wrapped with fdb.transactional"
        ):
            call(db)
    with pytest.raises(ValueError, match="Generators"):
        generator(db.create_transaction())
    assert list(returns_one(db.create_transaction())) == [0, 1, 2]


def test_generators_below_630(run_python: Any) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(620)
        @fdb.transactional
        def numbers(tr):
            yield 1
        assert list(numbers(fdb.open("memory:"))) == [1]
        """
    )
    assert outcome.returncode == 0


def test_coroutines_need_asyncio(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    async def work(tr: fdb.Transaction) -> None:
        tr[test_prefix] = b"x"

    assert inspect.iscoroutinefunction(work)
    for source in (db, db.create_transaction()):
        with pytest.raises(TypeError, match='needs a database opened with event_model="asyncio"'):
            work(source).send(None)
    assert db[test_prefix] is None


def test_a_returned_coroutine_is_never_committed(db: fdb.Database, test_prefix: bytes) -> None:
    async def later() -> None:
        raise AssertionError("ran")

    @fdb.transactional
    def work(tr: fdb.Transaction) -> Any:
        tr[test_prefix] = b"x"
        return later()

    with pytest.raises(TypeError, match="returned a coroutine that has not run"):
        work(db)
    assert db[test_prefix] is None


def test_wrong_decorations() -> None:
    with pytest.raises(ValueError):
        fdb.transactional(lambda x: x)
    with pytest.raises(ValueError):
        fdb.transactional(parameter="nowhere")(lambda tr: tr)
    for wrong in (
        lambda: fdb.transactional(1),
        lambda: fdb.transactional(len, len),
        lambda: fdb.transactional(name="x"),
    ):
        with pytest.raises(Exception, match="Invalid use of transactional decorator"):
            wrong()


def test_metadata_and_other_decorators(db: fdb.Database) -> None:
    def passes(func: Any) -> Any:
        @functools.wraps(func)
        def wrapper(*args: Any) -> Any:
            return func(*args)

        return wrapper

    @fdb.transactional
    @passes
    def documented(first: int, tr: fdb.Transaction) -> int:
        """The text."""
        return first

    assert documented.__name__ == "documented" and documented.__doc__ == "The text."
    assert documented(7, db) == 7


def test_a_lazy_result_can_be_read_after_the_commit(db: fdb.Database, test_prefix: bytes) -> None:
    db[test_prefix] = b"v"

    @fdb.transactional
    def read(tr: fdb.Transaction) -> Any:
        return tr[test_prefix]

    assert read(db) == b"v"


def test_waiting_for_an_own_watch_is_refused(db: fdb.Database, test_prefix: bytes) -> None:
    @fdb.transactional
    def work(tr: fdb.Transaction, method: str) -> None:
        getattr(tr.watch(test_prefix), method)()

    for method in ("wait", "block_until_ready"):
        with pytest.raises(RuntimeError, match="return the watch and wait for it then"):
            work(db, method)
