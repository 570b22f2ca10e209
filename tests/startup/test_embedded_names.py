"""fdb/_startup/embedded_names.py: the strings of embedded databases and their options."""

from __future__ import annotations

import os
import pathlib

import pytest

import fdb
from fdb._startup.embedded_names import is_embedded, parse


def identity(text: str) -> bytes:
    return parse(os.fsencode(text)).identity


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:/a/b.fdb", "/a/b.fdb"),
        ("file:/a/b.fdb?", "/a/b.fdb"),
        ("file:/a/b.fdb?sync=off", "/a/b.fdb"),
        ("file:/a/b.fdb?sync=normal&mode=ro&cache=64M", "/a/b.fdb"),
        ("file:/a/b?c.fdb?", "/a/b?c.fdb"),
        ("file:/a/b?sync=off?mode=rw", "/a/b?sync=off"),
        ("file:/a/ü 100%20 &=.fdb", "/a/ü 100%20 &=.fdb"),
        ("file:///a/../b", "/b"),
        ("file:/a/memory:", "/a/memory:"),
    ],
)
def test_the_path_of_a_file(text: str, path: str) -> None:
    name = parse(os.fsencode(text))
    assert name.identity == b"file:" + os.fsencode(path)
    assert name.has_options == ("=" in text.rpartition("?")[2] and "?" in text)


def test_bytes_that_are_no_text() -> None:
    assert parse(b"file:/a/\xff?sync=off").identity == b"file:/a/\xff"


@pytest.mark.parametrize("size", ["1M", "1024k", "1048576", "3G", "9223372036854775807"])
def test_sizes_of_the_cache(size: str) -> None:
    assert parse(f"file:a?cache={size}".encode()).has_options


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file:", "no path"),
        ("file:?sync=off", "no path"),
        ("file:a?sync", "sync is ''"),
        ("file:a?sync=", "sync is ''"),
        ("file:a?sync=FULL", "sync is 'FULL'"),
        ("file:a?mode=wr", "mode is 'wr'"),
        ("file:a?cache=", "cache is ''"),
        ("file:a?cache=1023k", "cache is '1023k'"),
        ("file:a?cache=1048575", "cache is '1048575'"),
        ("file:a?cache=1m", "cache is '1m'"),
        ("file:a?cache=-1M", "cache is '-1M'"),
        ("file:a?cache=1.5G", "cache is '1.5G'"),
        ("file:a?cache=\u0661M", "cache is"),
        ("file:a?cache=9223372036854775808", "cache is '9223372036854775808'"),
        ("file:a?cache=9999999999G", "cache is '9999999999G'"),
        ("file:a?sync=off&sync=off", "'sync' comes twice"),
        ("file:a?sync=off&", "unknown option ''"),
        ("file:a?sync=off;mode=ro", "sync is 'off;mode=ro'"),
        ("file:what?.fdb", "unknown option '.fdb'"),
    ],
)
def test_malformed_files_are_told_what_is_accepted(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="cannot open") as refused:
        fdb.open(text)
    message = str(refused.value)
    assert repr(text) in message and reason in message
    if "no path" not in reason:
        for accepted in (
            "sync=full",
            "sync=normal",
            "sync=off",
            "mode=ro",
            "cache=SIZE",
            "another '?'",
        ):
            assert accepted in message


def test_names_in_memory() -> None:
    assert identity("memory:") == b"memory:"
    assert identity("memory:app") == identity("memory:app?from=/data/a?b&c") == b"memory:app"
    assert not parse(b"memory:app?from=x").has_options, (
        "whoever has the name is not asked for a file"
    )


@pytest.mark.parametrize(
    "text", ["memory:a?", "memory:a?from", "memory:a?from=", "memory:a?sync=off"]
)
def test_malformed_names_in_memory(text: str) -> None:
    with pytest.raises(ValueError, match=r"memory:NAME\?from=PATH") as refused:
        fdb.open(text)
    assert repr(text) in str(refused.value)


def test_all_ways_to_a_file_are_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    ways = ["file:folder/a", "file:./folder/a?sync=off", f"file:{tmp_path}/link/a", "file:link//a"]
    assert {identity(way) for way in ways} == {b"file:" + os.fsencode(tmp_path / "folder" / "a")}
    before = identity("file:a")
    monkeypatch.chdir(tmp_path / "folder")
    assert identity("file:a") != before


def test_what_is_for_the_engine() -> None:
    assert is_embedded(b"memory:") and is_embedded(b"file:")
    assert not is_embedded(b"/file:x") and not is_embedded(b"FILE:x") and not is_embedded(b"")
