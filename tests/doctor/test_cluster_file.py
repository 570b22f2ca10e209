"""fdb/_doctor/cluster_file.py: which cluster file is meant, and what is wrong with it."""

from __future__ import annotations

import os
import pathlib

import pytest

from fdb._doctor.cluster_file import Address, addresses_of, findings, target_of
from fdb._doctor.finding import Finding

CONTENT = "my_cluster:Ab12@10.0.0.1:4500,10.0.0.2:4501:tls,[::1]:4502,db.example.org:4503\n"
ADDRESSES = [
    Address("10.0.0.1", 4500, False),
    Address("10.0.0.2", 4501, True),
    Address("::1", 4502, False),
    Address("db.example.org", 4503, False),
]


def look(path: pathlib.Path) -> tuple[list[Finding], list[Address]]:
    addresses: list[Address] = []
    return list(findings(target_of(str(path)), addresses)), addresses


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "fdb.cluster"
    path.write_text(CONTENT)
    return path


def test_a_cluster_file_in_order(path: pathlib.Path) -> None:
    seen, addresses = look(path)
    assert [each.level for each in seen] == ["ok"] and "4 coordinators" in seen[0].text
    assert addresses == ADDRESSES
    assert "Ab12" not in seen[0].text  # the id is what opens the cluster


def test_addresses_are_shown_as_they_are_written() -> None:
    assert ",".join(map(str, ADDRESSES)) == CONTENT.strip().partition("@")[2]


@pytest.mark.parametrize(
    "text", [f"# by hand\n\n{CONTENT}", f"  {CONTENT.strip()}   # behind\n", CONTENT.strip()]
)
def test_comments_and_blanks(text: str) -> None:
    assert addresses_of(text) == ADDRESSES


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("# nothing but this\n", "it is empty"),
        ("hello", "no connection string"),
        ("a:b@", "no connection string"),
        ("a:b@10.0.0.1", "'10.0.0.1' is no address"),
        ("a:b@10.0.0.1:4500,", "'' is no address"),
        ("a:b@10.0.0.1:99999", "'10.0.0.1:99999' is no address"),
        ("a:b@10.0.0.1:0", "is no address"),
        ("a:b@10.0.0.1:4500;10.0.0.2:4500", "is no address"),
        ("a:b@h:1\na:b@h:2\n", "2 lines"),
    ],
)
def test_garbled(path: pathlib.Path, text: str, reason: str) -> None:
    path.write_text(text)
    (found,), addresses = look(path)
    assert found.level == "problem" and addresses == []
    assert f"{path} (given) is garbled" in found.text and reason in found.text
    assert "description:id@host:port" in (found.way_out or "")


def test_no_text(path: pathlib.Path) -> None:
    path.write_bytes(b"\xff\xfe\x00garbage")
    (found,), _ = look(path)
    assert found.level == "problem" and "is no text" in found.text


def test_missing_and_a_folder(tmp_path: pathlib.Path) -> None:
    (missing,), _ = look(tmp_path / "none.cluster")
    assert missing.level == "problem" and "does not exist" in missing.text
    (folder,), _ = look(tmp_path)
    assert "cannot be read: Is a directory" in folder.text and "-C" in (folder.way_out or "")


def test_a_pipe_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "a.cluster")
    (found,), _ = look(tmp_path / "a.cluster")
    assert found.level == "problem" and "is garbled: it is empty" in found.text


def test_unreadable(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = target_of(str(path))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", refused)  # root reads everything
        (found,) = findings(target, [])
    assert "cannot be read: Permission denied" in found.text and "chmod" in (found.way_out or "")


def test_not_writable(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)  # root may write everything
        seen, _ = look(path)
    assert [each.level for each in seen] == ["ok", "warning"]
    assert "cannot be written" in seen[1].text


def test_what_is_meant(
    path: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FDB_CLUSTER_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert target_of(None) == (None, "cluster", str(path), "the default")
    assert target_of("memory:a").kind == "memory"
    assert target_of("file:x/a.fdb?sync=off")[1:] == ("file", "x/a.fdb", "given")
    monkeypatch.setenv("FDB_CLUSTER_FILE", "file:b.fdb")
    assert target_of(None)[1:] == ("file", "b.fdb", "FDB_CLUSTER_FILE")
    path.write_text("memory:from-a-file\n")
    assert target_of(str(path)).kind == "memory"
    with pytest.raises(ValueError, match="the forms are"):
        target_of("sqlite:x")


def test_a_file_that_is_not_looked_at(
    path: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.cluster"
    other.write_text(CONTENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FDB_CLUSTER_FILE", str(other))
    seen = list(findings(target_of(None), []))
    assert [each.level for each in seen] == ["ok", "note"]
    assert "./fdb.cluster in this folder is not looked at" in seen[1].text
