"""Work in several threads at a time."""

from __future__ import annotations

import threading


def in_threads(count, function):
    """Runs function(0) ... function(count - 1) at the same time; returns their results."""
    results: list = [None] * count
    errors = []
    barrier = threading.Barrier(count)

    def body(number):
        try:
            barrier.wait()
            results[number] = function(number)
        except Exception as error:  # noqa: BLE001 - raised below, in the test's thread
            errors.append(error)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
