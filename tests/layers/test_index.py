"""fdb/layers/_index.py: what an index finds, and how it is kept by hand."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from fdb.layers import Index, IndexNotReady, NotUnique, Records
from helpers.layers import done

SPACE = fdb.Subspace(("indexes",))
ROWS = fdb.Subspace(("rows",))


def by_words(primary_key, record):
    """A record is some words: it is found by each."""
    return [(word,) for word in record.split()]


def built(db, index):
    """An index of no records yet, which can be read."""
    done(Records(ROWS, index).build(db))
    return index


def keys_of(entries):
    return [(*entry.key, *entry.primary_key) for entry in entries]


def test_records_are_found_by_the_begin_of_their_keys(either_db):
    index = built(either_db, Index(SPACE, lambda _, record: record))
    for number, record in enumerate([("a", 1), ("a", 2), ("ab", 1), ("b", 1), ("a", 1)]):
        done(index.update(either_db, (number,), None, record))
    assert keys_of(done(index.find(either_db, ("a",)))) == [("a", 1, 0), ("a", 1, 4), ("a", 2, 1)]
    assert keys_of(done(index.find(either_db, ("a", 1)))) == [("a", 1, 0), ("a", 1, 4)]
    assert len(done(index.find(either_db))) == 5
    assert keys_of(done(index.find(either_db, limit=1, reverse=True))) == [("b", 1, 3)]
    found = done(index.between(either_db, ("a", 2), ("b",)))
    assert keys_of(found) == [("a", 2, 1), ("ab", 1, 2)]
    [last] = done(index.between(either_db, ("a",), ("b",), limit=1, reverse=True))
    assert (last.key, last.primary_key) == (("ab", 1), (2,))


def test_a_change_of_a_record_replaces_its_entries(either_db):
    index = built(either_db, Index(SPACE, by_words))
    done(index.update(either_db, ("x",), None, "one two two"))
    assert keys_of(done(index.find(either_db))) == [("one", "x"), ("two", "x")]
    done(index.update(either_db, ("x",), "one two two", "two three"))
    assert keys_of(done(index.find(either_db))) == [("three", "x"), ("two", "x")]
    done(index.update(either_db, ("x",), "two three", None))
    assert done(index.find(either_db)) == []


def test_what_is_equal_in_python_only_is_another_key():
    with fdb.testing.temporary_database() as db:
        index = built(db, Index(SPACE, lambda _, record: record))
        index.update(db, ("x",), None, [(1,), (1.0,), (True,)])
        assert len(index.find(db)) == 3
        index.update(db, ("x",), (1,), (True,))
        assert [type(entry.key[0]) for entry in index.find(db)] == [float, bool]


def test_a_unique_key_has_one_record(either_db):
    index = built(either_db, Index(SPACE, by_words, unique=True))
    done(index.update(either_db, (1,), None, "one uno"))
    before = done(either_db.get_range(SPACE.range(("entry",))))
    with pytest.raises(
        NotUnique, match=r"key \('uno',\) of record \(2,\) is that of record \(1,\)"
    ) as caught:
        done(index.update(either_db, (2,), None, "two uno"))
    error = caught.value
    assert (error.index, error.key, error.holder, error.refused) == (index, ("uno",), (1,), (2,))
    assert isinstance(error, ValueError)
    assert done(either_db.get_range(SPACE.range(("entry",)))) == before
    done(index.update(either_db, (1,), "one uno", "one"))
    done(index.update(either_db, (2,), None, "two uno"))
    assert [done(index.get(either_db, (word,))) for word in ("one", "uno", "two", "tre")] == [
        *((1,), (2,), (2,), None)
    ]
    assert keys_of(done(index.find(either_db))) == [("one", 1), ("two", 2), ("uno", 2)]


def test_the_keys_are_as_documented():
    with fdb.testing.temporary_database() as db:
        Index(SPACE["a"], by_words).update(db, ("x", 1), None, "w")
        Index(SPACE["b"], by_words, unique=True).update(db, ("x", 1), None, "w")
        rows = [
            (SPACE.unpack(key), value)
            for key, value in db.get_range(SPACE.range())
            if "receipt" not in SPACE.unpack(key)
        ]
        assert rows == [
            (("a", "entry", "w", ("x", 1)), b""),
            (("b", "entry", "w"), fdb.tuple.pack(("x", 1))),
        ]
        Records(ROWS, Index(SPACE["b"], by_words, unique=True)).build(db)
        state = SPACE["b"].pack(("state",))
        assert fdb.tuple.unpack(db[state]) == (1, 1, 1, 0, b"")
        db[state] = fdb.tuple.pack((2, 1, 1, 0, b""))
        with pytest.raises(ValueError, match="has format 2 in the database, and this is 1"):
            Index(SPACE["b"], by_words, unique=True).find(db)


def test_what_was_not_built_is_not_read(either_db):
    index = Index(SPACE, by_words, unique=True)
    for read in (
        index.find,
        lambda db: index.get(db, ("a",)),
        lambda db: index.between(db, (), ()),
    ):
        with pytest.raises(IndexNotReady, match="not built to its end"):
            done(read(either_db))
    assert not done(index.is_ready(either_db))
    built(either_db, index)
    assert done(index.is_ready(either_db)) and done(index.find(either_db)) == []
    with pytest.raises(ValueError, match="was built with unique=True: drop"):
        done(Index(SPACE, by_words).find(either_db))
    done(index.update(either_db, (1,), None, "a"))
    done(index.drop(either_db))
    assert not done(index.is_ready(either_db))
    assert done(either_db.get_range(SPACE.range(("entry",)))) == []


def test_an_unknown_result_counts_once():
    """Between the attempts another record takes the key that was given up: the retry must not find that wrong."""
    with fdb.testing.temporary_database() as db:
        index = built(db, Index(SPACE, by_words, unique=True))
        attempts = []

        @fdb.transactional
        def take(tr):
            if attempts:
                index.update(db, (1,), "free", None)
                index.update(db, (2,), None, "free")
            attempts.append(True)
            index.update(tr, (1,), None, "free")

        with fdb.testing.faults(db) as faults:
            faults.add("commit_unknown_result", times=1, effect="applied")
            take(db)
        assert len(attempts) == 2
        assert index.get(db, ("free",)) == (2,)


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (
            lambda index, db: index.update(db, 1, None, "a"),
            TypeError,
            "primary key must be a tuple, not 1",
        ),
        (
            lambda index, db: index.find(db, "a"),
            TypeError,
            "key in an index must be a tuple, not 'a'",
        ),
        (
            lambda index, db: index.find(db, limit=-1),
            ValueError,
            "limit must be 0, for none, or more, not -1",
        ),
        (lambda index, db: index.find(db, limit="1"), TypeError, "limit must be an int"),
        (
            lambda index, db: index.between(db, ("b",), ("a",)),
            ValueError,
            r"ends at \('a',\), before its begin",
        ),
        (lambda index, db: index.get(db, ("a",)), TypeError, "may have several records with a key"),
        (
            lambda index, db: Index(SPACE, "name"),
            TypeError,
            "must be a function of a record, not 'name'",
        ),
        (lambda index, db: Index(None, by_words), TypeError, "subspace of an Index"),
        (
            lambda index, db: Index(SPACE, lambda *_: "a").update(db, (1,), None, "a"),
            TypeError,
            "must return a tuple, a list of tuples or None, not 'a'",
        ),
        (
            lambda index, db: Index(SPACE, lambda *_: ["a"]).update(db, (1,), None, "a"),
            TypeError,
            r"must return a tuple, a list of tuples or None, not \['a'\]",
        ),
        (
            lambda index, db: index.update(db.create_transaction().snapshot, (1,), None, "a"),
            TypeError,
            "a snapshot can only read",
        ),
    ],
)
def test_bad_input_names_the_thing_and_writes_nothing(use, error, text):
    with fdb.testing.temporary_database() as db:
        with pytest.raises(error, match=text):
            use(Index(SPACE, by_words), db)
        assert list(db[:]) == []
