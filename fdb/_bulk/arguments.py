"""Checks of arguments: nothing is read or written with a wrong one."""

from __future__ import annotations

from fdb._sources import TransactionSource
from fdb._typing import Any

#: The most bytes of one commit that any library takes.
COMMIT_LIMIT = 10_000_000


def check_count(name: str, value: Any) -> None:
    """Raises TypeError for what is no int, ValueError for one below 1."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")


def check_batch_bytes(value: Any) -> None:
    """Raises TypeError for what is no int, ValueError for one that no commit can have."""
    check_count("batch_bytes", value)
    if value > COMMIT_LIMIT:
        raise ValueError(
            f"batch_bytes must be at most {COMMIT_LIMIT}, which no commit may exceed, not {value}"
        )


def check_callable(name: str, value: Any) -> None:
    """Raises TypeError for what is neither None nor callable."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be callable, not {type(value).__name__}")


def is_asyncio(source: TransactionSource) -> bool:
    """Whether the source belongs to the asyncio event model."""
    return getattr(source._handle.model, "name", None) == "asyncio"


def check_target(source: TransactionSource, target: Any) -> None:
    """Raises TypeError for what is no database or tenant, or is one of another kind than `source`."""
    if not isinstance(target, TransactionSource):
        raise TypeError(
            f"target_db must be a Database or Tenant to copy to, not {type(target).__name__}"
        )
    if is_asyncio(source) != is_asyncio(target):
        raise TypeError(
            f"target_db is {target!r}, and rows of {source!r} are copied to one of the same event model: "
            "open both with event_model='asyncio', or neither"
        )
