"""The core instructions: data, transactions, reads, writes, tuples and threads."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable
from typing import Any

import stack_machine
from stack_machine import NOT_PRESENT, Instruction, operation

import fdb
import fdb.tuple

READS = ("_SNAPSHOT", "_DATABASE", "_TENANT")
WRITES = ("_DATABASE", "_TENANT")
LOGGED_BYTES = 40_000
LOGGED_AT_ONCE = 100


def strinc(key: bytes) -> bytes:
    """The first key after all keys with this prefix."""
    stripped = key.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1])


# ---- data ----------------------------------------------------------------------------------


@operation("PUSH")
async def push(call: Instruction) -> None:
    call.push(call.argument)


@operation("DUP")
async def dup(call: Instruction) -> None:
    call.machine.stack.append(call.machine.stack[-1])


@operation("EMPTY_STACK")
async def empty_stack(call: Instruction) -> None:
    call.machine.stack.clear()


@operation("SWAP")
async def swap(call: Instruction) -> None:
    depth = await call.pop()
    stack = call.machine.stack
    stack[-1], stack[-1 - depth] = stack[-1 - depth], stack[-1]


@operation("POP")
async def pop(call: Instruction) -> None:
    await call.pop()


@operation("SUB")
async def sub(call: Instruction) -> None:
    first, second = await call.pops(2)
    call.push(first - second)


@operation("CONCAT")
async def concat(call: Instruction) -> None:
    first, second = await call.pops(2)
    call.push(first + second)


@operation("WAIT_FUTURE")
async def wait_future(call: Instruction) -> None:
    call.machine.stack.append(await call.pop_numbered())


@operation("LOG_STACK")
async def log_stack(call: Instruction) -> None:
    """Writes the stack under a prefix, oldest item first, and leaves it empty."""
    prefix = await call.pop()
    stack, call.machine.stack = call.machine.stack, []
    items = [(number, await call.machine.resolve(item)) for number, item in stack]
    entries = []
    for position, (number, item) in enumerate(items):
        key = prefix + fdb.tuple.pack((position, number))
        entries.append((key, fdb.tuple.pack((item,))[:LOGGED_BYTES]))

    for first in range(0, len(entries), LOGGED_AT_ONCE):
        chunk = entries[first : first + LOGGED_AT_ONCE]

        async def write(tr: Any, chunk: list[tuple[bytes, bytes]] = chunk) -> None:
            for key, value in chunk:
                tr[key] = value

        await call.model.transact(call.machine.db, write)


# ---- transactions --------------------------------------------------------------------------


@operation("NEW_TRANSACTION")
async def new_transaction(call: Instruction) -> None:
    machine = call.machine
    machine.transactions.replace(machine.transaction_name, machine.source.create_transaction())


@operation("USE_TRANSACTION")
async def use_transaction(call: Instruction) -> None:
    machine = call.machine
    machine.transaction_name = await call.pop()
    machine.transactions.get(machine.transaction_name, machine.source)


@operation("ON_ERROR")
async def on_error(call: Instruction) -> None:
    call.push(call.transaction.on_error(await call.pop()))


@operation("COMMIT")
async def commit(call: Instruction) -> None:
    call.push(call.transaction.commit())


@operation("RESET")
async def reset(call: Instruction) -> None:
    call.transaction.reset()


@operation("CANCEL")
async def cancel(call: Instruction) -> None:
    call.transaction.cancel()


@operation("GET_READ_VERSION", ("_SNAPSHOT",))
async def get_read_version(call: Instruction) -> None:
    call.machine.last_version = await call.model.wait(call.target.get_read_version())
    call.push(b"GOT_READ_VERSION")


@operation("SET_READ_VERSION")
async def set_read_version(call: Instruction) -> None:
    call.transaction.set_read_version(call.machine.last_version)


@operation("GET_COMMITTED_VERSION")
async def get_committed_version(call: Instruction) -> None:
    call.machine.last_version = call.transaction.get_committed_version()
    call.push(b"GOT_COMMITTED_VERSION")


@operation("GET_APPROXIMATE_SIZE")
async def get_approximate_size(call: Instruction) -> None:
    await call.model.wait(call.transaction.get_approximate_size())
    call.push(b"GOT_APPROXIMATE_SIZE")


@operation("GET_VERSIONSTAMP")
async def get_versionstamp(call: Instruction) -> None:
    call.push(call.transaction.get_versionstamp())


# ---- reads ---------------------------------------------------------------------------------


@operation("GET", READS)
async def get(call: Instruction) -> None:
    key = await call.pop()
    if call.on_source:
        call.push_value(await call.model.result(call.target.get(key)))
    else:
        call.push(call.target.get(key))


@operation("GET_KEY", READS)
async def get_key(call: Instruction) -> None:
    key, or_equal, offset, prefix = await call.pops(4)
    found = call.target.get_key(fdb.KeySelector(key, or_equal, offset))
    if call.on_source:
        found = bytes(await call.model.result(found))
    else:
        found = bytes(await call.model.wait(found))
    if found.startswith(prefix):
        call.push(found)
    else:
        call.push(prefix if found < prefix else strinc(prefix))


async def push_rows(call: Instruction, found: Any, prefix: bytes = b"") -> None:
    """Pushes the rows whose keys have the prefix, as one packed tuple of keys and values."""
    if call.on_source:
        rows = await call.model.result(found)
    else:
        rows = await call.model.rows(found, to_list=call.number % 2 == 0)
    flat: list[bytes] = []
    for row in rows:
        if row.key.startswith(prefix):
            flat += (row.key, row.value)
    call.push(fdb.tuple.pack(tuple(flat)))


@operation("GET_RANGE", READS)
async def get_range(call: Instruction) -> None:
    begin, end, limit, reverse, mode = await call.pops(5)
    await push_rows(call, call.target.get_range(begin, end, limit, bool(reverse), mode))


@operation("GET_RANGE_STARTS_WITH", READS)
async def get_range_starts_with(call: Instruction) -> None:
    prefix, limit, reverse, mode = await call.pops(4)
    await push_rows(call, call.target.get_range_startswith(prefix, limit, bool(reverse), mode))


@operation("GET_RANGE_SELECTOR", READS)
async def get_range_selector(call: Instruction) -> None:
    begin = fdb.KeySelector(*await call.pops(3))
    end = fdb.KeySelector(*await call.pops(3))
    limit, reverse, mode, prefix = await call.pops(4)
    await push_rows(call, call.target.get_range(begin, end, limit, bool(reverse), mode), prefix)


@operation("GET_ESTIMATED_RANGE_SIZE")
async def get_estimated_range_size(call: Instruction) -> None:
    begin, end = await call.pops(2)
    await call.model.wait(call.transaction.get_estimated_range_size_bytes(begin, end))
    call.push(b"GOT_ESTIMATED_RANGE_SIZE")


@operation("GET_RANGE_SPLIT_POINTS")
async def get_range_split_points(call: Instruction) -> None:
    begin, end, chunk_size = await call.pops(3)
    await call.model.wait(call.transaction.get_range_split_points(begin, end, chunk_size))
    call.push(b"GOT_RANGE_SPLIT_POINTS")


# ---- writes --------------------------------------------------------------------------------


async def write(call: Instruction, method: str, *args: Any) -> None:
    """Calls a method that writes; on a database or tenant its end is pushed as well."""
    done = getattr(call.target, method)(*args)
    if call.on_source:
        await call.model.result(done)
        call.push(NOT_PRESENT)


@operation("SET", WRITES)
async def set_value(call: Instruction) -> None:
    arguments = await call.pops(2)
    name = call.model.choose(("set", "__setitem__"), call.on_source)
    await write(call, name, *arguments)


@operation("CLEAR", WRITES)
async def clear(call: Instruction) -> None:
    await write(call, "clear", await call.pop())


@operation("CLEAR_RANGE", WRITES)
async def clear_range(call: Instruction) -> None:
    await write(call, "clear_range", *await call.pops(2))


@operation("CLEAR_RANGE_STARTS_WITH", WRITES)
async def clear_range_starts_with(call: Instruction) -> None:
    await write(call, "clear_range_startswith", await call.pop())


@operation("ATOMIC_OP", WRITES)
async def atomic_op(call: Instruction) -> None:
    name, key, value = await call.pops(3)
    await write(call, name.lower(), key, value)


@operation("READ_CONFLICT_RANGE")
async def read_conflict_range(call: Instruction) -> None:
    call.transaction.add_read_conflict_range(*await call.pops(2))
    call.push(b"SET_CONFLICT_RANGE")


@operation("WRITE_CONFLICT_RANGE")
async def write_conflict_range(call: Instruction) -> None:
    call.transaction.add_write_conflict_range(*await call.pops(2))
    call.push(b"SET_CONFLICT_RANGE")


@operation("READ_CONFLICT_KEY")
async def read_conflict_key(call: Instruction) -> None:
    call.transaction.add_read_conflict_key(await call.pop())
    call.push(b"SET_CONFLICT_KEY")


@operation("WRITE_CONFLICT_KEY")
async def write_conflict_key(call: Instruction) -> None:
    call.transaction.add_write_conflict_key(await call.pop())
    call.push(b"SET_CONFLICT_KEY")


@operation("DISABLE_WRITE_CONFLICT")
async def disable_write_conflict(call: Instruction) -> None:
    call.transaction.options.set_next_write_no_write_conflict_range()


# ---- tuples --------------------------------------------------------------------------------


@operation("TUPLE_PACK")
async def tuple_pack(call: Instruction) -> None:
    call.push(fdb.tuple.pack(await call.pop_tuple()))


@operation("TUPLE_PACK_WITH_VERSIONSTAMP")
async def tuple_pack_with_versionstamp(call: Instruction) -> None:
    prefix = await call.pop()
    items = await call.pop_tuple()
    if not fdb.tuple.has_incomplete_versionstamp(items):
        call.push(b"ERROR: NONE")
        return
    try:
        packed = fdb.tuple.pack_with_versionstamp(items, prefix=prefix)
    except ValueError as problem:
        if "Multiple" not in str(problem):
            raise
        call.push(b"ERROR: MULTIPLE")
        return
    call.push(b"OK")
    call.push(packed)


@operation("TUPLE_UNPACK")
async def tuple_unpack(call: Instruction) -> None:
    for element in fdb.tuple.unpack(await call.pop()):
        call.push(fdb.tuple.pack((element,)))


@operation("TUPLE_RANGE")
async def tuple_range(call: Instruction) -> None:
    bounds = fdb.tuple.range(await call.pop_tuple())
    call.push(bounds.start)
    call.push(bounds.stop)


def sorted_tuples(items: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The tuples in order, which must be the same by comparison and by their packed bytes."""
    unordered = list(items)
    by_comparison = sorted(unordered, key=functools.cmp_to_key(fdb.tuple.compare))
    by_bytes = sorted(fdb.tuple.pack(item) for item in unordered)
    if [fdb.tuple.pack(item) for item in by_comparison] != by_bytes:
        raise AssertionError("fdb.tuple.compare disagrees with the order of the packed bytes")
    return by_comparison


@operation("TUPLE_SORT")
async def tuple_sort(call: Instruction) -> None:
    packed = await call.pop_tuple()
    for item in sorted_tuples(fdb.tuple.unpack(one) for one in packed):
        call.push(fdb.tuple.pack(item))


@operation("ENCODE_FLOAT")
async def encode_float(call: Instruction) -> None:
    (value,) = struct.unpack(">f", await call.pop())
    call.push(fdb.tuple.SingleFloat(value))


@operation("ENCODE_DOUBLE")
async def encode_double(call: Instruction) -> None:
    (value,) = struct.unpack(">d", await call.pop())
    call.push(value)


@operation("DECODE_FLOAT")
async def decode_float(call: Instruction) -> None:
    call.push(struct.pack(">f", (await call.pop()).value))


@operation("DECODE_DOUBLE")
async def decode_double(call: Instruction) -> None:
    call.push(struct.pack(">d", await call.pop()))


# ---- threads -------------------------------------------------------------------------------


@operation("START_THREAD")
async def start_thread(call: Instruction) -> None:
    parent = call.machine
    prefix = await call.pop()
    machine = stack_machine.Machine(parent.db, prefix, parent.model, parent.transactions)
    parent.started.append(parent.model.start(machine.run))


@operation("WAIT_EMPTY")
async def wait_empty(call: Instruction) -> None:
    """Waits until no key has the prefix, by a transaction that is retried until then."""
    prefix = await call.pop()

    async def look(tr: Any) -> None:
        found = tr.get_range_startswith(prefix, 1)
        if await call.model.rows(found, to_list=True):
            raise fdb.FDBError(1020)

    await call.model.transact(call.machine.db, look)
    call.push(b"WAITED_FOR_EMPTY")


@operation("UNIT_TESTS")
async def unit_tests(call: Instruction) -> None:
    import stack_unit_tests

    await stack_unit_tests.run(call.machine.db, call.model)
