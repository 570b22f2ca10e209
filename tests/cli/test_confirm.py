"""Asking before something is destroyed."""

from __future__ import annotations

import os
import select
import signal
import sys

import click
import pytest

from fdb._cli import confirm as module
from fdb._cli.confirm import ask as really_ask
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

    def ask(text: str) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr(module, "ask", ask)
    if answer:
        confirm("Clear all", False)
    else:
        with pytest.raises(click.ClickException, match="nothing was done"):
            confirm("Clear all", False)
    assert asked == ["Clear all?"]


def test_an_interrupt_just_before_the_wait_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler has run by then, and does not raise here: what ends the wait is the signal itself."""
    wait = select.select
    ready: list[object] = []

    def interrupted(readers: list[object], *others: list[object]) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        found = wait(readers, *others, 60)
        ready.extend(found[0])
        raise KeyboardInterrupt

    reading, writing = os.pipe()
    before = signal.signal(signal.SIGINT, lambda *unused: None)
    try:
        monkeypatch.setattr(select, "select", interrupted)
        monkeypatch.setattr(sys, "stdin", open(reading))  # noqa: SIM115
        with pytest.raises(KeyboardInterrupt):
            really_ask("Clear all?")
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(writing)
        sys.stdin.close()
    assert len(ready) == 1 and ready[0] is not sys.stdin
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), ("YES\n", True), ("\n", False), ("what\nn\n", False)]
)
def test_answers(monkeypatch: pytest.MonkeyPatch, typed: str, answer: bool) -> None:
    lines = iter(typed.splitlines(keepends=True))
    monkeypatch.setattr(module, "_line", lambda: next(lines, ""))
    assert really_ask("Clear all?") is answer
    with pytest.raises(click.Abort):
        really_ask("Clear all?")
