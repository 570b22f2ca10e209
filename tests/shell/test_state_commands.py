"""fdb/_shell/state_commands.py: transactions, options, modes, directories."""

from __future__ import annotations

import pytest

import fdb
from fdb._display.notation import NotationError
from fdb._shell.script import said
from fdb._shell.session import CommandError, Leave
from helpers.shells import Shell


def test_a_transaction_over_several_commands(shell: Shell) -> None:
    assert shell.run("begin") == ["Transaction started"]
    assert shell.run("set a 1") == []
    assert shell.run("get a") == ["`a' is `1'"]
    assert shell.db[b"a"] is None
    (committed,) = shell.run("commit")
    assert committed.startswith("Committed (")
    assert shell.db[b"a"] == b"1"
    assert shell.session.transaction is None


def test_a_transaction_that_has_only_read(shell: Shell) -> None:
    assert shell.run("begin; get a; commit")[-1] == "Nothing to commit"


@pytest.mark.parametrize(
    ("end", "text", "is_open"),
    [("rollback", "Transaction rolled back", False), ("reset", "Transaction reset", True)],
)
def test_a_transaction_that_is_thrown_away(
    shell: Shell, end: str, text: str, is_open: bool
) -> None:
    assert shell.run(f"begin; set a 1; {end}")[-1] == text
    assert (shell.session.transaction is not None) is is_open
    shell.run("commit" if is_open else "get a")
    assert shell.db[b"a"] is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("commit", "No active transaction"),
        ("reset", "No active transaction"),
        ("rollback", "No active transaction"),
        ("begin; begin", "Already in transaction"),
        ("begin; option off timeout", "Cannot turn option off"),
        ("option off timeout 5", "Cannot specify option argument"),
        ("option maybe timeout", "must be turned `on' or `off'"),
        ("option on", "Usage: option"),
        ("writemode maybe", "Usage: writemode"),
        ("show me", "Usage: show"),
        ("ls a b", "Usage: ls"),
        ("sleep soon", "Usage: sleep"),
        ("sleep -1", "Usage: sleep"),
        ("sleep nan", "Usage: sleep"),
    ],
)
def test_what_cannot_be_done_is_said(shell: Shell, text: str, error: str) -> None:
    with pytest.raises(CommandError, match=error):
        shell.run(text)


def test_writemode(shell: Shell) -> None:
    shell.run("writemode off")
    with pytest.raises(CommandError, match="writemode must be enabled"):
        shell.run("set a b")
    shell.run("writemode on; set a b")
    assert shell.db[b"a"] == b"b"


def test_a_shell_that_was_opened_to_read_only_stays_so(memory_name: str) -> None:
    with fdb.open(memory_name) as db:
        shell = Shell(db, read_only=True)
        for text in ("writemode on", "set a b", "createtenant t", "deletetenant t"):
            with pytest.raises(CommandError, match="opened to read only"):
                shell.run(text)
        assert list(db[:]) == []


def test_options_hold_for_all_commands_and_later_transactions(shell: Shell) -> None:
    assert shell.run("option") == ["There are no options enabled"]
    with pytest.raises(fdb.FDBError):
        shell.run("set \\xff/x y")
    assert shell.run("option on ACCESS_SYSTEM_KEYS") == ["Option enabled for all transactions"]
    shell.run("set \\xff/x y; begin; set \\xff/x z; commit")
    assert shell.run("get \\xff/x") == ["`\\xff/x' is `z'"]
    assert shell.run("option") == ["Currently enabled options:", "ACCESS_SYSTEM_KEYS"]
    assert shell.run("option off ACCESS_SYSTEM_KEYS") == ["Option disabled for all transactions"]
    with pytest.raises(fdb.FDBError):
        shell.run("set \\xff/x y")


def test_options_of_a_transaction_end_with_it(shell: Shell) -> None:
    assert shell.run("begin; option on access_system_keys")[-1] == (
        "Option enabled for current transaction"
    )
    shell.run("set \\xff/x y; commit")
    assert shell.run("option") == ["There are no options enabled"]
    with pytest.raises(fdb.FDBError):
        shell.run("set \\xff/x y")


def test_directories_are_gone_through(shell: Shell) -> None:
    fdb.directory.create(shell.db, ("app", "users"), layer=b"people")
    fdb.directory.create(shell.db, ("app", "a name"))
    assert shell.run("ls") == ["app/"]
    assert shell.run("cd app; ls") == ["'a name'/", "users/"]
    assert shell.run("pwd") == ["/app"]
    assert shell.run("ls -l ..; ls -l")[0].startswith("app/  prefix `")
    assert shell.run("ls -l")[1].endswith("layer `people'")
    assert shell.run("cd users; pwd") == ["/app/users"]
    assert shell.run("ls") == []
    assert shell.run("cd ..; pwd; cd; pwd") == ["/app", "/"]
    with pytest.raises(NotationError, match="there is no directory /app/gone"):
        shell.run("cd /app/gone")
    with pytest.raises(NotationError, match="there is no directory /gone"):
        shell.run("ls gone")
    assert shell.session.path == ()


@pytest.mark.parametrize("word", ["exit", "quit"])
def test_the_shell_is_left(shell: Shell, word: str) -> None:
    with pytest.raises(Leave):
        shell.run(word)


def test_sleep_and_show(shell: Shell) -> None:
    assert shell.run("sleep 0; set (1) x; show raw; getrange")[-1] == "`\\x15\\x01' is `x'"
    assert shell.run("show tuples; getrange")[-1] == "`(1,)' is `x'"


def test_nothing_that_is_shown_is_obeyed_by_a_terminal(shell: Shell) -> None:
    hostile = "\x1b[31m\x9b\u202e"
    fdb.directory.create(shell.db, (hostile,), layer=hostile.encode())
    fdb.directory.create(shell.db, (hostile, hostile))
    shell.db[hostile.encode()] = hostile.encode()
    name = repr(hostile)
    shell.run(f"ls; ls -l; cd /{name}; pwd; getrange; cd; getrange; getrange /{name}")
    shown = "".join(shell.printed)
    assert "\\x1b[31m\\xc2\\x9b" in shown and all(" " <= each <= "~" for each in shown)
    for text in (hostile, f"get {hostile}; {hostile}", f"option on {hostile}", f"cd /{hostile}"):
        with pytest.raises((CommandError, NotationError)) as error:
            shell.run(text)
        assert all(" " <= each <= "~" for each in said(error.value) + "".join(shell.printed))
