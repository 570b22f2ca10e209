"""What must hold after a kill: the records of the program that was killed, against what the file then holds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kill_operations import TENANTS, Model, Operation, markers_of

Name = tuple[int, int]  # a thread and the number of one of its transactions


class Fault(Exception):
    """A promise that was not kept; the text says which."""


@dataclass
class History:
    """What one incarnation of the program has written down."""

    incarnation: int
    intents: dict[Name, Operation] = field(default_factory=dict)
    commits: dict[Name, tuple[int, bytes]] = field(default_factory=dict)  # version, stamp
    read_versions: list[tuple[int, int]] = field(default_factory=list)  # thread, version
    torn: int = 0

    @staticmethod
    def read(path: Path, incarnation: int) -> History:
        history = History(incarnation)
        if path.exists():
            for line in path.read_bytes().split(b"\n"):
                if line:
                    history._add(line)
        return history

    def _add(self, line: bytes) -> None:
        try:
            kind, *fields = json.loads(line)
        except ValueError:
            self.torn += 1  # the kill came between two pages of the line
            return
        if kind == "intent":
            thread, number, what, arguments = fields
            operation = Operation(self.incarnation, thread, number, what, tuple(arguments))
            self.intents[(thread, number)] = operation
        elif kind == "commit":
            thread, number, version, stamp = fields
            self.commits[(thread, number)] = (version, bytes.fromhex(stamp))
        else:
            self.read_versions.append((fields[0], fields[1]))

    def last_intents(self) -> set[Name]:
        last: dict[int, int] = {}
        for thread, number in self.intents:
            last[thread] = max(number, last.get(thread, -1))
        return set(last.items())


def committed(history: History, found: dict[str, Any]) -> dict[Name, bytes]:
    """The transactions of the incarnation whose markers the database holds, with their stamps."""
    start = markers_of(history.incarnation)
    prefixes = [b"", *(found["tenants"][name] for name in TENANTS if name in found["tenants"])]
    names = {}
    for key, value in found["rows"]:
        for prefix in prefixes:
            if key.startswith(prefix + start):
                thread, number = key[len(prefix + start) :].split(b"/")
                names[(int(thread), int(number))] = value
    return names


def check_acknowledged(history: History, stamps: dict[Name, bytes]) -> None:
    missing = sorted(history.commits.keys() - stamps.keys())
    if missing:
        raise Fault(f"acknowledged and missing: {missing}")
    for name, (version, stamp) in history.commits.items():
        if stamps[name] != stamp:
            raise Fault(
                f"{name} has the stamp {stamps[name].hex()}, acknowledged was {stamp.hex()}"
            )
        if int.from_bytes(stamp[:8], "big") != version:
            raise Fault(f"{name} was acknowledged with version {version} and stamp {stamp.hex()}")


def check_unacknowledged(history: History, stamps: dict[Name, bytes]) -> None:
    for name in sorted(stamps.keys() - history.commits.keys()):
        if name not in history.intents:
            raise Fault(f"{name} is there, and no thread has begun it")
        if name not in history.last_intents():
            raise Fault(f"{name} is there, not acknowledged, and its thread went on to another one")


def check_stamps(stamps: dict[Name, bytes], newest: int) -> None:
    if len(set(stamps.values())) != len(stamps):
        raise Fault("two transactions have the same stamp")
    last: dict[int, bytes] = {}
    for thread, number in sorted(stamps):
        stamp = stamps[(thread, number)]
        if stamp <= last.get(thread, b""):
            raise Fault(f"{(thread, number)} has a stamp below that of its thread's one before")
        if int.from_bytes(stamp[:8], "big") <= newest:
            raise Fault(f"{(thread, number)}: {stamp.hex()} is not above {newest}, seen before")
        last[thread] = stamp


def first_difference(wanted: dict[bytes, bytes], found: dict[bytes, bytes]) -> str:
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            return f"{key!r} is {shown(found.get(key))} instead of {shown(wanted.get(key))}"
    return ""


def shown(value: bytes | None) -> str:
    return "missing" if value is None else f"{value[:20].hex()} ({len(value)} bytes)"


@dataclass
class Expected:
    """What is known of a database over all incarnations."""

    model: Model = field(default_factory=Model)
    newest: int = 0  # the highest version that anybody has seen
    commits: int = 0
    unacknowledged: int = 0  # that were found to be there

    def check(self, history: History, found: dict[str, Any]) -> None:
        """Compares the database with the records of an incarnation and takes over what was committed.

        `found` is what the worker's `contents` gave. Raises Fault.
        """
        stamps = committed(history, found)
        check_acknowledged(history, stamps)
        check_unacknowledged(history, stamps)
        check_stamps(stamps, self.newest)
        versions = self._check_read_versions(history)
        versions |= {int.from_bytes(stamp[:8], "big") for stamp in stamps.values()}
        if found["read_version"] < max(versions, default=self.newest):
            raise Fault(f"the read version {found['read_version']} is below {max(versions)}")
        self._replay(history, stamps, found)
        self.newest = found["read_version"]
        self.commits += len(stamps)
        self.unacknowledged += len(stamps.keys() - history.commits.keys())

    def _check_read_versions(self, history: History) -> set[int]:
        last: dict[int, int] = {}
        for thread, version in history.read_versions:
            if version < max(self.newest, last.get(thread, 0)):
                raise Fault(f"thread {thread} had the read version {version} after newer ones")
            last[thread] = version
        return set(last.values())

    def _replay(self, history: History, stamps: dict[Name, bytes], found: dict[str, Any]) -> None:
        self.model.prefixes = found["tenants"]
        for name in sorted(stamps, key=stamps.__getitem__):
            self.model.run(history.intents[name], stamps[name])
        if self.model.tenants != set(found["tenants"]):
            raise Fault(f"tenants {sorted(found['tenants'])} instead of {self.model.tenants}")
        difference = first_difference(self.model.rows, dict(found["rows"]))
        if difference:
            raise Fault(difference)
