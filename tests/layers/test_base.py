"""fdb/layers/_base.py: how layers are given their subspace, and what runs their operations."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from fdb.layers import _base
from fdb.layers._once import Receipts


@pytest.mark.parametrize(
    "given", [fdb.Subspace(("a",)), b"\x02a\x00", ("a",)], ids=["subspace", "bytes", "tuple"]
)
def test_a_subspace_is_given_in_several_ways(given):
    assert _base.subspace_of(given, "Counter") == fdb.Subspace(("a",))


def test_directories_are_subspaces_and_partitions_are_not():
    with fdb.testing.temporary_database() as db:
        directory = fdb.directory.create(db, "a")
        assert _base.subspace_of(directory, "Counter").key() == directory.key()
        partition = fdb.directory.create(db, "b", layer=b"partition")
        with pytest.raises(fdb.directory_impl.DirectoryPartitionError):
            _base.subspace_of(partition, "Counter")


def test_what_is_no_subspace_is_refused():
    with pytest.raises(TypeError, match="subspace of a Counter must be .* not 'text'"):
        _base.subspace_of("text", "Counter")  # type: ignore[arg-type]
    for everything in (fdb.Subspace(), b"", ()):
        with pytest.raises(ValueError, match="subspace of a Counter must have a prefix"):
            _base.subspace_of(everything, "Counter")


def test_a_snapshot_reads_and_does_not_write():
    def steps(tr):
        return (yield tr.get(b"a"))

    with fdb.testing.temporary_database() as db:
        db[b"a"] = b"x"
        tr = db.create_transaction()
        assert _base.read(tr.snapshot, steps) == b"x"
        with pytest.raises(TypeError, match="a snapshot can only read"):
            _base.write(tr.snapshot, steps)
        assert _base.write(tr, steps) == b"x"


@pytest.mark.parametrize("effect", ["applied", "lost"])
def test_steps_take_effect_once(effect):
    def steps(tr):
        tr.add(b"a", b"\x01")
        return
        yield

    with fdb.testing.temporary_database() as db:
        with fdb.testing.faults(db) as faults:
            faults.add("commit_unknown_result", times=1, effect=effect)
            _base.write(db, _base.once(Receipts(b"receipts/"), steps))
        assert db[b"a"] == b"\x01"
