"""What docs/reference/differences.md says of this package is true, section by section."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import fdb
import fdb.directory_impl
import fdb.impl
import fdb.locality
import fdb.tenant_management
from helpers.processes import RunPython


@fdb.transactional
def _read(tr: Any, key: bytes) -> bytes | None:
    return tr[key].value


def test_truth_of_values(memory_db: fdb.Database) -> None:
    memory_db[b"empty"] = b""
    tr = memory_db.create_transaction()
    absent, empty = tr[b"absent"], tr[b"empty"]
    assert not absent and not empty
    assert not absent.present() and empty.present()
    assert absent == None and empty != None  # noqa: E711 - what programs write
    assert hash(absent) == hash(None)
    uses: list[Callable[[Any], Any]] = [len, bytes, fdb.Value.as_foundationdb_key]
    for use in uses:
        with pytest.raises(TypeError, match="not present"):
            use(absent)


def test_values_where_bytes_are_wanted(memory_db: fdb.Database) -> None:
    memory_db[b"key"] = b"part"
    value: Any = memory_db.create_transaction()[b"key"]
    assert bytes(memoryview(value)) == b"".join([value]) == value % () == b"part"
    assert b"ar" in value
    assert type(value) is fdb.Value


def test_descriptions_of_errors(memory_db: fdb.Database) -> None:
    error = fdb.FDBError(1007)
    assert isinstance(error.description, bytes)
    assert error.description == b"Transaction is too old to perform reads or be committed"
    assert str(error) == f"{error.description} (1007)"
    assert bytes(error.description).decode() == error.description.decode() == error.description

    raised = fdb.FDBError(2000, "mine")

    @fdb.transactional
    def fail(tr: Any) -> None:
        raise raised

    with pytest.raises(fdb.FDBError) as caught:
        fail(memory_db)
    assert caught.value is raised
    assert str(raised).endswith("(2000): mine")


@pytest.mark.parametrize(
    "key", [b"\x01abc", b"\x02abc", b"\x05\x01a\x00", b"\x16\x01", b"\x16\x00\x01", b"\x1d\x01\x05"]
)
def test_tuple_decoding(key: bytes) -> None:
    with pytest.raises(ValueError, match="in DB"):
        fdb.tuple.unpack(key)
    with pytest.raises(ValueError):
        fdb.tuple.unpack(b"\x15\x05", 3)
    assert fdb.tuple.unpack(b"\x01abc" + b"\x00") == (b"abc",)
    full = 2**64 - 1
    for form in (b"\x1d\x08" + b"\xff" * 8, b"\x1c" + b"\xff" * 8):
        assert fdb.tuple.unpack(form) == (full,)


def test_large_integers_and_single_floats() -> None:
    with pytest.raises(ValueError):
        fdb.tuple.pack((2**2040,))
    with pytest.raises(AttributeError):
        fdb.tuple.SingleFloat(1.0).value = 2.0  # type: ignore[misc]
    for value in (fdb.tuple.SingleFloat(1.0), fdb.tuple.Versionstamp()):
        with pytest.raises(TypeError):
            value < 1  # type: ignore[operator]  # noqa: B015


def test_attributes_of_small_objects(memory_db: fdb.Database) -> None:
    small: list[Any] = [
        fdb.KeyValue(b"", b""),
        fdb.KeySelector(b"", False, 1),
        fdb.tuple.SingleFloat(1.0),
        fdb.tuple.Versionstamp(),
    ]
    for thing in small:
        with pytest.raises(TypeError):
            weakref.ref(thing)
    future = memory_db.create_transaction().get_read_version()
    assert weakref.ref(future)() is future
    for thing in (*small, future):
        with pytest.raises(AttributeError):
            thing.extra = 1


def test_async_functions(memory_db: fdb.Database) -> None:
    @fdb.transactional
    async def write(tr: Any) -> None:
        tr[b"key"] = b"value"

    @fdb.transactional
    def starts_one(tr: Any) -> Any:
        return asyncio.sleep(0)

    with pytest.raises(TypeError, match="asyncio"):
        asyncio.run(write(memory_db))
    with pytest.raises(TypeError, match="coroutine"):
        starts_one(memory_db)
    coroutine = starts_one(memory_db.create_transaction())
    asyncio.run(coroutine)


def test_the_transaction_argument(memory_db: fdb.Database) -> None:
    assert _read(tr=memory_db, key=b"absent") is None
    calls: list[Callable[[], Any]] = [
        lambda: _read(key=b"a"),
        lambda: _read("db", b"a"),
        lambda: memory_db.create_transaction().on_error("1007"),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    with pytest.raises(Exception, match="Invalid use of transactional decorator"):
        fdb.transactional(param="tr")  # type: ignore[call-overload]


def test_watches(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def wait_too_early(tr: Any) -> None:
        tr.watch(b"key").wait()

    with pytest.raises(RuntimeError, match="return the watch"):
        wait_too_early(memory_db)


def test_what_open_takes(memory_name: str) -> None:
    for name in ("http://host", "test:id@127.0.0.1:4500", "memory"):
        with pytest.raises(ValueError, match="the forms are"):
            fdb.open(name)
    name = memory_name
    database = fdb.open(name)
    assert fdb.open(name) is database
    assert fdb.open(name, event_model="debug") is not database
    database.close()
    assert fdb.open(name) is not database


def test_options_keep_their_transaction(memory_db: fdb.Database) -> None:
    memory_db.create_transaction().options.set_timeout(1000)
    with pytest.raises(fdb.FDBError) as caught:
        fdb.options.set_trace_format("nonsense")
    assert caught.value.code == 2006


def test_event_models(memory_name: str) -> None:
    blocking = fdb.open(memory_name)
    database = fdb.open(memory_name, event_model="asyncio")
    assert isinstance(database, fdb.AsyncDatabase)
    assert _read(database, b"key") is None

    async def in_a_loop() -> None:
        assert await database.get(b"key") is None
        with pytest.raises(RuntimeError, match="block the running asyncio loop"):
            _read(database, b"key")
        with pytest.raises(TypeError, match="cannot be awaited"):
            await blocking.create_transaction().get_read_version()

    asyncio.run(in_a_loop())
    transactions = [d.create_transaction() for d in (blocking, database)]
    watches = [tr.watch(b"key") for tr in transactions]
    watches[0].on_ready(print)
    assert watches[0].remove_done_callback(print) == 1
    with pytest.raises(ValueError, match="one event model"):
        fdb.Future.wait_for_any(*watches)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import os, sys
        import fdb
        fdb.api_version(740)
        db = fdb.open("memory:parent")
        db[b"key"] = b"value"
        read = db.create_transaction()[b"key"]
        assert read.value == b"value"
        if os.fork() == 0:
            try:
                db[b"key"]
            except RuntimeError as error:
                print(type(error).__name__, read.value, fdb.open("memory:parent")[b"key"], flush=True)
            os._exit(0)
        os.wait()
        """
    )
    assert outcome.stdout.strip() == "RuntimeError b'value' None"


def test_directories(memory_db: fdb.Database) -> None:
    made = fdb.directory.create_or_open(memory_db, ["a", b"b"])
    assert made.get_path() == ("a", "b")
    with pytest.raises(ValueError) as caught:
        fdb.directory.create(memory_db, ("a", "b"))
    assert isinstance(caught.value, fdb.directory_impl.DirectoryExistsError)
    assert caught.value.args[0] == "The directory already exists."
    assert str(caught.value).endswith("(path: ('a', 'b'))")
    wrong: dict[str, Any] = {"layer": "text"}
    for arguments in (wrong, {"prefix": "text"}):
        with pytest.raises(TypeError):
            fdb.directory.create(memory_db, "c", **arguments)


def test_removed_partitions(memory_db: fdb.Database) -> None:
    partition = fdb.directory.create(memory_db, "p", b"partition")
    child = partition.create(memory_db, "child")
    with pytest.raises(Exception, match="Cannot pack keys"):
        partition.pack_with_versionstamp((fdb.tuple.Versionstamp(),))
    partition.remove(memory_db)
    with pytest.raises(fdb.directory_impl.DirectoryRemovedError):
        child.create(memory_db, "x")
    for gone in (partition, child):
        assert gone.exists(memory_db) is gone.remove_if_exists(memory_db) is False


def test_internals_and_arguments(memory_db: fdb.Database) -> None:
    tr = memory_db.create_transaction()
    assert not hasattr(tr, "tpointer") and not hasattr(tr, "capi")
    calls: list[Callable[[], Any]] = [
        lambda: tr.set_read_version(1.5),  # type: ignore[arg-type]
        lambda: tr.get_range(b"a", b"b", limit="1"),  # type: ignore[arg-type]
        lambda: memory_db["key"],  # type: ignore[call-overload]
        lambda: fdb.api_version(True),
        lambda: fdb.api_version("740"),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert memory_db.get_range(slice(b"a", b"b")) == []
    inside = fdb.Subspace(("s",))
    assert tr.get_estimated_range_size_bytes(inside, b"\xff").wait() == 0
    assert fdb.LATEST_API_VERSION == 740 and not hasattr(fdb.apiversion, "FDB_VERSION")
    library = ctypes.CDLL(fdb.embedded.library_path())
    assert library.fdb_get_max_api_version() >= 740
    assert sys.modules["fdb.impl"].FDBError is fdb.FDBError
