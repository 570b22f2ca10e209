"""Replays a part of one trace file in this process; started by `replay.py`, one process for each part.

    python worker.py TRACE.jsonl.gz PARAMETERS

PARAMETERS is JSON: {"database": string for fdb.open, "programs": [numbers]}. Every difference is
printed as one line of JSON, and a last line tells how many steps ran, so that a process that died on
the way cannot be taken for one that found nothing.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from typing import Any

from machine import Machine

Step = tuple[int, str, dict[str, Any], Any]


def programs_of(path: str) -> Iterator[tuple[dict[str, Any], list[Step]]]:
    """The programs of a trace file: the header, and the steps with their line numbers."""
    header: dict[str, Any] | None = None
    steps: list[Step] = []
    with gzip.open(path, "rt") as text:
        for number, line in enumerate(text, 1):
            row = json.loads(line)
            if isinstance(row, list):
                op, args, wanted = row
                steps.append((number, op, args, wanted))
                continue
            if header is not None:
                yield header, steps
            header, steps = row, []
    if header is not None:
        yield header, steps


def replay(fdb: Any, db: Any, steps: list[Step]) -> Iterator[dict[str, Any]]:
    """Runs one program and yields what differs from the recording."""
    machine = Machine(fdb, db)
    for number, op, args, wanted in steps:
        got = machine.step(op, args)
        if got != wanted:
            yield {"line": number, "step": [op, args], "wanted": wanted, "got": got}


def main(argv: list[str]) -> int:
    path, parameters = argv[1], json.loads(argv[2])
    import fdb

    chosen = set(parameters["programs"])
    db = None
    count = 0
    for index, (header, steps) in enumerate(programs_of(path)):
        if index not in chosen:
            continue
        if db is None:
            fdb.api_version(header["api_version"])
            db = fdb.open(parameters["database"])
        count += len(steps)
        for difference in replay(fdb, db, steps):
            print(json.dumps({"seed": header["seed"], **difference}), flush=True)
    print(json.dumps({"steps": count}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
