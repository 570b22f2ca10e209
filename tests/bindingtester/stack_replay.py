"""Replays recorded runs of the stack machine and compares what they leave in the database.

    python stack_replay.py [--event-model MODEL ...] [--official] FILE.jsonl.gz ...

A recorded run is one line of JSON: the pairs that were in the database `before` (the instructions),
and those that a real server and the official tester left `after`. A replay agrees when every pair of
`after` is there and no instruction has gone. Runs of one API version share a process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "peers"))

WRITTEN_AT_ONCE = 2_000
PROCESS_SECONDS = 300
MODEL_NAMES = ("threads", "gevent", "asyncio")


def runs_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as text:
        for line in text:
            yield json.loads(line)


def from_hex(pairs: list[list[str]]) -> dict[bytes, bytes]:
    return {bytes.fromhex(key): bytes.fromhex(value) for key, value in pairs}


def write_all(db: Any, pairs: dict[bytes, bytes]) -> None:
    """Replaces what the database holds by the pairs."""
    del db[b"":b"\xff"]
    items = list(pairs.items())
    for first in range(0, len(items), WRITTEN_AT_ONCE):
        tr = db.create_transaction()
        for key, value in items[first : first + WRITTEN_AT_ONCE]:
            tr[key] = value
        tr.commit().wait()


def read_all(db: Any) -> dict[bytes, bytes]:
    """All pairs of the user's key space, read in pieces."""
    found: dict[bytes, bytes] = {}
    begin = b""
    while True:
        rows = db.get_range(begin, b"\xff", limit=5_000)
        found.update((row.key, row.value) for row in rows)
        if len(rows) < 5_000:
            return found
        begin = rows[-1].key + b"\x00"


def differences(run: dict[str, Any], found: dict[bytes, bytes]) -> list[dict[str, Any]]:
    """The recorded pairs that are not there, and the instructions that have gone."""
    wrong = []
    for key, value in from_hex(run["after"]).items():
        if found.get(key) != value:
            wrong.append({"key": repr(key), "wanted": repr(value), "got": repr(found.get(key))})
    for key in from_hex(run["before"]):
        if key not in found:
            wrong.append({"key": repr(key), "wanted": "an instruction", "got": "None"})
    return wrong


def work(path: Path, api_version: int, model_name: str) -> None:
    """Replays the runs of one API version in this process and prints a line of JSON for each."""
    import fdb

    fdb.api_version(api_version)

    from stack_models import MODELS
    from tester import run_tester

    for number, run in enumerate(runs_of(path)):
        if run["api_version"] != api_version:
            continue
        model = MODELS[model_name]()
        db = model.open(f"memory:replay-{number}")
        blocking = model.blocking(db)
        write_all(blocking, from_hex(run["before"]))
        run_tester(db, run["prefix"].encode(), model)
        wrong = differences(run, read_all(blocking))
        name = f"{run['test']} seed {run['seed']} API {api_version} {model_name}"
        print(json.dumps({"run": name, "pairs": len(run["after"]), "wrong": wrong}), flush=True)


def replay(
    path: Path,
    model_name: str,
    python: str = sys.executable,
    environment: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Replays all runs of a file, a process for each API version; one result for each run.

    Raises RuntimeError when a process fails.
    """
    results = []
    for version in sorted({run["api_version"] for run in runs_of(path)}):
        command = [python, str(HERE / "stack_replay.py"), "--event-model", model_name]
        done = subprocess.run(
            [*command, "--worker", str(version), str(path)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PROCESS_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{path.name} API {version} {model_name}:\n{done.stderr[-4000:]}")
        results += [json.loads(line) for line in done.stdout.splitlines()]
    return results


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--event-model", action="append", choices=MODEL_NAMES)
    parser.add_argument("--official", action="store_true", help="the PyPI package, in threads")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    if options.worker is not None:
        work(options.files[0], options.worker, options.event_model[0])
        return 0
    python, environment, models = sys.executable, None, options.event_model or MODEL_NAMES
    if options.official:
        from official import OFFICIAL, library_environment

        python, environment, models = str(OFFICIAL.ensure()), library_environment(), ("threads",)
    bad = 0
    for path in options.files:
        for model_name in models:
            for result in replay(path, model_name, python, environment):
                bad += bool(result["wrong"])
                print(f"{result['run']}: {result['pairs']} pairs, {len(result['wrong'])} wrong")
                for row in result["wrong"][:5]:
                    print(f"    {row['key']}\n    wanted {row['wanted']}\n    got    {row['got']}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
