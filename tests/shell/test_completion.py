"""fdb/_shell/completion.py: what Tab offers."""

from __future__ import annotations

import pytest

import fdb
from fdb._shell.completion import MOST_OFFERED, offered
from helpers.shells import Shell


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell on a database with tuples, directories, and keys of other kinds."""
    for items in [("users", 42), ("users", 43, "x"), ("users", 43, "y"), ("orders", 7), (b"\x01",)]:
        shell.db[fdb.tuple.pack(items)] = b""
    for key in (b"foo bar", b"foo;x", b"other"):
        shell.db[key] = b""
    shell.db[fdb.directory.create(shell.db, ("app", "users"))[("a")][1]] = b""
    fdb.directory.create(shell.db, ("app", "a name"))
    shell.run("createtenant tea")
    return shell


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clea", ["clear", "clearrange"]),
        ("get a; clea", ["clear", "clearrange"]),
        ("writemode ", ["off", "on"]),
        ("writemode on ", []),
        ("help ke", ["keys"]),
        ("option on access", ["access_system_keys"]),
        ("option on ACCESS", ["ACCESS_SYSTEM_KEYS"]),
        ("usetenant ", ["tea"]),
        ("nothing ", []),
        # directories
        ("cd ", ["app"]),
        ("cd app/", ["app/'a name'", "app/users"]),
        ("ls /app/u", ["/app/users"]),
        ("get /a", ["/app"]),
        ("get /app/", ["/app/'a name'", "/app/users"]),
        ("get /app/users(", ["/app/users('a', "]),
        ("get /app/users('a', ", ["/app/users('a', 1)"]),
        ("get /gone/", []),
        ("get /gone(", []),
        # tuples: the next element of those that there are
        ("get ('us", ["('users', "]),
        ("get ('users', ", ["('users', 42)", "('users', 43, "]),
        ("get ('users',4", ["('users', 42)", "('users', 43, "]),
        ("get ('users', 43, '", ["('users', 43, 'x')", "('users', 43, 'y')"]),
        ("get b'", []),
        ("get (b'", ["(b'\\x01',)"]),
        ("getrange ('orders', 7) ('us", ["('users', "]),
        # bytes
        ("get foo", ["foo\\x20bar", "foo\\x3bx"]),
        ("get foo\\x20", ["foo\\x20bar"]),
        ('get "fo', []),
        ("get \\q", []),
        ("set ot", ["other"]),
        ("set other v", []),
    ],
)
def test_what_is_offered(filled: Shell, text: str, words: list[str]) -> None:
    assert offered(filled.session, text)[1] == words


def test_a_key_that_has_not_begun(filled: Shell) -> None:
    begun, words = offered(filled.session, "get ")
    assert begun == ""
    assert {"('users', ", "('orders', ", "/app", "other"} <= {*words}
    assert not any(word.startswith("\\xfe") for word in words)


def test_in_a_directory_its_keys_are_offered(filled: Shell) -> None:
    filled.run("cd /app/users; set raw x")
    assert offered(filled.session, "get ")[1] == ["('a', ", "/app", "raw"]
    assert offered(filled.session, "get ../")[1] == ["../'a name'", "../users"]
    assert offered(filled.session, "ls ../u")[1] == ["../users"]
    filled.run("cd ..")
    assert offered(filled.session, "get ./users(")[1] == ["./users('a', "]


def test_some_of_many_are_offered(shell: Shell) -> None:
    shell.db.write_in_batches((b"k%03d" % number, b"") for number in range(500))
    assert len(offered(shell.session, "get k")[1]) == MOST_OFFERED


def test_many_rows_below_one_element_are_jumped_over(shell: Shell) -> None:
    pack = fdb.tuple.pack
    rows = ((pack((name, number)), b"") for name in ("a", "b") for number in range(500))
    shell.db.write_in_batches(rows)
    assert offered(shell.session, "get (")[1] == ["('a', ", "('b', "]


def test_a_database_that_does_not_answer_offers_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        assert isinstance(kwargs["timeout"], float)
        raise fdb.FDBError(1031)

    monkeypatch.setattr(fdb.Database, "run", fails)
    assert offered(shell.session, "get k") == ("k", [])
    assert offered(shell.session, "get") == ("get", offered(shell.session, "get")[1])


def test_an_open_transaction_is_left_alone(filled: Shell) -> None:
    filled.run("begin; set b x")
    offered(filled.session, "get ('us")
    filled.db[fdb.tuple.pack(("users", 42))] = b"theirs"
    assert filled.run("commit")[0].startswith("Committed")
