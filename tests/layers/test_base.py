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


@pytest.mark.parametrize("source", [None, "memory:", b"key"])
def test_what_an_operation_cannot_run_on_is_refused(source):
    blob = fdb.layers.Blob(("blobs",))
    index = fdb.layers.Index(("index",), lambda *_: None)
    for operation in (
        fdb.layers.Counter(("counter",)).add,
        blob.read,
        blob.open,
        lambda source: blob.open(source, "wb"),
        lambda source: blob.write(source, b""),
        lambda source: blob.write(source, bytes(2_000_000)),
        fdb.layers.Records(("records",), index).build,
    ):
        with pytest.raises(TypeError, match="a Database, (a )?Tenant or"):
            operation(source)


def test_operations_count_once_in_every_form_of_a_transaction():
    counter = fdb.layers.Counter(("counter",))
    with fdb.testing.temporary_database() as db:
        with fdb.testing.faults(db, seed=1) as faults:
            faults.add("commit_unknown_result", probability=0.6)
            for _ in range(10):
                for attempt in db.attempts():
                    with attempt as tr:
                        counter.add(tr)
                db.run(counter.add, 10, timeout=60)
        assert counter.get(db) == 110


def test_greenlets_wait_alone():
    pytest.importorskip("gevent")
    import gevent

    counter, blob = fdb.layers.Counter(("counter",)), fdb.layers.Blob(("blobs",))
    with fdb.testing.temporary_database(event_model="gevent") as db:
        fdb.embedded.set_latency(db, 0.001)

        def work(number):
            blob[number].write(db, bytes(1_500_000))
            with blob[number].open(db) as file:
                assert len(file.read()) == 1_500_000
            counter.add(db, number)

        gevent.joinall([gevent.spawn(work, number) for number in range(4)], raise_error=True)
        assert counter.get(db) == 6


def test_what_operations_give_says_what_it_is():
    space = fdb.Subspace(("looks",))
    blob, queue = fdb.layers.Blob(space[1]), fdb.layers.Queue(space[2])
    lease, stream = fdb.layers.Lease(space[3]), fdb.layers.Stream(space[4])
    with fdb.testing.temporary_database() as db:
        of = f"of {db!r}"
        with blob["a"].open(db, "wb") as writer:
            assert repr(writer) == f"<BlobWriter of the blob at {space[1].pack(('a',))!r} {of}>"
        with blob["a"].open(db) as reader:
            assert repr(reader.raw) == f"<BlobReader of the blob at {space[1].pack(('a',))!r} {of}>"
        with queue.worker(db) as worker:
            assert repr(worker) == f"<QueueWorker of the queue at {space[2].key()!r} {of}>"
        assert repr(worker).endswith(f"{of}, closed>")
        with lease.hold(db) as grant:
            assert grant.name == ""
        assert repr(lease.hold(db)) == f"<Hold of {lease!r} {of}>"
        with stream.subscribe(db) as events:
            assert repr(events) == f"<Subscription to the stream at {space[4].key()!r} {of}>"
        assert repr(events).endswith(f"{of}, closed>")
    with fdb.testing.temporary_database(event_model="asyncio") as adb:
        of = f"of {adb!r}"
        for thing, text in (
            (blob.open(adb, "wb"), f"<AsyncBlobWriter of the blob at {space[1].key()!r} {of}>"),
            (blob.open(adb), f"<AsyncBlobReader of the blob at {space[1].key()!r} {of}>"),
            (queue.worker(adb), f"<AsyncQueueWorker of the queue at {space[2].key()!r} {of}>"),
            (
                stream.subscribe(adb),
                f"<AsyncSubscription to the stream at {space[4].key()!r} {of}>",
            ),
        ):
            assert repr(thing) == text
