"""What operations conflict with: exactly the keys that the format has them read and write."""

from __future__ import annotations

from fdb.tuple import pack

READS = b"\xff\xff/transaction/read_conflict_range/"
WRITES = b"\xff\xff/transaction/write_conflict_range/"


def conflicting(tr, which):
    """The begins of the conflict ranges of a transaction, each of which is a single key here or begins as one."""
    rows = tr.get_range(which, which + b"\xff")
    return [row.key[len(which) :] for row in rows if row.value == b"1"]


def node(layer, prefix):
    return pack((prefix,), layer._store.nodes.key())


def entry(parent, name):
    return pack((0, name), parent)


def layer_of(of):
    return pack((b"layer",), of)


def test_what_is_read_to_open(db, layer):
    a, b = layer.create(db, "a"), layer.create(db, ("a", "b"))
    root, version = layer._store._root.key(), layer._store._version_key
    tr = db.create_transaction()
    layer.open(tr, ("a", "b"))
    at_a, at_b = node(layer, a.key()), node(layer, b.key())
    expected = [version, entry(root, "a"), layer_of(at_a), entry(at_a, "b"), layer_of(at_b)]
    assert conflicting(tr, READS) == sorted(expected)
    assert conflicting(tr, WRITES) == []


def test_what_is_read_and_written_to_move(db, layer):
    a, b = layer.create(db, "a"), layer.create(db, "b")
    root, version = layer._store._root.key(), layer._store._version_key
    tr = db.create_transaction()
    layer.move(tr, "a", ("b", "c"))
    at_a, at_b = node(layer, a.key()), node(layer, b.key())
    expected = [version, entry(root, "a"), layer_of(at_a), entry(root, "b"), layer_of(at_b)]
    assert conflicting(tr, READS) == sorted([*expected, entry(at_b, "c")])
    assert conflicting(tr, WRITES) == sorted([entry(root, "a"), entry(at_b, "c")])


def test_what_is_read_and_written_to_create(db, layer):
    a = layer.create(db, "a")
    root, version = layer._store._root.key(), layer._store._version_key
    tr = db.create_transaction()
    made = layer.create(tr, ("a", "b"), prefix=None)
    at_a, at_made = node(layer, a.key()), node(layer, made.key())
    number = made.key()[len(layer._store.content.key()) :]
    recent = layer._store._allocator.recent.key() + number
    reads = [version, entry(root, "a"), layer_of(at_a), entry(at_a, "b"), made.key(), recent]
    # A candidate that was taken is read, too.
    assert set(reads) <= {*conflicting(tr, READS)}
    others = {*conflicting(tr, READS)} - {*reads}
    assert all(key.startswith(layer._store._allocator.recent.key()) for key in others)
    (counter,) = {*conflicting(tr, WRITES)} - {recent, entry(at_a, "b"), layer_of(at_made)}
    assert counter.startswith(layer._store._allocator.counters.key())
