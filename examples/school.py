"""A school: classes with a limited number of seats, and who attends them. class_scheduling.py has it used by many at once."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import fdb

fdb.api_version(740)

CLASSES_OF_A_STUDENT = 5


class Refused(Exception):
    """The rules do not allow it: the class is full, or the student has classes enough."""


@dataclass
class Counts:
    """What the threads did. A counter is changed by several threads, so under a lock."""

    enrolled: int = 0
    refused: int = 0
    dropped: int = 0
    switched: int = 0
    attempts: int = 0
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, name: str) -> None:
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)

    @property
    def retries(self) -> int:
        """How often a transaction had to be run again because it met another one."""
        return self.attempts - self.calls


class School:
    """Classes and who attends them, below one subspace.

    ("class", name) holds the number of free seats, ("attends", student, name) is there for every
    seat taken. `pause` is slept within each transaction, in seconds: it stands for the round trips
    of a cluster, without which threads of one process hardly ever meet.
    """

    def __init__(self, space: Any, counts: Counts, pause: float = 0.0) -> None:
        self.classes = space["class"]
        self.attends = space["attends"]
        self.space = space
        self.counts = counts
        self.pause = pause

    @fdb.transactional
    def open_term(self, tr: Any, names: list[str], seats: int) -> None:
        """Forgets everything and offers the named classes with that many seats each."""
        del tr[self.space.range()]
        for name in names:
            tr[self.classes.pack((name,))] = fdb.tuple.pack((seats,))

    @fdb.transactional
    def free_seats(self, tr: Any) -> dict[str, int]:
        """The classes that still have a free seat. Read without conflicts: it is only a hint."""
        free = {}
        for key, value in tr.snapshot[self.classes.range()]:
            (seats,) = fdb.tuple.unpack(value)
            if seats > 0:
                free[self.classes.unpack(key)[0]] = seats
        return free

    @fdb.transactional
    def sign_up(self, tr: Any, student: str, name: str) -> None:
        """Gives the student a seat; a second sign-up for the same class changes nothing."""
        self.counts.add("attempts")
        record = self.attends.pack((student, name))
        if tr[record].present():
            return
        seats = self._seats(tr, name)
        if seats == 0:
            raise Refused(f"no seats left in {name}")
        if len(list(tr[self.attends.range((student,))])) >= CLASSES_OF_A_STUDENT:
            raise Refused(f"{student} attends {CLASSES_OF_A_STUDENT} classes already")
        time.sleep(self.pause)
        tr[self.classes.pack((name,))] = fdb.tuple.pack((seats - 1,))
        tr[record] = b""

    @fdb.transactional
    def drop(self, tr: Any, student: str, name: str) -> None:
        """Takes the student out of the class, if in it."""
        record = self.attends.pack((student, name))
        if not tr[record].present():
            return
        tr[self.classes.pack((name,))] = fdb.tuple.pack((self._seats(tr, name) + 1,))
        del tr[record]

    @fdb.transactional
    def switch(self, tr: Any, student: str, old: str, new: str) -> None:
        """Leaves one class for another, or neither: both happen in one transaction."""
        self.drop(tr, student, old)
        self.sign_up(tr, student, new)

    def _seats(self, tr: Any, name: str) -> int:
        (seats,) = fdb.tuple.unpack(tr[self.classes.pack((name,))])
        return int(seats)

    @fdb.transactional
    def violations(self, tr: Any, seats: int) -> list[str]:
        """Everything that is wrong with the stored data; an empty list when all is well."""
        taken: dict[str, int] = {}
        load: dict[str, int] = {}
        for key, _ in tr[self.attends.range()]:
            student, name = self.attends.unpack(key)
            taken[name] = taken.get(name, 0) + 1
            load[student] = load.get(student, 0) + 1
        wrong = [
            f"{who} attends {n} classes" for who, n in load.items() if n > CLASSES_OF_A_STUDENT
        ]
        for key, value in tr[self.classes.range()]:
            (name,), (free,) = self.classes.unpack(key), fdb.tuple.unpack(value)
            if free < 0 or free + taken.get(name, 0) != seats:
                wrong.append(f"{name}: {taken.get(name, 0)} taken and {free} free of {seats}")
        return wrong
