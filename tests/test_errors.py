"""fdb/_errors.py: FDBError, its texts, and the predicates."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

import fdb
import fdb.embedded


def test_error() -> None:
    error = fdb.FDBError(1007)
    assert error.code == 1007
    assert str(error) == "Transaction is too old to perform reads or be committed (1007)"
    assert repr(error) == "FDBError(1007)"
    assert isinstance(error, Exception)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "Success"),
        (-1, "An unknown error occurred"),
        (30001, "An unknown error occurred"),
        (29999, "UNKNOWN_ERROR"),
    ],
)
def test_texts_of_odd_codes(code: int, text: str) -> None:
    assert fdb.FDBError(code).description == text


def test_detail_follows_the_description() -> None:
    error = fdb.FDBError(2204, "no such function")
    assert str(error).endswith("(2204): no such function")


def test_errors_can_be_copied_and_pickled() -> None:
    for error in (fdb.FDBError(1020), fdb.FDBError(2204, "why")):
        for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert (twin.code, str(twin)) == (error.code, str(error))


@pytest.mark.parametrize(
    ("code", "retryable", "maybe", "not_committed"),
    [
        (1020, True, False, True),
        (1007, True, False, True),
        (1021, True, True, False),
        (1039, True, True, False),
        (1242, True, False, True),
        (1031, False, False, False),
        (1022, False, False, False),
        (2000, False, False, False),
        (0, False, False, False),
    ],
)
def test_predicates(code: int, retryable: bool, maybe: bool, not_committed: bool) -> None:
    error = fdb.FDBError(code)
    assert fdb.predicates.is_retryable(error) is retryable
    assert fdb.predicates.is_maybe_committed(error) is maybe
    assert fdb.predicates.is_retryable_not_committed(error) is not_committed


def test_predicates_take_anything_with_a_code() -> None:
    class Coded:
        code = 1020

    assert fdb.predicates.is_retryable(Coded())


class TestACommitThatIsTooLarge:
    """Its error says how large it was, and what writes more."""

    @pytest.fixture(params=[None, (0.001, 0.002)])
    def both(self, request, memory_db, memory_name):
        if request.param is not None:
            fdb.embedded.set_latency(memory_db, *request.param)
        memory_db.options.set_transaction_size_limit(1000)
        async_db = fdb.open(memory_name, event_model="asyncio")
        async_db.options.set_transaction_size_limit(1000)
        return memory_db, async_db

    @staticmethod
    def check(failed):
        assert failed.value.code == 2101
        assert "the commit has about 49" in str(failed.value)
        assert "write_in_batches() of a database" in str(failed.value)

    @staticmethod
    def write(tr):
        tr[b"k"] = b"v" * 4900

    def test_blocking(self, both):
        db, _ = both
        for call in (lambda: db.set(b"k", b"v" * 4900), lambda: fdb.transactional(self.write)(db)):
            with pytest.raises(fdb.FDBError) as failed:
                call()
            self.check(failed)
        tr = db.create_transaction()
        self.write(tr)
        commit = tr.commit()
        del tr
        for _ in range(2):
            with pytest.raises(fdb.FDBError) as failed:
                commit.wait()
            self.check(failed)

    def test_in_a_loop(self, both):
        _, db = both

        @fdb.transactional
        async def write(tr):
            self.write(tr)

        async def main():
            for call in (lambda: db.set(b"k", b"v" * 4900), lambda: write(db)):
                with pytest.raises(fdb.FDBError) as failed:
                    await call()
                self.check(failed)
            tr = db.create_transaction()
            self.write(tr)
            with pytest.raises(fdb.FDBError) as failed:
                await tr.commit()
            self.check(failed)
            with pytest.raises(fdb.FDBError) as failed:
                await tr.on_error(2101)
            self.check(failed)

        asyncio.run(main())

    def test_where_the_size_is_not_known(self, both):
        assert "write_in_batches() of a database" in str(fdb.FDBError(2101))
        db, _ = both
        tr = db.create_transaction()
        self.write(tr)
        commit = tr.commit()
        commit.block_until_ready()
        tr.reset()
        with pytest.raises(fdb.FDBError) as failed:
            commit.wait()
        assert "the commit has" not in str(failed.value)
