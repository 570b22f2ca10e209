"""fdb/embedded/file_tools.py: backup, save, check, compact and info, of good files and of bad ones."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import threading
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb.embedded import CheckReport, FileInfo, backup, check, compact, info, save

TOOLS = [check, compact, info]
ROWS = 3000
SYSTEM_ROWS = 5  # in every database


def fill(db: fdb.Database, rows: int = ROWS) -> None:
    for first in range(0, rows, 500):
        tr = db.create_transaction()
        for number in range(first, min(first + 500, rows)):
            tr[b"%06d" % number] = b"v" * (number % 100)
        tr[b"big%d" % first] = b"b" * 50_000
        tr.commit().wait()


def content(db: fdb.Database) -> dict[bytes, bytes]:
    return {bytes(row.key): bytes(row.value) for row in db[:]}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """A closed database file."""
    path = tmp_path / "app.fdb"
    name = fdb.embedded.unique()
    db = fdb.open(name)
    fill(db)
    save(db, path)
    fdb.embedded.drop(name)
    return path


def assert_is_copy(target: pathlib.Path, wanted: dict[bytes, bytes]) -> None:
    assert check(target).problems == ()
    with fdb.open(f"file:{target}?mode=ro") as db:
        assert content(db) == wanted


def test_a_backup_of_a_database_in_use(tmp_path: pathlib.Path) -> None:
    with fdb.open(f"file:{tmp_path}/app.fdb?sync=off") as db:
        fill(db)
        wanted = content(db)
        made = backup(db, tmp_path / "copy.fdb")
        db[b"later"] = b"v"
        db.clear_range(b"0", b"1")
        assert isinstance(made, FileInfo) and made.path == str(tmp_path / "copy.fdb")
        assert_is_copy(tmp_path / "copy.fdb", wanted)


def test_a_backup_while_transactions_run(tmp_path: pathlib.Path) -> None:
    """Each commit keeps the sum of two counters: a backup that is not of one version would show."""
    stop = threading.Event()
    with fdb.open(f"file:{tmp_path}/app.fdb?sync=off") as db:
        fill(db)
        db[b"0count"] = db[b"zcount"] = b"0"

        @fdb.transactional
        def count(tr: fdb.Transaction) -> None:
            number = int(bytes(tr[b"0count"])) + 1
            tr[b"0count"] = tr[b"zcount"] = b"%d" % number

        def work() -> None:
            while not stop.is_set():
                count(db)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for turn in range(5):
                target = tmp_path / f"copy{turn}.fdb"
                backup(db, target)
                with fdb.open(f"file:{target}?mode=ro") as copy:
                    assert copy[b"0count"] == copy[b"zcount"]
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    "form", [str, lambda p: p, lambda p: f"file:{p}", lambda p: os.fsencode(p)]
)
def test_a_backup_of_a_file_that_nobody_uses(
    form: Any, path: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with fdb.open(f"file:{path}?mode=ro") as db:
        wanted = content(db)
    before = path.read_bytes()
    made = backup(form(path), form(tmp_path / "copy.fdb"))
    assert isinstance(made, FileInfo)
    assert path.read_bytes() == before
    assert_is_copy(tmp_path / "copy.fdb", wanted)


def test_a_backup_by_the_path_of_a_database_that_this_process_uses(path: pathlib.Path) -> None:
    with fdb.open(f"file:{path}?sync=off") as db:
        db[b"only in the log"] = b"v"
        backup(path, path.parent / "copy.fdb")
        assert_is_copy(path.parent / "copy.fdb", content(db))
        db[b"goes"] = b"on"


def test_a_backup_for_asyncio(path: pathlib.Path) -> None:
    db = fdb.open(f"file:{path}?sync=off", event_model="asyncio")
    backup(db, path.parent / "copy.fdb")
    db.close()
    with fdb.open(f"file:{path}?mode=ro") as blocking:
        assert_is_copy(path.parent / "copy.fdb", content(blocking))


def test_saving_what_is_in_memory(tmp_path: pathlib.Path) -> None:
    name = fdb.embedded.unique()
    db = fdb.open(name)
    fill(db, 1000)
    wanted = content(db)
    assert save(db, tmp_path / "saved.fdb").keys == len(wanted) + SYSTEM_ROWS
    assert_is_copy(tmp_path / "saved.fdb", wanted)
    fdb.embedded.drop(name)
    assert content(fdb.open(f"{name}?from={tmp_path}/saved.fdb")) == wanted
    fdb.embedded.drop(name)


def test_a_target_is_never_overwritten(path: pathlib.Path, memory_db: fdb.Database) -> None:
    before = path.read_bytes()
    (path.parent / "dangling").symlink_to(path.parent / "nothing")
    for target in (path, path.parent, path.parent / "dangling"):
        with pytest.raises(FileExistsError, match=target.name):
            save(memory_db, target)
        with pytest.raises(FileExistsError):
            backup(path, target)
    assert path.read_bytes() == before


def test_a_source_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.fdb"):
        backup(tmp_path / "none.fdb", tmp_path / "copy.fdb")
    for tool in TOOLS:
        with pytest.raises(FileNotFoundError, match=r"none\.fdb"):
            tool(tmp_path / "none.fdb")
    assert os.listdir(tmp_path) == []


def test_a_target_in_no_directory(path: pathlib.Path) -> None:
    with pytest.raises(fdb.FDBError, match="none") as failed:
        backup(path, path.parent / "none" / "copy.fdb")
    assert failed.value.code == 1511


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_no_database(tool: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "text").write_text("hello")
    for path in (tmp_path, tmp_path / "text"):
        with pytest.raises(fdb.FDBError, match=path.name) as failed:
            tool(path)
        assert failed.value.code == 1522


@pytest.mark.parametrize("tool", [check, compact, info])
def test_a_database_in_use(tool: Any, path: pathlib.Path) -> None:
    with fdb.open(f"file:{path}?sync=off") as db:
        with pytest.raises(fdb.FDBError, match=r"app\.fdb") as failed:
            tool(path)
        assert failed.value.code == 1529
        assert db[b"000001"] == b"v"


def test_arguments_of_no_use(
    path: pathlib.Path, stub_db: fdb.Database, memory_db: fdb.Database
) -> None:
    target = path.parent / "copy.fdb"
    for wrong in (None, 5, memory_db.create_transaction()):
        with pytest.raises(TypeError, match="path of a file"):
            backup(wrong, target)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="path of a file"):
            backup(memory_db, wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="path of a file"):
            check(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"what fdb.open\(\) returned, not str"):
        save("memory:", target)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="embedded engine"):
        backup(stub_db, target)
    with pytest.raises(ValueError, match="in memory"):
        backup("memory:app", target)
    for empty in ("", b"", "file:", "a\0b"):
        with pytest.raises(ValueError):
            info(empty)
    db = fdb.open(fdb.embedded.unique())
    db.close()
    with pytest.raises(RuntimeError, match="closed"):
        save(db, target)
    assert not target.exists()


def test_what_the_reports_say(path: pathlib.Path) -> None:
    about = info(path)
    keys, size = ROWS + ROWS // 500, path.stat().st_size
    assert about.path == str(path)
    assert about.format == 1
    assert len(bytes.fromhex(about.id)) == 16
    assert about.keys == keys + SYSTEM_ROWS
    assert (about.log_records, about.write_ahead_log_bytes, about.file_bytes) == (0, 0, size)
    assert (about.page_size, about.pages * 4096, about.cleanly_closed) == (4096, size, True)
    assert 0 < about.base <= about.lease
    report = check(f"file:{path}?sync=off")
    assert isinstance(report, CheckReport)
    assert (report.ok, report.problems, report.path) == (True, (), str(path))
    assert (report.keys, report.bytes, report.leaves) == (about.keys, about.bytes, about.leaves)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.ok = False  # type: ignore[misc]
    assert path.stat().st_size == size


def test_damage_is_found_by_a_check(path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    at = content.index(b"v" * 80)
    content[at] ^= 1
    path.write_bytes(content)
    report = check(path)
    assert not report.ok
    assert len(report.problems) >= 1
    assert path.read_bytes() == content


def test_compacting(path: pathlib.Path) -> None:
    with fdb.open(f"file:{path}?sync=off") as db:
        tr = db.create_transaction()
        for number in range(0, ROWS, 2):  # pages that are half empty
            del tr[b"%06d" % number]
        tr.commit().wait()
        del tr  # it would keep the file open
        wanted = content(db)
    before, id_before = path.stat().st_size, info(path).id
    done = compact(path)
    assert (done.path, done.bytes_before, done.bytes_after) == (
        str(path),
        before,
        path.stat().st_size,
    )
    assert done.bytes_after < before
    assert_is_copy(path, wanted)
    assert info(path).id == id_before
    with fdb.open(f"file:{path}?sync=off") as db:
        db[b"goes"] = b"on"


def run_with_progress(tool: str, path: pathlib.Path, progress: Any) -> Any:
    if tool == "backup":
        return backup(path, path.parent / "copy.fdb", progress=progress)
    return getattr(fdb.embedded, tool)(path, progress=progress)


@pytest.mark.parametrize("tool", ["backup", "check", "compact"])
def test_progress(tool: str, path: pathlib.Path) -> None:
    heard: list[tuple[int, int]] = []
    run_with_progress(tool, path, lambda done, total: heard.append((done, total)))
    assert heard and all(0 <= done <= total for done, total in heard)
    assert heard == sorted(heard) and heard[-1][0] == heard[-1][1]


@pytest.mark.parametrize("tool", ["backup", "check", "compact"])
@pytest.mark.parametrize("how", ["raises", "ctrl-c"])
def test_a_tool_that_is_stopped_leaves_everything_as_it_was(
    tool: str, how: str, path: pathlib.Path
) -> None:
    before = path.read_bytes()
    names = set(os.listdir(path.parent))

    def stop(done: int, total: int) -> None:
        if how == "raises":
            raise LookupError("enough")
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(LookupError if how == "raises" else KeyboardInterrupt):
        run_with_progress(tool, path, stop)
    assert path.read_bytes() == before
    assert {name for name in os.listdir(path.parent) if not name.endswith("-lock")} <= names
    assert check(path).ok
