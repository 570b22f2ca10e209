"""The pytest plugin: faults in the databases of its fixtures, and clusters in their place."""

from __future__ import annotations

import pathlib
import re

import pytest

import fdb
import fdb.embedded
from fdb.testing import _engine
from fdb.testing import pytest_plugin as pytest_plugin
from helpers.suites import outcome, run

# ---- faults ----


def test_faults(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
def test_all_fixtures_are_for_one_database(fdb_faults, fdb_db, fdb_async_db, fdb_record, fdb_clock):
    tr = fdb_db.create_transaction()
    tr[b"k"].present()
    fdb_clock.advance(6)
    with pytest.raises(fdb.FDBError):
        tr[b"x"].present()
    fdb_faults.add("not_committed", nth=2)
    fdb_faults.add("not_committed", nth=1, when=lambda operation: operation.name == "commit")
    fdb_db[b"k"] = b"v"
    asyncio.run(fdb_async_db.set(b"k", b"v"))
    assert fdb_faults.injected == {"not_committed": 2}
    assert len(fdb_record.transactions) == 2

def test_another(fdb_faults, fdb_db):
    fdb_db[b"k"] = b"v"
    assert fdb_faults.injected == {}

@pytest.mark.fdb_faults("not_committed:times=2;seed=9")
class TestMark:
    def test_with_the_fixture(self, fdb_db, fdb_faults):
        fdb_db[b"k"] = b"v"
        assert fdb_faults.injected == {"not_committed": 2} and fdb_faults.seed == 9

    @pytest.mark.fdb_seed(10)
    def test_with_a_seed(self, fdb_faults):
        assert fdb_faults.seed == 10

    def test_without_the_fixture(self, fdb_db):
        with pytest.raises(fdb.FDBError):
            tr = fdb_db.create_transaction()
            tr[b"k"] = b"v"
            tr.commit().wait()

    def test_in_a_file(self, fdb_file_db, fdb_faults):
        fdb_file_db[b"k"] = b"v"
        assert fdb_faults.injected == {"not_committed": 2}

@pytest.mark.fdb_event_models("debug", "asyncio")
def test_record(fdb_record, fdb_db, fdb_event_model):
    if fdb_event_model == "asyncio":
        asyncio.run(fdb_db.set(b"k", b"v"))
    else:
        fdb_db[b"k"] = b"v"
    assert len(fdb_record.transactions) == 1

def test_record_of_asyncio(fdb_record, fdb_async_db):
    asyncio.run(fdb_async_db.set(b"k", b"v"))
    assert len(fdb_record.transactions) == 1
""",
        passed=9,
    )


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        ("fdb_faults()", "the mark fdb_faults: "),
        ("fdb_faults(1)", "the mark fdb_faults: rules must be a str, not int"),
        (
            "fdb_faults('flood')",
            "the mark fdb_faults: unknown fault 'flood'; known are not_committed",
        ),
    ],
)
def test_faults_that_are_none(suite: pytest.Pytester, mark: str, text: str) -> None:
    result = run(suite, f"@pytest.mark.{mark}\ndef test(fdb_db): pass\n", errors=1)
    assert text in result.stdout.str()


FAULTY = """
def test_faulty(fdb_db):
    codes = []
    for _ in range(30):
        tr = fdb_db.create_transaction()
        tr[b"k"] = b"v"
        try:
            tr.commit().wait()
        except fdb.FDBError as error:
            codes.append(error.code)
        else:
            codes.append(0)
    print("codes:", codes)
    assert 0
"""


def test_faults_of_the_option_and_their_replay(suite: pytest.Pytester) -> None:
    def codes(printed: str) -> str:
        match = re.search(r"^codes: .*$", printed, re.M)
        assert match is not None
        return match[0]

    option = "--fdb-faults=not_committed:p=0.5"
    first = run(suite, FAULTY, option, failed=1).stdout.str()
    seed = re.search(r"the seed was (\d+)", first)
    assert seed is not None and re.search(r"faults that happened: not_committed \d+\n", first)
    assert f"FDB_EMBEDDED_FAULTS='not_committed:p=0.5;seed={seed[1]}' gives" in first
    second = suite.runpytest_inprocess(option, f"--fdb-seed={seed[1]}").stdout.str()
    assert codes(second) == codes(first)
    whole = f"--fdb-faults=not_committed:p=0.5;seed={seed[1]}"
    assert codes(suite.runpytest_inprocess(whole).stdout.str()) == codes(first)
    assert codes(suite.runpytest_inprocess(option).stdout.str()) != codes(first)


def test_a_failure_after_the_database_was_closed(suite: pytest.Pytester) -> None:
    code = """
def test(fdb_db, fdb_faults):
    fdb_faults.add("not_committed")
    fdb_db.close()
    assert 0

def test_file(fdb_file_db, fdb_reopen, fdb_faults):
    fdb_reopen()
    assert 0
"""
    printed = run(suite, code, failed=2).stdout.str()
    assert "FDB_EMBEDDED_FAULTS='not_committed;seed=" in printed


def test_an_option_of_faults_that_are_none(suite: pytest.Pytester) -> None:
    result = run(suite, "def test(fdb_db): pass\n", "--fdb-faults=flood", errors=1)
    assert "--fdb-faults: unknown fault 'flood'" in result.stdout.str()


def test_faults_on_a_cluster(
    suite: pytest.Pytester, prompt_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_engine, "is_embedded", lambda database: False)
    code = """
def test_fixture(fdb_faults): pass

def test_clock(fdb_clock): pass

@pytest.mark.fdb_faults("not_committed")
def test_mark(fdb_db): pass

def test_other(fdb_db, fdb_record, fdb_space):
    fdb_db[fdb_space.pack((1,))] = b"v"
    assert len(fdb_record.transactions) == 1
"""
    cluster = f"--fdb-cluster={prompt_name}"
    printed = run(suite, code, cluster, "-rs", skipped=3, passed=1).stdout.str()
    assert "the client's own fault injection is all there is" in printed
    refused = run(suite, code, cluster, "--fdb-faults=on", skipped=1, errors=3).stdout.str()
    assert "--fdb-faults: faults() is for databases of the embedded engine" in refused


# ---- on a cluster ----


ON_A_CLUSTER = """
@pytest.fixture(scope="module", autouse=True)
def nothing_is_left():
    db = fdb.open("{name}")
    db[b"data"] = b"of others"
    yield
    assert [row.key for row in db[:]] == [b"data"]
    assert fdb.tenant_management.list_tenants(db, b"", b"\\xff", 0).to_list() == []

@pytest.mark.parametrize("turn", range(2))
def test_write(fdb_db, fdb_space, fdb_directory, fdb_async_db, turn):
    assert type(fdb_db).__name__ == "{kind}"
    assert fdb_db[fdb_space.range()] == []
    people = fdb_directory.create(fdb_db, ("people",))
    fdb_db[people.pack((1,))] = b"p"
    fdb_db[fdb_space.pack((1,))] = b"s"
    assert asyncio.run(fdb_async_db.get(fdb_space.pack((1,)))) == b"s"

@pytest.mark.fdb_event_models("threads", "debug", "asyncio")
def test_models(fdb_db):
    pass

@pytest.mark.fdb_latency(1)
def test_prompt(fdb_db):
    assert fdb_db.create_transaction().get_read_version().is_ready()

def test_file(fdb_file_db):
    assert type(fdb_file_db) is fdb.Database
    fdb_file_db[b"data"] = b"mine"

def test_tools(fdb_db, fdb_space, fdb_faults, fdb_clock):
    fdb_clock.freeze()
    fdb_faults.add("not_committed", times=2)
    fdb_faults.add("not_committed", times=2, when=lambda operation: True)
    fdb_db[fdb_space.pack((1,))] = b"v"
    assert fdb_faults.injected["not_committed"] == 4
"""


@pytest.mark.parametrize(
    ("isolation", "kind"),
    [("auto", "Tenant"), ("tenant", "Tenant"), ("prefix", "Database"), ("disabled", "Database")],
)
def test_on_a_cluster(suite: pytest.Pytester, prompt_name: str, isolation: str, kind: str) -> None:
    db = fdb.open(prompt_name)
    if isolation == "disabled":
        tr = db.create_transaction()
        tr.options.set_access_system_keys()
        tr[b"\xff/conf/tenant_mode"] = b"0"
        tr.commit().wait()
    option = "auto" if isolation == "disabled" else isolation
    result = run(
        suite,
        ON_A_CLUSTER.format(name=prompt_name, kind=kind),
        f"--fdb-cluster={prompt_name}",
        f"--fdb-isolation={option}",
        passed=8,
    )
    result.stdout.fnmatch_lines([f"fdb: on {prompt_name}, isolation {option}"])


def test_a_write_outside_of_the_part_fails_the_test(
    suite: pytest.Pytester, prompt_name: str
) -> None:
    code = "def test(fdb_db):\n    fdb_db[b'data'] = b'mine'\n"
    options = (f"--fdb-cluster={prompt_name}", "--fdb-isolation=prefix")
    printed = run(suite, code, *options, failed=1).stdout.str()
    assert "set of b'data' is not in this test's part" in printed
    assert fdb.open(prompt_name)[:] == []


def test_a_library_that_is_installed(suite: pytest.Pytester, tmp_path: pathlib.Path) -> None:
    cluster = tmp_path / "fdb.cluster"
    cluster.write_text("memory:shared\n")
    suite.makeconftest(
        """
        from fdb.testing import _cluster
        from fdb._startup.opening import clients

        # As the vendor's library is opened, which knows of no other strings than its own.
        _cluster.open_place = lambda place, name, model: clients.vendor(None).open(place.string, model)
        """
    )
    suite.makepyfile(
        """
        def test(fdb_db, fdb_space, fdb_async_db):
            assert fdb_db._library.path.rpartition(".")[0].endswith("/lib/libfdb_c")
            fdb_db[fdb_space.pack((1,))] = b"v"
        """
    )
    (path,) = pathlib.Path(fdb.embedded.libdir()).glob("libfdb_c.*")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FDB_LIBRARY_PATH", str(path))
        assert "1 passed" in outcome(suite, f"--fdb-cluster={cluster}")
