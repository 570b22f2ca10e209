"""fdb/_doctor/examination.py and probes.py: whole examinations, with planted faults."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest

import fdb
import fdb.embedded
from fdb._doctor import examination
from fdb._doctor.children import Answer
from fdb._doctor.cluster_file import target_of
from fdb._doctor.finding import Finding
from helpers.compilers import c_compiler
from helpers.processes import SURROUNDINGS
from helpers.stubs import BuildStub

#: What is right whatever the database is.
RIGHT = ("python", "import", "engine", "sqlite")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """A folder and an environment that name no database and no library, nor make databases odd."""
    for name in (*SURROUNDINGS, "FDB_EMBEDDED_LATENCY", "FDB_EMBEDDED_FAULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def listening() -> Iterator[str]:
    """A cluster file's content, with a coordinator that takes connections and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"test:abc@127.0.0.1:{server.getsockname()[1]}"


def by_subject(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Returns the findings by subject, the worst of each."""
    seen: dict[str, Finding] = {}
    order = ["ok", "note", "warning", "problem"]
    for each in findings:
        known = seen.get(each.subject)
        if known is None or order.index(each.level) >= order.index(known.level):
            seen[each.subject] = each
        assert (each.way_out is not None) or each.level in ("ok", "note")
        assert "\n" not in each.text
    return seen


def looked_at(name: str | None, api_version: int | None = None) -> dict[str, Finding]:
    """Looks at a database."""
    return by_subject(examination.database(name, api_version, 5.0, True))


def test_nothing_is_wrong() -> None:
    seen = by_subject(examination.examine(None, None, 5.0))
    assert {seen[subject].level for subject in RIGHT} == {"ok"}
    assert not any(each.level == "problem" for each in seen.values())
    assert "none is named" in seen["database"].text


def test_a_cluster_in_order(
    build_stub: BuildStub, listening: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "fdb.cluster").write_text(listening)
    monkeypatch.setenv("FDB_LIBRARY_PATH", build_stub())
    seen = looked_at(None)
    levels = [seen[subject].level for subject in ("library", "cluster-file", "coordinators")]
    assert levels == ["ok"] * 3 and "9.9.9" in seen["library"].text
    assert "api-version" not in seen
    assert seen["database"].level == "ok" and "answers in" in seen["database"].text


def test_no_library_and_no_coordinator(tmp_path: pathlib.Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        path = tmp_path / "a.cluster"
        path.write_text(f"test:abc@127.0.0.1:{bound.getsockname()[1]}:tls")
        seen = looked_at(str(path))
    assert seen["library"].level == seen["coordinators"].level == "problem"
    assert "no libfdb_c: libfdb_c.so" in seen["library"].text or sys.platform == "darwin"
    assert "connection refused" in seen["coordinators"].text
    assert seen["tls"].level == "note" and "FDB_TLS_CERTIFICATE_FILE" in seen["tls"].text
    assert "database" not in seen  # it cannot answer


def test_variables_that_name_no_library(
    build_stub: BuildStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDB_LIBRARY_PATH", "/nowhere/libfdb_c.so")
    monkeypatch.setenv("FDB_LOCAL_CLIENT_LIBRARY_PATH", build_stub())
    library = looked_at("memory:")["library"]
    assert library.level == "problem" and "/nowhere/libfdb_c.so (FDB_LIBRARY_PATH)" in library.text
    assert "FDB_LIBRARY_PATH" in (library.way_out or "")


@pytest.mark.parametrize("crashes", [False, True])
def test_a_variable_that_names_what_is_no_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, crashes: bool
) -> None:
    """A text, or a library that crashes the process that loads it."""
    library = tmp_path / "libfdb_c.so"
    if not crashes:
        library.write_text("no library")
    else:
        source = tmp_path / "crash.c"
        source.write_text(
            "#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { abort(); }\n"
        )
        subprocess.run(
            [*c_compiler(), "-shared", "-fPIC", str(source), "-o", str(library)], check=True
        )
    monkeypatch.setenv("FDB_LIBRARY_PATH", str(library))
    found = looked_at("memory:")["library"]
    assert found.level == "problem" and found.text.startswith("FDB_LIBRARY_PATH cannot be used: ")
    assert ("SIGABRT" in found.text) == crashes


def test_an_api_version_too_high_for_the_library(
    build_stub: BuildStub, listening: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "a.cluster"
    path.write_text(listening)
    monkeypatch.setenv("FDB_LIBRARY_PATH", build_stub("MAX_API_VERSION=630"))
    seen = looked_at(str(path), 740)
    assert seen["api-version"].level == "problem"
    assert "up to 630, not 740" in seen["api-version"].text
    assert "fdb.api_version(630)" in (seen["api-version"].way_out or "")
    assert seen["database"].level == "ok"  # with the version that there is


@pytest.mark.parametrize("version", [99999, -1])
def test_an_api_version_that_the_package_has_not(version: int) -> None:
    seen = looked_at("memory:", version)
    assert seen["api-version"].level == "problem"
    assert f"has API versions 13 to 740, not {version}" in seen["api-version"].text


def test_the_engine_under_the_name_of_the_client_library(
    listening: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "a.cluster"
    path.write_text(listening)
    library = os.path.join(fdb.embedded.libdir(), "libfdb_c.so")
    monkeypatch.setenv("FDB_LIBRARY_PATH", library)
    seen = looked_at(str(path))
    assert seen["library"].level == "problem" and "reaches no cluster" in seen["library"].text
    assert seen["database"].level == "problem"


def test_a_cluster_that_takes_connections_and_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = {"answers": False, "error_text": "ping: no answer", "code": 1031}
    status = {"available": False, "data": None, "messages": [["quorum", None]], "protocols": ["f"]}
    for facts, words in (
        ({**silent, "status": None}, "the client library must be of the servers' release"),
        ({**silent, "status": status}, "the coordinators speak f; the client library must be"),
        ({"answers": True, "status": status}, "status details"),
    ):
        seen = by_subject(examination._database(Answer(facts, "", "", None)))
        assert seen["database"].level == "problem" and words in (seen["database"].way_out or "")
    assert seen["messages"].level == "warning" and seen["messages"].text == "quorum"


def test_database_files(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "app.fdb"

    def looked_at() -> Finding:
        (found,) = examination._file(target_of(f"file:{path}"), True)
        return found

    assert "does not exist" in looked_at().text and not path.exists()
    with fdb.open(f"file:{path}") as db:
        db[b"k"] = b"v"
        used = looked_at()
    assert used.level == "warning" and "open in another process" in used.text
    closed = looked_at()
    assert closed.level == "ok" and "keys" in closed.text
    path.write_text("hello")
    other = looked_at()
    assert other.level == "problem" and "fdb check" in (other.way_out or "")


def test_no_sqlite(monkeypatch: pytest.MonkeyPatch, without_sqlite: str) -> None:
    monkeypatch.setenv("LD_PRELOAD", without_sqlite)
    seen = by_subject(examination._engine())
    assert seen["engine"].level == "ok" and seen["sqlite"].level == "problem"
    assert "apt-get install libsqlite3-0" in (seen["sqlite"].way_out or "")


@pytest.mark.parametrize(
    ("name", "value"), [("FDB_EMBEDDED_LATENCY", "soon"), ("FDB_TIMEOUT", "never")]
)
def test_an_environment_that_lets_nothing_open(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    engine = by_subject(examination._engine())["engine"]
    assert engine.level == "problem" and engine.way_out == f"unset or correct {name}"


def test_a_cluster_file_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("FDB_CLUSTER_FILE", str(tmp_path / "none.cluster"))
    found = looked_at(None)["cluster-file"]
    assert found.level == "problem"
    assert found.text == f"{tmp_path / 'none.cluster'} (FDB_CLUSTER_FILE) does not exist"


def test_a_string_that_means_nothing() -> None:
    database = looked_at("postgres://x")["database"]
    assert database.level == "problem" and "the forms are" in database.text


def test_a_package_that_cannot_be_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """Then the rest is still looked at, as far as that needs no import."""
    (tmp_path / "fdb").mkdir()
    (tmp_path / "fdb" / "__init__.py").write_text("raise ImportError('undefined symbol: x')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "a.cluster").write_text("garbled")
    seen = by_subject(examination.examine(str(tmp_path / "a.cluster"), None, 5.0))
    assert "import fdb fails: ImportError: undefined symbol: x" in seen["import"].text
    assert seen["path"].level == seen["cluster-file"].level == "problem"
    assert "engine" not in seen and "library" not in seen
