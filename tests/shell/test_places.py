"""fdb/_shell/places.py: keys as they are typed and shown at a prompt that stands in a directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import fdb
from fdb._display.notation import NotationError
from fdb._shell.places import Base, base_of, directory_path, parsed, require_directory
from fdb._shell.words import Word, split

APP = ("app", "users")


def word(text: str) -> Word:
    ((only,),) = split(text)
    return only


@pytest.fixture
def db(memory_name: str) -> Iterator[fdb.Database]:
    with fdb.open(memory_name) as database:
        fdb.directory.create(database, APP)
        fdb.directory.create(database, (*APP, "old"))
        fdb.directory.create(database, ("app", "a name"))
        yield database


@pytest.mark.parametrize(
    ("path", "text", "directory", "rest"),
    [
        ((), "('a', 1)", (), fdb.tuple.pack(("a", 1))),
        ((), "raw\\x00", (), b"raw\x00"),
        ((), '"/not a path"', (), b"/not a path"),
        ((), "../x", (), b"../x"),
        ((), "/app/users('a', 1)", APP, fdb.tuple.pack(("a", 1))),
        ((), "/app/users:raw", APP, b"raw"),
        (APP, "('a', 1)", APP, fdb.tuple.pack(("a", 1))),
        (APP, "raw\\x00", APP, b"raw\x00"),
        (APP, "'a text'", APP, b"a text"),
        (APP, '""', APP, b""),
        (APP, "./old(1,)", (*APP, "old"), fdb.tuple.pack((1,))),
        (APP, "../'a name':x", ("app", "a name"), b"x"),
        (APP, ".", APP, b""),
        (APP, "/app/users/old(1,)", (*APP, "old"), fdb.tuple.pack((1,))),
    ],
)
def test_a_word_is_a_key_of_where_the_shell_stands(
    db: fdb.Database, path: tuple[str, ...], text: str, directory: tuple[str, ...], rest: bytes
) -> None:
    prefix = fdb.directory.open(db, directory).key() if directory else b""
    assert parsed(word(text), path).key(db) == prefix + rest


@pytest.mark.parametrize("path", [(), APP])
@pytest.mark.parametrize(
    "rest", [b"", b"raw", fdb.tuple.pack(("a", 1)), b"\xff\x00", b"'", b"(/", b"../x"]
)
@pytest.mark.parametrize("named", ["/app/users", '""'])
def test_what_is_shown_can_be_typed_at_the_same_prompt(
    db: fdb.Database, path: tuple[str, ...], rest: bytes, named: str
) -> None:
    place = parsed(word(named), path)
    base = base_of(place, path, db)
    key = place.key(db) + rest
    if base.path == "" or not base.prefix or rest:
        assert parsed(word(base.shown(key)), path).key(db) == key


def test_a_key_of_elsewhere_is_shown_as_it_is(db: fdb.Database) -> None:
    base = base_of(parsed(word("/app/users"), ()), (), db)
    assert base.shown(b"elsewhere") == "elsewhere"
    assert Base().shown(fdb.tuple.pack((1,))) == "(1,)"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/app", ("app",)),
        ("users", APP),
        ("users/old", (*APP, "old")),
        ("..", ()),
        ("../..", ()),
        ("/", ()),
        (".", ("app",)),
        ("'a name'", ("app", "a name")),
        ("./users/", APP),
    ],
)
def test_directories_are_named_from_where_the_shell_stands(
    text: str, path: tuple[str, ...]
) -> None:
    assert directory_path(word(text), ("app",)) == path


def test_what_is_no_directory_is_refused(db: fdb.Database) -> None:
    with pytest.raises(NotationError, match="is no directory"):
        directory_path(word("/app(1,)"), ())
    with pytest.raises(NotationError, match="there is no directory /nowhere"):
        require_directory(("nowhere",), db)
    require_directory((), db)
    require_directory(APP, db)
    with pytest.raises(NotationError, match="there is no directory /app/gone"):
        parsed(word("./gone"), ("app",)).key(db)
