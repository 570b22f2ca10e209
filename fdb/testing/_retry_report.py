"""What `assert_retry_safe` finds, and how it says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from fdb.testing._content import shown, shown_value

_MOST_SHOWN = 8
_LONGEST_VALUE = 100
_MOST_FAULTS = 4


class Difference(NamedTuple):
    """Something that is not as in the run without faults."""

    what: str
    """The key of a row in readable form, the name of a variable, or "result"."""
    clean: Any
    """What was there after the run without faults; None for a row that was not."""
    faulty: Any
    """What was there after the run with a fault; None for a row that was not."""

    def __str__(self) -> str:
        return (
            f"{self.what}: {_value(self.clean)} without faults, {_value(self.faulty)} with this one"
        )


class Finding(NamedTuple):
    """One way in which a function is not safe to retry."""

    kind: str
    """What differs: "content", "result", "state" (of a variable), "exception", "not retried", "swallowed", "leak" (of a future),
    "not awaited",
    "half done" or "endless".
    """
    fault: str
    """What was injected; "" for what the run without faults shows."""
    operation: str
    """The call that it hit (or that is meant), with its key; "" if there is none."""
    where: str
    """The line of the program that made the call."""
    text: str
    """What is wrong, in a few words."""
    differences: tuple[Difference, ...] = ()
    """The rows, variables or results that are not as they should be; empty for other kinds."""

    def __str__(self) -> str:
        under = (
            f"{self.fault} at {self.operation}"
            if self.fault
            else self.operation or "without a fault"
        )
        place = f" ({self.where})" if self.where else ""
        listed = [str(each) for each in self.differences[:_MOST_SHOWN]]
        if len(self.differences) > _MOST_SHOWN:
            listed.append(f"and {len(self.differences) - _MOST_SHOWN} more")
        return "\n".join([f"{under}{place}: {self.text}", *(f"    {line}" for line in listed)])

    def same_trouble(self) -> tuple[str, ...]:
        """Findings of one cause, as far as can be told, have the same of this; they differ in fault and values."""
        return self.kind, self.text, self.where if self.kind == "content" else ""


class RetryUnsafe(AssertionError):
    """A function that does harm when its transaction is retried. The text has all findings, each kind of trouble once."""

    def __init__(self, function: str, findings: Sequence[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        """All that was found, in the order of the runs."""
        super().__init__(_text(function, findings))


def _text(function: str, findings: Sequence[Finding]) -> str:
    groups: dict[Any, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.same_trouble(), []).append(finding)
    lines = [f"{function} is not safe to retry:"]
    for number, group in enumerate(groups.values(), 1):
        lines += ["", f"{number}. {group[0]}"]
        if len(group) > 1:
            lines.append(f"    and {_again(group)}")
    return "\n".join(lines)


def _again(group: Sequence[Finding]) -> str:
    others = dict.fromkeys(each.fault for each in group[1:] if each.fault != group[0].fault)
    named = [*others][:_MOST_FAULTS] + (["others"] if len(others) > _MOST_FAULTS else [])
    times = "once more" if len(group) == 2 else f"{len(group) - 1} times more"
    return f"{times}, with {'; '.join(named)}" if named else f"{times} at other points"


def rows_that_differ(
    clean: dict[bytes, bytes], faulty: dict[bytes, bytes]
) -> tuple[Difference, ...]:
    """Returns the differences of two contents, in the order of the keys."""
    return tuple(
        Difference(shown(key), clean.get(key), faulty.get(key))
        for key in sorted(clean.keys() | faulty.keys())
        if clean.get(key) != faulty.get(key)
    )


def _value(value: Any) -> str:
    text = shown_value(value) if value is None or isinstance(value, bytes) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
