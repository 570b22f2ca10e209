"""fdb/_startup/api_version.py and the gate in fdb/__init__.py: what needs a selected version, and what not."""

from __future__ import annotations

import pytest

import fdb
from helpers.processes import RunPython


def test_before_a_version_is_selected(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        def text(call, *args):
            try:
                call(*args)
            except RuntimeError as error:
                return str(error)
        assert not fdb.is_api_version_selected()
        assert fdb.LATEST_API_VERSION == 740
        assert text(fdb.open) == "You must call api_version() before using any fdb methods"
        assert text(fdb.open, "memory:") == "You must call api_version() before using any fdb methods"
        assert text(fdb.init) == "You must call api_version() before using any fdb methods"
        assert text(fdb.transactional, len) == "You must call api_version() before using fdb.transactional"
        assert text(fdb.get_api_version) == "API version is not set"
        assert text(fdb.options.set_trace_enable) is not None
        assert text(fdb.ClientLibrary, "/nowhere.so") is not None
        assert fdb.tuple.unpack(fdb.tuple.pack((1, "a"))) == (1, "a")
        """
    )
    assert outcome.returncode == 0


def test_selecting_needs_no_client_library_and_happens_once(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(630)
        fdb.api_version(630)
        assert fdb.is_api_version_selected() and fdb.get_api_version() == 630
        try:
            fdb.api_version(740)
        except RuntimeError as error:
            assert str(error) == "FDB API already loaded at version 630", error
        else:
            raise SystemExit("a second version was accepted")
        """,
        environment={"FDB_LIBRARY_PATH": "/nowhere/libfdb_c.so"},
    )
    assert outcome.returncode == 0


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("12", "FDB API versions before 13 are not supported"),
        ("741", "Latest known FDB API version is 740"),
    ],
)
def test_unknown_versions(run_python: RunPython, version: str, text: str) -> None:
    outcome = run_python(
        f"""
        import fdb
        try:
            fdb.api_version({version})
        except RuntimeError as error:
            assert str(error) == {text!r}, error
        else:
            raise SystemExit("accepted")
        assert not fdb.is_api_version_selected()
        """
    )
    assert outcome.returncode == 0


def test_a_version_is_an_int() -> None:
    with pytest.raises(TypeError, match="must be an int, not str"):
        fdb.api_version("740")  # type: ignore[arg-type]


def test_names_from_610_on() -> None:
    assert not hasattr(fdb, "create_cluster")
    assert not hasattr(fdb, "Cluster")
    with pytest.raises(RuntimeError, match="for API versions below 610"):
        fdb.init()
    assert fdb.tenant_management.__name__ == "fdb.tenant_management"
    assert fdb.locality.__name__ == "fdb.locality"


def test_names_below_610(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(600)
        fdb.init()
        try:
            fdb.init()
        except fdb.FDBError as error:
            assert error.code == 2000
        cluster = fdb.create_cluster("memory:")
        assert isinstance(cluster, fdb.Cluster) and cluster.options is None
        db = cluster.open_database(b"DB")
        assert fdb.open("memory:", b"DB") is db
        db[b"k"] = b"v"
        assert db[b"k"] == b"v"
        for refused in (lambda: fdb.open("memory:", b"OTHER"), lambda: cluster.open_database(b"X")):
            try:
                refused()
            except fdb.FDBError as error:
                assert error.code == 2013
            else:
                raise SystemExit("accepted")
        assert not hasattr(db.create_transaction()[b"k"], "get")
        """
    )
    assert outcome.returncode == 0


def test_names_at_13(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(13)
        db = fdb.open("memory:", b"DB", None)
        tr = db.create_transaction()
        tr[b"a"] = b"1"
        tr[b"b"] = b"2"
        assert tr[b"a"].get() == b"1"
        rows = tr.get_range(b"a", b"c")
        assert (rows.next().key, rows.next().key) == (b"a", b"b")
        try:
            rows.next()
        except StopIteration:
            pass
        else:
            raise SystemExit("no end")
        tr.commit().get()
        assert not hasattr(fdb, "locality")
        """
    )
    assert outcome.returncode == 0


def test_estimates_accept_none_below_700(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(630)
        tr = fdb.open("memory:").create_transaction()
        assert tr.get_estimated_range_size_bytes(None, None).wait() >= 0
        """
    )
    assert outcome.returncode == 0
