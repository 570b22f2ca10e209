"""fdb/_retry.py: how errors come out of fdb.transactional, and transactions of other classes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import fdb

NOT_RETRYABLE = 2000
RETRYABLE = 1020


def raise_with_cause(error_code: int) -> None:
    try:
        try:
            raise KeyError("context")
        except KeyError:
            raise LookupError("cause")  # noqa: B904 - the context is wanted
    except LookupError as error:
        raise fdb.FDBError(error_code) from error


def failing(error_code: int, attempts: list[int]) -> Callable[..., Any]:
    """A function that raises an FDBError with a cause and a context of its own."""

    @fdb.transactional
    def work(tr: fdb.Transaction, key: bytes) -> None:
        attempts.append(len(attempts))
        tr[key] = b""
        raise_with_cause(error_code)

    return work


def failing_in_asyncio(error_code: int, attempts: list[int]) -> Callable[..., Any]:
    @fdb.transactional
    async def work(tr: fdb.Transaction, key: bytes) -> None:
        attempts.append(len(attempts))
        tr[key] = b""
        await asyncio.sleep(0)  # not a read: a time limit is to end retries, not an attempt
        raise_with_cause(error_code)

    return lambda db, key: asyncio.run(work(db, key))


@pytest.fixture(params=["threads", "debug", "gevent", "asyncio"])
def model(request: pytest.FixtureRequest, database_name: str) -> tuple[Any, Any]:
    """A database of each event model, and what makes a failing function for it."""
    name = request.param
    if name == "gevent":
        pytest.importorskip("gevent")
    make = failing_in_asyncio if name == "asyncio" else failing
    return fdb.open(database_name, event_model=None if name == "threads" else name), make


def check_chain(error: fdb.FDBError) -> None:
    assert isinstance(error.__cause__, LookupError)
    assert error.__context__ is error.__cause__
    assert isinstance(error.__cause__.__context__, KeyError)


def test_the_cause_arrives(model: tuple[Any, Any], test_prefix: bytes) -> None:
    db, make = model
    attempts: list[int] = []
    with pytest.raises(fdb.FDBError) as raised:
        make(NOT_RETRYABLE, attempts)(db, test_prefix)
    assert raised.value.code == NOT_RETRYABLE and len(attempts) == 1
    check_chain(raised.value)


def test_the_cause_arrives_within_a_handler(model: tuple[Any, Any], test_prefix: bytes) -> None:
    """What the caller is handling takes the place of nothing."""
    db, make = model
    if make is failing_in_asyncio:
        pytest.skip("asyncio.run raises the error of its task anew")
    with pytest.raises(fdb.FDBError) as raised:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            make(NOT_RETRYABLE, [])(db, test_prefix)
    check_chain(raised.value)


def test_the_cause_of_the_last_attempt_arrives(
    database_name: str, model: tuple[Any, Any], test_prefix: bytes
) -> None:
    db, make = model
    attempts: list[int] = []
    db.options.set_transaction_retry_limit(2)
    try:
        with pytest.raises(fdb.FDBError) as raised:
            make(RETRYABLE, attempts)(db, test_prefix)
    finally:
        db.options.set_transaction_retry_limit(-1)
    assert raised.value.code == RETRYABLE and len(attempts) == 3
    check_chain(raised.value)


def test_another_error_of_on_error_names_the_one_that_led_to_it(
    model: tuple[Any, Any], test_prefix: bytes
) -> None:
    """A time limit that ends the retries: it is raised, and what was retried is its cause."""
    db, make = model
    db.options.set_transaction_timeout(500)
    try:
        with pytest.raises(fdb.FDBError) as raised:
            make(RETRYABLE, [])(db, test_prefix)
    finally:
        db.options.set_transaction_timeout(0)
    assert raised.value.code == 1031
    assert isinstance(raised.value.__cause__, fdb.FDBError)
    assert raised.value.__cause__.code == RETRYABLE


class Delegate:
    """A transaction of another class: as little as fdb.transactional needs, and no attributes."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: fdb.Transaction) -> None:
        self._transaction = transaction

    def __getitem__(self, key: bytes) -> fdb.Value:
        return self._transaction[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._transaction[key] = value

    def commit(self) -> Any:
        return self._transaction.commit()

    def on_error(self, error: Any) -> Any:
        return self._transaction.on_error(error)


class DelegatingDatabase:
    def __init__(self, database: fdb.Database) -> None:
        self._database = database

    def create_transaction(self) -> Delegate:
        return Delegate(self._database.create_transaction())


def test_a_transaction_of_another_class(db: fdb.Database, test_prefix: bytes) -> None:
    attempts = []

    @fdb.transactional
    def work(tr: Any) -> bytes:
        attempts.append(tr)
        tr[test_prefix] = b"%d" % len(attempts)
        if len(attempts) < 3:
            raise fdb.FDBError(RETRYABLE)
        return bytes(tr[test_prefix])

    assert work(DelegatingDatabase(db)) == b"3"
    assert db[test_prefix] == b"3"


def test_an_asynchronous_transaction_of_another_class(
    database_name: str, test_prefix: bytes
) -> None:
    adb: Any = fdb.open(database_name, event_model="asyncio")
    attempts = []

    @fdb.transactional
    async def work(tr: Any) -> bytes:
        attempts.append(tr)
        tr[test_prefix] = b"%d" % len(attempts)
        if len(attempts) < 3:
            raise fdb.FDBError(RETRYABLE)
        return bytes(await tr[test_prefix])

    assert asyncio.run(work(DelegatingDatabase(adb))) == b"3"


def test_a_transaction_subclass_with_slots(db: fdb.Database, test_prefix: bytes) -> None:
    class Counting(fdb.Transaction):
        __slots__ = ("reads",)

        def get(self, key: Any) -> fdb.Value:
            self.reads = getattr(self, "reads", 0) + 1
            return super().get(key)

    class CountingDatabase:
        def create_transaction(self) -> fdb.Transaction:
            plain = db.create_transaction()
            return Counting(plain._handle, plain._library, plain.db)

    @fdb.transactional
    def work(tr: Any) -> int:
        tr.get(test_prefix).wait()
        tr[test_prefix] = b""
        return int(tr.reads)

    assert work(CountingDatabase()) == 1
    directory = fdb.DirectoryLayer(fdb.Subspace(rawPrefix=test_prefix + b"n"))
    assert directory.create_or_open(CountingDatabase(), "d").get_path() == ("d",)
