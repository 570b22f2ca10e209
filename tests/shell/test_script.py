"""fdb/_shell/script.py: commands without a person."""

from __future__ import annotations

import pytest

from fdb._shell.script import MOST_LINES, ScriptError, discarded, run_lines, run_text
from helpers.shells import Shell


def test_several_commands_are_shown_before_they_are_run(shell: Shell) -> None:
    run_text(shell.session, "set a b; get a")
    first, committed, *rest = shell.printed
    assert first == ">>> set a b"
    assert committed.startswith("Committed")
    assert rest == [">>> get a", "`a' is `b'"]


def test_one_command_is_not(shell: Shell) -> None:
    run_text(shell.session, "get a")
    assert shell.printed == ["`a': not found"]


def test_nothing_is_run_behind_a_command_that_fails(shell: Shell) -> None:
    with pytest.raises(ScriptError, match="^Unknown command `foo'. Try `help'\\?$"):
        run_text(shell.session, "set a 1; foo; set b 2")
    assert shell.db[b"a"] == b"1"
    assert shell.db[b"b"] is None


def test_nothing_is_run_of_a_text_that_cannot_be_read(shell: Shell) -> None:
    with pytest.raises(ScriptError, match="quotation mark"):
        run_text(shell.session, 'set a 1; set b "2')
    assert shell.db[b"a"] is None


def test_an_error_of_the_database_is_one_line(shell: Shell) -> None:
    with pytest.raises(ScriptError, match=r"^Key outside legal range \(2004\)$"):
        run_text(shell.session, "get \\xff/x")


def test_exit_ends_a_script(shell: Shell) -> None:
    run_text(shell.session, "set a 1; exit; set b 2")
    run_lines(shell.session, ["set c 3\n", "quit\n", "foo\n"])
    assert [shell.db[key] for key in (b"a", b"b", b"c")] == [b"1", None, b"3"]


@pytest.mark.parametrize("end", ["", "exit", "foo"])
def test_a_transaction_that_is_left_open_writes_nothing_and_is_an_error(
    shell: Shell, end: str
) -> None:
    said = "Unknown command" if end == "foo" else "open transaction was not committed: set a 1"
    with pytest.raises(ScriptError, match=said):
        run_text(shell.session, f"begin; set a 1; {end}")
    with pytest.raises(ScriptError, match=said):
        run_lines(shell.session, ["begin\n", "set a 1\n", end])
    assert shell.session.transaction is None
    assert shell.db[b"a"] is None


def test_one_that_has_only_read_may_be_left_open(shell: Shell) -> None:
    run_text(shell.session, "begin; get a")
    assert shell.session.transaction is None


def test_secrets_are_not_shown(shell: Shell) -> None:
    run_text(shell.session, "get a; option on authorization_token hidden; option")
    assert ">>> option on authorization_token (not shown)" in shell.printed
    assert "hidden" not in "".join(shell.printed)


def test_lines_may_go_on_in_the_next_and_have_comments(shell: Shell) -> None:
    run_lines(
        shell.session,
        [
            "# what follows is a tuple\n",
            "\n",
            "set (1,\n",
            "  2) x; set b y\n",
            "  # more\n",
            "get (1, 2)",
        ],
    )
    assert shell.printed[-1] == "`(1, 2)' is `x'"
    assert shell.db[b"b"] == b"y"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["get a\n", "\n", "foo\n", "set b 1\n"], "^line 3: Unknown command `foo'"),
        (["get a\n", "set (1,\n", "\n"], r"^line 2: .*parenthesis that is not closed"),
        (["get a; foo\n"], "^line 1: Unknown"),
        (["get \\q\n"], "^line 1: column 1: a backslash"),
    ],
)
def test_an_error_has_the_number_of_its_line(shell: Shell, lines: list[str], error: str) -> None:
    with pytest.raises(ScriptError, match=error) as failed:
        run_lines(shell.session, lines)
    assert "\n" not in str(failed.value)
    assert shell.db[b"b"] is None


def test_a_command_that_is_never_closed_does_not_take_in_the_script(shell: Shell) -> None:
    lines = iter(["get a\n", "get (1,\n", *["2,\n"] * MOST_LINES, "unread\n"])
    with pytest.raises(ScriptError, match="^line 2: .*parenthesis that is not closed"):
        run_lines(shell.session, lines)
    assert next(lines) == "unread\n"


def test_what_is_thrown_away_is_said(shell: Shell) -> None:
    assert discarded(shell.session) == ""
    shell.run("begin")
    assert discarded(shell.session).endswith("it had no lines")
    shell.run("begin; set a 1; set b 2; get a; get b")
    assert discarded(shell.session) == (
        "The open transaction was not committed: set a 1; set b 2; get a; ..."
    )
    assert shell.session.transaction is None
