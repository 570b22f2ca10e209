"""fdb/layers/_blob_store.py: content that has gone, and what was left unfinished."""

from __future__ import annotations

import errno

import pytest

import fdb
import fdb.testing
from fdb.layers import Blob
from fdb.layers._blob_files import PIECE
from helpers.layers import done

SPACE = fdb.Subspace(("blobs",))


def begin(blob, db):
    """Writes more than a piece, and does not finish."""
    file = blob.open(db, "wb")
    done(file.write(bytes(PIECE + 1)))
    return file


def test_what_is_unfinished_is_discarded_by_age(either_db):
    blob = Blob(SPACE, chunk_size=100_000)
    file = begin(blob["a"], either_db)
    begin(blob["b"]["c"], either_db)
    done(blob["d"].write(either_db, b"finished"))
    assert done(blob.discard_unfinished(either_db)) == 0
    assert done(blob.discard_unfinished(either_db, 3600)) == 0
    rows = done(either_db.get_range(SPACE.range(("upload",))))
    for key, value in rows:
        names, seconds = fdb.tuple.unpack(value)
        done(either_db.set(key, fdb.tuple.pack((names, seconds - 3700))))
    with fdb.testing.faults(either_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        assert done(blob.discard_unfinished(either_db, 3600)) == 2
    assert len(done(either_db.get_range(SPACE.range(("data",))))) == 1
    assert done(blob["d"].read(either_db)) == b"finished"
    with pytest.raises(OSError, match="was discarded as unfinished") as caught:
        done(file.close())
    assert caught.value.errno == errno.ESTALE
    assert done(blob["a"].read(either_db)) is None


def test_chunks_that_are_missing_are_noticed():
    blob = Blob(SPACE, chunk_size=4)
    with fdb.testing.temporary_database() as db:
        blob.write(db, b"0123456789")
        first, *_ = [row.key for row in db.get_range(SPACE.range(("data",)))]
        del db[first]
        with pytest.raises(OSError, match="was removed while it was read") as caught:
            blob.read(db)
        assert caught.value.errno == errno.ESTALE
        assert blob.read(db, 4) == b"456789"
