"""Keys in the directories that they are in."""

from __future__ import annotations

import pytest

import fdb
import fdb.directory_impl
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
        # What the directory layer keeps in a partition is its own, and no key in a directory.
        own = next(
            key for key, _ in db.get_range(*Place.parse("/part").range(db)) if b"version" in key
        )
        assert names.place(own) is None
        for key in (own, users.pack(("a",)), users.key() + b"(", inside.pack((None,))):
            assert Place.parse(names.shown(key)).key(db) == key


def test_the_number_of_directories_is_bounded() -> None:
    with fdb.open(fdb.embedded.unique()) as db:
        for number in range(5):
            fdb.directory.create(db, (f"d{number}", "below"))
        assert len(DirectoryNames.load(db, limit=3)) == 3
        assert len(DirectoryNames.load(db)) == 10


def test_prefixes_within_each_other() -> None:
    """As an older layer, or one with prefixes given by hand, may have left them."""
    names = DirectoryNames(
        [(b"b", ("b",)), (b"bb", ("b", "bb")), (b"bbd", ("d",)), (b"c", None), (b"ca", ("c",))]
    )
    cases = {
        b"a": None,
        b"b": ("b",),
        b"ba": ("b",),
        b"bba": ("b", "bb"),
        b"bbdx": ("d",),
        b"bbe": ("b", "bb"),
        b"bz": ("b",),
        b"cax": ("c",),
        b"cz": None,
        b"d": None,
    }
    for key, path in cases.items():
        found = names.place(key)
        assert (None if found is None else found[0]) == path


def test_directories_that_cannot_be_read() -> None:
    with fdb.open(fdb.embedded.unique()) as db:
        db[b"\xfe\x01\xfe\x00\x01version\x00"] = b"\x02" + bytes(11)
        with pytest.raises(fdb.directory_impl.DirectoryVersionError):
            DirectoryNames.load(db)


def test_bytes_in_a_directory_are_one_word() -> None:
    names = DirectoryNames([(b"\x15\x22", ("part",))])
    assert names.shown(b"\x15\x22\xfe\"'; ([a") == "/part:\\xfe\\x22\\x27\\x3b\\x20\\x28\\x5ba"
