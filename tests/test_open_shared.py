"""fdb/_open.py: which strings mean the same database, and who closes an object that several have."""

from __future__ import annotations

import asyncio
import os
import pathlib
import threading
import tracemalloc

import pytest

import fdb
import fdb.embedded
from fdb._open import _state
from fdb._startup.cluster_names import place_of
from helpers.processes import RunPython
from helpers.stubs import BuildStub


@pytest.fixture
def name(memory_name: str) -> str:
    return memory_name


# ---- which database ----


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", " \t\n# a remark\n"])
def test_the_first_line_of_a_cluster_file_decides(
    tmp_path: pathlib.Path, name: str, ending: str
) -> None:
    path = tmp_path / "fdb.cluster"
    path.write_bytes((name + ending).encode())
    fdb.open(name)[b"k"] = b"v"
    assert fdb.open(path)[b"k"] == b"v"
    assert fdb.open(str(path)) is fdb.open(name)
    assert fdb.open(path, event_model="debug")[b"k"] == b"v"


def test_a_file_that_means_another_database_now(tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / "fdb.cluster"
    path.write_text(name)
    fdb.open(path)[b"k"] = b"first"
    path.write_text(fdb.embedded.unique())
    assert fdb.open(path)[b"k"] is None
    path.write_text(name)
    assert fdb.open(path)[b"k"] == b"first"


def test_a_cluster_file_beside_the_library_for_other_programs(
    run_python: RunPython, tmp_path: pathlib.Path
) -> None:
    """The installed libfdb_c may be our own, but one process has one database of a name."""
    path = tmp_path / "fdb.cluster"
    path.write_text("memory:app\n")
    outcome = run_python(
        f"""
        import os, fdb
        fdb.api_version(740)
        fdb.open("memory:app")[b"k"] = b"v"
        assert fdb.open({str(path)!r})[b"k"] == b"v"
        assert fdb.open()[b"k"] == b"v"
        os.environ["FDB_CLUSTER_FILE"] = ""
        os.chdir({str(tmp_path)!r})
        assert fdb.open()[b"k"] == b"v"
        """,
        environment={
            "FDB_CLUSTER_FILE": str(path),
            "FDB_LIBRARY_PATH": "",
            "LD_LIBRARY_PATH": fdb.embedded.libdir(),
        },
    )
    assert outcome.returncode == 0


def test_the_variable_is_read_by_every_open(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [fdb.embedded.unique() for _ in range(3)]
    paths = [tmp_path / str(number) for number in range(3)]
    for each, path in zip(names, paths, strict=True):
        path.write_text(each)
        fdb.open(each)[b"k"] = each.encode()
    for each, path in zip(names, paths, strict=True):
        monkeypatch.setenv("FDB_CLUSTER_FILE", str(path))
        assert fdb.open()[b"k"] == each.encode()
        assert fdb.open("") is fdb.open()
    monkeypatch.setenv("FDB_CLUSTER_FILE", names[0])
    assert fdb.open()[b"k"] == names[0].encode()


def test_cluster_files_by_their_real_path(
    run_python: RunPython, build_stub: BuildStub, tmp_path: pathlib.Path
) -> None:
    for each in ("a", "b"):
        (tmp_path / each).write_text("x:y@127.0.0.1:4500")
    (tmp_path / "link").symlink_to("a")
    outcome = run_python(
        f"""
        import os, fdb
        fdb.api_version(740)
        os.chdir({str(tmp_path)!r})
        a, b = fdb.open("a"), fdb.open("b")
        assert a is not b
        assert fdb.open("link") is a and fdb.open(os.path.abspath("a")) is a
        os.environ["FDB_CLUSTER_FILE"] = "a"
        assert fdb.open() is a
        os.environ["FDB_CLUSTER_FILE"] = "b"
        assert fdb.open() is b
        os.mkdir("elsewhere")
        os.chdir("elsewhere")
        assert fdb.open("a") is not a
        """,
        environment={"FDB_LIBRARY_PATH": build_stub()},
    )
    assert outcome.returncode == 0


# ---- who closes it ----


def test_a_block_leaves_the_object_to_others(name: str) -> None:
    mine = fdb.open(name)
    with fdb.open(name) as theirs:
        theirs[b"k"] = b"v"
    assert mine[b"k"] == b"v"
    with mine:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        mine[b"k"]


def test_the_last_block_closes(name: str) -> None:
    with fdb.open(name) as outer:
        with fdb.open(name) as inner:
            assert inner is outer
        outer[b"k"] = b"v"
    with pytest.raises(RuntimeError, match="closed"):
        outer[b"k"]
    with fdb.open(name) as again:
        assert again is not outer and again[b"k"] == b"v"


def test_two_blocks_with_one_object(name: str) -> None:
    """The first thread that leaves its block does not close what the other uses."""
    database = fdb.open(name)
    inside, left = threading.Event(), threading.Event()
    values = []

    def stay() -> None:
        with database as mine:
            inside.set()
            left.wait()
            values.append(mine[b"k"])

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait()
    with database:
        database[b"k"] = b"v"
    left.set()
    thread.join()
    assert values == [b"v"]


def test_asynchronous_blocks(name: str) -> None:
    async def main() -> None:
        mine = fdb.open(name, event_model="asyncio")
        async with fdb.open(name, event_model="asyncio") as theirs:
            await theirs.set(b"k", b"v")
        assert await mine.get(b"k") == b"v"
        async with mine:
            pass
        with pytest.raises(RuntimeError, match="closed"):
            await mine.get(b"k")

    asyncio.run(main())


def test_objects_that_nobody_else_has_are_closed_by_their_block(name: str) -> None:
    library = fdb.ClientLibrary(fdb.embedded.library_path())
    with library.open(name) as database, database.open_tenant(b"t") as tenant:
        pass
    for closed in (database, tenant):
        with pytest.raises(RuntimeError, match="closed"):
            closed.create_transaction()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_closing_in_a_child_that_was_forked_while_a_thread_opened(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import os, signal, threading
        import fdb
        from fdb._open import _state
        fdb.api_version(740)
        opening, go_on = threading.Event(), threading.Event()
        def hold():
            with _state.lock:
                opening.set()
                go_on.wait()
        with fdb.open("memory:a") as left, fdb.open("memory:b") as closed:
            thread = threading.Thread(target=hold)
            thread.start()
            opening.wait()
            pid = os.fork()
            if pid == 0:
                signal.alarm(30)
                closed.close()
                left.__exit__(None, None, None)
                fdb.open("memory:a")[b"k"] = b"v"
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            go_on.set()
            thread.join()
        """
    )
    assert outcome.returncode == 0


# ---- what stays ----


def test_closed_databases_are_forgotten(name: str) -> None:
    identity = place_of(os.fsencode(name)).identity
    fdb.open(name).close()
    assert identity not in _state.opened
    for model in (None, "debug"):
        fdb.open(name, event_model=model)
    fdb.open(name).close()
    assert list(_state.opened[identity]) == [("debug", None)]
    fdb.open(name, event_model="debug").close()
    assert identity not in _state.opened


def test_closing_an_object_of_a_dropped_database() -> None:
    """It is not the one that the name means now."""
    name = fdb.embedded.unique()
    old = fdb.open(name)
    fdb.embedded.drop(name)
    new = fdb.open(name)
    old.close()
    assert fdb.open(name) is new
    fdb.embedded.drop(name)


def test_nothing_stays_of_dropped_databases() -> None:
    def use(count: int) -> None:
        for number in range(count):
            dropped = fdb.embedded.unique()
            database = fdb.open(dropped)
            if number % 2:
                database.close()
            del database
            fdb.embedded.drop(dropped)

    use(100)
    before = len(_state.opened)
    tracemalloc.start()
    try:
        use(100)
        first = tracemalloc.get_traced_memory()[0]
        use(2000)
        assert tracemalloc.get_traced_memory()[0] - first < 2000 * 16
    finally:
        tracemalloc.stop()
    assert len(_state.opened) == before
