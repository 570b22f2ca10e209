"""The strings that mean a database of the embedded engine: `memory:NAME` and `file:PATH`, and their options.

The engine reads the same strings, for programs in other languages. It can only answer with a code; here is the text.
"""

from __future__ import annotations

import os

MEMORY = b"memory:"
FILE = b"file:"

_FROM = "from"
_LONGEST_NUMBER = 19
_POWERS = {"k": 1, "M": 2, "G": 3}
_LEAST_CACHE = 1 << 20
_MOST_CACHE = (1 << 63) - 1
_CHOICES = {"sync": ("full", "normal", "off"), "mode": ("rw", "ro")}

_ACCEPTED = (
    "the options of a file are sync=full, sync=normal or sync=off, mode=rw or mode=ro, and cache=SIZE (at least 1M; a "
    "number of bytes, or one with k, M or G), as in 'file:app.fdb?sync=normal&cache=256M'"
)
_QUESTION_MARK = "a path with a '?' in it gets another '?' at its end"
_FORM_OF_MEMORY = "the one option of a database in memory is from=PATH, the file to load it from: 'memory:NAME?from=PATH'"


class EmbeddedName:
    """What a string for the embedded engine says."""

    __slots__ = ("has_options", "identity", "path")

    def __init__(self, identity: bytes, has_options: bool, path: bytes | None) -> None:
        #: "memory:NAME", or "file:" and the real path: the same for all strings that mean the same database.
        self.identity = identity
        #: Whether it is a file and has options, so that they may contradict those that it is open with.
        self.has_options = has_options
        #: The path, for a file.
        self.path = path


def is_embedded(name: bytes) -> bool:
    """Whether a string is for the embedded engine."""
    return name.startswith((MEMORY, FILE))


def parse(name: bytes) -> EmbeddedName:
    """Reads a string for which `is_embedded`. Raises ValueError that shows what is accepted."""
    text = os.fsdecode(name)
    if b"\0" in name:
        raise ValueError(f"cannot open {text!r}: there is a NUL character in it")
    return _parse_file(text) if name.startswith(FILE) else _parse_memory(text)


def _parse_memory(text: str) -> EmbeddedName:
    name, question_mark, option = text.partition("?")
    key, _, path = option.partition("=")
    if question_mark and (key != _FROM or not path):
        raise ValueError(f"cannot open {text!r}: {_FORM_OF_MEMORY}")
    return EmbeddedName(os.fsencode(name), False, None)


def _parse_file(text: str) -> EmbeddedName:
    path, question_mark, options = text.removeprefix("file:").rpartition("?")
    if not question_mark:
        path, options = options, ""
    if not path:
        raise ValueError(f"cannot open {text!r}: it has no path; the form is 'file:PATH'")
    seen: set[str] = set()
    for option in options.split("&") if options else ():
        key, _, value = option.partition("=")
        reason = _trouble(key, value)
        if key in seen:
            reason = f"option {key!r} comes twice"
        if reason:
            raise ValueError(f"cannot open {text!r}: {reason}; {_ACCEPTED}; {_QUESTION_MARK}")
        seen.add(key)
    encoded = os.fsencode(path)
    return EmbeddedName(FILE + os.path.realpath(encoded), bool(seen), encoded)


def _trouble(key: str, value: str) -> str:
    """Says what is wrong with an option of a file; "" if nothing is."""
    if key in _CHOICES:
        return "" if value in _CHOICES[key] else f"{key} is {value!r}"
    if key != "cache":
        return f"unknown option {key!r}"
    digits, power = value, 0
    if value[-1:] in _POWERS:
        digits, power = value[:-1], _POWERS[value[-1]]
    fits = len(digits) <= _LONGEST_NUMBER and digits.isascii() and digits.isdigit()
    if fits and _LEAST_CACHE <= int(digits) << 10 * power <= _MOST_CACHE:
        return ""
    return f"cache is {value!r}"
