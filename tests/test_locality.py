"""Shard boundaries and the servers of a key."""

from __future__ import annotations

import asyncio

import pytest

import fdb
from fdb import locality


@pytest.fixture
def boundaries(db):
    """All shard boundaries, read directly."""

    @fdb.transactional
    def read(tr):
        tr.options.set_read_system_keys()
        prefix = b"\xff/keyServers/"
        return [row.key[len(prefix) :] for row in tr.get_range_startswith(prefix)]

    return read(db)


def test_boundaries_of_everything(db, boundaries):
    keys = list(locality.get_boundary_keys(db, b"", b"\xff"))
    assert keys == [key for key in boundaries if key < b"\xff"]
    assert keys[0] == b""


def test_begin_is_inclusive_and_end_is_exclusive(db, boundaries):
    first, last = boundaries[0], boundaries[-1]
    assert list(locality.get_boundary_keys(db, first, last)) == boundaries[:-1]
    assert list(locality.get_boundary_keys(db, first + b"\x00", last + b"\x00")) == boundaries[1:]


def test_empty_ranges(db):
    assert list(locality.get_boundary_keys(db, b"b", b"a")) == []
    assert list(locality.get_boundary_keys(db, b"b", b"b")) == []


def test_with_a_transaction(db):
    tr = db.create_transaction()
    expected = list(locality.get_boundary_keys(db, b"", b"\xff"))
    assert list(locality.get_boundary_keys(tr, b"", b"\xff")) == expected
    # Its own options and state are as they were: it may still not read system keys.
    with pytest.raises(fdb.FDBError) as caught:
        tr[b"\xff/keyServers/"].wait()
    assert caught.value.code == 2004


def test_a_cancelled_transaction_gives_its_error(db):
    tr = db.create_transaction()
    tr.cancel()
    with pytest.raises(fdb.FDBError) as caught:
        locality.get_boundary_keys(tr, b"", b"\xff")
    assert caught.value.code == 1025


def test_the_scan_goes_on_when_its_version_grows_too_old(db, monkeypatch):
    """A server with many shards is imitated: rows, then 1007, then the rest."""
    requests = []

    class Rows:
        def __init__(self, rows, error):
            self.rows, self.error = rows, error

        def __iter__(self):
            yield from self.rows
            if self.error:
                raise fdb.FDBError(self.error)

    prefix = b"\xff/keyServers/"
    answers = [
        Rows([], 1007),  # nothing was read, so on_error decides
        Rows([fdb.KeyValue(prefix + b"a", b""), fdb.KeyValue(prefix + b"b", b"")], 1007),
        Rows([fdb.KeyValue(prefix + b"c", b"")], None),
    ]

    def begin_scan(tr, begin, end):
        requests.append((tr, begin, end))
        return answers[len(requests) - 1]

    monkeypatch.setattr(locality, "_begin_scan", begin_scan)
    assert list(locality.get_boundary_keys(db, b"", b"\xff")) == [b"a", b"b", b"c"]
    assert [(begin, end) for _, begin, end in requests] == [
        (b"", b"\xff"),
        (b"", b"\xff"),
        (b"b\x00", b"\xff"),
    ]
    assert requests[0][0] is requests[1][0]
    assert requests[2][0] is not requests[0][0]


def test_other_errors_that_no_retry_helps_are_raised(db, monkeypatch):
    def begin_scan(tr, begin, end):
        tr.cancel()
        return tr.get_range(begin, end)

    monkeypatch.setattr(locality, "_begin_scan", begin_scan)
    with pytest.raises(fdb.FDBError) as caught:
        list(locality.get_boundary_keys(db, b"", b"\xff"))
    assert caught.value.code == 1025


def test_keys_are_converted_or_refused(db):
    space = fdb.Subspace(rawPrefix=b"")
    assert next(iter(locality.get_boundary_keys(db, space, b"\xff"))) == b""
    for begin, end in (("a", b"b"), (b"a", None)):
        with pytest.raises(TypeError, match="Key must be of type bytes"):
            locality.get_boundary_keys(db, begin, end)


def test_addresses(db):
    addresses = locality.get_addresses_for_key(db, b"key").wait()
    assert addresses
    assert all(isinstance(address, bytes) and b":" in address for address in addresses)
    tr = db.create_transaction()
    assert locality.get_addresses_for_key(tr, b"key").wait() == addresses


def key_before(key):
    """A key that sorts before `key`, with nothing of a short form in between."""
    return key[:-1] + (bytes((key[-1] - 1,)) + b"\xff" if key[-1] else b"")


def test_both_ends_of_a_shard_have_the_same_addresses(db):
    keys = [*locality.get_boundary_keys(db, b"", b"\xff"), b"\xff"]
    tr = db.create_transaction()
    for begin, end in zip(keys, keys[1:], strict=False):
        first = locality.get_addresses_for_key(tr, begin).wait()
        last = locality.get_addresses_for_key(tr, key_before(end)).wait()
        assert set(first) == set(last)


def test_asyncio(async_db, boundaries):
    async def main():
        keys = [key async for key in locality.get_boundary_keys(async_db, b"", b"\xff")]
        tr = async_db.create_transaction()
        again = [key async for key in locality.get_boundary_keys(tr, b"", b"\xff")]
        nothing = [key async for key in locality.get_boundary_keys(async_db, b"b", b"a")]
        addresses = await locality.get_addresses_for_key(async_db, b"key")
        assert await locality.get_addresses_for_key(tr, b"key") == addresses
        return keys, again, nothing, addresses

    keys, again, nothing, addresses = asyncio.run(main())
    assert keys == again == [key for key in boundaries if key < b"\xff"]
    assert nothing == []
    assert addresses
