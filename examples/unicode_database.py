"""The Unicode character database, stored and searched in FoundationDB.

    python examples/unicode_database.py [CLUSTER_FILE]

1. Loads every named code point that Python knows (name, category, bidirectional class, numeric value,
   decomposition) with two secondary indexes, in batched transactions.
2. Answers questions through the indexes.
3. Lets 20 threads make 2,000 sign-ups for classes (see class_scheduling.py) and shows the retries.
4. Checks that the indexes agree with the records and that no class is over-booked.

CLUSTER_FILE may be the path of a cluster file, ``file:PATH`` or ``memory:`` (the default): the same
program runs on one machine and on a cluster. The exit status is 1 if an invariant does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fdb

fdb.api_version(740)

from class_scheduling import Term, is_embedded, run_term  # noqa: E402
from console import progress, table  # noqa: E402
from school import Counts, School  # noqa: E402
from unicode_store import Character, UnicodeStore, named_characters  # noqa: E402

BATCH = 500  # code points in a transaction: some 2,500 keys and 150 kB, far below the limits


@dataclass
class Report:
    """Rows of the table at the end: what was done, how often, how long it took."""

    rows: list[tuple[str, str, str, str]]

    def add(self, what: str, count: int, seconds: float) -> None:
        rate = f"{count / seconds:,.0f}" if seconds else "-"
        self.rows.append((what, f"{count:,}", f"{seconds:.2f}", rate))

    def timed(self, what: str, work: Callable[[], int]) -> None:
        """Runs `work`, which returns how many things it did."""
        start = time.perf_counter()
        count = work()
        self.add(what, count, time.perf_counter() - start)

    def show(self) -> None:
        table("What was done", ("step", "count", "seconds", "per second"), self.rows)


def load(db: Any, store: UnicodeStore, report: Report) -> None:
    """Part 1: stores all characters."""
    characters = list(named_characters(store.limit))
    print(f"Unicode {unicodedata.unidata_version}: {len(characters):,} named code points")
    db.clear_range_startswith(store.space.key())

    def work() -> int:
        with progress("Loading", len(characters)) as advance:
            for number, first in enumerate(range(0, len(characters), BATCH)):
                batch = characters[first : first + BATCH]
                store.store_batch(db, number, batch)
                advance(len(batch))
        return sum(2 + len(character.words) for _, character in characters)

    report.timed("keys stored, of all code points", work)


def query(db: Any, store: UnicodeStore, report: Report) -> None:
    """Part 2: asks questions that only an index answers without reading everything."""
    questions = (
        ("SNOWMAN",),
        ("GREEK", "CAPITAL", "OMEGA"),
        ("CHESS", "KNIGHT"),
        ("ROMAN", "NUMERAL", "THOUSAND"),
        ("CAT", "FACE"),
    )

    def by_word() -> int:
        for words in questions:
            codes = store.codes_with_words(db, *words)
            names = store.names_of(db, codes)
            print(f"\n{' + '.join(words)}: {len(codes)} found")
            for code, name in list(zip(codes, names, strict=True))[:4]:
                print(f"    U+{code:04X}  {printable(code)}  {name}")
        return len(questions)

    report.timed("questions by words of the name", by_word)

    def by_category() -> int:
        currencies = store.codes_in_category(db, "Sc")
        signs = " ".join(printable(code) for code in currencies)
        print(f"\nCategory Sc (currency): {len(currencies)} found: {signs}")
        half = store.character(db, 0x00BD)
        print(f"U+00BD is worth {half.numeric} and decomposes to {half.decomposition!r}")
        return 2

    report.timed("questions by category and by key", by_category)

    def by_key() -> int:
        for code in range(0x20, 0x7F):
            assert_equal(store.character(db, code).name, unicodedata.name(chr(code)))
        return 0x7F - 0x20

    report.timed("single reads, a transaction each", by_key)


def assert_equal(stored: str, wanted: str) -> None:
    """Stops the program when a read gives something else than was written."""
    if stored != wanted:
        raise RuntimeError(f"read {stored!r} where {wanted!r} was written")


def printable(code: int) -> str:
    """The character, or a dot where the terminal cannot show it."""
    try:
        chr(code).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "."
    return chr(code)


def schedule(db: Any, school: School, term: Term, report: Report) -> None:
    """Part 3: threads that compete for seats."""
    start = time.perf_counter()
    with progress("Signing up", term.signups) as advance:
        run_term(db, school, term, advance)
    counts = school.counts
    report.add(f"sign-ups by {term.threads} threads", counts.calls, time.perf_counter() - start)
    print(
        f"{counts.enrolled:,} enrolled, {counts.switched:,} switched, {counts.dropped:,} dropped, "
        f"{counts.refused:,} refused by the rules; {counts.retries:,} transactions met another one "
        f"and were retried"
    )


def check(db: Any, store: UnicodeStore, school: School, term: Term, report: Report) -> list[str]:
    """Part 4: what does not hold, as text; nothing when all is well."""
    wrong: list[str] = []

    def compare(what: str, got: Any, wanted: Any) -> None:
        if got != wanted:
            wrong.append(f"{what}: {got}, but {wanted} expected")

    def work() -> int:
        stored = [Character(*fdb.tuple.unpack(row.value)) for row in db.scan(store.records)]
        categories = Counter(character.category for character in stored)
        words = sum(len(character.words) for character in stored)
        in_category = sum(1 for _ in db.scan(store.by_category))
        in_words = sum(1 for _ in db.scan(store.by_word))
        compare("records", len(stored), sum(1 for _ in named_characters(store.limit)))
        compare("rows of the category index", in_category, len(stored))
        compare("rows of the word index", in_words, words)
        compare("counters", store.category_counts(db), dict(categories))
        return len(stored) + in_category + in_words

    report.timed("rows read back and compared", work)
    wrong += school.violations(db, term.seats)
    return wrong


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cluster_file", nargs="?", default="memory:")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated students")
    parser.add_argument("--limit", type=int, default=sys.maxunicode + 1, help="of the code points")
    parser.add_argument("--keep", action="store_true", help="leave the data in the database")
    options = parser.parse_args(argv)
    db = fdb.open(options.cluster_file)
    space = fdb.Subspace(("example",))
    store = UnicodeStore(space["unicode"], options.limit)
    pause = 0.0005 if is_embedded(options.cluster_file) else 0.0
    school = School(space["scheduling"], Counts(), pause)
    term = Term(seed=options.seed)
    report = Report([])
    print(f"Database {options.cluster_file}, seed {options.seed}")
    load(db, store, report)
    query(db, store, report)
    schedule(db, school, term, report)
    wrong = check(db, store, school, term, report)
    report.show()
    for line in wrong:
        print("INVARIANT VIOLATED:", line)
    if not wrong:
        print("All invariants hold: every index agrees with the records, no class is over-booked.")
    if not options.keep:
        db.clear_range_startswith(space.key())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
