"""`fdb.open("file:PATH")`: databases in files, as a Python program sees them. What their errors are: test_file_errors.py."""

from __future__ import annotations

import asyncio
import os
import pathlib
import struct
import sys

import pytest

import fdb
import fdb.embedded
import fdb.tenant_management
from helpers.processes import RunPython


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "app.fdb"


def opened(path: pathlib.Path, options: str = "sync=off") -> fdb.Database:
    return fdb.open(f"file:{path}?{options}")


def test_data_is_there_in_the_next_process(path: pathlib.Path, run_python: RunPython) -> None:
    written = run_python(
        f"""
        import fdb
        fdb.api_version(740)
        db = fdb.open("file:{path}")
        db[b"key"] = b"value"
        db.add(b"number", (5).to_bytes(8, "little"))
        print(db.create_transaction().get_read_version().wait())
        """
    )
    assert written.returncode == 0
    with fdb.open(f"file:{path}") as db:
        assert db[b"key"] == b"value"
        assert db[b"number"] == (5).to_bytes(8, "little")
        assert db.create_transaction().get_read_version().wait() >= int(written.stdout)


def test_a_normal_end_of_the_program_leaves_one_file_that_is_complete(
    path: pathlib.Path, run_python: RunPython
) -> None:
    run_python(
        f"""
        import fdb
        fdb.api_version(740)
        fdb.open("file:{path}")[b"key"] = b"value"
        """
    )
    assert {*os.listdir(path.parent)} == {"app.fdb", "app.fdb-lock"}
    report = fdb.embedded.info(path)
    assert (report.keys, report.log_records, report.cleanly_closed) == (6, 0, True)
    with opened(path) as db:
        assert db[b"key"] == b"value"


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_program_that_is_killed_loses_nothing(
    end: str, path: pathlib.Path, run_python: RunPython
) -> None:
    run_python(
        f"""
        import faulthandler, fdb, os
        faulthandler.disable()
        fdb.api_version(740)
        db = fdb.open("file:{path}?sync=off")
        for number in range(100):
            db[b"%03d" % number] = b"value"
        {end}
        """
    )
    with opened(path) as db:
        assert [row.key for row in db[:]] == [b"%03d" % number for number in range(100)]


def test_closing_and_opening_again(path: pathlib.Path) -> None:
    versions = []
    for turn in range(5):
        with opened(path) as db:
            assert len(db[:]) == turn
            tr = db.create_transaction()
            tr[b"%d" % turn] = b"v"
            tr.commit().wait()
            versions.append(tr.get_committed_version())
        with pytest.raises(RuntimeError, match="closed"):
            db[b"0"]
    assert versions == sorted(set(versions))


def test_versionstamps_ascend_across_openings(path: pathlib.Path) -> None:
    for first in (0, 3, 6):
        with opened(path) as db:
            for number in range(first, first + 3):
                tr = db.create_transaction()
                tr.set_versionstamped_key(b"s" + bytes(10) + struct.pack("<L", 1), b"%d" % number)
                tr.commit().wait()
    with opened(path) as db:
        assert [row.value for row in db[b"s":b"t"]] == [b"%d" % number for number in range(9)]


def test_tenants_and_system_keys_are_kept(path: pathlib.Path) -> None:
    with opened(path) as db:
        fdb.tenant_management.create_tenant(db, b"one")
        db.open_tenant(b"one")[b"k"] = b"of one"
    with opened(path) as db:
        assert db.open_tenant(b"one")[b"k"] == b"of one"
        fdb.tenant_management.create_tenant(db, b"two")
        ids = [db.open_tenant(name).get_id().wait() for name in (b"one", b"two")]
        assert ids[0] != ids[1]


def test_all_strings_of_one_file_are_one_database(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path.parent / "link").symlink_to(path.parent)
    (path.parent / "link.fdb").symlink_to(path)
    with opened(path) as db:
        db[b"k"] = b"v"
        monkeypatch.chdir(path.parent)
        for same in ("file:app.fdb", "file:./app.fdb?", "file:link/app.fdb", "file:link.fdb"):
            assert fdb.open(same) is db, same
        assert fdb.open(b"file:app.fdb") is db
        db.close()


def test_a_relative_path_is_that_of_the_moment_of_opening(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path.parent / "other").mkdir()
    monkeypatch.chdir(path.parent)
    first = fdb.open("file:app.fdb?sync=off")
    first[b"k"] = b"first"
    monkeypatch.chdir("other")
    with fdb.open("file:app.fdb?sync=off") as second:
        assert second is not first and second[b"k"] is None
        first[b"l"] = b"goes on"
    first.close()
    with opened(path) as db:
        assert (db[b"k"], db[b"l"]) == (b"first", b"goes on")
    assert os.path.exists(path.parent / "other" / "app.fdb")


@pytest.mark.parametrize(
    "name",
    [
        "ü 漢字",
        "with space",
        "100%20",
        "a?b",
        "?",
        "a?sync=off",
        "#fragment",
        "a&b=c",
        "'quoted\"",
        "-x",
        "a\nb",
    ],
)
def test_odd_names(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / name
    with fdb.open(f"file:{path}?") as db:
        db[b"k"] = b"v"
    assert path.exists()
    if "?" not in name:
        with fdb.open(f"file:{path}") as db:
            assert db[b"k"] == b"v"
    assert fdb.embedded.info(path).keys >= 1
    assert fdb.embedded.backup(path, tmp_path / "copy").keys >= 1


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_a_name_that_is_no_text(tmp_path: pathlib.Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.fdb"
    with fdb.open(b"file:" + path) as db:
        db[b"k"] = b"v"
    assert fdb.embedded.info(path).path == os.fsdecode(path)


def test_what_names_a_file(path: pathlib.Path, run_python: RunPython) -> None:
    with opened(path) as db:
        db[b"k"] = b"v"
    cluster = path.parent / "fdb.cluster"
    cluster.write_text(f"file:{path}\n")
    for name in (f"file:{path}", str(cluster)):
        done = run_python(
            "import fdb; fdb.api_version(740); print(fdb.open()[b'k'])",
            environment={"FDB_CLUSTER_FILE": name},
        )
        assert done.stdout == "b'v'\n"
    with fdb.open(str(cluster)) as db:
        assert db is fdb.open(f"file:{path}")
        assert db[b"k"] == b"v"
        db.close()


def test_event_models_share_the_file(path: pathlib.Path) -> None:
    blocking = opened(path)
    adb = fdb.open(f"file:{path}", event_model="asyncio")

    async def read() -> bytes | None:
        await adb.set(b"k", b"v")
        return await adb[b"k"]

    assert asyncio.run(read()) == b"v"
    assert blocking[b"k"] == b"v"
    blocking.close()
    adb.close()


# ---- options ----


@pytest.mark.parametrize(
    "options", ["sync=full", "sync=normal", "sync=off", "cache=1M", "mode=rw", ""]
)
def test_each_option(options: str, path: pathlib.Path) -> None:
    for turn in range(2):
        with fdb.open(f"file:{path}?{options}") as db:
            assert db[b"k"] == (b"v" if turn else None)
            db[b"k"] = b"v"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("sync=off", "sync=full"),
        ("sync=off", "sync=normal"),
        ("sync=off", "sync=off&mode=ro"),
        ("sync=off", "sync=off&cache=1M"),
        ("cache=1M", "cache=2M"),
        ("", "sync=off"),
    ],
)
@pytest.mark.parametrize("model", [None, "asyncio"])
def test_other_options_than_it_is_open_with(
    first: str, second: str, model: str | None, path: pathlib.Path
) -> None:
    db = fdb.open(f"file:{path}?{first}")
    with pytest.raises(ValueError, match="open") as refused:
        fdb.open(f"file:{path}?{second}", event_model=model)
    assert str(path) in str(refused.value)
    assert (first or "sync=full").partition("=")[0] in str(refused.value)
    db[b"k"] = b"goes on"
    db.close()
    with fdb.open(f"file:{path}?{second.removesuffix('&mode=ro')}") as db:
        assert db[b"k"] == b"goes on"


@pytest.mark.parametrize(
    "options", ["sync=off&cache=2M", "cache=2048k&sync=off", "sync=off", "cache=2M", ""]
)
def test_the_same_options_or_none(options: str, path: pathlib.Path) -> None:
    db = opened(path, "sync=off&cache=2M")
    if options in ("sync=off", "cache=2M"):
        with pytest.raises(ValueError, match="open"):
            fdb.open(f"file:{path}?{options}&mode=ro")
    else:
        assert fdb.open(f"file:{path}?{options}") is db
    db.close()


# ---- only to read ----


def test_a_database_that_is_only_read(path: pathlib.Path) -> None:
    with opened(path) as db:
        db[b"k"] = b"v"
    before = path.read_bytes()
    with opened(path, "mode=ro") as db:
        assert db[b"k"] == b"v"
        assert db.create_transaction().get_read_version().wait() > 0
        with pytest.raises(fdb.FDBError) as refused:
            db[b"k"] = b"other"
        assert not fdb.predicates.is_retryable(refused.value)
        assert db[b"k"] == b"v"
    assert path.read_bytes() == before


def test_a_database_that_is_only_read_after_a_crash(
    path: pathlib.Path, run_python: RunPython
) -> None:
    run_python(
        f"""
        import fdb, os
        fdb.api_version(740)
        fdb.open("file:{path}")[b"k"] = b"v"
        os._exit(0)
        """
    )
    before = {name: (path.parent / name).read_bytes() for name in os.listdir(path.parent)}
    with opened(path, "mode=ro") as db:
        assert db[b"k"] == b"v"
    for name, content in before.items():
        assert (path.parent / name).read_bytes() == content, name


# ---- in memory, from a file ----


def test_a_database_in_memory_that_begins_with_a_file(path: pathlib.Path) -> None:
    with opened(path) as db:
        for number in range(1000):
            db[b"%04d" % number] = b"v" * number
        fdb.tenant_management.create_tenant(db, b"one")
        db.open_tenant(b"one")[b"k"] = b"of one"
    before = path.read_bytes()
    name = fdb.embedded.unique()
    db = fdb.open(f"{name}?from={path}")
    assert len(db[b"0":b"9"]) == 1000 and db[b"0999"] == b"v" * 999
    assert db.open_tenant(b"one")[b"k"] == b"of one"
    db[b"0000"] = b"changed"
    assert fdb.open(name) is db
    assert fdb.open(f"{name}?from=/nowhere") is db, "it is there already"
    assert path.read_bytes() == before
    fdb.embedded.drop(name)
    other = fdb.open(f"{name}?from={path}")
    assert other[b"0000"] == b""
    fdb.embedded.drop(name)


def test_a_name_is_free_after_its_file_could_not_be_loaded(path: pathlib.Path) -> None:
    name = fdb.embedded.unique()
    with pytest.raises(fdb.FDBError, match="app.fdb") as failed:
        fdb.open(f"{name}?from={path}")
    assert failed.value.code == 1511
    with opened(path) as db:
        db[b"k"] = b"v"
    assert fdb.open(f"{name}?from={path}")[b"k"] == b"v"
    fdb.embedded.drop(name)
