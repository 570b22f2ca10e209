"""Keys as a person types them."""

from __future__ import annotations

import pytest

import fdb
import fdb.embedded
from fdb._display.notation import NotationError
from fdb._display.places import Place, parse_path, shown_path
from fdb.tuple import pack


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("hello\\x00", b"hello\x00"),
        ("('a', 1)", pack(("a", 1))),
        ("('a')", pack(("a",))),
        ("()", b""),
        ("'a b'", b"a b"),
        ("b'\\x00'", b"\x00"),
        ("''", b""),
        ("é", "é".encode()),
        ("\\x2fetc", b"/etc"),
    ],
)
def test_keys_without_directories(text: str, key: bytes) -> None:
    assert Place.parse(text).key(None) == key


def test_keys_in_directories() -> None:
    with fdb.open(fdb.embedded.unique()) as db:
        users = fdb.directory.create(db, ("app", "all users"))
        assert Place.parse("/app/'all users'").key(db) == users.key()
        assert Place.parse("/app/'all users'/").key(db) == users.key()
        assert Place.parse("/app/'all users'('a', 1)").key(db) == users.pack(("a", 1))
        assert Place.parse('/app/"all users":x\\x00').key(db) == users.key() + b"x\x00"
        with pytest.raises(NotationError, match="there is no directory /app/none"):
            Place.parse("/app/none").key(db)
        with pytest.raises(NotationError, match="root"):
            Place.parse("/").key(db)


def test_a_partition_has_a_range_and_no_key() -> None:
    with fdb.open(fdb.embedded.unique()) as db:
        fdb.directory.create(db, ("part",), layer=b"partition")
        inside = fdb.directory.create(db, ("part", "x")).key()
        begin, end = Place.parse("/part").range(db)
        assert begin < inside < end
        with pytest.raises(NotationError, match="/part is a partition"):
            Place.parse("/part").key(db)
        with pytest.raises(NotationError, match="/part is a partition"):
            Place.parse("/part('a',)").key(db)
        # Its own bytes can be looked at.
        assert Place.parse("/part:\\xfe").key(db) == begin + b"\xfe"


def test_what_is_a_directory() -> None:
    assert Place.parse("/a/b").is_directory and Place.parse("/a/b/").is_directory
    for text in ("/a('b',)", "/a()", "/a:b", "a", "('a',)"):
        assert not Place.parse(text).is_directory


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("ab", b"ab", b"ac"),
        ("''", b"", b"\xff"),
        ("('a',)", pack(("a",)), pack(("a",)) + b"\xff"),
        ("()", b"", b"\xff"),
        ("\\xff", b"\xff", b"\xff\xff"),
        ("\\xff\\xff", b"\xff\xff", b"\xff\xff\xff"),
    ],
)
def test_ranges(text: str, begin: bytes, end: bytes) -> None:
    assert Place.parse(text).range(None) == (begin, end)


@pytest.mark.parametrize("path", [(), ("a",), ("a b", "c"), ("it's", 'say "x"', "\\", "é", "/")])
def test_a_shown_path_can_be_typed(path: tuple[str, ...]) -> None:
    assert parse_path(shown_path(path)) == (path, "")


@pytest.mark.parametrize("text", ["/a b", "//a", "/'a", "/a'b'"])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(NotationError, match="column"):
        Place.parse(text)
