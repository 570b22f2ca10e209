"""What tests of policies share: functions that fail, and a look at the options that are set."""

from __future__ import annotations

import math
from typing import Any

import fdb
from fdb.testing._tracing import Operation

CONFLICT = 1020


class Calls:
    """A tracer that keeps the options that were set, by attempt."""

    def __init__(self) -> None:
        self.options: dict[int, list[tuple[int, bytes | None]]] = {}
        self.names: list[str] = []

    def before(self, operation: Operation) -> None:
        self.names.append(operation.name)
        if operation.name == "set_option":
            self.options.setdefault(operation.attempt, []).append(operation.arguments)  # type: ignore[arg-type]

    def after(self, operation: Operation) -> None:
        pass


def failing(code: int, times: float = math.inf) -> Any:
    """A function that raises an error the first `times` times, and returns how often it ran."""
    runs: list[int] = []

    def function(tr: fdb.Transaction) -> int:
        runs.append(1)
        if len(runs) <= times:
            raise fdb.FDBError(code)
        return len(runs)

    return function
