r"""How a line is divided into commands and words: as fdbcli does it, with tuples, paths and Python's texts beside.

Blanks divide words, `;` and line ends divide commands. A word that begins with `(`, `/`, `./` or `../` ends behind its last
parenthesis, whatever blanks are in it; one that begins with `'`, `b'` or `b"` is a text or bytes of Python, and JSON that
begins with `{` or `[` is taken as it is. In all other words double quotes keep blanks together and are no part of the
word, and a backslash stands before what shall have no meaning, or before `xNN`: as in fdbcli.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from fdb._display.notation import NotationError, from_printable, printable_without

_SHOWN = 60
_BLANK, _LINE_END, _END = " \t", "\r\n", ";"
_STRUCTURED = re.compile(r"[(/]|\.\.?(?=[/\s;]|$)")
_LITERAL = re.compile(r"""b?'|b\"""")


class UnfinishedError(NotationError):
    """A text ends within quotes or parentheses: a person may want to go on in the next line."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command."""

    #: As it was typed.
    text: str
    #: What it stands for, if it is in the notation of fdbcli; None for tuples, paths, texts of Python and JSON.
    data: bytes | None

    @property
    def name(self) -> str:
        """The word as a name of a command, of an option or the like."""
        return self.text if self.data is None else self.data.decode(errors="replace")


def split(text: str) -> list[list[Word]]:
    """Return the commands of a text, each a list of words; none is empty.

    Raises UnfinishedError if the text ends within quotes or parentheses, NotationError for a backslash that means
    nothing.
    """
    commands: list[list[Word]] = [[]]
    place = 0
    while place < len(text):
        character = text[place]
        if character in _BLANK:
            place += 1
        elif character in _LINE_END or character == _END:
            commands.append([])
            place += 1
        else:
            end = _word_end(text, place)
            commands[-1].append(_word(text[place:end]))
            place = end
    return [words for words in commands if words]


def last_command(text: str) -> tuple[list[Word], str]:
    """Return the whole words of the last command of a text, and the word at its end that may not be whole yet.

    Raises NotationError for words that are none.
    """
    words: list[Word] = []
    place = 0
    while place < len(text):
        character = text[place]
        if not _divides(character):
            try:
                end = _word_end(text, place)
            except UnfinishedError:
                return words, text[place:]
            if end >= len(text):
                return words, text[place:]
            words.append(_word(text[place:end]))
            place = end
            continue
        if character not in _BLANK:
            words = []
        place += 1
    return words, ""


def comment_or_nothing(line: str) -> bool:
    """Tell whether a line of a script has no command."""
    return not line.strip() or line.lstrip().startswith("#")


def typed(data: bytes) -> str:
    """Return bytes as a word in the notation of fdbcli: what would end the word is escaped."""
    return without_start(printable_without(data, ' ";')) or '""'


def without_start(shown: str) -> str:
    """Return a word in the notation of fdbcli whose first character does not make a path or JSON of it."""
    if shown.startswith((".", "{", "[")):
        return f"\\x{ord(shown[0]):02x}{shown[1:]}"
    return shown


def _word(text: str) -> Word:
    if _is_plain(text):
        return Word(text, from_printable(_without_quotes(text)))
    return Word(text, None)


def _is_plain(text: str) -> bool:
    return not (_STRUCTURED.match(text) or _LITERAL.match(text) or _json_end(text, 0))


def _word_end(text: str, start: int) -> int:
    """Returns the place behind the word that begins at one."""
    if _STRUCTURED.match(text, start):
        return _structured_end(text, start)
    if _LITERAL.match(text, start):
        opening = start + (text[start] == "b")
        return _after_delimiter(text, _string_end(text, opening))
    return _json_end(text, start) or _plain_end(text, start)


def _plain_end(text: str, start: int) -> int:
    place, quoted = start, False
    while place < len(text):
        character = text[place]
        if character == "\\":
            place += 2
            continue
        if character == '"':
            quoted = not quoted
        elif not quoted and _divides(character):
            break
        place += 1
    if quoted:
        raise UnfinishedError(f"the quotation mark in {_cut(text[start:])} has no second one")
    if place > len(text):
        raise NotationError(
            f"the backslash at the end of {_cut(text[start:])} stands before nothing"
        )
    return place


def _without_quotes(text: str) -> str:
    return re.sub(r'(\\.)|"', lambda found: found[1] or "", text, flags=re.DOTALL)


def _structured_end(text: str, start: int) -> int:
    place, depth = start, 0
    while place < len(text):
        character = text[place]
        if character in "'\"":
            place = _string_end(text, place)
            continue
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif depth <= 0 and _divides(character):
            break
        place += 1
    if depth > 0:
        raise UnfinishedError(f"{_cut(text[start:])} has a parenthesis that is not closed")
    return place


def _string_end(text: str, opening: int) -> int:
    """Returns the place behind the text of Python whose quote is at one."""
    quote, place = text[opening], opening + 1
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == quote:
            return place + 1
        place += 1
    raise UnfinishedError(f"the quote in {_cut(text[opening:])} has no second one")


def _json_end(text: str, start: int) -> int:
    """Returns the place behind the JSON that begins at one, 0 if there is none."""
    if text[start] not in "{[":
        return 0
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return 0
    return end if end == len(text) or _divides(text[end]) else 0


def _after_delimiter(text: str, place: int) -> int:
    if place < len(text) and not _divides(text[place]):
        raise NotationError(
            f"behind the quote of {_cut(text[:place])} there must be a blank, not {text[place]!r}"
        )
    return place


def _divides(character: str) -> bool:
    return character in _BLANK or character in _LINE_END or character == _END


def _cut(text: str) -> str:
    """Returns what an error shows of a text."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
