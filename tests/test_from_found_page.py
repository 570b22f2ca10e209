"""docs/guides/from-asyncio-foundationdb.md: every name of that package is on the page, and what its stores wrote is read."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import fdb
import fdb.tuple
from helpers.pages import blocks
from helpers.paths import ROOT

PAGE = ROOT / "docs" / "guides" / "from-asyncio-foundationdb.md"
TEXT = PAGE.read_text()
#: What each module of asyncio-foundationdb 0.13.0 offers, and what 0.12.0 did.
NAMES = {
    "found": (
        "BaseFoundException FoundException KeySelector Hooks Transaction TransactionStats Versionstamp make_hooks "
        "MAX_SIZE_TRANSACTION MAX_SIZE_KEY MAX_SIZE_VALUE HEADER_VERSION VERSION CONFLICT_RANGE_TYPE_READ "
        "CONFLICT_RANGE_TYPE_WRITE STREAMING_MODE_WANT_ALL STREAMING_MODE_ITERATOR STREAMING_MODE_EXACT "
        "STREAMING_MODE_SMALL STREAMING_MODE_MEDIUM STREAMING_MODE_LARGE STREAMING_MODE_SERIAL "
        "ERROR_PREDICATE_RETRYABLE ERROR_PREDICATE_MAYBE_COMMITTED ERROR_PREDICATE_RETRYABLE_NOT_COMMITTED "
        "has_incomplete_versionstamp pack pack_with_versionstamp unpack add append_if_fits bit_and bit_or bit_xor "
        "byte_max byte_min max min compare_and_clear set_versionstamped_key set_versionstamped_value "
        "add_conflict_range add_network_thread_completion_hook cancel clear commit database_set_option "
        "error_predicate estimated_size_bytes get get_addresses_for_key get_approximate_size get_client_version "
        "get_committed_version get_key get_range_split_points get_versionstamp gt gte lt lte make_transaction "
        "network_set_option next_prefix on_error open query read_version reset set set_option set_read_version "
        "transaction transactional watch co all limit get_range"
    ),
    "bstore": "BStore BStoreException make get_or_create get",
    "eavstore": "EAVStore make create get remove update query",
    "nstore": (
        "NStoreException Variable var v make add remove get select where query bc stringify combinations ok take drop "
        "is_permutation_prefix"
    ),
    "pstore": "PStore PStoreException make index search",
    "vnstore": (
        "VNStoreException make ask get add remove select where query change_create change_list change_get "
        "change_continue change_message change_changes change_apply"
    ),
    "pool": "pool_for_each_par_map",
    "server": "main",
}
#: What 0.13.0 wrote: three triples, and a blob of two chunks.
BLOB = UUID("3a4c5123-f622-4219-b92f-dfcef6dfe6be")
WRITTEN = {
    b"\x02triples\x00\x14\x02ada\x00\x02knows\x00\x02bob\x00": b"",
    b"\x02triples\x00\x14\x02ada\x00\x02likes\x00\x02tea\x00": b"",
    b"\x02triples\x00\x14\x02bob\x00\x02likes\x00\x02tea\x00": b"",
    b"\x02triples\x00\x15\x01\x02knows\x00\x02bob\x00\x02ada\x00": b"",
    b"\x02triples\x00\x15\x01\x02likes\x00\x02tea\x00\x02ada\x00": b"",
    b"\x02triples\x00\x15\x01\x02likes\x00\x02tea\x00\x02bob\x00": b"",
    b"\x02triples\x00\x15\x02\x02bob\x00\x02ada\x00\x02knows\x00": b"",
    b"\x02triples\x00\x15\x02\x02tea\x00\x02ada\x00\x02likes\x00": b"",
    b"\x02triples\x00\x15\x02\x02tea\x00\x02bob\x00\x02likes\x00": b"",
    b"\x05\x02blobs\x00\x01\x02\x00\x000" + BLOB.bytes + b"\x14": b"blob" * 25_000,
    b"\x05\x02blobs\x00\x01\x02\x00\x000" + BLOB.bytes + b"\x15\x01": b"blob" * 5_000,
}


def functions_of_the_page() -> dict[str, Any]:
    """The functions for what the stores wrote."""
    names: dict[str, Any] = {"fdb": fdb}
    for block in blocks(TEXT):
        if block.language == "python" and ("bstore_get" in block.text or "ORDERS" in block.text):
            exec(block.text.split("\n\nawait ")[0], names)
    return names


def test_every_name_is_there() -> None:
    names = [f"{module}.{name}" for module, all_ in NAMES.items() for name in all_.split()]
    assert [name for name in names if not re.search(rf"\b{name}\b", TEXT)] == []


def test_what_the_stores_wrote_is_read(async_memory_db: fdb.AsyncDatabase) -> None:
    page = functions_of_the_page()
    add, find, get = page["add_triple"], page["find_triples"], page["bstore_get"]

    async def main() -> None:
        await async_memory_db.write_in_batches(WRITTEN.items())
        likes = [("ada", "likes", "tea"), ("bob", "likes", "tea")]
        knows = ("ada", "knows", "bob")
        for pattern, expected in (
            ((..., ..., ...), [knows, *likes]),
            (("ada", ..., ...), [knows, likes[0]]),
            (("ada", ..., "tea"), likes[:1]),
            ((..., "likes", ...), likes),
            ((..., "likes", "tea"), likes),
            ((..., ..., "bob"), [knows]),
            (("bob", "knows", ...), []),
            (knows, [knows]),
        ):
            assert await find(async_memory_db, ("triples",), pattern) == expected
        assert await async_memory_db.run(get, ("blobs",), BLOB) == b"blob" * 30_000
        # What is written here is what was written there.
        triples = {key: value for key, value in WRITTEN.items() if key.startswith(b"\x02triples")}
        await async_memory_db.clear_range_startswith(b"\x02triples")
        for triple in (knows, *likes):
            await add(async_memory_db, ("triples",), triple)
        assert dict(await async_memory_db.get_range_startswith(b"\x02triples")) == triples

    asyncio.run(main())
