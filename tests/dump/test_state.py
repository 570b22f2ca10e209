"""fdb/_dump/state.py: where a piece of work stands is known to the next process, and to no other work."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fdb._dump.state import Standing, State, default_folder

STANDING = Standing(3, 44, b"\x00\xff", b"k", True)


def test_what_is_saved_is_loaded(tmp_path):
    state = State(tmp_path / "a" / "b", "copy", "from", "to")
    assert state.load() is None
    state.save(Standing())
    state.save(STANDING)
    assert State(tmp_path / "a" / "b", "copy", "from", "to").load() == STANDING
    assert State(tmp_path / "a" / "b", "copy", "from", "to", "else").load() is None
    assert [path for path in state.path.parent.iterdir()] == [state.path]
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.path.parent.stat().st_mode) & 0o77 == 0
    state.forget()
    state.forget()
    assert state.load() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format": 1, "identity": ["x"]}',
        '{"format": 1, "identity": ["y"], "rows": 1, "bytes": 2, "read": "", "written": "", "done": true}',
        '{"format": 1, "identity": ["x"], "rows": 1, "bytes": 2, "read": "z", "written": "", "done": true}',
    ],
)
def test_a_file_of_no_use_is_none(tmp_path, text):
    state = State(tmp_path, "x")
    state.path.write_text(text)
    assert state.load() is None


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    state = State(tmp_path / "file", "x")
    assert state.load() is None
    with pytest.raises(OSError):
        state.save(STANDING)


def test_the_folder_of_the_user(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert default_folder() == Path("/somewhere/fdb/moves")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_folder() == Path(os.path.expanduser("~")) / ".local/state/fdb/moves"
