"""How findings are shown: to people, and to programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator

from fdb._doctor.finding import Finding

_SIGNS = {"ok": "ok", "note": "note", "warning": "warning", "problem": "PROBLEM"}
_WIDTH = max(map(len, _SIGNS.values()))
_LEAST_ROOM = 20
#: Of terminals: green, blue, yellow, bold red.
_COLOURS = {"ok": "32", "note": "34", "warning": "33", "problem": "1;31"}


def lines(finding: Finding, columns: int | None = None, colours: bool = False) -> Iterator[str]:
    """Yields the lines that show a finding, as long as they are, or folded for a terminal of so many columns.

    A command that is the way out is never folded: it is there to be copied.
    """
    sign = f"{_SIGNS[finding.level]:{_WIDTH}}"
    if colours:
        sign = f"\x1b[{_COLOURS[finding.level]}m{sign}\x1b[0m"
    for part in _folded(f"{finding.subject}: {finding.text}", columns, 0):
        yield f"{sign}  {part}"
        sign = " " * _WIDTH
    arrow = "->"
    for step in (finding.way_out or "").splitlines():
        # A sentence has a comma, a command none.
        for part in _folded(step, columns if "," in step else None, 3):
            yield f"{'':{_WIDTH}}  {arrow} {part}"
            arrow = "  "


def _folded(text: str, columns: int | None, indent: int) -> list[str]:
    if columns is None:
        return [text]
    room = max(columns - _WIDTH - 2 - indent, _LEAST_ROOM)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def summary(findings: Iterable[Finding]) -> str:
    """Returns the last line."""
    levels = [finding.level for finding in findings]
    problems, warnings = levels.count("problem"), levels.count("warning")
    if not problems and not warnings:
        return "nothing is wrong"
    parts = [(problems, "problem"), (warnings, "warning")]
    return ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for n, what in parts if n)


def as_object(finding: Finding) -> dict[str, str | None]:
    """Returns what stands for a finding in JSON."""
    return finding._asdict()


def text(
    findings: Iterable[Finding], form: str, columns: int | None = None, colours: bool = False
) -> Iterator[str]:
    """Yields the lines of a whole report as they come; `form` is "text", "json" or "jsonl", the rest as for `lines`."""
    seen = []
    for finding in findings:
        seen.append(finding)
        if form == "text":
            yield from lines(finding, columns, colours)
        elif form == "jsonl":
            yield json.dumps(as_object(finding))
        else:
            yield ("[" if len(seen) == 1 else ",") + json.dumps(as_object(finding))
    if form == "text":
        yield summary(seen)
    elif form == "json":
        yield "]" if seen else "[]"


def status_of(findings: Iterable[Finding]) -> int:
    """Returns the exit status: 1 if something is wrong."""
    return 1 if any(finding.level == "problem" for finding in findings) else 0
