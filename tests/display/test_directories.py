"""Keys in the directories that they are in."""

from __future__ import annotations

import fdb
import fdb.embedded
from fdb._display.directories import DirectoryNames
from fdb._display.places import Place


def test_keys_are_shown_in_their_directories() -> None:
    with fdb.open(fdb.embedded.unique()) as db:
        users = fdb.directory.create(db, ("app", "users"))
        fdb.directory.create(db, ("part",), layer=b"partition")
        inside = fdb.directory.create(db, ("part", "x"))
        names = DirectoryNames.load(db)
        assert len(names) == 4
        assert names.shown(users.pack(("a", 1))) == "/app/users('a', 1)"
        assert names.shown(users.key()) == "/app/users"
        assert names.shown(users.key() + b"\xffz") == "/app/users:\\xffz"
        assert names.shown(inside.pack((2,))) == "/part/x(2,)"
        assert names.shown(b"hello") == "hello"
        assert names.shown(b"") == "''"
        for key in (users.pack(("a",)), users.key() + b"(", inside.pack((None,))):
            assert Place.parse(names.shown(key)).key(db) == key


def test_the_number_of_directories_is_bounded() -> None:
    with fdb.open(fdb.embedded.unique()) as db:
        for number in range(5):
            fdb.directory.create(db, (f"d{number}", "below"))
        assert len(DirectoryNames.load(db, limit=3)) == 3
        assert len(DirectoryNames.load(db)) == 10
