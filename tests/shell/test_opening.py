"""fdb/_shell/opening.py: `fdb.shell(db)`."""

from __future__ import annotations

import io
import sys

import pytest

import fdb
from fdb._shell.opening import name_of, patience
from helpers.processes import RunPython


def test_commands_come_from_stdin_where_nobody_is(
    memory_name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fdb.open(memory_name) as db:
        monkeypatch.setattr(sys, "stdin", io.StringIO("writemode on\nset a b\nget a\n"))
        fdb.shell(db)
        assert capsys.readouterr().out.endswith("`a' is `b'\n")
        monkeypatch.setattr(sys, "stdin", io.StringIO("get a\nfoo\n"))
        with pytest.raises(RuntimeError, match="^line 2: Unknown command `foo'"):
            fdb.shell(db)
        monkeypatch.setattr(sys, "stdin", io.StringIO("writemode on\n"))
        with pytest.raises(RuntimeError, match="opened to read only"):
            fdb.shell(db, read_only=True)


def test_what_is_no_database_is_refused(async_db: fdb.AsyncDatabase) -> None:
    for wrong in (async_db, "memory:", None):
        with pytest.raises(TypeError, match="takes a Database or a Tenant, not"):
            fdb.shell(wrong)  # type: ignore[arg-type]


def test_how_long_a_command_may_take(memory_name: str) -> None:
    with fdb.open(memory_name) as db:
        assert patience(db, None) == 10
        assert patience(db, 3) == 3
    with fdb.open(memory_name, defaults=fdb.Policy(timeout=7)) as db:
        assert patience(db, None) == 7


def test_the_name_of_a_database() -> None:
    with fdb.open("memory:named") as db:
        assert name_of(db) == "database 'memory:named'"


def test_without_prompt_toolkit_it_says_what_to_install(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import sys
        sys.modules["prompt_toolkit"] = None
        import fdb
        fdb.api_version(740)
        from fdb._shell.opening import talk
        from fdb._shell.session import Session
        try:
            talk(Session(fdb.open("memory:")), "it", keeps_history=False)
        except ImportError as error:
            print(error)
        """
    )
    assert "install the extra: pip install 'foundationdb-cffi[cli]'" in outcome.stdout
