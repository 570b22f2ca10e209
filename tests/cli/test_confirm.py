"""Asking before something is destroyed."""

from __future__ import annotations

import sys

import click
import pytest

from fdb._cli.confirm import confirm


def test_yes_does_not_ask() -> None:
    confirm("Clear all", True)


def test_without_a_terminal_one_has_to_say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(click.UsageError, match="Clear all.*--yes"):
        confirm("Clear all", False)


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_the_answer_counts(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []

    def ask(text: str, err: bool) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr(click, "confirm", ask)
    if answer:
        confirm("Clear all", False)
    else:
        with pytest.raises(click.ClickException, match="nothing was done"):
            confirm("Clear all", False)
    assert asked == ["Clear all?"]
