"""Figures in prose: times, sizes, rates and ratios, which a page may claim only where `benchmarks/` has measured them.

What `benchmarks/report.py` and `growth.py` have written between marks is theirs, and code is run by tests of its own: neither is looked at
here. What remains is compared with a list of facts: limits, defaults, and what a program on the page sets by itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: A part of a page that a program of benchmarks/ writes.
PART = re.compile(
    r"<!-- begin (?P<name>[^:]+): written by (?P<writer>benchmarks/(?:report|growth)\.py) -->.*?<!-- end (?P=name) -->",
    re.DOTALL,
)
#: Blocks of text are prose; all others are code.
_FENCE = re.compile(r"^( *)(`{3,})(?!text\b)[^\n]*\n.*?^\1\2`* *$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TARGET = re.compile(r"\]\([^()\s]*\)")

_DIGITS = r"\d(?:[\d,.]*\d)?"
_NUMBER = rf"(?<![\w.-]){_DIGITS}(?: ?(?:to|-|–|or) ?{_DIGITS})?"
_SMALL_TIME = r"(?:[nµμ]s|ms|(?:nano|micro|milli)seconds?)"
_LONG_TIME = r"(?:s|sec|seconds?|min|minutes?|hours?)"
_TIME = rf"(?:{_SMALL_TIME}|us|{_LONG_TIME})"
_SIZE = r"(?:[kKMGT]i?B|B|(?:kilo|mega|giga|tera)?bytes?)"
_RATIO = r"(?:%|per ?cent|x|×|-?fold|times)"
_RATE = r"(?:\w+ ){0,3}(?:a|per|each|in a) second"
_WORD = (
    r"(?i:an?|one|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundreds?|thousands?|some|few"
    r"|several|dozens?|tens|half)"
)
_THAN = r"(?:as|so) (?:fast|slow|much|many|large|small|long|short|cheap|dear|expensive)"
_MORE = r"(?:faster|slower|larger|smaller|cheaper|dearer|longer|shorter|more|less|fewer)"
_FIGURE = re.compile(
    rf"{_NUMBER}[ -]?(?:(?:thousand|million|billion) )?"
    rf"(?:{_TIME}|{_SIZE}|{_RATIO}|instructions|{_RATE})(?![\w/])"
    rf"|\b(?:{_WORD}(?: of)? )+(?:{_SMALL_TIME}|per ?cent)\b"
    rf"|(?:{_NUMBER}|\b(?i:an?|one|two|three|five|ten)) (?:million|billion)\b"
    rf"|\b(?:{_WORD}(?: of)? )+times (?:{_THAN}|{_MORE}|(?:in )?a second)\b"
    rf"|\b(?i:twice|thrice|half) {_THAN}\b"
    r"|\b(?:tens|dozens|hundreds|thousands|millions)(?: of \w+)* (?:a|per|each|in a) second\b"
    r"|\borders? of magnitude\b"
)


class Figure(NamedTuple):
    """A figure, and the words around it."""

    text: str
    context: str
    line: int

    @property
    def is_of_speed(self) -> bool:
        """Whether it is a ratio, a rate or a short time: no size, and not so many seconds."""
        return not re.search(rf"[\d -](?:{_SIZE}|{_LONG_TIME})$", self.text) or bool(
            re.search(rf"{_RATE}$", self.text)
        )


def prose(text: str) -> str:
    """Returns a page with blanks for what is measured and for code: of the same length, with the same lines."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    for what in (PART, _FENCE, _COMMENT, _INLINE, _TARGET):
        text = what.sub(blank, text)
    return text


def figures(text: str, facts: tuple[str, ...] = ()) -> list[Figure]:
    """Returns the figures of a page that are no part of any fact: of its words, however they are broken into lines."""
    words = prose(text)
    known = [
        range(*found.span())
        for fact in facts
        for found in re.finditer(r"\s+".join(map(re.escape, fact.split())), text)
    ]
    return [
        Figure(
            found[0],
            " ".join(words[max(found.start() - 60, 0) : found.end() + 40].split()),
            words.count("\n", 0, found.start()) + 1,
        )
        for found in _FIGURE.finditer(words)
        if not any(found.start() in span and found.end() - 1 in span for span in known)
    ]
