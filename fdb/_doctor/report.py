"""How findings are shown: to people, and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from fdb._doctor.finding import Finding

_SIGNS = {"ok": "ok", "note": "note", "warning": "warning", "problem": "PROBLEM"}
_WIDTH = max(map(len, _SIGNS.values()))


def lines(finding: Finding) -> Iterator[str]:
    """Yields the lines that show a finding."""
    yield f"{_SIGNS[finding.level]:{_WIDTH}}  {finding.subject}: {finding.text}"
    for number, step in enumerate((finding.way_out or "").splitlines()):
        yield f"{'':{_WIDTH}}  {'->' if number == 0 else '  '} {step}"


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


def text(findings: Iterable[Finding], form: str) -> Iterator[str]:
    """Yields the lines of a whole report as they come; `form` is "text", "json" or "jsonl"."""
    seen = []
    for finding in findings:
        seen.append(finding)
        if form == "text":
            yield from lines(finding)
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
