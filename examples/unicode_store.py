"""The Unicode character database as records, indexes and counters. unicode_database.py loads it, and asks it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import fdb

fdb.api_version(740)


class Character(NamedTuple):
    """What is stored of a code point; `numeric` is None for what is not a number."""

    name: str
    category: str
    bidirectional: str
    numeric: float | None
    decomposition: str

    @property
    def words(self) -> set[str]:
        return set(self.name.split())


def named_characters(limit: int) -> Iterator[tuple[int, Character]]:
    """Every code point below `limit` that has a name, in order."""
    for code in range(limit):
        char = chr(code)
        name = unicodedata.name(char, None)
        if name is not None:
            yield (
                code,
                Character(
                    name,
                    unicodedata.category(char),
                    unicodedata.bidirectional(char),
                    unicodedata.numeric(char, None),
                    unicodedata.decomposition(char),
                ),
            )


class UnicodeStore:
    """Records, indexes and counters of the code points up to `limit`, below one subspace.

    ("record", code) holds the packed Character; ("category", category, code) and
    ("word", word, code) are the indexes; ("count", category) is a counter kept by atomic
    additions, which never conflict; ("batch", number) says that a batch is stored.
    """

    def __init__(self, space: Any, limit: int) -> None:
        self.space = space
        self.limit = limit
        self.records = space["record"]
        self.by_category = space["category"]
        self.by_word = space["word"]
        self.counts = space["count"]
        self.batches = space["batch"]

    @fdb.transactional
    def store_batch(self, tr: Any, number: int, batch: list[tuple[int, Character]]) -> None:
        """Stores the code points and what the indexes say of them, all or nothing.

        The mark of the batch makes this safe to repeat: when a commit's outcome is unknown, the
        transaction runs again, and the counters must not be raised twice.
        """
        mark = self.batches.pack((number,))
        if tr[mark].present():
            return
        tr[mark] = b""
        for code, character in batch:
            tr[self.records.pack((code,))] = fdb.tuple.pack(tuple(character))
            tr[self.by_category.pack((character.category, code))] = b""
            for word in character.words:
                tr[self.by_word.pack((word, code))] = b""
        for category, count in Counter(character.category for _, character in batch).items():
            tr.add(self.counts.pack((category,)), count.to_bytes(8, "little"))

    @fdb.transactional
    def character(self, tr: Any, code: int) -> Character:
        """The stored character. Raises KeyError if there is none."""
        value = tr[self.records.pack((code,))]
        if not value.present():
            raise KeyError(f"U+{code:04X} is not stored")
        return Character(*fdb.tuple.unpack(value))

    @fdb.transactional
    def codes_in_category(self, tr: Any, category: str) -> list[int]:
        rows = tr[self.by_category.range((category,))]
        return [self.by_category.unpack(key)[1] for key, _ in rows]

    @fdb.transactional
    def codes_with_words(self, tr: Any, *words: str) -> list[int]:
        """The code points whose names have all these words."""
        ranges = [tr[self.by_word.range((word,))] for word in words]  # all are requested at once
        found = [{self.by_word.unpack(key)[1] for key, _ in rows} for rows in ranges]
        return sorted(set.intersection(*found))

    @fdb.transactional
    def names_of(self, tr: Any, codes: list[int]) -> list[str]:
        values = [tr[self.records.pack((code,))] for code in codes]  # requested, not waited for
        return [fdb.tuple.unpack(value)[0] for value in values]

    @fdb.transactional
    def category_counts(self, tr: Any) -> dict[str, int]:
        rows = tr[self.counts.range()]
        return {self.counts.unpack(key)[0]: int.from_bytes(value, "little") for key, value in rows}
