"""fdb/_bulk/write.py: any number of rows, written in transactions that the library takes, and resumed by a position."""

from __future__ import annotations

import random

import pytest

import fdb
import fdb.testing
import fdb.tuple
from bulk.conftest import SEEDS

POSITION = b"position"
ROWS = [(b"k%04d" % number, b"v" * (number % 90)) for number in range(400)]


@pytest.fixture
def base(either):
    either.db.options.set_transaction_max_retry_delay(1)
    return either


def written(base):
    return base.plain[b"k":b"l"]


def test_more_than_one_transaction_takes(base):
    rows = ((b"k%04d" % number, b"v" * 90_000) for number in range(130))
    last = base.write_in_batches(rows)
    assert base.count((b"k", b"l")) == last.rows == 130
    assert last.size > 10_000_000 and last.transactions >= 11
    assert last.position == 130


def test_none_removes_a_key(base):
    base.plain[b"k1"] = base.plain[b"k2"] = b"old"
    base.write_in_batches([(b"k1", None), (b"k3", b"")])
    assert written(base) == [(b"k2", b"old"), (b"k3", b"")]


def test_keys_and_values_of_subspaces_and_tuples(base):
    space = fdb.Subspace(("k",))
    base.write_in_batches({space[1]: b"one"}.items())
    assert base.plain[space.range()] == [(space.pack((1,)), b"one")]


def test_asynchronous_iterables(base):
    async def rows():
        for row in ROWS:
            yield row

    if base.is_async:
        assert base.write_in_batches(rows(), position_key=POSITION).rows == 400
        assert written(base) == ROWS
        assert base.write_in_batches(rows(), position_key=POSITION).rows == 0
    else:
        with pytest.raises(TypeError, match="the rows must be an iterable of pairs"):
            base.write_in_batches(rows())


def test_no_transaction_is_open_while_the_iterable_is_asked(base):
    def rows():
        for row in ROWS:
            clock.advance(1)
            yield row

    with fdb.testing.clock(base.db) as clock:
        assert base.write_in_batches(rows(), position_key=POSITION, batch_bytes=2000).rows == 400
    assert written(base) == ROWS


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (5, "item 2 of the rows is no pair"),
        ((b"k",), "item 2 of the rows is no pair"),
        ((b"k", b"v", b"w"), "item 2 of the rows is no pair"),
        ((b"k", "text"), "item 2 of the rows is no pair.*must be of type bytes, not str"),
        (("k", b"v"), "item 2 of the rows is no pair.*must be of type bytes, not str"),
    ],
)
def test_what_is_no_row(base, item, text):
    with pytest.raises(TypeError, match=text):
        base.write_in_batches([*ROWS[:2], item], position_key=POSITION)
    assert base.plain[:] == []


def test_what_is_no_iterable(base):
    with pytest.raises(TypeError, match="the rows must be an iterable"):
        base.write_in_batches(5)
    with pytest.raises(TypeError, match="must be of type bytes, not str"):
        base.write_in_batches(ROWS, position_key="text")
    assert base.plain[:] == []


@pytest.mark.parametrize(
    ("row", "code"), [((b"k" * 10_001, b""), 2102), ((b"k", b"v" * 100_001), 2103)]
)
def test_a_row_that_is_too_large(base, row, code):
    with pytest.raises(fdb.FDBError) as failed:
        base.write_in_batches([*ROWS[:2], row], position_key=POSITION)
    assert failed.value.code == code
    assert "one of the items 0 to 2 of the rows is" in str(failed.value)
    assert base.plain[:] == []


class TestPositions:
    def test_what_is_stored(self, base):
        base.write_in_batches(ROWS, position_key=POSITION)
        assert fdb.tuple.unpack(base.plain[POSITION]) == (1, 400, b"k0399")

    def test_going_on(self, base):
        first = base.write_in_batches(iter(ROWS[:150]), position_key=POSITION)
        assert (first.rows, first.position) == (150, 150)
        base.plain[b"k0000"] = b"not written again"
        second = base.write_in_batches(iter(ROWS), position_key=POSITION)
        assert (second.rows, second.position) == (250, 400)
        assert written(base) == [(b"k0000", b"not written again"), *ROWS[1:]]

    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            (ROWS[:100], "says that 150 items are done, and the rows end after 100"),
            (ROWS[1:], "says that item 149 has the key b'k0149', and it has b'k0150'"),
        ],
    )
    def test_other_rows(self, base, rows, text):
        base.write_in_batches(ROWS[:150], position_key=POSITION)
        before = base.plain[:]
        with pytest.raises(ValueError, match=f"the position key b'position' {text}"):
            base.write_in_batches(rows, position_key=POSITION)
        assert base.plain[:] == before

    @pytest.mark.parametrize("stored", [b"", b"text", fdb.tuple.pack((2, 5, b"k")), b"\x15"])
    def test_what_is_no_position(self, base, stored):
        base.plain[POSITION] = stored
        with pytest.raises(
            ValueError, match="under the position key b'position' stands no position"
        ):
            base.write_in_batches(ROWS, position_key=POSITION)
        assert base.plain[:] == [(POSITION, stored)]

    def test_a_row_with_the_position_key(self, base):
        with pytest.raises(ValueError, match="item 1 of the rows has the position key"):
            base.write_in_batches([ROWS[0], (POSITION, b"")], position_key=POSITION)
        assert base.plain[:] == []

    def test_a_second_writer_is_found_out(self, base):
        def interfere(progress):
            base.plain[POSITION] = b"of somebody else"

        with pytest.raises(RuntimeError, match="the position key b'position' was changed while"):
            base.write_in_batches(
                ROWS, position_key=POSITION, batch_bytes=5000, on_progress=interfere
            )
        assert base.plain[POSITION] == b"of somebody else"
        assert 0 < len(written(base)) < 400

    @pytest.mark.parametrize("effect", ["applied", "lost"])
    def test_what_was_committed_is_not_done_again(self, base, monkeypatch, effect):
        on_error = fdb.Transaction.on_error

        def meet_others(tr, error):
            # Between the commit whose result is unknown and the next attempt.
            monkeypatch.setattr(fdb.Transaction, "on_error", on_error)
            base.plain[b"k0000"] = b"of somebody else"
            return tr.on_error(error)

        with fdb.testing.faults(base.db, seed=1) as faults:
            faults.add("commit_unknown_result", times=1, keys=(b"k0001", b"k0002"), effect=effect)
            monkeypatch.setattr(fdb.Transaction, "on_error", meet_others)
            assert base.write_in_batches(ROWS[:2], position_key=POSITION).position == 2
            assert faults.injected["commit_unknown_result"] == 1
        expected = b"of somebody else" if effect == "applied" else ROWS[0][1]
        assert written(base) == [(b"k0000", expected), ROWS[1]]

    @pytest.mark.parametrize("seed", SEEDS)
    def test_killed_here_and_there_under_faults(self, base, seed):
        rng = random.Random(seed)

        class Killed(Exception):
            pass

        def rows():
            for row in ROWS:
                if rng.random() < 0.005:
                    raise Killed
                yield row

        done = 0
        with fdb.testing.faults(base.db, seed=seed) as faults:
            for name in ("not_committed", "process_behind", "transaction_too_old"):
                faults.add(name, probability=0.1)
            faults.add("commit_unknown_result", probability=0.4, effect="either")
            while True:
                try:
                    last = base.write_in_batches(
                        rows(), position_key=POSITION, batch_bytes=rng.randint(2000, 9000)
                    )
                except Killed:
                    done += 1
                else:
                    break
        print("seed", seed, "killed", done)
        assert last.position == 400
        assert written(base) == ROWS


@pytest.mark.parametrize("position_key", [None, POSITION])
def test_it_is_safe_to_retry(memory_db, position_key):
    def write(db):
        # What is returned counts its seconds, which differ.
        last = db.write_in_batches(ROWS[:4], position_key=position_key, batch_bytes=300)
        return last.rows, last.position, last.transactions

    fdb.testing.assert_retry_safe(write, memory_db)
