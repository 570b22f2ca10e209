"""In a running loop a future is awaited before it is used, also one that happens to be ready."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import fdb
import fdb.tuple

REFUSED = "would block the running asyncio loop"


@pytest.fixture
def db(prompt_name: str) -> fdb.Database:
    """The database, for threads, with a row."""
    db = fdb.open(prompt_name)
    db[b"k"] = b"7"
    return db


@pytest.fixture
def async_db(prompt_name: str, db: fdb.Database) -> fdb.AsyncDatabase:
    """The same for asyncio."""
    return fdb.open(prompt_name, event_model="asyncio")


USES: dict[str, Callable[[Any], Any]] = {
    "int": lambda tr: int(tr[b"k"]),
    "bytes": lambda tr: bytes(tr[b"k"]),
    "equality": lambda tr: tr[b"k"] == b"7",
    "inequality": lambda tr: tr[b"k"] != b"7",
    "truth": lambda tr: bool(tr[b"k"]),
    "truth of nothing": lambda tr: bool(tr[b"absent"]),
    "index": lambda tr: tr[b"k"][0],
    "length": lambda tr: len(tr[b"k"]),
    "iteration": lambda tr: list(tr[b"k"]),
    "sum": lambda tr: b"x" + tr[b"k"],
    "buffer": lambda tr: memoryview(tr[b"k"]),
    "method": lambda tr: tr[b"k"].decode(),
    "value": lambda tr: tr[b"k"].value,
    "present": lambda tr: tr[b"k"].present(),
    "wait": lambda tr: tr[b"k"].wait(),
    "wait for an error": lambda tr: tr[b"\xff\xff\xff"].wait(),
    "block": lambda tr: tr[b"k"].block_until_ready(),
    "any": lambda tr: fdb.Future.wait_for_any(tr[b"k"]),
    "as a key": lambda tr: tr.set(tr[b"k"], b"x"),
    "as a value": lambda tr: tr.set(b"x", tr[b"k"]),
    "in a tuple": lambda tr: fdb.tuple.pack((tr[b"k"],)),
    "unpacked": lambda tr: fdb.tuple.unpack(tr[b"k"]),
    "key": lambda tr: bytes(tr.get_key(fdb.KeySelector.first_greater_than(b""))),
    "clear by a selector": lambda tr: tr.clear(fdb.KeySelector.first_greater_than(b"")),
    "rows": lambda tr: list(tr[b"":b"\xff"]),
    "no rows": lambda tr: list(tr[b"a":b"b"]),
    "a list of rows": lambda tr: list(tr[b"":b"\xff"].to_list()),
    "its length": lambda tr: len(tr[b"":b"\xff"].to_list()),
    "its truth": lambda tr: bool(tr[b"":b"\xff"].to_list()),
    "its equality": lambda tr: tr[b"":b"\xff"].to_list() == [],
    "version": lambda tr: tr.get_read_version().wait(),
    "size": lambda tr: tr.get_approximate_size().wait(),
    "snapshot": lambda tr: int(tr.snapshot[b"k"]),
    "commit": lambda tr: tr.commit().wait(),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("use", USES)
def test_the_use_of_a_ready_future_is_refused(use: str, async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=REFUSED):
            USES[use](async_db.create_transaction())

    asyncio.run(main())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("use", [use for use in USES if use != "wait for an error"])
def test_where_no_loop_runs_it_is_not(use: str, async_db: fdb.AsyncDatabase) -> None:
    try:
        USES[use](async_db.create_transaction())
    except ValueError:
        assert use == "unpacked"  # b"7" is no tuple


def test_blocking_databases_may_be_used_in_a_loop(db: fdb.Database) -> None:
    async def main() -> None:
        tr = db.create_transaction()
        assert int(tr[b"k"]) == 7 and len(list(tr[b"":b"\xff"])) == 1
        assert tr[b"":b"\xff"].to_list()[0].value == b"7"
        assert tr[b"k"].result() == b"7" and hash(tr[b"k"]) == hash(b"7")

    asyncio.run(main())


def test_what_was_awaited_can_be_used(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = async_db.create_transaction()
        value = await tr[b"k"]
        assert int(value) == 7 and value[0] == ord("7") and hash(value) == hash(b"7")
        assert await value is value
        assert await asyncio.gather(tr[b"k"], tr[b"absent"]) == [b"7", None]
        task = asyncio.ensure_future(tr[b"k"])
        assert (await task).present()
        rows = tr[b"":b"\xff"]
        assert await rows == list(rows)
        with pytest.raises(fdb.FDBError):
            await tr.on_error(2000)

    asyncio.run(main())


def test_a_callback_may_use_its_future(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        seen: list[Any] = []
        value = async_db.create_transaction()[b"k"]
        value.on_ready(lambda future: seen.append(int(future)))
        while not seen:
            await asyncio.sleep(0)
        assert seen == [7] and int(value) == 7

    asyncio.run(main())


def test_results_are_not_available_before_they_were_seen(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = async_db.create_transaction()
        value = tr[b"k"]
        for look in (value.result, value.exception):
            with pytest.raises(Exception, match="Future result not available"):
                look()
        assert value.done() and value.exception() is None and not value.cancelled()
        with pytest.raises(RuntimeError, match=REFUSED):
            int(value)
        assert value.result() == b"7" and int(value) == 7
        failed = tr[b"\xff\xff\xff"]
        assert failed.done() and not failed.cancelled()
        error = failed.exception()
        assert error is not None and error.code > 2000

    asyncio.run(main())


def test_a_list_of_rows_can_be_awaited(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        for i in range(300):
            await async_db.set(b"row%03d" % i, b"x" * 100)
        tr = async_db.create_transaction()
        assert len(await tr[b"row":b"rox"].to_list()) == 300
        assert len(await asyncio.create_task(tr[b"row":b"rox"].to_list())) == 300
        first, second = await asyncio.gather(
            tr[b"row":b"rox"].to_list(), tr.get_range(b"row", b"rox", limit=7).to_list()
        )
        assert (len(first), len(second)) == (300, 7)
        tr[b"k"].cancel()
        tr[b"k":b"l"].to_list()  # dropped without a warning: it has no effect

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()
    assert len(async_db.create_transaction()[b"row":b"rox"].to_list()) == 300


def commit_warnings(main: Callable[[], Coroutine[Any, Any, Any]]) -> list[str]:
    """What is warned of while the program runs."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main())
        gc.collect()
    return [str(each.message) for each in caught if each.category is ResourceWarning]


def test_a_commit_that_nobody_awaits_is_warned_of(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = async_db.create_transaction()
        tr[b"k"] = b"8"
        tr.commit()

    (text,) = commit_warnings(main)
    assert "use await tr.commit()" in text


def test_no_warning_of_a_commit_that_somebody_waits_for(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = async_db.create_transaction()
        await tr.commit()
        with pytest.raises(fdb.FDBError):
            await tr.commit()
        heard = async_db.create_transaction().commit()
        heard.on_ready(lambda future: None)
        cancelled = async_db.create_transaction().commit()
        cancelled.cancel()
        await asyncio.to_thread(async_db.create_transaction().commit().wait)
        await asyncio.sleep(0.01)

    assert commit_warnings(main) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_warning_that_is_an_error_breaks_nothing(
    async_db: fdb.AsyncDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async_db.create_transaction().commit()
        gc.collect()
    assert async_db.create_transaction()[b"k"].wait() == b"7"


def test_layers_await_what_they_read(async_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        directory = await fdb.directory.create_or_open(async_db, ("a", "b"))
        tr = async_db.create_transaction()
        opened = await fdb.directory.open(tr, ("a", "b"))
        assert opened.key() == directory.key()
        assert await fdb.directory.list(tr) == ["a"]
        await tr.commit()
        await fdb.tenant_management.create_tenant(async_db, b"t")
        tenant = async_db.open_tenant(b"t")
        await tenant.set(b"k", b"v")
        listed = await fdb.tenant_management.list_tenants(async_db, b"", b"\xff", 5)
        assert [row.key for row in listed] == [b"t"]
        assert await tenant.get_id() > 0

    asyncio.run(main())
