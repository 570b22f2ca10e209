"""fdb/_startup/cluster_names.py: what the string given to open() means."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

import fdb
from fdb._startup.cluster_names import Place, place_of


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("FILE:x", "cannot open 'FILE:x'"),
        ("memry:x", "cannot open 'memry:x'"),
        ("MEMORY:", "cannot open 'MEMORY:'"),
        ("sqlite:/tmp/x", "cannot open"),
        ("memory", "cannot open 'memory'"),
        ("desc:id@127.0.0.1:4500", "is a connection string: write it to a cluster file"),
    ],
)
def test_malformed_strings(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        fdb.open(name)
    assert '"memory:NAME"' in str(refused.value) and '"file:PATH"' in str(refused.value)


def test_names_of_files(tmp_path: pathlib.Path) -> None:
    odd = tmp_path / "odd:name@file"
    odd.write_text("")
    assert not place_of(str(odd).encode()).embedded
    assert not place_of(b"fdb.cluster").embedded
    assert not place_of(b"/nowhere/fdb.cluster").embedded
    assert place_of(b"memory:").embedded and place_of(b"memory:x").embedded
    assert place_of(b"file:x").embedded


def parts(place: Place) -> list[object]:
    """What is equal for two places that are the same."""
    return [getattr(place, name) for name in Place.__slots__]


@pytest.mark.parametrize("line", [b"memory:app", b"file:/data/app.fdb?sync=off", b"file:app.fdb"])
def test_places_that_name_an_embedded_database(
    line: bytes, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = place_of(line)
    assert wanted.string == line and wanted.has_options == (b"?" in line)
    cluster = tmp_path / "fdb.cluster"
    cluster.write_bytes(line + b" \r\nmore\n")
    assert parts(place_of(bytes(cluster))) == parts(wanted)
    monkeypatch.setenv("FDB_CLUSTER_FILE", line.decode())
    assert parts(place_of(None)) == parts(wanted)
    monkeypatch.setenv("FDB_CLUSTER_FILE", str(cluster))
    assert parts(place_of(None)) == parts(wanted)


def test_a_malformed_line_of_a_cluster_file(tmp_path: pathlib.Path) -> None:
    cluster = tmp_path / "fdb.cluster"
    cluster.write_text("file:app.fdb?sink=off\n")
    with pytest.raises(ValueError, match="unknown option 'sink'"):
        fdb.open(str(cluster))


@pytest.mark.parametrize("wrong", [5, ["memory:"], object()])
def test_wrong_types(wrong: Any) -> None:
    with pytest.raises(TypeError, match="cluster_file must be a str, bytes, a path or None"):
        fdb.open(wrong)


def test_a_nul_character() -> None:
    with pytest.raises(ValueError, match="NUL"):
        fdb.open("memory:a\0b")
