"""A program that uses the public API with types; `mypy --strict` checks it, nothing runs it."""

from __future__ import annotations

import asyncio

import fdb
import fdb.embedded
import fdb.tuple

fdb.api_version(740)
db: fdb.Database = fdb.open("memory:")
db.options.set_transaction_timeout(5_000)


@fdb.transactional
def add_user(tr: fdb.Transaction, number: int, name: str) -> int:
    """Adds a row with an index entry and returns how many users there are."""
    key = fdb.tuple.pack(("user", number))
    if tr[key].present():
        raise ValueError(f"user {number} exists")
    tr[key] = name.encode()
    tr[fdb.tuple.pack(("by name", name, number))] = b""
    tr.add(b"users", (1).to_bytes(8, "little"))
    return int.from_bytes(bytes(tr[b"users"]), "little")


@fdb.transactional
def names(tr: fdb.TransactionRead) -> list[str]:
    """Reads a range of the tuple layer."""
    return [row.value.decode() for row in tr[fdb.tuple.range(("user",))]]


def main() -> None:
    count: int = add_user(db, 1, "Ada")
    known: list[str] = names(db)
    tr: fdb.Transaction = db.create_transaction()
    tr.options.set_retry_limit(3)
    version: int = tr.get_read_version().wait()
    selector = fdb.KeySelector.first_greater_or_equal(b"a") + 1
    key: bytes | None = tr.get_key(selector).value
    rows: list[fdb.KeyValue] = tr.get_range(
        b"a", b"b", limit=10, streaming_mode=fdb.StreamingMode.want_all
    ).to_list()
    try:
        tr.commit().wait()
    except fdb.FDBError as error:
        if not fdb.predicates.is_retryable(error):
            raise
        tr.on_error(error).wait()
    users = fdb.directory.create_or_open(db, ("app", "users"))
    packed: bytes = users.pack((1, "x"))
    print(count, known, version, key, rows, packed)


async def asynchronous() -> None:
    """The same through asyncio: methods are coroutines, transactions await."""
    adb: fdb.AsyncDatabase = fdb.open(fdb.embedded.unique(), event_model="asyncio")

    @fdb.transactional
    async def move(tr: fdb.Transaction, source: bytes, target: bytes) -> bool:
        value = await tr[source]
        if not value.present():
            return False
        tr[target] = value
        del tr[source]
        return True

    await adb.set(b"a", b"1")
    moved: bool = await move(adb, b"a", b"b")
    value: bytes | None = await adb.get(b"b")
    print(moved, value)


if __name__ == "__main__":
    main()
    asyncio.run(asynchronous())
