"""Times as arguments: a number of seconds, or a timedelta."""

from __future__ import annotations

from fdb._typing import Any


def seconds_of(name: str, given: Any) -> float:
    """Returns the seconds of a time, of whatever sign. Raises TypeError, with the argument's name, for what is none."""
    total = getattr(given, "total_seconds", None)
    seconds = total() if callable(total) else given
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(
            f"{name} must be a number of seconds or a timedelta, not {type(given).__name__}"
        )
    return float(seconds)
