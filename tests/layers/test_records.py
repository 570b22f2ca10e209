"""fdb/layers/_records.py: records and their indexes agree, while they are built and whatever goes wrong."""

from __future__ import annotations

import asyncio
import random

import pytest

import fdb
import fdb.testing
from fdb.layers import Index, IndexNotReady, NotUnique, Records
from fdb.layers import _records as module
from helpers.layers import calm, done, in_trouble, seeds
from helpers.threads import in_threads

SPACE = fdb.Subspace(("people",))
ROWS = SPACE["rows"]


def email_of(primary_key, value):
    return (value.split()[0].decode(),)


def cities_of(primary_key, value):
    return [(city.decode(),) for city in value.split()[1:]]


BY_EMAIL = Index(SPACE["by email"], email_of, unique=True)
BY_CITY = Index(SPACE["by city"], cities_of)
PEOPLE = Records(ROWS, BY_EMAIL, BY_CITY)


def assert_consistent(db, what=""):
    """The indexes have what the records say, and nothing else."""
    rows = done(db.get_range(ROWS.range()))
    records = {ROWS.unpack(row.key): row.value for row in rows}
    for index, function in ((BY_EMAIL, email_of), (BY_CITY, cities_of)):
        expected = set()
        for primary_key, value in records.items():
            keys = function(primary_key, value)
            for key in [keys] if isinstance(keys, tuple) else keys:
                expected.add((key, primary_key))
        found = [tuple(entry) for entry in done(index.find(db))]
        assert sorted(found) == sorted(expected), what
    return records


def test_records_are_kept_with_their_indexes(either_db):
    done(PEOPLE.build(either_db))
    done(PEOPLE.set(either_db, ("ada",), b"a@x London Paris"))
    done(PEOPLE.set(either_db, ("bob",), b"b@x London"))
    assert done(PEOPLE.get(either_db, ("ada",))) == b"a@x London Paris"
    assert done(BY_EMAIL.get(either_db, ("b@x",))) == ("bob",)
    found = done(PEOPLE.find(either_db, BY_CITY, ("London",)))
    assert found == [(("ada",), b"a@x London Paris"), (("bob",), b"b@x London")]
    assert len(done(PEOPLE.find(either_db, BY_CITY, limit=2, reverse=True))) == 2
    done(PEOPLE.set(either_db, ("ada",), b"ada@x Rome"))
    done(PEOPLE.delete(either_db, ("bob",)))
    done(PEOPLE.delete(either_db, ("bob",)))
    assert done(PEOPLE.get(either_db, ("bob",))) is None
    assert done(PEOPLE.find(either_db, BY_CITY)) == [(("ada",), b"ada@x Rome")]
    assert assert_consistent(either_db) == {("ada",): b"ada@x Rome"}


def test_a_key_that_is_taken_leaves_all_as_it_was(either_db):
    done(PEOPLE.build(either_db))
    done(PEOPLE.set(either_db, ("ada",), b"a@x London"))
    before = done(either_db.get_range(ROWS.range()))

    def check():
        assert done(either_db.get_range(ROWS.range())) == before
        assert_consistent(either_db)

    with pytest.raises(NotUnique, match="'a@x'"):
        done(PEOPLE.set(either_db, ("bob",), b"a@x Paris"))
    check()
    with pytest.raises(IndexError):
        done(PEOPLE.set(either_db, ("bob",), b""))
    check()

    @fdb.transactional
    def go_on(tr):
        with pytest.raises(NotUnique):
            PEOPLE.set(tr, ("bob",), b"a@x Paris")

    if isinstance(either_db, fdb.Database):
        go_on(either_db)
        check()


def test_records_that_were_there_are_built(either_db, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 50)
    for number in range(123):
        done(either_db.set(ROWS.pack((number,)), b"%d@x c%d" % (number, number % 3)))
    with pytest.raises(IndexNotReady):
        done(PEOPLE.find(either_db, BY_CITY))
    seen = []
    done(PEOPLE.build(either_db, on_progress=lambda index, count: seen.append((index, count))))
    counts = [50, 100, 123]
    assert seen == [(index, count) for index in (BY_EMAIL, BY_CITY) for count in counts]
    assert len(assert_consistent(either_db)) == 123
    done(PEOPLE.build(either_db, on_progress=lambda *_: seen.clear()))
    assert seen, "nothing was to be done"


def test_building_goes_on_where_it_stopped(monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 10)

    class StopError(Exception):
        pass

    def stop(index, count):
        if count == 20:
            raise StopError

    with fdb.testing.temporary_database() as db:
        for number in range(35):
            db[ROWS.pack((number,))] = b"%d@x" % number
        with pytest.raises(StopError):
            PEOPLE.build(db, on_progress=stop)
        assert not BY_EMAIL.is_ready(db)
        counts = []
        PEOPLE.build(db, on_progress=lambda index, count: counts.append(count))
        assert counts == [30, 35, 10, 20, 30, 35]
        assert_consistent(db)


def test_building_finds_keys_that_are_not_unique(monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 2)
    with fdb.testing.temporary_database() as db:
        for place in ((0, 1), (0, 3)):
            for number in range(4):
                db[ROWS.pack((number,))] = b"same@x" if number in place else b"%d@x" % number
            with pytest.raises(NotUnique, match="'same@x'") as caught:
                PEOPLE.build(db)
            assert caught.value.holder == (place[0],) and caught.value.refused == (place[1],)
            assert not BY_EMAIL.is_ready(db)
            # The one that is changed has the other's key in the index, which must stay.
            PEOPLE.set(db, (place[1],), b"other@x")
            PEOPLE.build(db)
            assert_consistent(db)
            for index in PEOPLE.indexes:
                index.drop(db)


def test_building_while_others_write(monkeypatch):
    """Writers and two builders at the same time, under faults: the indexes agree with the records."""
    monkeypatch.setattr(module, "_BATCH", 8)
    for seed in seeds(3):
        with in_trouble(seed) as db:
            for number in range(40):
                db[ROWS.pack((number,))] = b"%d@x c%d" % (number, number % 3)

            def work(worker, db=db, seed=seed):
                if worker < 2:
                    return PEOPLE.build(db)
                draw = random.Random(seed * 10 + worker)
                for step in range(10):
                    key = (draw.randrange(50),)
                    if draw.random() < 0.3:
                        PEOPLE.delete(db, key)
                    else:
                        PEOPLE.set(db, key, b"%d.%d.%d@x c%d" % (*key, worker, step, step))
                return None

            in_threads(4, work)
            assert_consistent(calm(db), f"seed {seed}")


@pytest.mark.parametrize(
    "change",
    [
        lambda people, db: people.set(db, (1,), b"new@x"),
        lambda people, db: people.delete(db, (2,)),
        lambda people, db: people.set(db, (9,), b"late@x"),
    ],
    ids=["changed", "deleted", "added behind the last one"],
)
@pytest.mark.parametrize("unique", [True, False])
def test_what_is_written_between_the_read_and_the_commit_of_a_builder(change, unique):
    meanwhile = []

    def email_then_change(primary_key, value):
        while meanwhile:
            meanwhile.pop()()
        return email_of(primary_key, value)

    index = Index(SPACE["by email"], email_then_change, unique=unique)
    people = Records(ROWS, index)
    with fdb.testing.temporary_database() as db:
        for number in range(3):
            db[ROWS.pack((number,))] = b"%d@x" % number
        meanwhile.append(lambda: change(people, db))
        with fdb.testing.record(db) as log:
            people.build(db)
        assert len(log.conflicts) == 1
        expected = {(email_of((), value), ROWS.unpack(key)) for key, value in db[ROWS.range()]}
        assert {tuple(entry) for entry in index.find(db)} == expected


def test_tasks_build_while_others_write(monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 8)

    async def main(db, seed):
        for number in range(30):
            await db.set(ROWS.pack((number,)), b"%d@x c%d" % (number, number % 3))

        async def write(worker):
            draw = random.Random(seed * 10 + worker)
            for step in range(8):
                key = (draw.randrange(40),)
                await PEOPLE.set(db, key, b"%d.%d.%d@x c" % (*key, worker, step))

        await asyncio.gather(PEOPLE.build(db), PEOPLE.build(db), write(1), write(2))

    for seed in seeds(2):
        with in_trouble(seed, "asyncio") as db:
            asyncio.run(main(db, seed))
            assert_consistent(calm(db), f"seed {seed}")


def test_those_who_want_the_same_key_are_told_apart():
    """Of threads that all want a few keys each key has one holder, and who holds none was refused."""
    for seed in seeds(4):

        def work(number):
            won = []
            for name in range(3):
                try:
                    PEOPLE.set(db, (number, name), b"%d@x" % name)
                except NotUnique:
                    continue
                won.append(name)
            return won

        with in_trouble(seed) as db:
            PEOPLE.build(db)
            won = in_threads(3, work)
            assert sorted(sum(won, [])) == [0, 1, 2], f"seed {seed}"
            assert len(assert_consistent(calm(db), f"seed {seed}")) == 3


def test_writing_in_a_function_is_retry_safe():
    people = Records(ROWS, BY_CITY)
    with fdb.testing.temporary_database() as db:
        people.build(db)
        people.set(db, ("ada",), b"a@x London")
        people.set(db, ("eve",), b"e@x Rome")

        @fdb.transactional
        def change(tr):
            people.set(tr, ("bob",), people.get(tr, ("ada",)) + b" Rome")
            people.delete(tr, ("eve",))
            return [each.primary_key for each in people.find(tr, BY_CITY)]

        receipts = BY_CITY.subspace["receipt"]
        fdb.testing.assert_retry_safe(change, db, ignore=[receipts, "people", "BY_CITY"])


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (
            lambda db: PEOPLE.set(db, "ada", b"a@x"),
            TypeError,
            "primary key must be a tuple, not 'ada'",
        ),
        (lambda db: PEOPLE.set(db, (), b"a@x"), ValueError, "primary key must have an element"),
        (lambda db: PEOPLE.set(db, ("ada",), "a@x"), TypeError, "record must be bytes, not 'a@x'"),
        (lambda db: PEOPLE.get(db, None), TypeError, "primary key must be a tuple"),
        (
            lambda db: PEOPLE.find(db, Index(SPACE["x"], email_of)),
            ValueError,
            "is no index of Records",
        ),
        (lambda db: PEOPLE.build(db, on_progress=1), TypeError, "on_progress must be a function"),
        (lambda db: Records(ROWS), ValueError, "Records need an Index"),
        (lambda db: Records(ROWS, "email"), TypeError, "objects of Index, not 'email'"),
        (lambda db: Records(SPACE, BY_CITY), ValueError, "subspaces of their own: .* is within"),
        (lambda db: Records(ROWS, BY_CITY, BY_CITY), ValueError, "subspaces of their own"),
        (lambda db: PEOPLE.build(db.create_transaction().snapshot), TypeError, "can only read"),
    ],
)
def test_bad_input_names_the_thing_and_writes_nothing(use, error, text):
    with fdb.testing.temporary_database() as db:
        with pytest.raises(error, match=text):
            use(db)
        assert list(db[:]) == []


def test_a_record_that_was_removed_by_other_means_is_noticed():
    with fdb.testing.temporary_database() as db:
        PEOPLE.build(db)
        PEOPLE.set(db, ("ada",), b"a@x London")
        del db[ROWS.pack(("ada",))]
        with pytest.raises(RuntimeError, match="there is no such record"):
            PEOPLE.find(db, BY_CITY)
