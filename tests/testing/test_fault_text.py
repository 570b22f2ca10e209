"""fdb/testing/_fault_text.py: arguments become the text of rules, or are refused by their names."""

from __future__ import annotations

import re
from typing import Any

import pytest

import fdb
from fdb.testing._fault_text import Manner, Schedule, check_seed, rule_text, split_rules


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, ""),
        ({"probability": 1.0}, ""),
        ({"probability": 0}, "p=0.000000000"),
        ({"probability": 0.25}, "p=0.250000000"),
        ({"probability": 1e-9}, "p=0.000000001"),
        ({"nth": 3, "every": 5, "times": 2}, "nth=3,every=5,times=2"),
    ],
)
def test_schedules(arguments: dict[str, Any], text: str) -> None:
    assert ",".join(Schedule(**arguments).text()) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, ""),
        ({"keys": (b"a", b"b")}, "keys=61..62"),
        ({"keys": (b"", b"\xff")}, "keys=..ff"),
        ({"keys": slice(b"a", None)}, "keys=61..ff"),
        ({"keys": fdb.Subspace(rawPrefix=b"a\xff")}, "keys=61ff..62"),
        ({"at": "commit", "effect": "lost"}, "at=commit,effect=lost"),
        ({"delay": 0.0015}, "delay=1500us"),
        ({"delay": (0, 60)}, "delay=0us-60000000us"),
        ({"rows": 2}, "rows=2"),
    ],
)
def test_manners(arguments: dict[str, Any], text: str) -> None:
    assert ",".join(Manner(**arguments).text()) == text


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"probability": 2}, ValueError, "probability must be between 0 and 1, not 2"),
        ({"probability": -0.1}, ValueError, "probability must be between 0 and 1"),
        ({"probability": float("nan")}, ValueError, "probability must be between 0 and 1"),
        ({"probability": True}, TypeError, "probability must be a number, not bool"),
        ({"probability": "0.5"}, TypeError, "probability must be a number, not str"),
        ({"nth": 0}, ValueError, "nth must be between 1 and"),
        ({"nth": 1.0}, TypeError, "nth must be an int, not float"),
        ({"every": True}, TypeError, "every must be an int, not bool"),
        ({"times": 2**63}, ValueError, "times must be between 1 and"),
    ],
)
def test_schedules_that_are_none(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        Schedule(**arguments).text()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            {"keys": b"prefix"},
            TypeError,
            "keys must be a pair of keys, a slice of keys or a Subspace, not bytes",
        ),
        ({"keys": (b"a",)}, TypeError, "keys must be a pair of keys"),
        (
            {"keys": (b"b", b"a")},
            ValueError,
            "keys must be a range that is not empty, not b'b' to b'a'",
        ),
        ({"keys": (b"a", 1)}, TypeError, "Key must be"),
        ({"keys": fdb.Subspace()}, ValueError, "every key starts with b''"),
        ({"at": "watch"}, ValueError, "at must be one of 'read', 'version', 'commit', not 'watch'"),
        ({"at": 1}, TypeError, "at must be a str, not int"),
        ({"effect": "none"}, ValueError, "effect must be one of 'applied', 'lost', 'either'"),
        ({"delay": "5ms"}, TypeError, "delay must be a number, not str"),
        ({"delay": 61}, ValueError, "delay must be between 0 and 60, not 61"),
        ({"delay": (2, 1)}, ValueError, "delay must not end before it begins, but 1 < 2"),
        ({"delay": (1, 2, 3)}, ValueError, "delay must be seconds, or a pair of them"),
        ({"rows": 0}, ValueError, "rows must be between 1 and"),
        ({"rows": 1.5}, TypeError, "rows must be an int, not float"),
    ],
)
def test_manners_that_are_none(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        Manner(**arguments).text()


def test_rules() -> None:
    assert rule_text("not_committed", []) == "not_committed"
    assert rule_text("slow_read", ["delay=1us", "nth=2"]) == "slow_read:delay=1us,nth=2"
    with pytest.raises(TypeError, match="name must be the name of a fault, a str, not int"):
        rule_text(1020, [])  # type: ignore[arg-type]
    for name in ("", "off;on", "not_committed:p=1", "seed=1"):
        with pytest.raises(ValueError, match="name must be the name of a fault and nothing else"):
            rule_text(name, [])


def test_seeds() -> None:
    assert check_seed(2**63 - 1) == 2**63 - 1
    for wrong in (-1, 2**63):
        with pytest.raises(ValueError, match="seed must be at least 0 and below"):
            check_seed(wrong)
    for odd in (1.0, "1", True):
        with pytest.raises(TypeError, match="seed must be an int or None"):
            check_seed(odd)


def test_rules_are_taken_apart() -> None:
    assert split_rules("") == ([], None)
    assert split_rules(" not_committed:p=0.5 ; seed=7;; slow_read:delay=1ms;") == (
        ["not_committed:p=0.5", "slow_read:delay=1ms"],
        7,
    )
    with pytest.raises(ValueError, match="'seed=x' in the rules: a seed is a number"):
        split_rules("seed=x")
    with pytest.raises(TypeError, match="rules must be a str, not bytes"):
        split_rules(b"on")  # type: ignore[arg-type]
