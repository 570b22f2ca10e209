"""fdb/_shell/session.py: what commands work on."""

from __future__ import annotations

import pytest

import fdb
from fdb._shell.session import PAGE, CommandError, Session, count, may_be_committed
from helpers.shells import Shell


def test_the_prompt_says_where_one_is(shell: Shell) -> None:
    session = shell.session
    assert session.prompt == "fdb> "
    session.path = ("app", "a name")
    assert session.prompt == "fdb:/app/'a name'> "
    session.begin()
    assert session.prompt == "fdb:/app/'a name'*> "
    session.end()
    shell.run("cd; createtenant t; usetenant t")
    assert session.prompt == "fdb[t]> "


def test_a_range_of_more_than_a_page_is_read_whole(shell: Shell) -> None:
    shell.db.write_in_batches((b"%05d" % number, b"") for number in range(2 * PAGE + 1))
    keys = [row.key for row in shell.session.rows(b"", b"\xff")]
    assert keys == [b"%05d" % number for number in range(2 * PAGE + 1)]
    assert len(list(shell.session.rows(b"", b"\xff", PAGE + 1))) == PAGE + 1
    assert list(shell.session.rows(b"", b"\xff", 0)) == []


def test_nothing_is_written_unless_that_is_allowed(shell: Shell) -> None:
    shell.session.writes = False
    with pytest.raises(CommandError, match="type `writemode on'"):
        shell.session.change(lambda tr: tr.set(b"a", b""))
    assert list(shell.db[:]) == []


def test_a_command_that_reads_cannot_write(shell: Shell) -> None:
    with pytest.raises(fdb.FDBError) as refused:
        shell.session.read(lambda tr: tr.set(b"a", b""))
    assert refused.value.code == fdb.ErrorCode.transaction_read_only
    assert list(shell.db[:]) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1021, "It is not known whether this was written: look before you `retry'"),
        (1031, "It is not known whether this was written: look before you `retry'"),
        (
            1020,
            "Rolling back current transaction: nothing of it was written; `retry' runs 1 line of it again",
        ),
    ],
)
def test_what_became_of_a_transaction_that_failed_is_said(
    shell: Shell, code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fails:
        def wait(self) -> None:
            raise fdb.FDBError(code)

    session = shell.session
    shell.run("begin; set a b")
    monkeypatch.setattr(fdb.Transaction, "commit", lambda self: Fails())
    del shell.printed[:]
    with pytest.raises(fdb.FDBError):
        session.commit()
    assert shell.printed == [said]
    assert session.transaction is None
    assert [line.text for line in session.failed_lines] == ["set a b"]


def test_an_interrupted_commit_is_not_called_a_failure(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def wait(self) -> None:
            raise KeyboardInterrupt

    shell.run("begin; set a b")
    monkeypatch.setattr(fdb.Transaction, "commit", lambda self: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        shell.session.commit()
    assert shell.printed[-1].startswith("It is not known whether this was written")
    assert shell.session.transaction is None


@pytest.mark.parametrize(("code", "is_open"), [(1031, True), (2101, False)])
def test_a_write_that_may_have_happened_is_not_called_a_failure(
    shell: Shell, code: int, is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise fdb.FDBError(code)

    monkeypatch.setattr(fdb.Database, "run", fails)
    with pytest.raises(fdb.FDBError):
        shell.run("set a b")
    assert shell.printed == (["It is not known whether this was written"] if is_open else [])


def test_an_interrupted_write_says_that_its_fate_is_unknown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fdb.Database, "run", interrupted)
    with pytest.raises(KeyboardInterrupt, match="it is not known whether this was written"):
        shell.run("set a b")


@pytest.mark.parametrize(
    ("code", "is_open"), [(1020, False), (1007, False), (1021, True), (1031, True), (1025, True)]
)
def test_which_errors_of_a_commit_leave_its_outcome_open(code: int, is_open: bool) -> None:
    assert may_be_committed(fdb.FDBError(code)) is is_open


def test_an_open_transaction_gets_the_time_of_each_command(shell: Shell) -> None:
    session = shell.session
    session.begin()
    transaction = session.require_transaction()
    transaction.began -= 3600  # a person was at lunch
    session.timeout = 60
    session.read(lambda tr: tr.get(b"a").wait())


def test_numbers_have_what_they_are_of() -> None:
    assert [count(number, "row") for number in (0, 1, 1000)] == ["0 rows", "1 row", "1,000 rows"]


def test_values_and_keys_as_fdbcli_has_them(memory_name: str) -> None:
    with fdb.open(memory_name) as db:
        raw = Shell(db)
        raw.session.raw = True
        db[fdb.tuple.pack((1,))] = fdb.tuple.pack(("x",))
        assert raw.run("getrange")[1:] == ["`\\x15\\x01' is `\\x02x\\x00'"]
        assert isinstance(raw.session, Session)
