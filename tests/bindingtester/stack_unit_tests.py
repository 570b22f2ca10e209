"""What the UNIT_TESTS instruction checks: behaviour that the stack machine cannot express.

Every check is a coroutine function of a database and an event model, and raises AssertionError.
Options of the database that a check sets are set back to what they were.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from stack_models import ThreadModel

import fdb
import fdb.tuple

CANCELLED = 1025
TIMED_OUT = 1031
NOT_COMMITTED = 1020
TOO_LARGE = 2101
DEADLINE = 20.0  # seconds for something that normally takes milliseconds


def check(holds: bool, what: str) -> None:
    """An assertion that is there under ``python -O`` too."""
    if not holds:
        raise AssertionError(what)


async def code_of(model: ThreadModel, make: Callable[[], Any]) -> int:
    """The error code with which the call, or the future it returns, fails; 0 if it does not."""
    try:
        await model.wait(make())
    except fdb.FDBError as error:
        return int(error.code)
    return 0


async def expect(model: ThreadModel, wanted: int, make: Callable[[], Any]) -> None:
    got = await code_of(model, make)
    check(got == wanted, f"error {got} where {wanted} was expected")


# ---- options -------------------------------------------------------------------------------


async def database_options(db: Any, model: ThreadModel) -> None:
    options = db.options
    options.set_location_cache_size(100_001)
    options.set_max_watches(100_001)
    options.set_datacenter_id("dc_id")
    options.set_machine_id("machine_id")
    options.set_snapshot_ryw_enable()
    options.set_snapshot_ryw_disable()
    options.set_snapshot_ryw_enable()
    options.set_transaction_logging_max_field_length(1000)
    options.set_transaction_timeout(100_000)
    options.set_transaction_timeout(0)
    options.set_transaction_max_retry_delay(100)
    options.set_transaction_max_retry_delay(1000)
    options.set_transaction_size_limit(100_000)
    options.set_transaction_size_limit(10_000_000)
    options.set_transaction_retry_limit(10)
    options.set_transaction_retry_limit(-1)
    options.set_transaction_causal_read_risky()
    options.set_transaction_include_port_in_address()


async def transaction_options(db: Any, model: ThreadModel) -> None:
    async def work(tr: Any) -> None:
        tr.options.set_priority_system_immediate()
        tr.options.set_priority_batch()
        tr.options.set_causal_read_risky()
        tr.options.set_causal_write_risky()
        tr.options.set_read_your_writes_disable()
        tr.options.set_read_system_keys()
        tr.options.set_access_system_keys()
        tr.options.set_timeout(60_000)
        tr.options.set_retry_limit(50)
        tr.options.set_max_retry_delay(100)
        tr.options.set_used_during_commit_protection_disable()
        tr.options.set_debug_transaction_identifier("my_transaction")
        tr.options.set_log_transaction()
        tr.options.set_read_lock_aware()
        tr.options.set_lock_aware()
        tr.options.set_include_port_in_address()
        await model.wait(tr.get(b"\xff"))

    await model.transact(db, work)


# ---- watches -------------------------------------------------------------------------------


async def start_watches(db: Any, model: ThreadModel) -> list[Any]:
    """Four watches, made in four ways, of which none has a reason to fire."""
    await model.result(db.set(b"w0", b"0"))
    await model.result(db.set(b"w3", b"3"))
    kept: list[Any] = []

    async def rewrite(tr: Any) -> None:
        kept[:] = [tr.watch(b"w0")]
        tr.set(b"w0", b"0")
        check(not kept[0].is_ready(), "a watch fired before its transaction was committed")

    await model.transact(db, rewrite)
    cleared = await model.result(db.clear_and_watch(b"w1"))
    written = await model.result(db.set_and_watch(b"w2", b"2"))
    value, read = await model.result(db.get_and_watch(b"w3"))
    check(value == b"3", "get_and_watch gave another value")
    return [kept[0], cleared, written, read]


async def quiet(watches: list[Any], model: ThreadModel) -> bool:
    """Whether no watch has ended. One may, with an error, when a cluster has lost it."""
    ended = [watch for watch in watches if watch.is_ready()]
    for watch in ended:
        code = await code_of(model, lambda watch=watch: watch)
        check(code != 0, "a watch fired though its key has not changed")
    return not ended


async def watches(db: Any, model: ThreadModel) -> None:
    while True:
        started = await start_watches(db, model)
        await model.sleep(1.0)
        if not await quiet(started, model):
            continue
        await model.result(db.clear(b"w1"))
        await model.sleep(1.0)
        if await quiet(started, model):
            break
    await model.result(db.set(b"w0", b"a"))
    await model.result(db.set(b"w1", b"b"))
    await model.result(db.clear(b"w2"))
    await model.result(db.bit_xor(b"w3", b"\xff\xff"))
    end = time.monotonic() + DEADLINE
    while not all(watch.is_ready() for watch in started):
        check(time.monotonic() < end, "a watch did not fire though its key has changed")
        await model.sleep(0.01)
    for watch in started:
        await expect(model, 0, lambda watch=watch: watch)


# ---- cancel, retry limit, timeout ----------------------------------------------------------


async def cancellation(db: Any, model: ThreadModel) -> None:
    tr = db.create_transaction()
    tr[b"foo"] = b"bar"
    tr.cancel()
    await expect(model, CANCELLED, tr.commit)
    await expect(model, CANCELLED, tr.get_read_version)
    await expect(model, CANCELLED, lambda: tr.on_error(NOT_COMMITTED))
    await expect(model, CANCELLED, tr.commit)
    tr.reset()
    tr[b"foo"] = b"bar"
    await expect(model, 0, tr.commit)


async def failing_rounds(tr: Any, model: ThreadModel) -> int:
    """How often on_error allows another try, at most 20; then it must refuse for good."""
    for count in range(20):
        if await code_of(model, lambda: tr.on_error(NOT_COMMITTED)) != 0:
            await expect(model, CANCELLED, lambda: tr.on_error(NOT_COMMITTED))
            return count
    return 20


async def retry_limits(db: Any, model: ThreadModel) -> None:
    tr = db.create_transaction()
    for limit, wanted in ((1, 1), (3, 3)):
        tr.reset()
        tr.options.set_retry_limit(limit)
        tr.options.set_max_retry_delay(1)
        check(await failing_rounds(tr, model) == wanted, "the retry limit was not kept")
    tr.reset()
    await expect(model, 0, lambda: tr.on_error(NOT_COMMITTED))
    tr.options.set_retry_limit(1)
    await expect(model, NOT_COMMITTED, lambda: tr.on_error(NOT_COMMITTED))
    tr.reset()
    tr.options.set_retry_limit(1)
    await expect(model, 0, lambda: tr.on_error(NOT_COMMITTED))
    tr.options.set_retry_limit(3)
    await expect(model, 0, lambda: tr.on_error(NOT_COMMITTED))
    await expect(model, 0, lambda: tr.on_error(NOT_COMMITTED))
    await expect(model, NOT_COMMITTED, lambda: tr.on_error(NOT_COMMITTED))
    db.options.set_transaction_retry_limit(2)
    try:
        check(await failing_rounds(db.create_transaction(), model) == 2, "the default is lost")
    finally:
        db.options.set_transaction_retry_limit(-1)


async def timeouts(db: Any, model: ThreadModel) -> None:
    tr = db.create_transaction()
    tr.options.set_timeout(10)
    await model.sleep(0.2)
    await expect(model, TIMED_OUT, tr.get_read_version)
    await expect(model, TIMED_OUT, lambda: tr.on_error(NOT_COMMITTED))
    tr.options.set_timeout(0)
    await expect(model, TIMED_OUT, tr.get_read_version)
    tr.reset()
    await expect(model, 0, tr.get_read_version)

    tr = db.create_transaction()  # the time counts from the creation of the transaction
    await expect(model, 0, tr.get_read_version)
    await model.sleep(0.2)
    tr.options.set_timeout(100)
    await model.sleep(0.1)
    await expect(model, TIMED_OUT, tr.commit)

    tr = db.create_transaction()  # lifted in time
    tr.options.set_timeout(5_000)
    tr.options.set_timeout(0)
    await expect(model, 0, tr.get_read_version)

    tr = db.create_transaction()  # what cancelled it first counts
    tr.cancel()
    tr.options.set_timeout(10)
    await model.sleep(0.2)
    await expect(model, CANCELLED, tr.commit)

    db.options.set_transaction_timeout(10)
    try:
        tr = db.create_transaction()
        await model.sleep(0.2)
        await expect(model, TIMED_OUT, tr.get_read_version)
    finally:
        db.options.set_transaction_timeout(0)


# ---- sizes ---------------------------------------------------------------------------------


async def size_limits(db: Any, model: ThreadModel) -> None:
    value = b"a" * 1024
    tr = db.create_transaction()
    tr.options.set_size_limit(1000)
    tr[b"t1"] = value
    await expect(model, TOO_LARGE, tr.commit)
    tr.reset()
    tr[b"t1"] = value
    await expect(model, 0, tr.commit)
    db.options.set_transaction_size_limit(1000)
    try:
        tr = db.create_transaction()
        for _ in range(2):
            tr[b"t1"] = value
            await expect(model, TOO_LARGE, tr.commit)
            await expect(model, 0, lambda: tr.on_error(NOT_COMMITTED))
        tr.options.set_size_limit(10_000_000)
        tr[b"t1"] = value
        await expect(model, 0, tr.commit)
    finally:
        db.options.set_transaction_size_limit(10_000_000)


async def approximate_size(db: Any, model: ThreadModel) -> None:
    async def work(tr: Any) -> None:
        last = -1

        async def grown() -> None:
            nonlocal last
            size = await model.wait(tr.get_approximate_size())
            check(size > last, "the approximate size has not grown")
            last = size

        tr[b"key1"] = b"value1"
        await grown()
        tr[b"key2"] = b"value2"
        await grown()
        tr.clear(b"key3")
        await grown()
        tr.add_read_conflict_key(b"key3+")
        await grown()
        tr.add_write_conflict_key(b"key4")
        await grown()

    await model.transact(db, work)


# ---- places, errors, status ----------------------------------------------------------------


async def locality(db: Any, model: ThreadModel) -> None:
    tr = db.create_transaction()
    tr.options.set_timeout(60_000)
    tr.options.set_read_system_keys()
    found = fdb.locality.get_boundary_keys(db, b"", b"\xff\xff")
    bounds = [bytes(key) for key in await model.collect(found)]
    for begin, end in zip(bounds, bounds[1:], strict=False):
        last = bytes(await model.wait(tr.get_key(fdb.KeySelector.last_less_than(end))))
        first_at = await model.wait(fdb.locality.get_addresses_for_key(tr, begin))
        last_at = await model.wait(fdb.locality.get_addresses_for_key(tr, last))
        if last >= begin:
            check(sorted(first_at) == sorted(last_at), f"shard {begin!r} is in two places")


async def predicates(db: Any, model: ThreadModel) -> None:
    check(fdb.predicates.is_retryable(fdb.FDBError(NOT_COMMITTED)), "1020 is retryable")
    check(not fdb.predicates.is_retryable(fdb.FDBError(10)), "10 is not retryable")


async def client_status(db: Any, model: ThreadModel) -> None:
    status = bytes(await model.wait(db.get_client_status()))
    check(json.loads(status)["Healthy"] is True, "the client is not healthy")


async def generators_are_refused(db: Any, model: ThreadModel) -> None:
    def numbers(tr: Any) -> Any:
        yield 0

    try:
        await model.layer(fdb.transactional(numbers), db)
    except (ValueError, TypeError):
        return
    check(False, "a generator was accepted by fdb.transactional")


async def tuple_order(db: Any, model: ThreadModel) -> None:
    ordered = [
        (None,),
        (b"",),
        (b"\x00",),
        (b"a", 1),
        ("",),
        ("a",),
        ("\u00e9",),
        ("\uffff",),
        ("\U0001f600",),
        ((),),
        ((None,),),
        (-(2**100),),
        (-(2**64),),
        (-1,),
        (0,),
        (0, "x"),
        (1,),
        (2**63,),
        (2**100,),
        (fdb.tuple.SingleFloat(-1.5),),
        (fdb.tuple.SingleFloat(1.5),),
        (float("-inf"),),
        (-0.0,),
        (0.0,),
        (1.5,),
        (float("inf"),),
        (False,),
        (True,),
    ]
    packed = [fdb.tuple.pack(item) for item in ordered]
    check(packed == sorted(packed), "the packed order is wrong")
    for first, second in zip(ordered, ordered[1:], strict=False):
        check(fdb.tuple.compare(first, second) == -1, f"{first!r} is not below {second!r}")
        check(fdb.tuple.compare(second, first) == 1, f"{second!r} is not above {first!r}")


# ---- tenants -------------------------------------------------------------------------------


async def tenant_error(model: ThreadModel, call: Any, db: Any, name: Any) -> int:
    try:
        await model.layer(call, db, name)
    except fdb.FDBError as error:
        return int(error.code)
    return 0


async def tenants(db: Any, model: ThreadModel) -> None:
    manage = fdb.tenant_management
    for name in (b"tester_tenant", ("tester", 7)):
        created = await tenant_error(model, manage.create_tenant, db, name)
        if created == 2136:
            return  # this cluster has tenants disabled
        check(created == 0, f"create_tenant gave {created}")
        check(await tenant_error(model, manage.create_tenant, db, name) == 2132, "no 2132")
        await tenant_data(db, model, name)
        check(await tenant_error(model, manage.delete_tenant, db, name) == 0, "not deleted")
        check(await tenant_error(model, manage.delete_tenant, db, name) == 2131, "no 2131")


async def tenant_data(db: Any, model: ThreadModel, name: Any) -> None:
    """Data of the tenant is separate, and is under its prefix for raw access from outside."""
    tenant = db.open_tenant(name)
    await model.result(tenant.set(b"tenant_key", b"inside"))
    check(await model.result(db.get(b"tenant_key")) is None, "tenant data is seen outside")
    prefix = (await model.wait(tenant.get_id())).to_bytes(8, "big")

    async def raw(tr: Any) -> Any:
        tr.options.set_raw_access()
        return await model.rows(tr.get_range_startswith(prefix), to_list=True)

    rows = await model.transact(db, raw)
    found = [(row.key[8:], row.value) for row in rows]
    check(found == [(b"tenant_key", b"inside")], f"raw access sees {found!r}")
    await model.result(tenant.clear_range(b"", b"\xff"))


CHECKS: tuple[Callable[[Any, ThreadModel], Awaitable[None]], ...] = (
    database_options,
    transaction_options,
    watches,
    cancellation,
    retry_limits,
    timeouts,
    size_limits,
    approximate_size,
    locality,
    predicates,
    client_status,
    generators_are_refused,
    tuple_order,
    tenants,
)


async def run(db: Any, model: ThreadModel) -> None:
    """Runs all checks."""
    for one in CHECKS:
        await one(db, model)
