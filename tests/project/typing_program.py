"""A program as users write it: tools/check_types.py has mypy and pyright check it; nothing runs it.

Lines that are wrong say what the checkers must report for them: the code of mypy and the rule of pyright.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import pathlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import fdb

fdb.api_version(740)
db = fdb.open("memory:")
db.options.set_transaction_timeout(5_000)
db.options.set_transaction_timeout("5 s")  # error: arg-type reportArgumentType

tasks = fdb.Subspace(("tasks",))
by_owner = fdb.directory.create_or_open(db, ("app", "by owner"))


@fdb.transactional
def add_task(tr: fdb.Transaction, number: int, owner: str, *, urgent: bool = False) -> int:
    """Adds a row with an index entry and returns how many tasks there are."""
    key = tasks.pack((number,))
    if tr[key].present():
        raise ValueError(f"task {number} exists")
    tr[key] = json.dumps({"owner": owner, "urgent": urgent}).encode()
    tr[by_owner.pack((owner, number))] = b""
    tr[by_owner.pack((owner, number))] = ""  # error: assignment reportArgumentType
    tr[by_owner] = 1  # error: assignment reportArgumentType
    tr.add(b"tasks", (1).to_bytes(8, "little"))
    tr.add("tasks", b"\x01")  # error: arg-type reportArgumentType
    return int.from_bytes(tr[b"tasks"], "little")


@fdb.transactional
def tasks_of(tr: fdb.TransactionRead, owner: str, limit: int = 0) -> list[tuple[Any, ...]]:
    """Reads a range of the index, also of a snapshot."""
    tr[b"seen"] = b""  # error: index reportIndexIssue
    rows = tr.get_range(*bounds(owner), limit=limit, streaming_mode=fdb.StreamingMode.want_all)
    return [by_owner.unpack(row.key) for row in rows]


def bounds(owner: str) -> tuple[bytes, bytes]:
    keys = by_owner.range((owner,))
    return keys.start, keys.stop


@fdb.transactional(parameter="handle")
def details(handle: fdb.TransactionRead, number: int) -> dict[str, Any]:
    value = handle[tasks.pack((number,))]
    text: str = value  # error: assignment reportAssignmentType
    first: int = value[0]
    part: bytes = value[1:]
    title = value.decode().title()
    title += value  # error: operator reportOperatorIssue
    print(text, first, part, title, value.upper() + b"!", fdb.tuple.unpack(value))
    print(value.no_such_method())  # error: attr-defined reportAttributeAccessIssue
    return dict(json.loads(value)) if value else {}


class Board:
    """Methods can be transactional too."""

    def __init__(self, database: fdb.Database, name: str) -> None:
        self.database = database
        self.space = fdb.Subspace(("board", name))

    @fdb.transactional
    def move(self, tr: fdb.Transaction, number: int, column: str) -> bytes | None:
        key = self.space.pack((number,))
        before = tr[key].value
        tr[key] = column.encode()
        return before

    @fdb.transactional
    def columns(self, tr: fdb.TransactionRead) -> Iterator[str]:
        rows = tr[self.space.range()]
        rows.append(b"")  # error: attr-defined reportAttributeAccessIssue
        return iter([row.value.decode() for row in rows])

    def use(self, tr: fdb.Transaction) -> None:
        before = self.move(self.database, 1, "doing")
        before.decode()  # error: union-attr reportOptionalMemberAccess
        self.move(tr, 1, column="done")
        self.move(tr, 1)  # error: call-arg reportCallIssue
        self.move(1, 1, "done")  # error: arg-type reportArgumentType
        self.move(tr.snapshot, 1, "done")  # error: arg-type reportArgumentType
        columns: list[str] = self.columns(tr.snapshot)  # error: assignment reportAssignmentType
        print(columns)


def pair(tr: fdb.Transaction, number: int, text: str) -> tuple[int, str]:
    tr[text.encode()] = b"%d" % number
    return number, text


def note(retry: fdb.Retry) -> None:
    print(retry.attempt, retry.error.code, retry.elapsed)


@fdb.transactional(timeout=2, on_retry=note, report_conflicts=True)
def limited(tr: fdb.Transaction, number: int) -> int:
    return number + len(tr[b"key"])


def main() -> None:
    count: int = add_task(db, 1, "Ada", urgent=True)
    add_task(db, 1)  # error: call-arg reportCallIssue
    add_task(db, "1", "Ada")  # error: arg-type reportArgumentType
    add_task(db, 1, "Ada", True)  # error: call-arg reportCallIssue
    add_task(1, 1, "Ada")  # error: arg-type reportArgumentType
    add_task(db.open_tenant(b"t"), 1, "Ada", urgent="no")  # error: arg-type reportArgumentType
    name: str = add_task(db, 2, "Bea")  # error: assignment reportAssignmentType
    print(count, name, tasks_of(db, "Ada"), details(db, 1)["owner"])
    details(db)  # error: call-arg reportCallIssue
    db["key"] = b"value"  # error: index reportArgumentType
    db[b"key"].decode()  # error: union-attr reportOptionalMemberAccess
    rows: list[fdb.KeyValue] = db[b"a":b"b"]
    for key, value in rows:
        print(key.decode(), value + "")  # error: operator reportOperatorIssue
    tr = db.create_transaction()
    tr.options.set_retry_limit(3)
    other: fdb.Transaction = tr.db.create_transaction()
    if isinstance(other.db, fdb.Database):
        other.db.set(b"key", b"value")
        other.db.set(b"key", "value")  # error: arg-type reportArgumentType
    version: int = tr.get_read_version().wait()
    selector = fdb.KeySelector.first_greater_or_equal(b"a") + 1
    tr.get_key(b"a")  # error: arg-type reportArgumentType
    try:
        tr.commit().wait()
    except fdb.FDBError as error:
        if not fdb.predicates.is_retryable(error):
            raise
        tr.on_error(error).wait()
    print(version, tr.get_key(selector).value.hex(), db.get_client_status().decode())
    run: bytes | None = db.run(lambda tr: tr[b"a"].value, timeout=1.5, read_only=True)
    moved: tuple[int, str] = db.run(pair, 1, "a", retry_limit=3)
    db.run(pair, "a", 1)  # error: arg-type reportArgumentType
    db.run(pair, 1, "a", retries=3)  # error: call-arg reportCallIssue
    db.run(pair, 1, "a", timeout="1")  # error: arg-type reportArgumentType
    for attempt in db.attempts(priority="batch"):
        with attempt as turn:
            turn.set(b"key", "value")  # error: arg-type reportArgumentType
    with db.transaction(tags="t") as block:
        block[b"key"] = b"value"
    policy = fdb.Policy(timeout=1, priority="high")  # error: arg-type reportArgumentType
    defaults = fdb.open("memory:", defaults=policy)
    defaults[b"key"] = b"value"
    print(run, moved, limited(db, 1).bit_length())
    fdb.opne("memory:")  # error: attr-defined reportAttributeAccessIssue


@fdb.transactional
async def take(tr: fdb.Transaction, number: int) -> bytes:
    """The same through asyncio: reads are awaited, and methods of the database are coroutines."""
    value, owner = await asyncio.gather(tr[tasks.pack((number,))], tr.get(b"owner"))
    if not value.present():
        return bytes(owner)
    del tr[tasks.pack((number,))]
    later: bytes = await tr[b"later"]
    rows = await tr[tasks.range()]
    rows += await tr[tasks.range()].to_list()
    rows[0].value.encode()  # error: attr-defined reportAttributeAccessIssue
    return await tr[b"later"] + later + fdb.tuple.pack((number, await tr.get_read_version()))


def values(db: fdb.Database, tr: fdb.Transaction) -> bytes:
    """Layers block on a database and on a transaction, and give what they say."""
    counter, blob = fdb.layers.Counter(tasks["count"]), fdb.layers.Blob(b"blob", versioned=True)
    fdb.layers.Counter("count")  # error: arg-type reportArgumentType
    counter.add(db, -1)
    total: int = counter["done"].get(tr.snapshot)
    with blob.open(db, "wb") as writer, blob["other"].open(tr) as reader:
        writer.write(reader.read(total))
    by_word = fdb.layers.Index(("words",), lambda key, value: (key[0], value), unique=True)
    records = fdb.layers.Records(by_owner, by_word)
    records.set(db, ("a",), b"text")
    records.indexes[0].get(db, ("a",)).count(1)  # error: union-attr reportOptionalMemberAccess
    key, value = records.find(db, by_word, limit=1)[0]
    return value + blob.read(tr)  # error: operator reportOperatorIssue


async def asynchronous_values(adb: fdb.AsyncDatabase) -> int:
    """The same with await."""
    counter, blob = fdb.layers.Counter(("count",)), fdb.layers.Blob(("blob",))
    counter.add(adb)  # error: unused-coroutine reportUnusedCoroutine
    await counter.add(adb, 2)
    async with blob.open(adb, "wb") as writer, blob.open(adb) as reader:
        written: int = await writer.write(await reader.read())
    return written + await counter.get(adb) + await values_in_one(adb, 3)


@fdb.transactional(timeout=2)
async def values_in_one(tr: Any, amount: int) -> int:
    """A transaction does not tell by its type that layers give it coroutines, so it is `Any`."""
    counter, queue = fdb.layers.Counter(("count",)), fdb.layers.Queue(("queue",))
    await counter.add(tr, amount)
    item: fdb.layers.QueueItem | None = await queue.claim(tr)
    if item is not None:
        await queue.finish(tr, item)
    await fdb.layers.Stream(("log",)).append(tr, b"event")
    await fdb.directory.create_or_open(tr, "a")
    total: int = await counter.get(tr)
    return total


class Accounts:
    """Methods keep their types under a policy, and on a session."""

    @fdb.transactional(timeout=2, tags=["accounts"])
    def owner(self, tr: fdb.Transaction, number: int) -> bytes:
        return tr[tasks[number]] + b""

    @fdb.transactional(read_only=True)
    async def owner_in_loop(self, tr: fdb.Transaction, number: int) -> bytes:
        return await tr[tasks[number]] + b""

    def owners(self, source: fdb.Database, known: int) -> bytes:
        session = source.session(known)
        self.owner(session, "1")  # error: arg-type reportArgumentType
        session.advance(source.last_version)
        first: bytes = self.owner(session, 1) + session.run(self.owner, 1, timeout=1)
        return first + session.open_tenant(b"tenant").run(self.owner, session.last_version)

    async def owners_in_loop(self, source: fdb.AsyncDatabase) -> bytes:
        session: fdb.AsyncSession = source.session()
        self.owner_in_loop(session, 1)  # error: unused-coroutine reportUnusedCoroutine
        found: bytes = await self.owner_in_loop(session, 1)
        return found + await session.run(self.owner_in_loop, session.last_version)


def work(db: fdb.Database, tr: fdb.Transaction) -> bytes:
    """Queues, their workers and leases, blocking."""
    queue, lease = fdb.layers.PriorityQueue(tasks), fdb.layers.Lease(b"lease", ttl=10)
    queue.push(tr, b"x", 3, delay=datetime.timedelta(seconds=1))
    queue.claim(db).data.hex()  # error: union-attr reportOptionalMemberAccess
    with queue.worker(db, batch=5) as worker, lease.hold(db, timeout=1) as grant:
        for item in worker:
            with item:
                lease.check(tr, grant)
                return item.data if queue.finish(tr, item) else grant.token
    return bytes(queue.counts(tr.snapshot).ready)


async def asynchronous_work(adb: fdb.AsyncDatabase) -> int:
    """The same with await."""
    queue, lease = fdb.layers.Queue(tasks), fdb.layers.Lease(("lease",))
    queue.push(adb, b"x")  # error: unused-coroutine reportUnusedCoroutine
    async with queue.worker(adb) as worker, lease.hold(adb) as grant:
        async for item in worker:
            async with item:
                await lease.renew(adb, grant)
    return (await queue.counts(adb)).dead + len(await queue.claim_many(adb, 3))


def files(db: fdb.Database, path: pathlib.Path) -> fdb.embedded.FileInfo:
    """Databases in files are databases; the tools take them, or paths, and give reports."""
    with fdb.open(f"file:{path}?sync=off") as other:
        other[b"k"] = b"v"
    fdb.open(file=path)  # error: call-overload reportCallIssue
    report: fdb.embedded.CheckReport = fdb.embedded.check(path, progress=lambda done, total: None)
    report.ok = False  # error: misc reportAttributeAccessIssue
    fdb.embedded.backup(db, path, lambda done, total: None)  # error: call-arg reportCallIssue
    fdb.embedded.save(path, path)  # error: arg-type reportArgumentType
    print(*report.problems, fdb.embedded.compact(path).bytes_after)
    return fdb.embedded.backup(path, str(path) + ".copy")


def follow(orders: fdb.layers.Stream) -> fdb.tuple.Versionstamp:
    """A stream knows its events, and that it also gives what happens to it where that is asked for."""
    position: fdb.tuple.Versionstamp = orders.append(db, b"order")
    with orders.subscribe(db, start="latest", max_backoff=1.5) as events:
        data: bytes = next(events).data
        cursor: bytes = events.cursor + data
    for item in orders.consume(db, "group", start=cursor, status_events=True):
        print(item.data)  # error: union-attr reportAttributeAccessIssue
        if isinstance(item, fdb.layers.StatusEvent):
            print(item.status.upper(), item.error)
    orders.trim(db, position)
    return orders.append(db.create_transaction(), b"order").wait()


async def follow_in_a_loop(adb: fdb.AsyncDatabase, orders: fdb.layers.Stream) -> None:
    position: fdb.tuple.Versionstamp = await orders.append(adb, b"order")
    async with orders.subscribe(adb, start=position) as events:
        async for event in events:
            print(event.data.decode(), event.version + 1)
            await events.close()
    for group, cursor in (await orders.groups(adb)).items():
        await orders.seek(adb, group.lower(), cursor)


async def asynchronous() -> None:
    adb = fdb.open(fdb.embedded.unique(), event_model="asyncio")
    await adb.set(b"a", b"1")
    await adb.set(b"a", 1)  # error: arg-type reportArgumentType
    taken: bytes = await take(adb, 1)
    await take(adb)  # error: call-arg reportCallIssue
    take(adb, 1)  # error: unused-coroutine reportUnusedCoroutine
    users = await fdb.directory.create_or_open(adb, "users")
    value: bytes = await adb.get(users.pack((1,)))  # error: assignment reportAssignmentType
    async for row in adb.create_transaction()[b"":b"\xff"]:
        print(row.key + taken + value)


def watched() -> None:
    def tell(event: fdb.TransactionEvent) -> None:
        print(event.function, event.read_version, event.elapsed + 1)
        event.read_version + 1  # error: operator reportOptionalOperand

    with fdb.observe(fdb.Collector()) as collector, fdb.observe(tell):
        tail: float = collector.total.elapsed.quantile(0.99)
        print(tail, collector.functions["f"].errors)
    db.observers.append(tell)
    db.observers.append("tell")  # error: arg-type reportArgumentType
    fdb.observe(3)  # error: type-var reportArgumentType


def shorten(key: bytes, value: bytes) -> tuple[bytes, bytes] | None:
    return (key, value[:10]) if value else None


def move(target: fdb.Database | fdb.Tenant, known: bytes | None) -> bytes:
    scan = db.scan(tasks, page_size=10, continuation=known)
    total: int = sum(len(value) for _, value in scan) + db.count((b"a", None))
    page: fdb.Page = scan.page()
    keys: list[bytes] = [row.key for page in scan.pages() for row in page]
    pages: list[list[fdb.KeyValue]] = list(db.create_transaction().get_range(b"a", b"b").pages(9))
    db.scan(b"prefix")  # error: arg-type reportArgumentType
    db.scan(tasks, size=3)  # error: call-arg reportCallIssue
    progress: fdb.Progress = db.copy(by_owner, target, transform=shorten, on_progress=print)
    db.copy(by_owner, "memory:other")  # error: arg-type reportArgumentType
    db.write_in_batches(((b"%d" % number, b"") for number in range(total)), position_key=tasks)
    db.write_in_batches([(b"a", None), (b"b", b"c")])
    db.write_in_batches([b"a"])  # error: list-item reportArgumentType
    db.clear_in_batches(slice(b"a", b"b"), batch_bytes=1000)
    print(keys, pages, progress.rows, page.more)
    print(page.to_frame(["number"], within=tasks, decode=json.loads, library="polars"))
    print(db[b"a":b"b"].to_frame(), db.get_range(b"a", b"b").to_frame(["a"]).shape)
    scan.to_frame("number", limit="5")  # error: arg-type reportArgumentType
    return scan.continuation


async def move_in_loop(source: fdb.AsyncDatabase, target: fdb.AsyncDatabase) -> None:
    async def tell(progress: fdb.Progress) -> None:
        print(progress.elapsed, progress.continuation)

    async def items() -> AsyncIterator[tuple[bytes, bytes]]:
        yield b"a", b"b"

    rows: list[fdb.KeyValue] = [row async for row in source.scan(tasks)]
    more: list[bool] = [page.more async for page in source.scan(tasks).pages()]
    found: int = await source.count(tasks, on_progress=tell)
    await source.copy(tasks, target)
    await source.copy(tasks, db)  # error: arg-type reportArgumentType
    await target.write_in_batches(items())
    print(rows, more, found)


if __name__ == "__main__":
    main()
    asyncio.run(asynchronous())
