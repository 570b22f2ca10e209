"""The transactions of the kill test: how each is drawn, run on a database, and run on a model of it.

Every transaction writes a marker besides: the key that names it, with its versionstamp as the value. So the
markers that a database holds say which transactions were committed and in which order, and the model, having
run these, must equal the database: then nothing is missing, half there, or from another moment.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import fdb

Rows = dict[bytes, bytes]

ACCOUNTS = 8
BALANCE = 1000
FILLER = 4000  # keys that bulk writes and clears of ranges are about
TENANTS = (b"red", b"green", b"blue")
TENANT_MAP = b"\xff\xff/management/tenant/map/"
NO_STAMP = bytes(10)
NO_OFFSET = bytes(4)
WORD = 1 << 64


@dataclass(frozen=True)
class Operation:
    """One transaction of one thread of one incarnation of the program."""

    incarnation: int
    thread: int
    number: int
    kind: str
    arguments: tuple[int, ...]

    @property
    def marker(self) -> bytes:
        return markers_of(self.incarnation) + b"%02d/%06d" % (self.thread, self.number)

    def value(self, index: int, size: int) -> bytes:
        """The bytes that this transaction writes in its place `index`."""
        return hashlib.shake_128(b"%s/%d" % (self.marker, index)).digest(size)

    @property
    def tenant(self) -> bytes | None:
        """The tenant that it is a transaction of."""
        return TENANTS[self.arguments[0]] if self.kind == "tenant" else None

    @property
    def own_tenant(self) -> bytes:
        """The tenant that a "make" makes and the "remove" before the next one removes."""
        return b"own/%d" % self.thread


def markers_of(incarnation: int) -> bytes:
    return b"m/%06d/" % incarnation


def account(number: int) -> bytes:
    return b"bank/%02d" % number


def counter(number: int) -> bytes:
    return b"count/%02d" % number


def filler(number: int) -> bytes:
    return b"f/%08d" % number


def number_in(value: bytes | None) -> int:
    return int.from_bytes(value, "little") if value is not None else 0


def as_number(number: int) -> bytes:
    return (number % WORD).to_bytes(8, "little")


@dataclass
class Model:
    """What the database must hold."""

    rows: Rows = field(default_factory=dict)
    tenants: set[bytes] = field(default_factory=set)
    prefixes: dict[bytes, bytes] = field(default_factory=dict)

    def clear(self, begin: bytes, end: bytes) -> None:
        for key in [key for key in self.rows if begin <= key < end]:
            del self.rows[key]

    def run(self, operation: Operation, stamp: bytes) -> None:
        """Does what the operation did when it was committed with this stamp."""
        _, replay = KINDS[operation.kind]
        replay(self, operation, stamp)
        prefix = b"" if operation.tenant is None else self.prefixes[operation.tenant]
        self.rows[prefix + operation.marker] = stamp


# ---- each kind: on a transaction, and on the model ------------------------------------------------


def run_transfer(tr: Any, operation: Operation) -> None:
    source, target, amount = operation.arguments
    have, other = (read_balance(tr[account(number)].value) for number in (source, target))
    moved = min(have, amount)
    tr[account(source)] = as_number(have - moved)
    tr[account(target)] = as_number(other + moved)


def read_balance(value: bytes | None) -> int:
    return BALANCE if value is None else number_in(value)


def replay_transfer(model: Model, operation: Operation, stamp: bytes) -> None:
    source, target, amount = operation.arguments
    have, other = (read_balance(model.rows.get(account(number))) for number in (source, target))
    moved = min(have, amount)
    model.rows[account(source)] = as_number(have - moved)
    model.rows[account(target)] = as_number(other + moved)


def run_add(tr: Any, operation: Operation) -> None:
    which, amount = operation.arguments
    tr.add(counter(which), as_number(amount))
    tr.max(b"greatest", as_number(amount))


def replay_add(model: Model, operation: Operation, stamp: bytes) -> None:
    which, amount = operation.arguments
    model.rows[counter(which)] = as_number(number_in(model.rows.get(counter(which))) + amount)
    model.rows[b"greatest"] = as_number(max(number_in(model.rows.get(b"greatest")), amount))


def run_stamped(tr: Any, operation: Operation) -> None:
    (size,) = operation.arguments
    key = b"s/" + NO_STAMP + b"/%02d" % operation.thread
    tr.set_versionstamped_key(key + (2).to_bytes(4, "little"), operation.value(0, size))


def replay_stamped(model: Model, operation: Operation, stamp: bytes) -> None:
    (size,) = operation.arguments
    model.rows[b"s/" + stamp + b"/%02d" % operation.thread] = operation.value(0, size)


def run_trim(tr: Any, operation: Operation) -> None:
    """Removes the stamped keys, and the markers of the incarnations before."""
    tr.clear_range(b"s/", b"s0")
    tr.clear_range(b"m/", markers_of(operation.incarnation))


def replay_trim(model: Model, operation: Operation, stamp: bytes) -> None:
    model.clear(b"s/", b"s0")
    model.clear(b"m/", markers_of(operation.incarnation))


def together(operation: Operation) -> Rows:
    group, count, size = operation.arguments
    return {b"t/%03d/%02d" % (index, group): operation.value(0, size) for index in range(count)}


def run_together(tr: Any, operation: Operation) -> None:
    for key, value in together(operation).items():
        tr[key] = value


def replay_together(model: Model, operation: Operation, stamp: bytes) -> None:
    model.rows.update(together(operation))


def bulk(operation: Operation) -> Rows:
    first, count, step, size = operation.arguments
    numbers = range(first, first + count * step, step)
    return {filler(number): operation.value(number, size) for number in numbers}


def run_fill(tr: Any, operation: Operation) -> None:
    for key, value in bulk(operation).items():
        tr[key] = value


def replay_fill(model: Model, operation: Operation, stamp: bytes) -> None:
    model.rows.update(bulk(operation))


def run_clear(tr: Any, operation: Operation) -> None:
    first, last = operation.arguments
    tr.clear_range(filler(first), filler(last))


def replay_clear(model: Model, operation: Operation, stamp: bytes) -> None:
    first, last = operation.arguments
    model.clear(filler(first), filler(last))


def run_large(tr: Any, operation: Operation) -> None:
    which, size = operation.arguments
    if size == 0:
        del tr[b"large/%d" % which]
    else:
        tr[b"large/%d" % which] = operation.value(0, size)


def replay_large(model: Model, operation: Operation, stamp: bytes) -> None:
    which, size = operation.arguments
    model.rows.pop(b"large/%d" % which, None)
    if size != 0:
        model.rows[b"large/%d" % which] = operation.value(0, size)


def run_setup(tr: Any, operation: Operation) -> None:
    tr.options.set_special_key_space_enable_writes()
    for name in TENANTS:
        if not tr[TENANT_MAP + name].present():
            tr[TENANT_MAP + name] = b""


def replay_setup(model: Model, operation: Operation, stamp: bytes) -> None:
    model.tenants.update(TENANTS)


def run_make(tr: Any, operation: Operation) -> None:
    tr.options.set_special_key_space_enable_writes()
    tr[TENANT_MAP + operation.own_tenant] = b""


def replay_make(model: Model, operation: Operation, stamp: bytes) -> None:
    model.tenants.add(operation.own_tenant)


def run_remove(tr: Any, operation: Operation) -> None:
    tr.options.set_special_key_space_enable_writes()
    del tr[TENANT_MAP + operation.own_tenant]


def replay_remove(model: Model, operation: Operation, stamp: bytes) -> None:
    model.tenants.discard(operation.own_tenant)


def run_tenant(tr: Any, operation: Operation) -> None:
    _, key, size = operation.arguments
    tr[b"key/%d" % key] = operation.value(0, size)
    tr.clear_range(b"m/", markers_of(operation.incarnation))


def replay_tenant(model: Model, operation: Operation, stamp: bytes) -> None:
    _, key, size = operation.arguments
    assert operation.tenant is not None
    prefix = model.prefixes[operation.tenant]
    model.rows[prefix + b"key/%d" % key] = operation.value(0, size)
    model.clear(prefix + b"m/", prefix + markers_of(operation.incarnation))


Run = Callable[[Any, Operation], None]
Replay = Callable[[Model, Operation, bytes], None]
KINDS: dict[str, tuple[Run, Replay]] = {
    "transfer": (run_transfer, replay_transfer),
    "add": (run_add, replay_add),
    "stamped": (run_stamped, replay_stamped),
    "trim": (run_trim, replay_trim),
    "together": (run_together, replay_together),
    "fill": (run_fill, replay_fill),
    "clear": (run_clear, replay_clear),
    "large": (run_large, replay_large),
    "setup": (run_setup, replay_setup),
    "make": (run_make, replay_make),
    "remove": (run_remove, replay_remove),
    "tenant": (run_tenant, replay_tenant),
}


def run_operation(tr: Any, operation: Operation) -> None:
    """Puts the operation and its marker into a transaction."""
    run, _ = KINDS[operation.kind]
    run(tr, operation)
    tr.set_versionstamped_value(operation.marker, NO_STAMP + NO_OFFSET)


# ---- drawing them -------------------------------------------------------------------------------

WEIGHTS = {
    "transfer": 30,
    "add": 20,
    "stamped": 15,
    "trim": 1,
    "together": 10,
    "fill": 6,
    "clear": 6,
    "large": 4,
    "make": 1,
    "remove": 1,
    "tenant": 8,
}


def draw_arguments(kind: str, rng: random.Random) -> tuple[int, ...]:
    if kind == "transfer":
        return (*rng.sample(range(ACCOUNTS), 2), rng.randint(1, 200))
    if kind == "add":
        return (rng.randrange(5), rng.randrange(1 << rng.choice((8, 40, 64))))
    if kind == "stamped":
        return (rng.randrange(200),)
    if kind == "together":
        return (rng.randrange(20), rng.randint(2, 40), rng.choice((0, 8, 500, 3000)))
    if kind == "fill":
        count = rng.choice((1, 10, 300))
        return (
            rng.randrange(FILLER),
            count,
            rng.choice((1, 1, 7)),
            rng.choice((10, 100, 100, 1500)),
        )
    if kind == "clear":
        first = rng.randrange(FILLER)
        return (first, first + rng.choice((1, 20, 500, FILLER)))
    if kind == "large":
        return (rng.randrange(4), rng.choice((0, 1000, 1025, 20_000, 100_000)))
    if kind == "tenant":
        return (rng.randrange(len(TENANTS)), rng.randrange(30), rng.randrange(300))
    return ()


def draw(
    incarnation: int, thread: int, number: int, rng: random.Random, bulk_rows: int
) -> Operation:
    """The next transaction of a thread. Thread 0 begins with what others rely on, and with `bulk_rows` rows."""
    if thread == 0 and number < 2:
        return Operation(incarnation, thread, number, ("setup", "trim")[number], ())
    if thread == 0 and number < 2 + bulk_rows // FILLER:
        first = FILLER * (number - 2)
        return Operation(incarnation, thread, number, "fill", (first, FILLER, 1, 100))
    kind = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    return Operation(incarnation, thread, number, kind, draw_arguments(kind, rng))


def begin(database: fdb.Database, operation: Operation) -> Any:
    """A transaction of the kind that the operation needs."""
    if operation.tenant is None:
        return database.create_transaction()
    return database.open_tenant(operation.tenant).create_transaction()
