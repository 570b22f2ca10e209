"""fdb/_shell/data_commands.py: get, set, clear, clearrange, getrange, getrangekeys, count, getestimatedsize."""

from __future__ import annotations

import pytest

import fdb
from fdb._cli import seen
from fdb._display.notation import NotationError
from fdb._shell.session import CommandError
from fdb.testing import faults
from helpers.shells import Shell

KEY = fdb.tuple.pack(("users", 42))


def test_rows_are_written_and_read_as_with_fdbcli(shell: Shell) -> None:
    (committed,) = shell.run("set hello world")
    assert committed.startswith("Committed (")
    assert shell.run("get hello") == ["`hello' is `world'"]
    assert shell.run("get nothing") == ["`nothing': not found"]
    assert shell.db[b"hello"] == b"world"
    shell.run('set "a key" \\x00\\xff')
    assert shell.db[b"a key"] == b"\x00\xff"
    assert shell.run("get a\\x20key") == ["`a key' is `\\x00\\xff'"]
    shell.run("clear hello")
    assert shell.run("get hello") == ["`hello': not found"]


def test_ranges_are_shown_as_fdbcli_does(shell: Shell) -> None:
    for key in (b"a1", b"a2", b"b"):
        shell.db[key] = b"v"
    del shell.printed[:]
    shell.run("getrange a")
    assert shell.printed == ["", "Range limited to 25 keys", "`a1' is `v'", "`a2' is `v'", ""]
    assert shell.run('getrange "" \\xff 2') == [
        "Range limited to 2 keys",
        "`a1' is `v'",
        "`a2' is `v'",
    ]
    assert shell.run("getrangekeys a2 c")[1:] == ["`a2'", "`b'"]
    assert shell.run("getkeys a2 c") == shell.run("getrangekeys a2 c")
    assert shell.run("getrange")[1:] == shell.run('getrange ""')[1:]
    assert shell.run("getrange x") == ["Range limited to 25 keys"]


def test_tuples_are_typed_and_shown(shell: Shell) -> None:
    shell.run("set ('users', 42) ('EUR', 12)")
    assert shell.db[KEY] == fdb.tuple.pack(("EUR", 12))
    shell.run("set ('users', 42, 'x') {\"a\": 1}; set ('users', 43) 'it is text'")
    assert shell.db[fdb.tuple.pack(("users", 42, "x"))] == b'{"a": 1}'
    assert shell.run("getrange ('users', 42)")[1:] == [
        "`('users', 42)' is `('EUR', 12)'",
        "`('users', 42, 'x')' is `{\"a\": 1}'",
    ]
    assert len(shell.run("getrange ('users')")) == 4


def test_keys_of_a_directory(shell: Shell) -> None:
    users = fdb.directory.create(shell.db, ("app", "users"))
    shell.run("set /app/users('alice', 1) x; set /app/users:raw y")
    assert shell.db[users[("alice")][1]] == b"x"
    assert shell.db[users.key() + b"raw"] == b"y"
    assert shell.run("getrange /app/users")[1:] == [
        "`/app/users('alice', 1)' is `x'",
        "`/app/users:raw' is `y'",
    ]
    shell.run("cd /app/users")
    assert shell.run("getrange")[1:] == ["`('alice', 1)' is `x'", "`raw' is `y'"]
    assert shell.run("get raw") == ["`raw' is `y'"]
    assert shell.run("get ('alice', 1)") == ["`('alice', 1)' is `x'"]
    assert shell.run("count") == ["2 rows"]
    shell.run("clearrange ('alice')")
    assert shell.run("count") == ["1 row"]
    shell.run("clearrange .")
    assert list(shell.db[users.range()]) == []
    assert fdb.directory.exists(shell.db, ("app", "users"))


def test_the_root_is_no_range(shell: Shell) -> None:
    with pytest.raises(CommandError, match="the root / has no range"):
        shell.run("getrange /")


def test_a_directory_that_is_not_there_is_named(shell: Shell) -> None:
    with pytest.raises(NotationError, match="there is no directory /app"):
        shell.run("set /app(1) x")


def test_a_range_is_cleared_after_a_person_has_agreed(shell: Shell) -> None:
    shell.db.write_in_batches((b"k%d" % number, b"") for number in range(5))
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    shell.session.ask = refuse
    assert shell.run("clearrange k1 k4") == ["Nothing was cleared"]
    assert asked == ["Clear 3 rows from k1 on, before k4?"]
    assert len(shell.db[:]) == 5
    shell.session.ask = lambda question: True
    assert shell.run("clearrange k1 k4")[0].startswith("Committed")
    assert [row.key for row in shell.db[:]] == [b"k0", b"k4"]


def test_rows_that_the_person_was_not_asked_about_stay(shell: Shell) -> None:
    tuples = fdb.Subspace(("t",))
    shell.db[tuples[1]] = b""

    def agree(question: str) -> bool:
        assert question == "Clear 1 row under ('t')?"
        shell.db[tuples[2]] = b"theirs"
        return True

    shell.session.ask = agree
    with pytest.raises(CommandError, match="there are other rows now: nothing was cleared"):
        shell.run("clearrange ('t')")
    assert len(shell.db[:]) == 2
    shell.session.ask = lambda question: question == "Clear 2 rows under ('t')?"
    shell.run("clearrange ('t')")
    assert shell.db[:] == []
    shell.session.ask = lambda question: pytest.fail("was asked about nothing")
    assert shell.run("clearrange ('t')")[0].startswith("Committed")


@pytest.mark.parametrize("effect", ["applied", "lost"])
def test_what_a_person_agreed_to_is_cleared_though_a_result_is_unknown(
    shell: Shell, effect: str
) -> None:
    shell.db[b"k1"] = b""
    shell.session.ask = lambda question: True
    with faults(shell.db, rules=f"commit_unknown_result:times=1,effect={effect}"):
        assert shell.run("clearrange k l")[0].startswith("Committed")
    assert shell.db[:] == []


def test_of_large_ranges_no_more_is_looked_at_than_is_counted(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "MOST_BYTES", 500)
    shell.db.write_in_batches((b"k%d" % number, bytes(100)) for number in range(9))
    asked: list[str] = []
    shell.session.ask = lambda question: not asked.append(question)
    shell.run("clearrange k l")
    assert asked == ["Clear more than 5 rows from k on, before l?"]
    assert shell.db[:] == []


def test_keys_of_a_partition_are_shown_as_they_can_be_typed(shell: Shell) -> None:
    fdb.directory.create(shell.db, "part", layer=b"partition")
    shell.db[fdb.directory.create(shell.db, ("part", "a"))[1]] = b"x"
    for before, command in (("", "getrangekeys /part"), ("cd /part; ", "getrangekeys")):
        keys = [line[1:-1] for line in shell.run(before + command) if line.startswith("`")]
        assert len(keys) > 2
        for key in keys:
            assert shell.run(f"get {key}")[0].startswith(f"`{key}' is `")


def test_nobody_is_asked_in_a_transaction_nor_where_nobody_is(shell: Shell) -> None:
    shell.db[b"k"] = b""
    shell.session.ask = lambda question: pytest.fail("was asked")
    shell.run("begin; clearrange k l")
    assert len(shell.db[:]) == 1
    shell.run("commit")
    assert len(shell.db[:]) == 0
    shell.session.ask = None
    shell.run("set k v; clearrange k l")
    assert len(shell.db[:]) == 0


def test_a_prefix_alone_is_no_range_to_clear(shell: Shell) -> None:
    shell.db[b"k"] = b""
    for text in ('clearrange ""', "clearrange k"):
        with pytest.raises(CommandError, match="without ENDKEY for a tuple or a directory only"):
            shell.run(text)
    assert len(shell.db[:]) == 1


@pytest.mark.parametrize("text", ["set a b", "clear a", "clearrange a b"])
def test_nothing_is_written_without_writemode(shell: Shell, text: str) -> None:
    shell.db[b"a"] = b"kept"
    shell.session.writes = False
    with pytest.raises(CommandError, match="writemode must be enabled"):
        shell.run(text)
    assert shell.db[b"a"] == b"kept"


@pytest.mark.parametrize("limit", ["-1", "x", "1234567890", "１"])
def test_a_limit_is_a_number(shell: Shell, limit: str) -> None:
    with pytest.raises(CommandError, match="bad limit"):
        shell.run(f"getrange a b {limit}")


def test_rows_are_counted_in_and_out_of_transactions(shell: Shell) -> None:
    shell.db.write_in_batches((b"k%04d" % number, b"") for number in range(1500))
    assert shell.run("count") == ["1,500 rows"]
    assert shell.run("begin; set k5 x; count; rollback")[1:2] == ["1,501 rows"]


def test_the_size_of_a_range_is_estimated(shell: Shell) -> None:
    (line,) = shell.run("getestimatedsize")
    assert line.endswith(" bytes")


def test_the_systems_keys_are_those_below_two_bytes(shell: Shell) -> None:
    shell.run("option on access_system_keys")
    shell.run("set \\xff/x y; set \\xff/z y")
    assert shell.run("count \\xff/x \\xff/zz") == ["2 rows"]
    rows = shell.run("getrangekeys \\xff")
    assert all(row.startswith("`\\xff") for row in rows[1:])
