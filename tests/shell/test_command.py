"""fdb/_shell/command.py: what a command is."""

from __future__ import annotations

import pytest

from fdb._shell.command import Command
from fdb._shell.session import CommandError
from fdb._shell.words import Word


def command(least: int, most: int | None) -> Command:
    return Command("put", "put <KEY>", "do it", lambda session, words: None, "", least, most)


@pytest.mark.parametrize(
    ("least", "most", "number", "is_right"),
    [
        (0, 0, 0, True),
        (0, 0, 1, False),
        (1, 2, 0, False),
        (1, 2, 1, True),
        (1, 2, 3, False),
        (1, None, 9, True),
    ],
)
def test_the_number_of_words_is_checked(
    least: int, most: int | None, number: int, is_right: bool
) -> None:
    words = [Word("x", b"x")] * number
    if is_right:
        command(least, most).check(words)
    else:
        with pytest.raises(CommandError, match="^Usage: put <KEY>$"):
            command(least, most).check(words)


def test_another_name_is_the_same_command() -> None:
    other = command(1, 2).renamed("place")
    assert (other.name, other.usage, other.is_alias) == ("place", "place <KEY>", True)
    assert (other.least, other.most, other.summary) == (1, 2, "do it")
