"""The text of rules about faults (docs/guides/faults.md), made of what Python programs give, and taken apart.

Which faults there are, and what each may be told, only the engine knows: here arguments are checked for themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from fdb._keys import key_bounds, prefix_range
from fdb._native import extension
from fdb._types import KeyArgument
from fdb.subspace_impl import Subspace

#: What a rule may be limited to: a pair of keys, a slice of keys, or a subspace.
Keys: TypeAlias = Subspace | slice | tuple[KeyArgument, KeyArgument]
#: Seconds, or at least and at most so many.
Delay: TypeAlias = float | tuple[float, float]

SEED_LIMIT = 2**63
#: Short enough to be typed again.
_DRAWN_BITS = 32
_SEED = "seed="
_PLACES = ("read", "version", "commit")
_EFFECTS = ("applied", "lost", "either")
_LONGEST_DELAY = 60
_MICROSECONDS = 1_000_000
#: In which the engine counts probabilities.
_BILLION = 1_000_000_000


class Schedule(NamedTuple):
    """At which of its occasions a fault happens."""

    probability: float = 1
    nth: int | None = None
    every: int | None = None
    times: int | None = None

    def text(self) -> list[str]:
        """The parameters of a rule. Raises TypeError or ValueError for those of no use."""
        parameters = []
        check_number("probability", self.probability, 0, 1)
        if self.probability != 1:
            parameters.append(f"p={round(self.probability * _BILLION) / _BILLION:.9f}")
        for name, number in (("nth", self.nth), ("every", self.every), ("times", self.times)):
            if number is not None:
                check_count(name, number, SEED_LIMIT - 1)
                parameters.append(f"{name}={number}")
        return parameters


class Manner(NamedTuple):
    """Where a fault happens, and how."""

    keys: Keys | None = None
    at: str | None = None
    delay: Delay | None = None
    effect: str | None = None
    rows: int | None = None

    def text(self) -> list[str]:
        """The parameters of a rule. Raises TypeError or ValueError for those of no use."""
        parameters = []
        if self.keys is not None:
            begin, end = _bounds(self.keys)
            parameters.append(f"keys={begin.hex()}..{end.hex()}")
        if self.at is not None:
            parameters.append(f"at={_one_of('at', self.at, _PLACES)}")
        if self.delay is not None:
            parameters.append(f"delay={_delay_text(self.delay)}")
        if self.effect is not None:
            parameters.append(f"effect={_one_of('effect', self.effect, _EFFECTS)}")
        if self.rows is not None:
            check_count("rows", self.rows, 2**31 - 1)
            parameters.append(f"rows={self.rows}")
        return parameters


def rule_text(name: str, parameters: Sequence[str]) -> str:
    """Returns the text of one rule. Raises TypeError or ValueError for a name that would be more than that."""
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of a fault, a str, not {type(name).__name__}")
    if not name or not name.replace("_", "a").isalnum():
        raise ValueError(f"name must be the name of a fault and nothing else, not {name!r}")
    return f"{name}:{','.join(parameters)}" if parameters else name


def check_number(name: str, value: Any, least: float, most: float) -> None:
    """Raises TypeError or ValueError, with the name of the argument, for a value that is no number between two."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    _check_between(name, value, least, most)


def check_count(name: str, value: Any, most: int) -> None:
    """As `check_number`, for an int from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    _check_between(name, value, 1, most)


def _check_between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be between {least} and {most}, not {value!r}")


def drawn_seed() -> int:
    """Returns a seed by chance."""
    return secrets.randbits(_DRAWN_BITS)


def check_seed(seed: Any) -> int:
    """Returns a seed. Raises TypeError or ValueError for what is none."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be an int or None, not {type(seed).__name__}")
    if not 0 <= seed < SEED_LIMIT:
        raise ValueError(f"seed must be at least 0 and below 2**63, not {seed}")
    return seed


def split_rules(text: str) -> tuple[list[str], int | None]:
    """Takes rules in the form of FDB_EMBEDDED_FAULTS apart: returns each, and the seed if there is one.

    Raises TypeError for anything but a str, ValueError for a seed that is none.
    """
    if not isinstance(text, str):
        raise TypeError(f"rules must be a str, not {type(text).__name__}")
    seed: int | None = None
    rules = []
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        if entry.startswith(_SEED):
            digits = entry[len(_SEED) :]
            if not digits.isascii() or not digits.isdigit():
                raise ValueError(f"{entry!r} in the rules: a seed is a number")
            seed = check_seed(int(digits))
        else:
            rules.append(entry)
    return rules, seed


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, not {value!r}")
    return value


def _bounds(keys: Any) -> tuple[bytes, bytes]:
    if isinstance(keys, Subspace):
        return prefix_range(keys)
    if isinstance(keys, slice):
        begin, end = key_bounds(keys, ...)
    elif isinstance(keys, tuple) and len(keys) == 2:
        begin, end = extension.key_bytes(keys[0]), extension.key_bytes(keys[1])
    else:
        raise TypeError(
            f"keys must be a pair of keys, a slice of keys or a Subspace, not {type(keys).__name__}; for the keys of a prefix, "
            "fdb.Subspace(rawPrefix=prefix)"
        )
    if begin >= end:
        raise ValueError(f"keys must be a range that is not empty, not {begin!r} to {end!r}")
    return begin, end


def _delay_text(delay: Any) -> str:
    if not isinstance(delay, tuple):
        return f"{_microseconds('delay', delay)}us"
    if len(delay) != 2:
        raise ValueError(f"delay must be seconds, or a pair of them, not {delay!r}")
    least, most = (_microseconds("delay", seconds) for seconds in delay)
    if least > most:
        raise ValueError(f"delay must not end before it begins, but {delay[1]!r} < {delay[0]!r}")
    return f"{least}us-{most}us"


def _microseconds(name: str, seconds: Any) -> int:
    check_number(name, seconds, 0, _LONGEST_DELAY)
    return int(round(seconds * _MICROSECONDS))
