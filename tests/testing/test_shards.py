"""shards: what programs that ask where keys are find."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb import locality
from fdb.testing._shards import shards
from helpers.databases import code_of, fill

STATS = b"\xff\xff/metrics/data_distribution_stats/"
ADDRESSES = ["10.0.0.1:4500", ["10.0.0.2:4501", "[::1]:4502"], None]


@pytest.fixture
def cut(memory_db: fdb.Database) -> Iterator[fdb.Database]:
    with shards(memory_db, [b"g", b"p"], ADDRESSES):
        yield memory_db


def boundaries(db: Any, begin: bytes = b"", end: bytes = b"\xff") -> list[bytes]:
    return list(locality.get_boundary_keys(db, begin, end))


@fdb.transactional
def statistics(tr: fdb.Transaction) -> dict[bytes, int]:
    rows = tr.get_range_startswith(STATS)
    return {row.key[len(STATS) :]: json.loads(bytes(row.value))["shard_bytes"] for row in rows}


@fdb.transactional
def split(tr: fdb.Transaction, begin: bytes, end: bytes, chunk: int) -> list[bytes]:
    return [bytes(point) for point in tr.get_range_split_points(begin, end, chunk).wait()]


def test_boundaries(cut: fdb.Database) -> None:
    assert boundaries(cut) == [b"", b"g", b"p"]
    assert boundaries(cut, b"a", b"p") == [b"g"]
    assert boundaries(cut, b"g", b"p\x00") == [b"g", b"p"]
    assert boundaries(cut, b"", b"\xff\xff\xff") == [b"", b"g", b"p", b"\xff\xff"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"", [b"10.0.0.1:4500"]),
        (b"fzz", [b"10.0.0.1:4500"]),
        (b"g", [b"10.0.0.2:4501", b"[::1]:4502"]),
        (b"o\xff\xff", [b"10.0.0.2:4501", b"[::1]:4502"]),
        (b"p", [b"127.0.0.1:4500"]),
        (b"\xff/anything", [b"127.0.0.1:4500"]),
        (b"\xff\xff", []),
    ],
)
def test_addresses(cut: fdb.Database, key: bytes, expected: list[bytes]) -> None:
    assert locality.get_addresses_for_key(cut, key).wait() == expected


def test_split_points_are_at_boundaries_too(cut: fdb.Database) -> None:
    assert split(cut, b"a", b"z", 1000) == [b"a", b"g", b"p", b"z"]
    assert split(cut, b"g", b"p", 1000) == [b"g", b"p"]
    assert split(cut, b"h", b"i", 1000) == [b"h", b"i"]
    for start in range(0, 1000, 100):
        fill(cut, ((b"a%04d" % number, bytes(400)) for number in range(start, start + 100)))
    points = split(cut, b"a", b"z", 100_000)
    assert points == sorted(set(points))
    assert points[0] == b"a" and points[-3:] == [b"g", b"p", b"z"]
    assert 3 <= len([point for point in points if point.startswith(b"a0")]) <= 5


def test_a_row_of_statistics_for_each_shard(cut: fdb.Database) -> None:
    fill(cut, [(b"a", bytes(9)), (b"h", bytes(99)), (b"z", bytes(999))])
    assert statistics(cut) == {b"": 10, b"g": 100, b"p": 1000}


def test_data_is_read_across_boundaries(cut: fdb.Database) -> None:
    rows = [(bytes([letter]), b"v") for letter in range(ord("a"), ord("z"))]
    fill(cut, rows)
    assert [(row.key, row.value) for row in cut[b"":b"\xff"]] == rows
    cut.clear_range(b"b", b"y")
    assert [row.key for row in cut[b"":b"\xff"]] == [b"a", b"y"]


def test_one_shard_again(memory_db: fdb.Database) -> None:
    before = memory_db.create_transaction()
    before.options.set_read_system_keys()
    rows = before.get_range(b"\xff/keyServers/", b"\xff/keyServers0").to_list()
    with shards(memory_db, [b"g"], [None, "10.0.0.1:4500"]) as parts:
        assert repr(memory_db) in repr(parts)
        shards(memory_db, [b"x", b"y"])
        assert boundaries(memory_db) == [b"", b"x", b"y"]
        assert locality.get_addresses_for_key(memory_db, b"g").wait() == [b"127.0.0.1:4500"]
        parts.join()
        assert boundaries(memory_db) == [b""]
    after = memory_db.create_transaction()
    after.options.set_read_system_keys()
    assert after.get_range(b"\xff/keyServers/", b"\xff/keyServers0").to_list() == rows


def test_subspaces_and_async_databases(memory_name: str) -> None:
    users, orders = fdb.Subspace(("users",)), fdb.Subspace(("orders",))

    async def main() -> None:
        db = fdb.open(memory_name, event_model="asyncio")
        with shards(db, [orders, users], ["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3"]):
            found = [key async for key in locality.get_boundary_keys(db, b"", b"\xff")]
            assert found == [b"", orders.key(), users.key()]
            addresses = await locality.get_addresses_for_key(db, users.pack((1,)))
            assert addresses == [b"10.0.0.3:3"]

    asyncio.run(main())


def test_tenants_see_the_shards_of_their_keys(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    prefix = tenant.get_id().wait().to_bytes(8, "big")
    with shards(tenant, [prefix + b"g"], ["10.0.0.1:4500", "10.0.0.2:4500"]):
        assert locality.get_addresses_for_key(tenant, b"f").wait() == [b"10.0.0.1:4500"]
        assert locality.get_addresses_for_key(tenant, b"g").wait() == [b"10.0.0.2:4500"]
        assert split(tenant, b"a", b"z", 1000) == [b"a", b"g", b"z"]


def test_a_cut_is_a_commit_that_conflicts_with_who_reads_the_rows(memory_db: fdb.Database) -> None:
    tr = memory_db.create_transaction()
    tr.options.set_read_system_keys()
    assert len(tr.get_range_startswith(b"\xff/keyServers/").to_list()) == 2
    tr[b"k"] = b""
    with shards(memory_db, [b"g"]):
        assert code_of(tr.commit().wait) == 1020


def test_a_file_keeps_its_boundaries(tmp_path: Any) -> None:
    for sync in ("full", "off"):
        name = f"file:{tmp_path}/{sync}.fdb?sync={sync}"
        with fdb.open(name) as db:
            shards(db, [b"g", b"p"], ADDRESSES)
            assert locality.get_addresses_for_key(db, b"a").wait() == [b"10.0.0.1:4500"]
        with fdb.open(name) as db:
            assert boundaries(db) == [b"", b"g", b"p"]
            assert locality.get_addresses_for_key(db, b"a").wait() == [b"127.0.0.1:4500"]
            with shards(db, []):
                assert boundaries(db) == [b""]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([b"b", b"a"], r"keys must ascend, but b'a' comes after b'b'"),
        ([b"a", b"a"], r"keys must ascend"),
        ([b"a", b""], r"keys\[1\] must be above the empty key"),
        ([b"\xff"], r"keys\[0\] must be .* below b'\\xff', not b'\\xff'"),
        ([b"\xff/x"], r"keys\[0\] must be"),
    ],
)
def test_keys_that_make_no_shards(memory_db: fdb.Database, keys: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        shards(memory_db, keys)
    assert boundaries(memory_db) == [b""]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["a"], r"keys\[0\] must be bytes or a Subspace, not str"),
        ([b"a", ("b",)], r"keys\[1\] must be bytes or a Subspace, not tuple"),
        (b"abc", r"keys must be a list of keys, not one bytes"),
        (fdb.Subspace(("s",)), r"keys must be a list of keys, not one Subspace"),
    ],
)
def test_what_is_no_key(memory_db: fdb.Database, keys: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        shards(memory_db, keys)


@pytest.mark.parametrize(
    "address",
    ["", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "host:4500", "::1:4500"]
    + [
        "[::1]",
        "[10.0.0.1]:4500",
        "10.0.0.1:4500,10.0.0.2:4500",
        "10.0.0.1:4500:tls",
        "[fe80::1%eth0]:4500",
    ],
)
def test_what_is_no_address(memory_db: fdb.Database, address: str) -> None:
    with pytest.raises(ValueError, match=r"addresses\[0\] must be an address as in"):
        shards(memory_db, [], [address])


@pytest.mark.parametrize(
    ("addresses", "error", "text"),
    [
        ([None], ValueError, r"addresses must have 2 entries, one for each shard .*, not 1"),
        ([None, []], ValueError, r"addresses\[1\] must not be empty"),
        ([None, 1], TypeError, r"addresses\[1\] must be a str, a list of them or None, not int"),
        ([None, [b"x"]], TypeError, r"addresses\[1\] must be of str, not bytes"),
        ("10.0.0.1:4500", TypeError, r"addresses must be a list .*, not str"),
    ],
)
def test_addresses_that_fit_nothing(
    memory_db: fdb.Database, addresses: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        shards(memory_db, [b"g"], addresses)


def test_clusters_have_shards_of_their_own(stub_db: fdb.Database) -> None:
    with pytest.raises(RuntimeError, match=r"shards\(\) is for databases of the embedded engine"):
        shards(stub_db, [b"g"])


def test_a_database_that_is_closed(memory_name: str) -> None:
    db = fdb.open(memory_name)
    with shards(db, [b"g"]) as parts:
        db.close()
        with pytest.raises(RuntimeError, match="closed"):
            parts.join()
