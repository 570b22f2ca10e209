"""fdb/_shell/history.py: what was typed, in a file for its owner alone."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest

from helpers.tools import needs

needs("prompt_toolkit")

from fdb._shell.history import KEPT, MOST, PrivateHistory, default_path, is_kept  # noqa: E402


def lines(path: pathlib.Path | None) -> list[str]:
    """What a shell that starts now remembers, the newest first."""
    return list(PrivateHistory(path).load_history_strings())


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "state" / "fdb" / "shell_history"


def test_lines_are_remembered_for_their_owner_alone(path: pathlib.Path) -> None:
    before = os.umask(0)
    try:
        history = PrivateHistory(path)
        history.store_string("get a")
    finally:
        os.umask(before)
    history.store_string("set (1,\n2) 'ключ'")
    assert lines(path) == ["set (1,\n2) 'ключ'", "get a"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_can_read_is_closed_to_them(path: pathlib.Path) -> None:
    PrivateHistory(path).store_string("get a")
    path.chmod(0o644)
    PrivateHistory(path).store_string("get b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("get a", True),
        (" set password x", False),
        ("option on authorization_token abc", False),
        ("begin; option on AUTHORIZATION_TOKEN abc", False),
    ],
)
def test_secrets_are_not_kept(path: pathlib.Path, line: str, kept: bool) -> None:
    PrivateHistory(path).store_string(line)
    assert is_kept(line) is kept
    assert lines(path) == ([line] if kept else [])


def test_a_file_that_has_become_long_is_cut(path: pathlib.Path) -> None:
    history = PrivateHistory(path)
    for number in range(MOST + 1):
        history.store_string(f"get {number}")
    assert lines(path) == [f"get {number}" for number in reversed(range(MOST + 1 - KEPT, MOST + 1))]
    assert len(path.read_text().splitlines()) == KEPT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_is_damaged_is_left_out(path: pathlib.Path) -> None:
    PrivateHistory(path).store_string("get a")
    with path.open("ab") as file:
        file.write(b'"get half\n\xff\xfe\n{"a": 1}\n"get b"\n')
    assert lines(path) == ["get b", "get a"]


def test_a_shell_without_a_place_for_a_file_has_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (None, tmp_path / "file" / "fdb" / "shell_history"):
        PrivateHistory(path).store_string("get a")
        assert lines(path) == []


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "fdb" / "shell_history"
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        monkeypatch.setenv("HOME", "/home/somebody")
        assert default_path() == pathlib.Path("/home/somebody/.local/state/fdb/shell_history")
