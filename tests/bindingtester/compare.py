"""Runs random programs by this package and by the official one, on the same engine, and compares.

    python compare.py [--seeds N] [--first SEED] [--jobs N] [--api-version V] [--cluster CLUSTER_FILE]

A program is made from its seed and run by the same machine in two processes, one with this package (in
an event model that depends on the seed), one with foundationdb 7.4.8. What they leave in the database,
logged stacks and directories included, must be the same. Exit status 1 if something is not.

With --cluster this package runs on that cluster, whose data and tenants are DELETED before each program,
and the official one on the engine as always: so the engine is compared with the cluster, too.

One difference is on purpose: a partition that was removed refuses to be used, where the official package
writes directories under its old prefix. Runs in which this happened are counted, not compared. Another is made
even by the machine, see stack_directory.py: when a new tree of directories gets its version.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "peers"))

# One API version a process; the newest one is tried most.
VERSIONS = (740, 740, 740, 740, 730, 710, 630, 620, 610, 520, 510, 300, 200, 23)
MODEL_NAMES = ("threads", "gevent", "asyncio")
PROCESS_SECONDS = 600
PACKED_DEPTH = 8

ON_PURPOSE = "DirectoryRemovedError"

Pairs = dict[str, str]


@dataclass
class Outcome:
    """What came of the seeds that were run."""

    compared: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)


def version_of(seed: int) -> int:
    return VERSIONS[seed % len(VERSIONS)]


def without_stamps(pairs: dict[bytes, bytes], stamps_prefix: bytes) -> Pairs:
    """The pairs as hex text, with each stored versionstamp replaced by its place among them.

    A logged result may be a packed tuple in a packed tuple, where each packing puts a ff after
    every 00, so a stamp is looked for in these forms too.
    """
    forms: list[tuple[str, str]] = []
    stamps = [
        value
        for key, value in sorted(pairs.items())
        if key.startswith(stamps_prefix) and len(value) == 10
    ]
    for depth in reversed(range(PACKED_DEPTH)):
        for number, stamp in enumerate(stamps):
            packed = stamp.replace(b"\x00", b"\x00" + b"\xff" * depth)
            forms.append((packed.hex(), f"<stamp {number}>"))

    def show(data: bytes) -> str:
        text = data.hex()
        for form, name in forms:
            text = text.replace(form, name)
        return text

    return {show(key): show(value) for key, value in pairs.items()}


def wipe(db: Any, api_version: int) -> None:
    """Deletes everything that an earlier program left in a cluster."""
    del db[b"":b"\xff"]
    if api_version < 630:
        return  # no tenants
    from fdb import tenant_management

    for row in tenant_management.list_tenants(db, b"", b"\xff", 100_000).to_list():
        del db.open_tenant(bytes(row.key))[b"":b"\xff"]
        tenant_management.delete_tenant(db, bytes(row.key))


def work(api_version: int, seeds: list[int], official: bool, cluster: str | None) -> None:
    """Runs programs in this process; prints a line of JSON for each."""
    import fdb

    fdb.api_version(api_version)

    from stack_generator import PREFIX, STAMPS, generate, stored
    from stack_models import MODELS
    from stack_replay import read_all, write_all
    from tester import run_tester

    for seed in seeds:
        model = MODELS["threads" if official else MODEL_NAMES[seed // 7 % len(MODEL_NAMES)]]()
        db = model.open(cluster or f"memory:seed-{seed}")
        blocking = model.blocking(db)
        if cluster:
            wipe(blocking, api_version)
        write_all(blocking, stored(generate(seed, api_version)))
        machine = run_tester(db, PREFIX, model)
        pairs = without_stamps(read_all(blocking), STAMPS)
        refused = ON_PURPOSE in machine.refusals
        print(json.dumps({"seed": seed, "pairs": pairs, "refused": refused}), flush=True)


def run_worker(
    api_version: int,
    seeds: list[int],
    python: str,
    environment: dict[str, str] | None,
    cluster: str | None = None,
) -> tuple[dict[int, dict[str, Any]], str]:
    """The results by seed, and why the process ended early ("" if it did not)."""
    command = [python, str(HERE / "compare.py"), "--worker", str(api_version)]
    done = subprocess.run(
        command,
        input=json.dumps({"seeds": seeds, "official": environment is not None, "cluster": cluster}),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    problem = "" if done.returncode == 0 else f"status {done.returncode}: {done.stderr[-3000:]}"
    return {row["seed"]: row for row in rows}, problem


def compare_pairs(ours: Pairs, official: Pairs) -> list[str]:
    """The differences of two databases as text."""
    wrong = []
    for key in sorted(ours.keys() | official.keys()):
        if ours.get(key) != official.get(key):
            wrong.append(f"{key}: ours {ours.get(key)}, official {official.get(key)}")
    return wrong


def compare(
    seeds: list[int],
    python: str,
    environment: dict[str, str],
    jobs: int = 2,
    cluster: str | None = None,
) -> Outcome:
    """Runs the seeds by both packages, the official one by `python` in `environment`."""
    tasks: list[tuple[int, list[int], str, dict[str, str] | None, str | None]] = []
    for version in sorted({version_of(seed) for seed in seeds}):
        chosen = [seed for seed in seeds if version_of(seed) == version]
        for first in range(0, len(chosen), 100):
            part = chosen[first : first + 100]
            tasks.append((version, part, sys.executable, None, cluster))
            tasks.append((version, part, python, environment, None))
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda task: run_worker(*task), tasks))
    outcome = Outcome()
    for position in range(0, len(tasks), 2):
        version, part = tasks[position][:2]
        (ours, our_problem), (official, official_problem) = results[position : position + 2]
        for who, problem in (("ours", our_problem), ("official", official_problem)):
            if problem:
                outcome.wrong.append(f"API {version}, {who} ended early: {problem}")
        for seed in part:
            compare_seed(seed, ours.get(seed), official.get(seed), outcome)
    return outcome


def compare_seed(
    seed: int, ours: dict[str, Any] | None, official: dict[str, Any] | None, outcome: Outcome
) -> None:
    """Adds what one seed gave to the outcome."""
    if ours is None or official is None:
        outcome.wrong.append(f"seed {seed}: no result")
    elif ours["refused"]:
        outcome.refused += 1
    else:
        outcome.compared += 1
        found = compare_pairs(ours["pairs"], official["pairs"])
        outcome.wrong += [f"seed {seed} API {version_of(seed)}: {line}" for line in found]


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--api-version", type=int, choices=sorted(set(VERSIONS)))
    parser.add_argument("--cluster", metavar="CLUSTER_FILE", help="its data is deleted")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    if options.worker is not None:
        parameters: dict[str, Any] = json.load(sys.stdin)
        work(options.worker, **parameters)
        return 0
    from official import OFFICIAL, library_environment

    python, environment = str(OFFICIAL.ensure()), library_environment()
    seeds = list(range(options.first, options.first + options.seeds))
    if options.api_version:
        seeds = [seed for seed in seeds if version_of(seed) == options.api_version]
    start = time.perf_counter()
    jobs = 1 if options.cluster else options.jobs  # programs must not meet in one database
    outcome = compare(seeds, python, environment, jobs, options.cluster)
    for line in outcome.wrong[:40]:
        print(line[:600])
    seconds = time.perf_counter() - start
    print(
        f"{outcome.compared} of {len(seeds)} seeds compared, {len(outcome.wrong)} differences; "
        f"{outcome.refused} used a removed partition, which this package refuses; {seconds:.1f} s"
    )
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
