"""fdb/_shell/words.py: lines, commands, words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdb._display.notation import NotationError
from fdb._shell.words import (
    UnfinishedError,
    Word,
    comment_or_nothing,
    last_command,
    split,
    typed,
)


def plain(text: str) -> list[list[bytes | str]]:
    """The words of a text: bytes for those in the notation of fdbcli, else as they were typed."""
    return [
        [word.text if word.data is None else word.data for word in words] for words in split(text)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # as fdbcli has it
        ("get a", [[b"get", b"a"]]),
        ("  get   a  ", [[b"get", b"a"]]),
        ('set "a b" c\\ d', [[b"set", b"a b", b"c d"]]),
        ('x a"b c"d', [[b"x", b"ab cd"]]),
        ('x ""', [[b"x", b""]]),
        ("x \\x00\\xffz", [[b"x", b"\x00\xffz"]]),
        ('x \\"\\\\\\;', [[b"x", b'"\\;']]),
        ("a; b;;c;", [[b"a"], [b"b"], [b"c"]]),
        ('a ";" b', [[b"a", b";", b"b"]]),
        ("x it's", [[b"x", b"it's"]]),
        ("x a(b", [[b"x", b"a(b"]]),
        ("x ключ", [[b"x", "ключ".encode()]]),
        # tuples, paths, texts of Python, JSON
        ("get ('users', 42)", [[b"get", "('users', 42)"]]),
        ("get (1,\n2); x", [[b"get", "(1,\n2)"], [b"x"]]),
        ("get ('a; b)', \"c'd\") e", [[b"get", "('a; b)', \"c'd\")", b"e"]]),
        ("get /app/users('a', 1) z", [[b"get", "/app/users('a', 1)", b"z"]]),
        ("ls /app/'a name'", [[b"ls", "/app/'a name'"]]),
        ("cd ..", [[b"cd", ".."]]),
        ("cd ../a", [[b"cd", "../a"]]),
        ("cd .a", [[b"cd", b".a"]]),
        ("x 'a b' b'\\x00'", [[b"x", "'a b'", "b'\\x00'"]]),
        ('x {"a": [1, "b c"]} y', [[b"x", '{"a": [1, "b c"]}', b"y"]]),
        ('x {"a":1}z', [[b"x", b"{a:1}z"]]),
        ("x [1, 2]", [[b"x", "[1, 2]"]]),
        # lines
        ("a\nb\r\nc", [[b"a"], [b"b"], [b"c"]]),
        ("", []),
        (" ; \n", []),
    ],
)
def test_a_text_is_divided_into_commands_and_words(
    text: str, words: list[list[bytes | str]]
) -> None:
    assert plain(text) == words


@pytest.mark.parametrize(
    "text", ["get ('a", "get ('a'", "get ('a', (1)", 'get "a', "get 'a", 'get b"a', "/a(", "a; ("]
)
def test_a_text_that_ends_within_quotes_or_parentheses_may_go_on(text: str) -> None:
    with pytest.raises(UnfinishedError):
        split(text)


@pytest.mark.parametrize("text", ["get \\", "get \\q", "get \\x0", "get 'a'b"])
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(NotationError) as refused:
        split(text)
    assert not isinstance(refused.value, UnfinishedError)
    assert "\n" not in str(refused.value)


@given(st.lists(st.binary(), min_size=1))
def test_any_bytes_can_be_typed(keys: list[bytes]) -> None:
    text = " ".join(map(typed, keys))
    assert plain(text) == [keys]


@given(st.text())
def test_no_text_does_more_than_refuse(text: str) -> None:
    try:
        commands = split(text)
    except NotationError:
        return
    assert all(commands)


@pytest.mark.parametrize(
    ("text", "words", "begun"),
    [
        ("", [], ""),
        ("ge", [], "ge"),
        ("get ", ["get"], ""),
        ("get a", ["get"], "a"),
        ("get ('a', ", ["get"], "('a', "),
        ('get "a b', ["get"], '"a b'),
        ("get a; cl", [], "cl"),
        ("get a; clear (1", ["clear"], "(1"),
        ("getrange a b", ["getrange", "a"], "b"),
    ],
)
def test_the_word_that_has_begun(text: str, words: list[str], begun: str) -> None:
    whole, last = last_command(text)
    assert ([word.name for word in whole], last) == (words, begun)


def test_what_a_line_of_a_script_may_be_besides_commands() -> None:
    assert comment_or_nothing("")
    assert comment_or_nothing("  \n")
    assert comment_or_nothing("# get a\n")
    assert not comment_or_nothing("get #")


def test_a_word_as_a_name() -> None:
    assert Word("x", b"\xff").name == "�"
    assert Word("(1,)", None).name == "(1,)"
