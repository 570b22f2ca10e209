"""fdb/layers/_blob_files.py: files over several transactions, in blocking programs and in asyncio."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import random
import shutil

import pytest

import fdb
import fdb.testing
from fdb.layers import Blob
from fdb.layers._blob_files import PIECE
from helpers.layers import calm, in_trouble, seeds

SPACE = fdb.Subspace(("blobs",))
DATA = random.Random(1).randbytes(2 * PIECE + 12345)


@pytest.fixture
def db():
    with fdb.testing.temporary_database() as db:
        yield db


@pytest.fixture
def adb():
    with fdb.testing.temporary_database(event_model="asyncio") as db:
        yield db


def written(blob, db, data=DATA):
    with blob.open(db, "wb") as file:
        file.write(data)
    return blob


def test_a_file_is_copied_in_and_out(db):
    blob, out = Blob(SPACE), io.BytesIO()
    with blob.open(db, "wb") as file:
        shutil.copyfileobj(io.BytesIO(DATA), file)
        assert file.tell() == len(DATA) and file.writable() and not file.readable()
        assert blob.read(db) is None
    with blob.open(db) as file:
        shutil.copyfileobj(file, out)
    assert out.getvalue() == DATA
    assert list(db.get_range(SPACE.range(("upload",)))) == []


def test_reading_and_seeking_is_as_in_a_file(db):
    blob, other = written(Blob(SPACE, chunk_size=777), db), io.BytesIO(DATA)
    draw = random.Random(2)
    with blob.open(db) as file:
        assert file.readable() and file.seekable() and not file.writable()
        assert (file.raw.size, file.raw.version) == (len(DATA), 1)
        for _ in range(100):
            whence = draw.choice([0, 1, 2])
            offset = draw.randrange(-len(DATA) // 2, len(DATA))
            base = (0, other.tell(), len(DATA))[whence]
            if base + offset >= 0:
                assert file.seek(offset, whence) == other.seek(offset, whence)
            length = draw.choice([0, 1, 10, 5000])
            assert file.read(length) == other.read(length)
            assert file.tell() == other.tell()
        file.seek(5)
        assert file.read() == DATA[5:]
        with pytest.raises(ValueError, match="no position -1"):
            file.raw.seek(-1)
        with pytest.raises(ValueError, match="whence must be 0, 1 or 2, not 7"):
            file.raw.seek(0, 7)


def test_text_and_libraries_that_take_files(db):
    blob = Blob(SPACE, chunk_size=5)
    with io.TextIOWrapper(blob.open(db, "w"), encoding="utf-8") as text:
        json.dump({"a": "ä" * 20}, text, ensure_ascii=False)
    with io.TextIOWrapper(blob.open(db, "r"), encoding="utf-8") as text:
        assert json.load(text) == {"a": "ä" * 20}


def test_an_exception_leaves_the_blob_as_it_was(db):
    blob = written(Blob(SPACE), db, b"old")
    with pytest.raises(KeyError), blob.open(db, "wb") as file:
        file.write(DATA)
        raise KeyError
    assert file.closed and blob.read(db) == b"old"
    assert len(list(db.get_range(SPACE.range(("data",))))) == 1
    file.discard()
    file.close()
    with pytest.raises(ValueError, match="closed file"):
        file.write(b"x")


def test_a_file_that_is_forgotten_publishes_nothing(db):
    blob = written(Blob(SPACE), db, b"old")
    file = blob.open(db, "wb")
    file.write(DATA)
    del file
    assert blob.read(db) == b"old"
    assert blob.discard_unfinished(db, 0) in (0, 1)  # begun within this second, or the one before


def test_who_writes_on_after_a_discard_is_told_and_leaves_nothing(db):
    blob = Blob(SPACE)
    file = blob.open(db, "wb")
    file.write(bytes(PIECE))
    tr = db.create_transaction()
    tr.clear_range(SPACE.range(("upload",)))
    tr.clear_range(SPACE.range(("data",)))
    tr.commit().wait()
    with pytest.raises(OSError, match="was discarded as unfinished") as caught:
        file.write(bytes(PIECE))
    assert caught.value.errno == errno.ESTALE
    assert list(db.get_range(SPACE.range(("data",)))) == []


def test_a_reader_keeps_its_version_or_says_that_it_has_gone(db):
    for versioned in (True, False):
        blob = written(Blob(SPACE, versioned=versioned)[versioned], db)
        with blob.open(db) as file:
            assert file.read(10) == DATA[:10]
            blob.write(db, b"new")
            file.seek(PIECE)
            if versioned:
                assert file.read() == DATA[PIECE:]
            else:
                with pytest.raises(OSError, match="was removed while it was read") as caught:
                    file.read()
                assert caught.value.errno == errno.ESTALE
    blob = Blob(SPACE, versioned=True)[True]
    with blob.open(db, version=1) as file:
        assert file.read(5) == DATA[:5]
    assert blob.open(db).read() == b"new"


def test_what_is_not_there_is_not_found(db, adb):
    blob = Blob(SPACE, versioned=True)
    with pytest.raises(FileNotFoundError, match="there is no blob at "):
        blob.open(db)
    written(blob, db, b"1")
    with pytest.raises(FileNotFoundError, match="there is no blob with version 2 at "):
        blob.open(db, version=2)

    async def main():
        with pytest.raises(FileNotFoundError):
            async with blob.open(adb):
                raise AssertionError("it is not there")

    asyncio.run(main())


def test_files_in_a_transaction_are_part_of_it(db):
    blob = Blob(SPACE)

    @fdb.transactional
    def write_twice(tr):
        with blob["a"].open(tr, "wb") as file:
            file.write(bytes(PIECE + 7))
        with blob["b"].open(tr, "wb") as file:
            file.write(blob["a"].open(tr).read(3))
        return blob["a"].size(tr)

    with fdb.testing.faults(db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        assert write_twice(db) == PIECE + 7
    assert (blob["a"].size(db), blob["b"].size(db)) == (PIECE + 7, 3)
    assert len(list(db.get_range(SPACE.range(("data",))))) == 101 + 1
    assert list(db.get_range(SPACE.range(("upload",)))) == []


def test_files_in_asyncio(adb):
    blob = Blob(SPACE, chunk_size=1000)

    async def main():
        async with blob.open(adb, "wb") as file:
            for at in range(0, len(DATA), 54321):
                await file.write(DATA[at : at + 54321])
            assert file.tell() == len(DATA)
            assert await blob.read(adb) is None
        other, draw = io.BytesIO(DATA), random.Random(3)
        async with blob.open(adb) as file:
            assert (await file.size(), await file.version()) == (len(DATA), 1)
            for _ in range(60):
                if draw.random() < 0.4:
                    whence = draw.choice([0, 1, 2])
                    offset = draw.randrange(-1000, len(DATA))
                    if (0, other.tell(), len(DATA))[whence] + offset >= 0:
                        assert await file.seek(offset, whence) == other.seek(offset, whence)
                length = draw.choice([0, 1, 10, 5000, 200_000])
                assert await file.read(length) == other.read(length)
                assert file.tell() == other.tell()
            await file.seek(11)
            assert await file.read(2) + await file.read() == DATA[11:]
            assert await file.read(1) == b""
        with pytest.raises(ValueError, match="closed file"):
            await file.read(1)
        with pytest.raises(KeyError):
            async with blob.open(adb, "wb") as file:
                await file.write(DATA)
                raise KeyError
        await file.close()
        with pytest.raises(ValueError, match="closed file"):
            await file.write(b"x")
        assert await blob.size(adb) == len(DATA)
        assert await adb.get_range(SPACE.range(("upload",))) == []

    asyncio.run(main())


def test_files_are_whole_whatever_goes_wrong():
    data = DATA[: PIECE + 1000]
    for seed in seeds(3):
        blob = Blob(SPACE, chunk_size=100_000)
        with in_trouble(seed) as db:
            written(blob, db, data)
            with blob.open(db) as file:
                assert file.read() == data, f"seed {seed}"
            calm(db)
            assert len(list(db.get_range(SPACE.range(("data",))))) == 11, f"seed {seed}"
            assert blob.versions(db) == [(1, len(data))], f"seed {seed}"
            assert list(db.get_range(SPACE.range(("upload",)))) == [], f"seed {seed}"
