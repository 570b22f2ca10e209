"""A job for fdb-record-layer: people with value, count and rank indexes, changed by tasks at once.

Runs on the official package, whose libfdb_c is the engine, and on this project's package.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import fdb_record_layer as layer
from fdb_record_layer.query import Field, Query
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, symbol_database

import fdb

CITIES = ["Bergen", "Oslo", "Århus"]
PEOPLE = 60
TASKS = 8


def person_type() -> tuple[Any, Any]:
    """The file descriptor and the class of a message, without a compiler for protobuf."""
    file = descriptor_pb2.FileDescriptorProto(name="people.proto", package="job", syntax="proto3")
    message = file.message_type.add(name="Person")
    kinds = descriptor_pb2.FieldDescriptorProto
    types = {"id": kinds.TYPE_INT64, "name": kinds.TYPE_STRING, "city": kinds.TYPE_STRING}
    types.update(score=kinds.TYPE_INT64, visits=kinds.TYPE_INT64)
    for number, (name, kind) in enumerate(types.items(), 1):
        message.field.add(name=name, number=number, type=kind, label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.Default()
    pool.Add(file)
    found = pool.FindFileByName("people.proto")
    kind = message_factory.GetMessageClass(found.message_types_by_name["Person"])
    symbol_database.Default().RegisterMessage(kind)  # where the layer looks for it
    return found, kind


DESCRIPTOR, Person = person_type()
SUBSPACE = fdb.Subspace(("records",))


def expect(got: Any, wanted: Any) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def meta_data() -> Any:
    builder = layer.RecordMetaDataBuilder(DESCRIPTOR)
    builder.set_record_type("Person", primary_key=layer.field("id"))
    builder.add_index("Person", "by_city", layer.field("city"))
    builder.add_count_index("Person", "count_by_city", layer.field("city"))
    builder.add_rank_index("Person", "ranking", layer.field("score"))
    return builder.build()


META_DATA = meta_data()


def store_of(context: Any) -> Any:
    return layer.FDBRecordStore(context, SUBSPACE, META_DATA)


def person(number: int) -> Any:
    city = CITIES[number % len(CITIES)]
    return Person(id=number, name=f"person {number}", city=city, score=number * 37 % 101)


async def fill(db: Any) -> None:
    async def save(context: Any) -> None:
        await store_of(context).save_records([person(number) for number in range(PEOPLE)])

    await db.run(save)


async def visits_at_once(db: Any) -> None:
    """Every task visits every tenth person; no visit may be lost to another task."""

    async def visit(number: int) -> None:
        async def change(context: Any) -> None:
            store = store_of(context)
            stored = await store.load_record("Person", (number,))
            stored.record.visits += 1
            await asyncio.sleep(0)  # lets another task in between the read and the commit
            await store.save_record(stored.record)

        await db.run(change, layer_retries())

    async def task() -> None:
        for number in range(0, PEOPLE, 10):
            await visit(number)

    await asyncio.gather(*(task() for _ in range(TASKS)))


def layer_retries() -> Any:
    from fdb_record_layer.core.context import RetryConfig

    return RetryConfig(max_retries=1000, initial_delay_ms=1, max_delay_ms=5)


async def ask(db: Any) -> None:
    async def read(context: Any) -> None:
        store = store_of(context)
        visited = [
            (await store.load_record("Person", (number,))).record.visits for number in (0, 50)
        ]
        expect(visited, [TASKS, TASKS])
        query = Query.from_type("Person").where(Field("city").equals("Århus")).build()
        found = await (await store.execute_query(query)).to_list()
        wanted = [number for number in range(PEOPLE) if number % 3 == 2]
        expect(sorted(row.record.id for row in found), wanted)
        both = Field("city").equals("Oslo").and_(Field("score").greater_than(50))
        found = await (
            await store.execute_query(Query.from_type("Person").where(both).build())
        ).to_list()
        scores = sorted(number * 37 % 101 for number in range(PEOPLE) if number % 3 == 1)
        expect(sorted(row.record.score for row in found), [score for score in scores if score > 50])
        expect([store.get_count("count_by_city", city) for city in CITIES], [PEOPLE // 3] * 3)
        best = max(range(PEOPLE), key=lambda number: number * 37 % 101)
        expect(len(await (await store.scan_records("Person")).to_list()), PEOPLE)
        expect(store.get_by_rank("ranking", PEOPLE - 1).record.id, best)

    await db.run(read)


async def leave(db: Any) -> None:
    async def delete(context: Any) -> None:
        store = store_of(context)
        for number in range(1, PEOPLE, 3):
            await store.delete_record("Person", (number,))

    async def read(context: Any) -> None:
        store = store_of(context)
        expect([store.get_count("count_by_city", city) for city in CITIES], [20, 0, 20])
        expect(await store.load_record("Person", (1,)), None)
        query = Query.from_type("Person").where(Field("city").equals("Oslo")).build()
        expect(await (await store.execute_query(query)).to_list(), [])

    await db.run(delete)
    await db.run(read)


async def work() -> None:
    db = layer.FDBDatabase("memory:records")
    for part in (fill, visits_at_once, ask, leave):
        await part(db)


def main() -> int:
    asyncio.run(work())
    print("fdb-record-layer: fill, visits at once, queries and indexes, deletes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
