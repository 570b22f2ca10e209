"""Work in several threads at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

FINISH_SECONDS = 120


def in_threads(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Runs work(0) ... work(count - 1) at the same time; returns their results, raises what one of them raised."""
    start = threading.Barrier(count)

    def run(number: int) -> Result:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        pending = [pool.submit(run, number) for number in range(count)]
        return [done.result(timeout=FINISH_SECONDS) for done in pending]
