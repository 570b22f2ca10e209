"""fdb/_shell/commands.py: which commands there are, `help`, and transactions that fail."""

from __future__ import annotations

import pytest

import fdb
from fdb._shell.commands import COMMANDS, TOPICS, execute, find
from fdb._shell.session import CommandError
from fdb._shell.words import split
from helpers.shells import Shell

#: What fdbcli has of what this shell is for.
FDBCLI = (
    "get set clear clearrange getrange getrangekeys status writemode begin commit reset rollback getversion option "
    "help exit quit usetenant defaulttenant listtenants createtenant deletetenant gettenant tenant sleep"
)


def test_the_commands_of_fdbcli_are_there() -> None:
    assert set(FDBCLI.split()) <= COMMANDS.keys()
    with pytest.raises(CommandError, match=r"Unknown command `configure'. Try `help'\?"):
        find("configure")


@pytest.mark.parametrize("topic", [*COMMANDS, *TOPICS, "options"])
def test_there_is_help_about_each(shell: Shell, topic: str) -> None:
    lines = shell.run(f"help {topic}")
    assert lines
    assert max(map(len, lines)) <= 80


def test_help_lists_the_commands(shell: Shell) -> None:
    lines = shell.run("help")
    assert " getrange:" in lines
    assert " quit:" not in lines
    assert lines == shell.run("help help")
    with pytest.raises(CommandError, match="I don't know anything about `x'"):
        shell.run("help x")


@pytest.mark.parametrize("name", COMMANDS)
def test_too_many_words_are_a_wrong_use(shell: Shell, name: str) -> None:
    with pytest.raises(CommandError, match=f"^Usage: {name}"):
        shell.run(f"{name} 1 2 3 4 5 6")


def fail(shell: Shell, lines: str) -> None:
    """Runs the lines of a transaction whose read of `a` somebody else makes old."""
    shell.run("begin; " + lines)
    shell.db[b"a"] = b"theirs"
    del shell.printed[:]
    with pytest.raises(fdb.FDBError) as failed:
        for words in split("commit"):
            execute(shell.session, words)
    assert failed.value.code == fdb.ErrorCode.not_committed


def test_a_transaction_that_fails_can_be_run_again(shell: Shell) -> None:
    shell.db[b"a"] = b"mine"
    fail(shell, "get a; set b x")
    assert shell.printed == [
        "Rolling back current transaction: nothing of it was written; `retry' runs 2 lines of it again"
    ]
    assert shell.session.transaction is None
    assert shell.run("retry") == [
        ">>> get a",
        "`a' is `theirs'",
        ">>> set b x",
        "1 line read other data than before; the transaction is open: `commit' or `rollback'",
    ]
    assert shell.db[b"b"] is None
    shell.run("commit")
    assert shell.db[b"b"] == b"x"
    with pytest.raises(CommandError, match="there is no transaction that has failed"):
        shell.run("retry")


def test_what_was_read_may_be_as_before(shell: Shell) -> None:
    shell.db[b"a"] = b"theirs"
    fail(shell, "get a; set b x")
    assert shell.run("retry")[-1].startswith("All that was read is as before")
    with pytest.raises(CommandError, match="Already in transaction"):
        shell.run("retry")
    shell.run("commit")
    assert shell.db[b"b"] == b"x"


def test_lines_are_run_again_where_they_were_typed(shell: Shell) -> None:
    users = fdb.directory.create(shell.db, ("users",))
    fail(shell, "get a; cd users; set b x; cd /")
    shell.run("retry; commit")
    assert shell.session.path == ()
    assert shell.db[users.key() + b"b"] == b"x"
    assert shell.db[b"b"] is None


def test_a_retry_that_fails_can_be_retried(shell: Shell) -> None:
    fail(shell, "get a; set b x")
    shell.session.writes = False
    with pytest.raises(CommandError, match="writemode"):
        shell.run("retry")
    assert shell.session.transaction is None
    shell.session.writes = True
    shell.run("retry; commit")
    assert shell.db[b"b"] == b"x"


def test_an_error_of_the_database_ends_the_transaction_but_one_of_the_person_does_not(
    shell: Shell,
) -> None:
    shell.run("begin; set b x")
    for slip in ("foo", "get", "get /gone", "set a"):
        with pytest.raises((CommandError, ValueError)):
            shell.run(slip)
    assert shell.session.transaction is not None
    with pytest.raises(fdb.FDBError):
        shell.run("get \\xff/x")
    assert shell.session.transaction is None
    assert [line.text for line in shell.session.failed_lines] == ["set b x"]
    assert shell.db[b"b"] is None


def test_a_new_transaction_forgets_the_one_that_failed(shell: Shell) -> None:
    fail(shell, "get a; set b x")
    shell.run("begin; rollback")
    with pytest.raises(CommandError, match="there is no transaction"):
        shell.run("retry")
