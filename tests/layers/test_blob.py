"""fdb/layers/_blob.py: bytes in chunks, whole and in part, with versions, whatever goes wrong."""

from __future__ import annotations

import asyncio
import random

import pytest

import fdb
import fdb.testing
from fdb.layers import Blob, BlobVersion
from fdb.layers._blob_files import PIECE
from helpers.layers import calm, done, in_trouble, seeds
from helpers.threads import in_threads

SPACE = fdb.Subspace(("blobs",))


def content(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


def keys_of(db, kind):
    """Those of a kind of rows: receipts are there for a while."""
    return [row.key for row in done(db.get_range(SPACE.range((kind,))))]


@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 100, 12345])
def test_what_was_written_is_read(either_db, length):
    blob, data = Blob(SPACE, chunk_size=10), content(length)
    assert done(blob.read(either_db)) is None and done(blob.size(either_db)) is None
    done(blob.write(either_db, data))
    assert done(blob.read(either_db)) == data
    assert done(blob.size(either_db)) == length
    done(blob.write(either_db, memoryview(bytearray(b"short"))))
    assert done(blob.read(either_db)) == b"short"
    assert len(keys_of(either_db, "data")) == len(keys_of(either_db, "version")) == 1
    done(blob.delete(either_db))
    done(blob.delete(either_db))
    assert done(blob.read(either_db)) is None
    assert keys_of(either_db, "data") == keys_of(either_db, "version") == []


def test_ranges_read_their_chunks_only():
    blob, data = Blob(SPACE, chunk_size=10), content(95)
    with fdb.testing.temporary_database() as db:
        blob.write(db, data)
        for start in (0, 1, 9, 10, 50, 94, 95, 200):
            for length in (0, 1, 9, 10, 11, 45, 1000):
                assert blob.read(db, start, length) == data[start : start + length]
        assert blob.read(db, 42) == data[42:]
        with fdb.testing.record(db) as log:
            blob.read(db, 25, 10)
        reads = [read for attempt in log.attempts for read in attempt.reads]
        assert sum(read.rows for read in reads) == 3


def test_blobs_within_a_blob_are_independent():
    blob = Blob(SPACE)
    with fdb.testing.temporary_database() as db:
        for number, each in enumerate((blob, blob["a"], blob["a"]["b"], blob[1])):
            each.write(db, b"%d" % number)
        blob["a"].delete(db)
        assert [each.read(db) for each in (blob, blob["a"], blob["a"]["b"], blob[1])] == [
            *(b"0", None, b"2", b"3")
        ]
    assert repr(blob["a"]) == f"Blob({SPACE!r}, chunk_size=10000, versioned=False)['a']"


def test_the_keys_are_as_documented():
    with fdb.testing.temporary_database() as db:
        Blob(SPACE, chunk_size=4)["a"].write(db, b"123456")
        [(key, value)] = db.get_range(SPACE.range(("version",)))
        assert SPACE.unpack(key) == ("version", ("a",), 1)
        _, content_id, size, chunk_size = fdb.tuple.unpack(value)
        assert (size, chunk_size) == (6, 4)
        rows = [(SPACE.unpack(key), value) for key, value in db.get_range(SPACE.range(("data",)))]
        assert rows == [
            (("data", ("a",), content_id, 0), b"1234"),
            (("data", ("a",), content_id, 1), b"56"),
        ]
        db[key] = fdb.tuple.pack((2, content_id, size, chunk_size))
        with pytest.raises(ValueError, match="a blob of format 2, and this is format 1"):
            Blob(SPACE)["a"].read(db)


def test_versions_are_kept_when_asked(either_db):
    blob = Blob(SPACE, versioned=True, chunk_size=3)
    assert done(blob.versions(either_db)) == []
    for length in range(1, 6):
        done(blob.write(either_db, content(length)))
    assert done(blob.versions(either_db)) == [BlobVersion(n, n) for n in range(1, 6)]
    assert done(blob.read(either_db)) == content(5)
    assert done(blob.read(either_db, 1, 2, version=4)) == content(4)[1:3]
    assert (done(blob.size(either_db, version=2)), done(blob.size(either_db, version=9))) == (
        2,
        None,
    )
    done(blob.prune(either_db, 2))
    assert done(blob.versions(either_db)) == [(4, 4), (5, 5)]
    assert done(blob.read(either_db, version=3)) is None
    done(Blob(SPACE).write(either_db, b"last"))
    assert done(blob.versions(either_db)) == [(6, 4)]
    assert len(keys_of(either_db, "data")) == 1


@pytest.mark.parametrize("length", [PIECE + 1, 3 * PIECE])
def test_what_is_longer_than_a_transaction_shows_at_once(either_db, length):
    blob, data = Blob(SPACE, chunk_size=100_000), content(length)
    done(blob.write(either_db, b"old"))
    with fdb.testing.faults(either_db) as faults:
        faults.add("commit_unknown_result", probability=0.5)
        done(blob.write(either_db, data))
    assert done(blob.read(either_db)) == data
    assert keys_of(either_db, "upload") == []
    with fdb.testing.faults(either_db) as faults:
        faults.add("transaction_timed_out", nth=2, at="commit", effect="lost")
        with pytest.raises(fdb.FDBError, match="1031"):
            done(blob.write(either_db, bytes(length)))
    assert done(blob.read(either_db)) == data
    assert keys_of(either_db, "upload") == []
    assert len(keys_of(either_db, "data")) == -(-length // 100_000)


def test_writing_counts_once_whatever_goes_wrong():
    """Of several writes in several forms all versions are there, each once and in order."""
    for seed in seeds(12):
        blob = Blob(SPACE, chunk_size=7, versioned=True)

        @fdb.transactional
        def write_two(tr, first, second, blob=blob):
            blob.write(tr, first)
            blob.write(tr, second)
            return blob.read(tr)

        datas = [content(length, seed) for length in (5, 30, 0, 8)]
        with in_trouble(seed) as db:
            blob.write(db, datas[0])
            assert write_two(db, datas[1], datas[2]) == datas[2]
            with blob.open(db, "wb") as file:
                file.write(datas[3])
            calm(db)
            found = [blob.read(db, version=number) for number, _ in blob.versions(db)]
            assert found == datas, f"seed {seed}"
            sizes = [-(-len(data) // 7) for data in datas]
            assert len(keys_of(db, "data")) == sum(sizes), f"seed {seed}"


def test_threads_write_and_read_whole_contents():
    blob = Blob(SPACE, chunk_size=5)
    for seed in seeds(3):

        def work(number):
            for _ in range(3):
                blob.write(db, b"%d" % number * (number * 10 + 5))
                read = blob.read(db)
                assert len({*read}) == 1 and len(read) == int(read[:1]) * 10 + 5

        with in_trouble(seed) as db:
            in_threads(3, work)
            assert len(keys_of(calm(db), "version")) == 1


def test_tasks_write_all_versions():
    async def main(db, seed):
        blob = Blob(SPACE, chunk_size=5, versioned=True)
        await asyncio.gather(*(blob.write(db, b"%d" % number) for number in range(5)))
        calm(db)
        versions = await blob.versions(db)
        found = [await blob.read(db, version=version.number) for version in versions]
        assert sorted(found) == [b"%d" % number for number in range(5)], f"seed {seed}"

    for seed in seeds(5):
        with in_trouble(seed, "asyncio") as db:
            asyncio.run(main(db, seed))


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda blob, db: blob.write(db, "text"), TypeError, "content of a blob must be bytes"),
        (lambda blob, db: blob.read(db, -1), ValueError, "start of what is read .* at least 0"),
        (lambda blob, db: blob.read(db, 0, -1), ValueError, "length of what is read"),
        (lambda blob, db: blob.read(db, 1.5), TypeError, "must be an int, not 1.5"),
        (lambda blob, db: blob.read(db, version=0), ValueError, "version of a blob"),
        (lambda blob, db: blob.prune(db, 0), ValueError, "versions to keep must be at least 1"),
        (lambda blob, db: blob.discard_unfinished(db, -1), ValueError, "at least 0 seconds"),
        (lambda blob, db: blob.discard_unfinished(db, "1"), TypeError, "number of seconds"),
        (lambda blob, db: blob.open(db, "a"), ValueError, "must be 'rb' or 'wb', not 'a'"),
        (lambda blob, db: blob.open(db, "wb", version=1), ValueError, "makes a new version"),
        (lambda blob, db: Blob(SPACE, chunk_size=0), ValueError, "chunk size of a Blob"),
        (lambda blob, db: Blob(SPACE, chunk_size=100_001), ValueError, "at most 100000"),
        (lambda blob, db: Blob(None), TypeError, "subspace of a Blob"),
        (
            lambda blob, db: blob.write(db.create_transaction().snapshot, b""),
            TypeError,
            "a snapshot can only read",
        ),
    ],
)
def test_bad_input_names_the_thing_and_writes_nothing(use, error, text):
    with fdb.testing.temporary_database() as db:
        with pytest.raises(error, match=text):
            use(Blob(SPACE), db)
        assert list(db[:]) == []


def test_writing_in_a_function_is_retry_safe():
    blob = Blob(SPACE, chunk_size=4)

    @fdb.transactional
    def copy(tr):
        blob["copy"].write(tr, blob["one"].read(tr))
        return blob["copy"].size(tr)

    with fdb.testing.temporary_database() as db:
        blob["one"].write(db, b"123456")
        chance = [fdb.Subspace((kind,), SPACE.key()) for kind in ("receipt", "data", "version")]
        fdb.testing.assert_retry_safe(copy, db, ignore=[*chance, "blob"])
