"""The pytest plugin: fdb_pytest.py and fdb/testing/pytest_plugin.py, used as suites use them."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

import fdb
from fdb.testing.pytest_plugin import Resources
from helpers.paths import ROOT
from helpers.suites import outcome, run, set_ini


def test_a_database_is_empty_and_the_tests_own(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
seen = []

@pytest.mark.parametrize("turn", range(3))
def test_write(fdb_db, turn):
    assert type(fdb_db) is fdb.Database and fdb_db[:] == []
    fdb_db[b"k"] = b"v"
    seen.append(fdb_db)

def test_closed():
    assert len(seen) == 3
    for db in seen:
        with pytest.raises(RuntimeError, match="closed"):
            db.get(b"k")
""",
        passed=4,
    )


def test_fixtures_of_one_test_share_its_database(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
def test_shared(fdb_async_db, fdb_space, fdb_db, fdb_directory):
    assert type(fdb_async_db) is fdb.AsyncDatabase
    people = fdb_directory.create(fdb_db, ("people",))
    fdb_db[people.pack((1,))] = b"p"
    fdb_db[fdb_space.pack((1,))] = b"s"
    assert asyncio.run(fdb_async_db.get(people.pack((1,)))) == b"p"
    assert asyncio.run(fdb_async_db.get(fdb_space.pack((1,)))) == b"s"
    assert len(fdb_space.key()) > 0 and fdb_db[fdb_space.range()] != []
""",
        passed=1,
    )


def test_event_models_by_a_mark(suite: pytest.Pytester) -> None:
    pytest.importorskip("gevent")
    result = run(
        suite,
        """
pytestmark = pytest.mark.fdb_event_models("threads", "debug", "gevent", "asyncio")

def test_model(fdb_db, fdb_event_model):
    name = getattr(fdb_db._handle.model, "name", None)
    assert name == (None if fdb_event_model == "threads" else fdb_event_model)

def test_has_no_database():
    pass
""",
        "-v",
        passed=5,
    )
    result.stdout.fnmatch_lines(["*test_model?threads? PASSED*", "*test_model?asyncio? PASSED*"])


def test_an_event_model_that_is_not_installed(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gevent", None)
    code = "@pytest.mark.fdb_event_models('threads', 'gevent')\ndef test(fdb_db): pass\n"
    printed = run(suite, code, "-rs", passed=1, skipped=1).stdout.str()
    assert "gevent is not installed" in printed


def test_event_models_by_parametrization_and_by_a_fixture(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
@pytest.mark.parametrize("fdb_event_model", ["threads", "debug"])
def test_model(fdb_db, fdb_event_model):
    assert getattr(fdb_db._handle.model, "name", "threads") == fdb_event_model

class TestOwn:
    @pytest.fixture
    def fdb_event_model(self):
        return "asyncio"

    def test_model(self, fdb_db):
        assert isinstance(fdb_db, fdb.AsyncDatabase)
""",
        passed=3,
    )


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        ("fdb_event_models()", "fdb_event_models() takes one or more of 'threads', 'debug'"),
        ("fdb_event_models('twisted')", "fdb_event_models('twisted') takes one or more of"),
        ("fdb_event_models(models=1)", "fdb_event_models(models=1) takes one or more of"),
    ],
)
def test_event_models_that_are_none(suite: pytest.Pytester, mark: str, text: str) -> None:
    result = run(suite, f"@pytest.mark.{mark}\ndef test(fdb_db): pass\n", errors=1)
    assert text in result.stdout.str()


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        ("fdb_seed()", "the mark fdb_seed: "),
        ("fdb_seed(-1)", "the mark fdb_seed: seed must be at least 0"),
        ("fdb_seed('1')", "the mark fdb_seed: seed must be an int or None, not str"),
        ("fdb_latency(2, 1)", "the mark fdb_latency: maximum must not be less than minimum"),
        ("parametrize('fdb_event_model', ['twisted'])", "fdb_event_model must be one of 'threads'"),
    ],
)
def test_marks_that_make_no_sense(suite: pytest.Pytester, mark: str, text: str) -> None:
    code = f"@pytest.mark.{mark}\ndef test(fdb_db, fdb_seed): pass\n"
    result = run(suite, code, errors=1)
    assert text in result.stdout.str()


def test_marks_are_registered(suite: pytest.Pytester) -> None:
    code = "@pytest.mark.fdb_seed(1)\n@pytest.mark.fdb_latency(0)\ndef test(fdb_db): pass\n"
    run(suite, code, "--strict-markers", "-W", "error", passed=1)


def test_a_latency(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
@pytest.mark.fdb_latency(0.001, seed=1)
def test_late(fdb_db):
    assert not fdb_db.create_transaction().get_read_version().is_ready()
""",
        passed=1,
    )


def test_a_file(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
paths = []

def test_reopen(fdb_file_db, fdb_reopen, fdb_space, tmp_path):
    fdb_file_db[fdb_space.pack((1,))] = b"v"
    db = fdb_reopen()
    assert db[fdb_space.pack((1,))] == b"v"
    db = fdb_reopen("asyncio")
    assert asyncio.run(db.get(fdb_space.pack((1,)))) == b"v"
    paths.append(tmp_path / "fdb_file_db.fdb")

def test_closed():
    assert fdb.embedded.check(paths[0]).ok  # which refuses a file in use

def test_both(fdb_db, fdb_file_db, fdb_space):
    fdb_db[b"k"] = b"memory"
    assert fdb_file_db[b"k"] is None

def test_tools(fdb_file_db, fdb_reopen, fdb_clock, fdb_faults):
    fdb_clock.freeze()
    fdb_faults.add("not_committed")
    db = fdb_reopen()
    db[b"k"] = b"v"
    assert not fdb.testing.clock(db).is_frozen

def test_held(fdb_file_db, fdb_reopen):
    tr = fdb_file_db.create_transaction()
    tr[b"k"].present()
    with pytest.raises(RuntimeError, match="still open"):
        fdb_reopen()
""",
        passed=5,
    )


def test_plain_asyncio_anyio_and_pytest_asyncio(suite: pytest.Pytester) -> None:
    pytest.importorskip("anyio")
    pytest.importorskip("pytest_asyncio")
    suite.makeini("""
        [pytest]
        addopts = -p no:randomly -p no:xdist -p no:hypothesispytest -p no:cacheprovider
        asyncio_default_fixture_loop_scope = function
    """)
    run(
        suite,
        """
async def use(db):
    await db.set(b"k", b"v")
    assert await db[b"k"] == b"v"

def test_plain(fdb_async_db):
    asyncio.run(use(fdb_async_db))

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_anyio(fdb_async_db, anyio_backend):
    await use(fdb_async_db)

@pytest.mark.asyncio
async def test_asyncio(fdb_async_db):
    await use(fdb_async_db)
""",
        passed=3,
    )


SEEDED = """
import random

def test_random(fdb_seed):
    assert random.Random(fdb_seed).random() < 0
"""


def test_the_seed_of_a_failure_is_shown_and_gives_the_same_again(suite: pytest.Pytester) -> None:
    shown = re.compile(r"the seed was (\d+): pytest '([^']+)' --fdb-seed=(\d+) takes it again")
    value = re.compile(r"assert ([\d.]+(?:e-\d+)?) < 0")
    first = run(suite, SEEDED, failed=1).stdout.str()
    match = shown.search(first)
    assert match is not None and match[1] == match[3]
    second = suite.runpytest_inprocess(match[2], f"--fdb-seed={match[3]}").stdout.str()
    assert value.search(second)[1] == value.search(first)[1]  # type: ignore[index]
    other = suite.runpytest_inprocess().stdout.str()
    assert value.search(other)[1] != value.search(first)[1]  # type: ignore[index]


def test_the_mark_of_a_seed_has_the_last_word(suite: pytest.Pytester) -> None:
    code = "@pytest.mark.fdb_seed(7)\ndef test(fdb_seed):\n    assert fdb_seed == 7\n"
    run(suite, code, "--fdb-seed=8", passed=1)


def test_a_test_that_passes_or_uses_no_seed_shows_none(suite: pytest.Pytester) -> None:
    code = "def test_passes(fdb_seed): pass\ndef test_fails(fdb_db): assert 0\n"
    result = run(suite, code, "-rA", passed=1, failed=1)
    assert "the seed was" not in result.stdout.str()


def test_a_seed_that_is_none(suite: pytest.Pytester) -> None:
    refused = suite.runpytest_inprocess("--fdb-seed=-1").stderr.str()
    assert "--fdb-seed: must be at least 0 and below 2**63, not -1" in refused


# ---- API versions, which a process selects once ----


@pytest.mark.parametrize(
    ("conftest", "ini", "option", "expected"),
    [
        ("", "", "", fdb.LATEST_API_VERSION),
        ("", "fdb_api_version = 710", "", 710),
        ("", "fdb_api_version = 710", "--fdb-api-version=620", 620),
        ("import fdb; fdb.api_version(600)", "fdb_api_version = 710", "", 600),
    ],
)
def test_the_api_version(
    suite: pytest.Pytester, conftest: str, ini: str, option: str, expected: int
) -> None:
    suite.makeconftest(conftest)
    set_ini(suite, ini)
    suite.makepyfile(
        f"""
        def test(fdb_db, fdb_space, fdb_directory):
            import fdb
            assert fdb.get_api_version() == {expected}
            fdb_db[fdb_space.pack((1,))] = b"v"
            assert fdb_directory.create(fdb_db, ("people",)).get_path() == ("people",)
        """
    )
    assert "1 passed" in outcome(suite, *option.split())


@pytest.mark.parametrize(
    ("ini", "option", "text"),
    [
        ("fdb_api_version = new", "", "the setting fdb_api_version: invalid literal"),
        ("", "--fdb-api-version=5", "--fdb-api-version: FDB API versions before 13"),
    ],
)
def test_api_versions_that_are_none(
    suite: pytest.Pytester, ini: str, option: str, text: str
) -> None:
    set_ini(suite, ini)
    suite.makepyfile("def test(fdb_db): pass")
    printed = outcome(suite, *option.split())
    assert "1 error" in printed and text in printed


def test_another_api_version_than_the_suite_has_selected(suite: pytest.Pytester) -> None:
    result = run(suite, "def test(fdb_db): pass\n", "--fdb-api-version=710", errors=1)
    assert "--fdb-api-version is 710, but the suite has selected 740" in result.stdout.str()


# ---- what it costs ----


def test_a_suite_that_does_not_use_it_does_not_load_fdb(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import sys

        def test():
            assert "fdb_pytest" in sys.modules
            assert [name for name in sys.modules if name.split(".")[0] == "fdb"] == []
        """
    )
    assert "1 passed" in outcome(suite)


def test_where_plugins_are_not_looked_for(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.makepyfile("def test(fdb_db): pass")
    assert "1 error" in outcome(suite)
    assert "1 passed" in outcome(suite, "-p", "fdb")


def test_fdb_does_not_load_the_test_kit() -> None:
    code = "import sys, fdb; print([m for m in sys.modules if 'testing' in m]); fdb.testing"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert printed == "[]\n"


def test_nothing_of_a_test_is_left_in_its_item(request: pytest.FixtureRequest) -> None:
    test = Resources(request)
    test.source("threads")
    test.close()
    assert test._kit.sandbox.sources() == []


def test_the_fixtures_are_documented(suite: pytest.Pytester) -> None:
    listed = suite.runpytest_inprocess("--fixtures").stdout.str()
    names = re.findall(
        r"^@pytest\.fixture\ndef (fdb_\w+)", pathlib.Path(ROOT, "fdb_pytest.py").read_text(), re.M
    )
    assert len(names) >= 8
    for name in names:
        assert re.search(rf"^{name} -- .*\n    \w", listed, re.M), name
