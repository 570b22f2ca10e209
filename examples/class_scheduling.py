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
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import fdb

fdb.api_version(740)

from school import Counts, Refused, School  # noqa: E402

LEVELS = ("intro", "for beginners", "remedial", "101", "201", "301", "mastery", "lab", "seminar")
SUBJECTS = ("chemistry", "biology", "calculus", "geometry", "alchemy", "history", "music", "latin")


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
