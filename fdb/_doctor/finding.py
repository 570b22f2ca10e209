"""A finding: one thing that was looked at, how it is, and what to do about it."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """What was found about one subject."""

    #: "ok": as it should be. "note": right, and worth knowing. "warning": works, but hardly as somebody means it.
    #: "problem": does not work.
    level: Literal["ok", "note", "warning", "problem"]
    #: What was looked at, in a word that programs can compare: "package", "library", "cluster-file" and so on.
    subject: str
    #: One line for people.
    text: str
    #: What to do, None where nothing has to be done. It may have several lines, one command each.
    way_out: str | None = None


def ok(subject: str, text: str) -> Finding:
    """Returns the finding that something is as it should be."""
    return Finding("ok", subject, text)


def note(subject: str, text: str) -> Finding:
    """Returns a finding that asks for nothing."""
    return Finding("note", subject, text)


def warning(subject: str, text: str, way_out: str) -> Finding:
    """Returns the finding that something works, but hardly as somebody means it."""
    return Finding("warning", subject, text, way_out)


def problem(subject: str, text: str, way_out: str) -> Finding:
    """Returns the finding that something does not work."""
    return Finding("problem", subject, text, way_out)
