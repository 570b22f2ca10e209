"""A small search index: texts found by their words, the best first, and the ends of words that are being typed.

    export FDB_CLUSTER_FILE=file:search.fdb
    python examples/search_index.py add docs/guides/*.md
    python examples/search_index.py find lease worker
    python examples/search_index.py complete conf

A text and all that the index has of it are changed in one transaction: nobody ever finds a text by words that it has not,
or misses one that is there. The keys, below the directory "search":

    ("text", name)          how many words the text has, and each of them once
    ("word", word, name)    how often the word is in the text, and how many words that has
    ("texts",), ("length",) how many texts there are, and how many words in all of them

fdb.layers.Index does the like for records and their fields; here the rows of the index have values of their own, and
their numbers decide the order. The order is that of BM25, which most engines use.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import re
import struct
import sys
from collections import Counter
from typing import NamedTuple

import fdb

fdb.api_version(740)

_WORD = re.compile(r"\w+")
#: BM25: how soon further repetitions count less, and how much long texts are held back.
REPETITION, LENGTH = 1.2, 0.75
#: Bytes of a value, a limit of FoundationDB; and characters of a word, of which no more are looked at.
LARGEST_VALUE, LONGEST_WORD = 100_000, 50


class Found(NamedTuple):
    name: str
    score: float


class TooLarge(ValueError):
    """The text has more different words than its row takes: divide it."""


def words_of(text: str) -> list[str]:
    return [word[:LONGEST_WORD] for word in _WORD.findall(text.casefold())]


class SearchIndex:
    """All texts of a database. Thread-safe."""

    def __init__(self, db: fdb.Database) -> None:
        space = fdb.directory.create_or_open(db, ("search",))
        self.texts, self.words = space["text"], space["word"]
        self.totals = space["texts"].key(), space["length"].key()

    @fdb.transactional
    def put(self, tr: fdb.Transaction, name: str, text: str) -> None:
        """Adds a text, or replaces it. Raises TooLarge."""
        found = words_of(text)
        counts = Counter(found)
        row = fdb.tuple.pack((len(found), *counts))
        if len(row) > LARGEST_VALUE:
            raise TooLarge(
                f"{name} has {len(counts)} different words: that is too much for one text"
            )
        self.remove(tr, name)
        tr[self.texts[name]] = row
        for word, count in counts.items():
            tr[self.words.pack((word, name))] = fdb.tuple.pack((count, len(found)))
        self._add(tr, 1, len(found))

    @fdb.transactional
    def remove(self, tr: fdb.Transaction, name: str) -> None:
        """Removes a text; nothing happens if it is not there."""
        known = tr[self.texts[name]]
        if not known.present():
            return
        length, *words = fdb.tuple.unpack(known)
        for word in words:
            del tr[self.words.pack((word, name))]
        del tr[self.texts[name]]
        self._add(tr, -1, -length)

    def _add(self, tr: fdb.Transaction, texts: int, length: int) -> None:
        """Counts a text. Reads nothing, so that writers of different texts do not conflict.

        Run twice this would count twice; but whoever calls it has read the row of the text, and so knows.
        """
        for key, amount in zip(self.totals, (texts, length), strict=True):
            tr.add(key, struct.pack("<q", amount))

    def _totals(self, tr: fdb.TransactionRead) -> list[int]:
        return [
            int.from_bytes(value or b"", "little") for value in [tr[key] for key in self.totals]
        ]

    @fdb.transactional(read_only=True)
    def find(self, tr: fdb.Transaction, question: str, limit: int = 10) -> list[Found]:
        """Returns the texts that have all words of the question, the best first."""
        words = sorted(set(words_of(question)))
        ranges = [tr[self.words[word].range()] for word in words]  # all are requested at once
        entries = [
            {self.words.unpack(key)[1]: fdb.tuple.unpack(value) for key, value in rows}
            for rows in ranges
        ]
        names = set.intersection(*map(set, entries)) if entries else set()
        if not names:
            return []
        total, length_of_all = self._totals(tr)
        scores = dict.fromkeys(names, 0.0)
        for texts in entries:
            rarity = math.log(1 + (total - len(texts) + 0.5) / (len(texts) + 0.5))
            for name in names:
                count, length = texts[name]
                held_back = REPETITION * (1 - LENGTH + LENGTH * length * total / length_of_all)
                scores[name] += rarity * count * (REPETITION + 1) / (count + held_back)
        best = sorted(scores, key=lambda name: (-scores[name], name))[:limit]
        return [Found(name, scores[name]) for name in best]

    @fdb.transactional(read_only=True)
    def complete(self, tr: fdb.Transaction, start: str, limit: int = 10) -> list[str]:
        """Returns words that begin so, in their order: a read for each, however many texts have it."""
        found: list[str] = []
        # A tuple with a string ends with a zero byte; without it, it is what longer strings begin with.
        prefix = self.words.pack((start.casefold(),))[:-1]
        begin, end = prefix, fdb.impl.strinc(prefix)
        while len(found) < limit and (row := tr.get_range(begin, end, limit=1).to_list()):
            found.append(self.words.unpack(row[0].key)[0])
            begin = self.words[found[-1]].range().stop
        return found

    @fdb.transactional(read_only=True)
    def problems(self, tr: fdb.Transaction) -> list[str]:
        """What in the index does not agree with the texts: nothing, or there is a bug. For a small database."""
        texts = {
            self.texts.unpack(key)[0]: fdb.tuple.unpack(value)
            for key, value in tr[self.texts.range()]
        }
        wanted = {(word, name) for name, (_, *words) in texts.items() for word in words}
        rows = {self.words.unpack(key) for key, _ in tr[self.words.range()]}
        problems = [f"{row} is not in the index" for row in sorted(wanted - rows)]
        problems += [f"{row} is of no text" for row in sorted(rows - wanted)]
        totals = self._totals(tr)
        if totals != [len(texts), sum(length for length, *_ in texts.values())]:
            problems.append(f"{totals} are not the numbers of texts and words")
        return problems


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("add", "remove"):
        commands.add_parser(name).add_argument("files", nargs="+", type=pathlib.Path)
    commands.add_parser("find").add_argument("words", nargs="+")
    commands.add_parser("complete").add_argument("start")
    commands.add_parser("check")
    options = parser.parse_args(argv)
    with fdb.open(os.environ.get("FDB_CLUSTER_FILE", "file:search.fdb")) as db:
        index = SearchIndex(db)
        if options.command == "add":
            for path in options.files:
                index.put(db, str(path), path.read_text())
        elif options.command == "remove":
            for path in options.files:
                index.remove(db, str(path))
        elif options.command == "find":
            for found in index.find(db, " ".join(options.words)):
                print(f"{found.score:6.2f}  {found.name}")
        elif options.command == "complete":
            print(*index.complete(db, options.start))
        else:
            problems = index.problems(db)
            print(*problems, sep="\n", end="\n" if problems else "")
            return 1 if problems else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
