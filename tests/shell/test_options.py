"""fdb/_shell/options.py: options of transactions by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import fdb
from fdb._display.notation import NotationError
from fdb._shell.options import OptionChoices, description, names


@pytest.fixture
def tr(memory_name: str) -> Iterator[fdb.Transaction]:
    with fdb.open(memory_name) as db:
        yield db.create_transaction()


def test_all_options_have_a_name_and_a_description() -> None:
    assert "ACCESS_SYSTEM_KEYS" in names()
    assert names() == sorted(names())
    assert all(description(name) for name in names())
    assert description("TIMEOUT").endswith("Takes a number.")
    assert "Takes" not in description("ACCESS_SYSTEM_KEYS")


def test_an_option_for_all_transactions_is_set_in_each_new_one(tr: fdb.Transaction) -> None:
    choices = OptionChoices()
    choices.turn_on("access_system_keys", None, None)
    choices.apply(tr)
    tr[b"\xff/x"] = b""
    assert choices.shown() == ["ACCESS_SYSTEM_KEYS"]
    choices.turn_off("ACCESS_SYSTEM_KEYS")
    assert choices.shown() == []


def test_an_option_of_one_transaction_ends_with_it(tr: fdb.Transaction) -> None:
    choices = OptionChoices()
    choices.turn_on("timeout", b"500", None)
    choices.turn_on("access_system_keys", None, tr)
    tr[b"\xff/x"] = b""
    assert choices.shown() == ["ACCESS_SYSTEM_KEYS", "TIMEOUT: `500'"]
    choices.end()
    assert choices.shown() == ["TIMEOUT: `500'"]


def test_a_token_is_not_shown() -> None:
    choices = OptionChoices()
    choices.turn_on("authorization_token", b"secret", None)
    assert "secret" not in "".join(choices.shown())


@pytest.mark.parametrize(
    ("name", "argument", "text"),
    [
        ("nothing", None, "invalid option 'NOTHING'"),
        ("timeout", None, "option TIMEOUT expects a parameter"),
        ("timeout", b"soon", "takes a whole number, not soon"),
        ("access_system_keys", b"1", "did not expect a parameter"),
    ],
)
def test_what_is_no_option_is_refused(name: str, argument: bytes | None, text: str) -> None:
    choices = OptionChoices()
    with pytest.raises(NotationError, match=text):
        choices.turn_on(name, argument, None)
    assert choices.shown() == []


def test_only_options_can_be_turned_off() -> None:
    with pytest.raises(NotationError, match="invalid option 'NOTHING'"):
        OptionChoices().turn_off("nothing")
