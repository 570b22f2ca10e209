"""Class scheduling: students sign up for classes that have a limited number of seats.

    python examples/class_scheduling.py [CLUSTER_FILE]

Many threads sign students up, drop and switch classes at the same time. Each of these is a
transaction that reads what it depends on, so two students who want the last seat cannot both get
it: one of the two transactions is retried and then finds the class full.

CLUSTER_FILE may be the path of a cluster file, ``memory:`` (the default) or ``file:PATH``.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import fdb

fdb.api_version(740)

CLASSES_OF_A_STUDENT = 5
LEVELS = ("intro", "for beginners", "remedial", "101", "201", "301", "mastery", "lab", "seminar")
SUBJECTS = ("chemistry", "biology", "calculus", "geometry", "alchemy", "history", "music", "latin")


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


def class_names(count: int) -> list[str]:
    """The first `count` combinations of subject and level."""
    combined = (f"{subject} {level}" for level in LEVELS for subject in SUBJECTS)
    return list(itertools.islice(combined, count))


def student_life(db: Any, school: School, student: str, signups: int, rng: random.Random) -> None:
    """One student: signs up `signups` times, and changes her mind now and then."""
    mine: list[str] = []
    for _ in range(signups):
        free = sorted(school.free_seats(db)) or class_names(1)
        wanted = rng.choice(free[: len(free) // 2 + 1])  # half of the classes are popular
        mood = rng.random()
        school.counts.add("calls")
        try:
            if mine and mood < 0.2:
                old = rng.choice(mine)
                school.switch(db, student, old, wanted)
                mine.remove(old)
                school.counts.add("switched")
            else:
                school.sign_up(db, student, wanted)
                school.counts.add("enrolled")
        except Refused:
            school.counts.add("refused")
            continue
        if wanted not in mine:
            mine.append(wanted)
        if mood > 0.9:
            school.drop(db, student, mine.pop())
            school.counts.add("dropped")


@dataclass(frozen=True)
class Term:
    """The size of a run."""

    threads: int = 20
    students: int = 400
    signups: int = 2000
    classes: int = 40
    seats: int = 30
    seed: int = 1

    @property
    def signups_of_a_student(self) -> int:
        return self.signups // self.students


def run_term(db: Any, school: School, term: Term, done: Any = None) -> None:
    """Lets `term.threads` threads do all sign-ups; calls `done(count)` as they are made.

    An exception in one of the threads is raised here.
    """
    school.open_term(db, class_names(term.classes), term.seats)

    def work(number: int) -> None:
        rng = random.Random(f"{term.seed}/{number}")
        for index in range(number, term.students, term.threads):
            student_life(db, school, f"s{index:04}", term.signups_of_a_student, rng)
            if done is not None:
                done(term.signups_of_a_student)

    with ThreadPoolExecutor(term.threads) as pool:
        for finished in [pool.submit(work, number) for number in range(term.threads)]:
            finished.result()


def is_embedded(cluster_file: str) -> bool:
    return cluster_file.startswith(("memory:", "file:"))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cluster_file", nargs="?", default="memory:")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    db = fdb.open(options.cluster_file)
    counts = Counts()
    pause = 0.0005 if is_embedded(options.cluster_file) else 0.0
    school = School(fdb.Subspace(("example", "scheduling")), counts, pause)
    term = Term(seed=options.seed)
    start = time.perf_counter()
    run_term(db, school, term)
    seconds = time.perf_counter() - start
    print(f"{counts.calls} sign-ups by {term.threads} threads in {seconds:.1f} s, seed {term.seed}")
    print(f"{counts.enrolled} enrolled, {counts.switched} switched, {counts.dropped} dropped,")
    print(f"{counts.refused} refused by the rules, {counts.retries} transactions retried")
    wrong = school.violations(db, term.seats)
    for line in wrong:
        print("VIOLATED:", line)
    db.clear_range_startswith(school.space.key())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
