"""Databases in files, beside sqlite3 and lmdb on the same disk: the same pairs, each commit on disk.

All rows are measured with the first of `places.pairs`; opening, memory and size with the others, too.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from suite.measure import Failed, Fresh, Plan, Source
from suite.places import BUILD, Places
from suite.results import OURS, Target

SUBJECT = "durable"
MODULE = "durable"
LMDB, SQLITE, SYNC = "lmdb", "sqlite3", "a sync of the disk"
STORES = (OURS, LMDB, SQLITE)
FORM = "the form of the file"
DISK = "the sync of the disk, which commits that come together share"
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}
ROUNDS = 3  # of what takes a process for each sample
READ = (Target(LMDB, most=1.3),)


@dataclass(frozen=True)
class Kind:
    """A row: its title and work, what is wanted, and whether each sample takes a new process."""

    title: str
    work: str
    unit: str = "s"
    targets: tuple[Target, ...] = ()
    fresh: bool = False
    any_size: bool = False
    limit: str | None = None
    bound: str = "calls of Python into C, and the engine, which finds a leaf, and checks it when it comes from the file"


KINDS = (
    Kind("size on disk / data", "size", "times", (Target(most=1.3),), any_size=True, bound=FORM),
    Kind("opening and a first read", "open", "s", (Target(most=0.5),), True, True),
    Kind("memory then", "resident", "B", (), True, True),
    Kind("read, not read before", "first read", fresh=True),
    Kind("read, open transaction", "read", targets=READ),
    Kind("begin, read, end", "whole read", targets=READ),
    Kind("pair of a scan of 20,000", "scan", targets=READ),
    Kind("commit without sync", "commits without sync", bound="the write to the log"),
    Kind(
        "commit, 1 thread",
        "commits, 1 thread",
        targets=(Target(LMDB, least=0.8), Target(SQLITE, least=0.8)),
        limit=SYNC,
        bound=DISK,
    ),
    Kind("commit, 8 threads", "commits, 8 threads", limit=SYNC, bound=DISK),
    Kind(
        "commit, 64 threads",
        "commits, 64 threads",
        targets=(Target(LMDB, least=2), Target(SQLITE, least=5)),
        limit=SYNC,
        bound=DISK,
    ),
)


def plans(places: Places) -> list[Plan]:
    directory = places.directory or BUILD / "durable"
    check_disk(directory)
    found = []
    for number, pairs in enumerate(places.pairs):
        here = replace(places, database=f"{directory}?{pairs}")
        kinds = [kind for kind in KINDS if number == 0 or kind.any_size]
        found += [plan(here, kind, f"{pairs:,} pairs: {kind.title}") for kind in kinds]
    return found


def plan(places: Places, kind: Kind, title: str) -> Plan:
    workers = {name: places.ours(MODULE, kind.work, name) for name in STORES}
    sources: dict[str, Source] = dict(workers)
    if kind.fresh:
        sources = {name: Fresh(worker) for name, worker in workers.items()}
    if kind.limit == SYNC:
        sources[SYNC] = places.ours(MODULE, "sync")
    rounds = ROUNDS if kind.fresh else 1 if kind.work == "size" else 1 << 30
    return Plan(
        SUBJECT,
        title,
        sources,
        kind.unit,
        kind.limit,
        kind.targets,
        kind.bound,
        most_rounds=rounds,
        warmed=kind.work != "size",
        waits=kind.limit == SYNC,
    )


def check_disk(directory: Path) -> None:
    """Raises Failed for a directory in memory, where a commit looks free."""
    directory.mkdir(parents=True, exist_ok=True)
    command = ["stat", "--file-system", "--format=%T", str(directory)]
    kind = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if kind in MEMORY_FILE_SYSTEMS:
        raise Failed(f"{directory} is in memory ({kind}): name one on a disk with --directory")
