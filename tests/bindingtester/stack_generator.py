"""Random programs for the stack machine, over all of its instructions.

A program depends on its seed and the API version alone, so two packages can be given the same one.
Whatever could differ between two correct runs is kept out or made comparable: what a commit or
on_error does is waited for at once, and a read before something ends its transaction, versions are never logged, every versionstamp is stored under
`STAMPS` so that a comparison can recognise it, and machines that run at the same time share no keys.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from stack_arguments import Arguments

import fdb
import fdb.tuple

PREFIX = b"test_spec"
STAMPS = b"stamps/"
LOG = b"log/"
FIRST_VERSION_WITH_TENANTS = 710
PLAIN_OPERATIONS = ("ADD", "BIT_AND", "BIT_OR", "BIT_XOR", "MAX", "MIN", "BYTE_MIN", "BYTE_MAX")
NEWER_OPERATIONS = ("APPEND_IF_FITS", "COMPARE_AND_CLEAR")
READ_FORMS = ("", "_SNAPSHOT", "_DATABASE")
WRITE_FORMS = ("", "_DATABASE")


class Program(Arguments):
    """The instructions of one machine while they are being made.

    `depth` is a lower bound of the number of items on the stack.
    """

    def __init__(self, rng: random.Random, api_version: int, name: bytes) -> None:
        super().__init__(rng, api_version, name)
        self.instructions: list[tuple[Any, ...]] = []
        self.depth = 0
        self.stamps = 0
        self.read_forms, self.write_forms = READ_FORMS, WRITE_FORMS
        if api_version >= FIRST_VERSION_WITH_TENANTS:
            self.read_forms, self.write_forms = (*READ_FORMS, "_TENANT"), (*WRITE_FORMS, "_TENANT")

    def op(self, name: str, *args: Any, pushes: int = 0) -> None:
        """Adds an instruction whose arguments, in pop order, are pushed just before it."""
        for argument in reversed(args):
            self.instructions.append(("PUSH", argument))
        self.instructions.append((name,))
        self.depth += pushes

    def write(self, name: str, *args: Any) -> None:
        """Adds a write; its forms on a database or tenant push a result."""
        form = self.rng.choice(self.write_forms)
        self.op(name + form, *args, pushes=1 if form else 0)

    def read(self, name: str, *args: Any) -> None:
        self.op(name + self.rng.choice(self.read_forms), *args, pushes=1)

    # ---- groups of instructions --------------------------------------------------------------

    def commit(self) -> None:
        """Commits, waits, and mostly makes the transaction usable again."""
        self.op("COMMIT")
        self.op("WAIT_FUTURE", pushes=1)
        if self.rng.random() < 0.9:
            self.op("RESET")
        else:
            self.get()
            self.op("SET", self.key(), self.value())
            self.op("RESET")

    def new_transaction(self) -> None:
        if self.rng.random() < 0.5:
            self.op("USE_TRANSACTION", self.name + self.rng.choice((b"1", b"2", b"3")))
        self.op("NEW_TRANSACTION")

    def get(self) -> None:
        """A read that is pending for a while, but not when its transaction ends."""
        self.read("GET", self.key())
        if self.rng.random() < 0.5:
            self.op("SET", self.key(), self.value())  # which the read does not see
        self.op("WAIT_FUTURE")

    def get_key(self) -> None:
        self.read("GET_KEY", *self.selector(), self.workspace)

    def get_range(self) -> None:
        self.read("GET_RANGE", *self.ends(), *self.limit_and_mode())

    def get_range_starts_with(self) -> None:
        self.read("GET_RANGE_STARTS_WITH", self.workspace, *self.limit_and_mode())

    def get_range_selector(self) -> None:
        selectors = (*self.selector(), *self.selector())
        self.read("GET_RANGE_SELECTOR", *selectors, *self.limit_and_mode(), self.workspace)

    def set_value(self) -> None:
        self.write("SET", self.key(), self.value())

    def clear(self) -> None:
        self.write("CLEAR", self.key())

    def clear_range(self) -> None:
        begin, end = (self.workspace + bytes(self.rng.choices(b"abc", k=2)) for _ in range(2))
        if begin > end and self.rng.random() < 0.9:
            begin, end = end, begin
        self.write("CLEAR_RANGE", begin, end)

    def clear_range_starts_with(self) -> None:
        self.write("CLEAR_RANGE_STARTS_WITH", self.workspace + self.rng.choice((b"a", b"b\x00")))

    def atomic(self) -> None:
        names = PLAIN_OPERATIONS
        if self.api_version >= 610:
            names += NEWER_OPERATIONS
        self.write("ATOMIC_OP", self.rng.choice(names), self.key(), self.value())

    def conflict(self) -> None:
        kind = self.rng.choice(("READ", "WRITE"))
        if self.rng.random() < 0.5:
            self.op(f"{kind}_CONFLICT_RANGE", *self.ends(), pushes=1)
        else:
            self.op(f"{kind}_CONFLICT_KEY", self.key(), pushes=1)

    def disable_write_conflict(self) -> None:
        self.op("DISABLE_WRITE_CONFLICT")
        self.set_value()

    def versions(self) -> None:
        choice = self.rng.randrange(4)
        if choice == 0:
            self.op("GET_READ_VERSION" + self.rng.choice(("", "_SNAPSHOT")), pushes=1)
        elif choice == 1:
            self.op("SET_READ_VERSION")
        elif choice == 2:
            self.op("GET_COMMITTED_VERSION", pushes=1)
        else:
            self.op("GET_APPROXIMATE_SIZE", pushes=1)

    def sizes(self) -> None:
        if self.rng.random() < 0.5:
            self.op("GET_ESTIMATED_RANGE_SIZE", *self.ends(), pushes=1)
        else:
            self.op("GET_RANGE_SPLIT_POINTS", *self.ends(), 1000, pushes=1)

    def on_error(self) -> None:
        code = self.rng.choice((0, 1007, 1020, 1021, 1009, 1025, 1031, 1100, 2000, 2017, 4999))
        self.op("ON_ERROR", code)
        self.op("WAIT_FUTURE", pushes=1)

    def cancel(self) -> None:
        self.op("CANCEL")
        self.get()
        self.op("COMMIT")
        self.op("WAIT_FUTURE", pushes=1)
        self.op("RESET")

    def stamp(self) -> None:
        """A versionstamp operation in a transaction of its own, and where the stamp is kept."""
        width = 4 if self.api_version >= 520 else 2
        target = self.workspace + b"v"
        self.op("NEW_TRANSACTION")
        if self.rng.random() < 0.5:
            key = target + bytes(10) + len(target).to_bytes(width, "little")
            self.op("ATOMIC_OP", "SET_VERSIONSTAMPED_KEY", key, self.value())
        else:
            suffix = bytes(4) if self.api_version >= 520 else b""
            self.op("ATOMIC_OP", "SET_VERSIONSTAMPED_VALUE", target, bytes(10) + b"s" + suffix)
        if self.rng.random() < 0.5:
            self.get_range()
        self.op("GET_VERSIONSTAMP", pushes=1)
        self.commit_with_stamp()

    def commit_with_stamp(self) -> None:
        """Commits with the stamp's future on top of the stack, and stores the stamp."""
        self.op("COMMIT")
        self.op("WAIT_FUTURE")
        self.op("POP")
        self.op("RESET")
        self.instructions.append(("PUSH", STAMPS + self.name + b"/%04d" % self.stamps))
        self.op("SET_DATABASE")
        self.stamps += 1

    # ---- data and tuples ---------------------------------------------------------------------

    def stack(self) -> None:
        """Moves items about; `depth` says how far down there surely are some."""
        choice = self.rng.randrange(6)
        if choice == 0 and self.depth >= 1:
            self.op("DUP", pushes=1)
        elif choice == 1 and self.depth >= 2:
            self.op("SWAP", self.rng.randrange(self.depth))
        elif choice == 2 and self.depth >= 1:
            self.op("POP", pushes=-1)
        elif choice == 3 and self.depth >= 1:
            self.op("WAIT_FUTURE")
        elif choice == 4 and self.rng.random() < 0.2:
            self.op("EMPTY_STACK", pushes=-self.depth)
        else:
            self.op("SUB", self.rng.getrandbits(70), self.rng.getrandbits(80), pushes=1)

    def concat(self) -> None:
        if self.rng.random() < 0.5:
            self.op("CONCAT", self.value(), self.value(), pushes=1)
        else:
            self.op("CONCAT", "a\u00e9", "\U0001f600", pushes=1)

    def tuples(self) -> None:
        items = self.items()
        choice = self.rng.randrange(4)
        if choice == 0:
            self.op("TUPLE_PACK", len(items), *items, pushes=1)
        elif choice == 1:
            self.op("TUPLE_UNPACK", fdb.tuple.pack(items), pushes=len(items))
        elif choice == 2:
            self.op("TUPLE_RANGE", len(items), *items, pushes=2)
        else:
            packed = [fdb.tuple.pack(self.items()) for _ in range(self.rng.randrange(6))]
            self.op("TUPLE_SORT", len(packed), *packed, pushes=len(packed))

    def stamped_tuple(self) -> None:
        """Packs with none, one or two incomplete versionstamps; the suffix's width is by version."""
        items = list(self.items())
        count = self.rng.randrange(3)
        for number in range(count):
            stamp = fdb.tuple.Versionstamp(user_version=number)
            items.insert(self.rng.randint(0, len(items)), stamp)
        pushed = 2 if count == 1 else 1
        arguments = (self.workspace, len(items), *items)
        self.op("TUPLE_PACK_WITH_VERSIONSTAMP", *arguments, pushes=pushed)

    def floats(self) -> None:
        choice = self.rng.randrange(4)
        if choice == 0:
            self.op("ENCODE_FLOAT", self.rng.choice((b"\x7f\xc0\x12\x34", self.rng.randbytes(4))))
        elif choice == 1:
            self.op("ENCODE_DOUBLE", self.rng.randbytes(8))
        elif choice == 2:
            self.op("DECODE_FLOAT", fdb.tuple.SingleFloat(self.rng.choice((1.5, -0.0, 1e30))))
        else:
            self.op("DECODE_DOUBLE", self.rng.choice((1.5, -0.0, 1e300, float("-inf"))))
        self.depth += 1

    # ---- tenants -----------------------------------------------------------------------------

    def tenant(self) -> None:
        name = self.rng.choice((b"tenant1", b"tenant2", b"tenant3"))
        choice = self.rng.randrange(6)
        if choice == 0:
            self.op("TENANT_CREATE", name, pushes=1)
        elif choice == 1:
            self.op("TENANT_DELETE", name, pushes=1)
        elif choice == 2:
            self.op("TENANT_SET_ACTIVE", name, pushes=1)
        elif choice == 3:
            self.op("TENANT_CLEAR_ACTIVE")
        elif choice == 4:
            self.op("TENANT_LIST", b"", b"\xff", self.rng.randint(1, 5), pushes=1)
        else:
            self.op("TENANT_GET_ID", pushes=1)

    # ---- the whole ---------------------------------------------------------------------------

    def random_instructions(self, count: int, groups: list[Callable[[], None]]) -> None:
        self.op("NEW_TRANSACTION")
        for _ in range(count):
            self.rng.choice(groups)()
            if self.rng.random() < 0.12:
                self.commit()

    def finish(self) -> None:
        """Leaves the last transaction committed and the stack in the database."""
        if self.api_version >= FIRST_VERSION_WITH_TENANTS:
            self.op("TENANT_CLEAR_ACTIVE")
        self.op("NEW_TRANSACTION")
        self.op("LOG_STACK", LOG + self.name + b"/")

    def groups(self) -> list[Callable[[], None]]:
        """What a program is made of; reads and writes come up more often than the rest."""
        found = [self.get, self.get_key, self.get_range, self.get_range_selector] * 2
        found += [self.set_value, self.set_value, self.clear, self.clear_range, self.atomic] * 2
        found += [self.get_range_starts_with, self.clear_range_starts_with, self.conflict]
        found += [self.disable_write_conflict, self.versions, self.sizes, self.on_error]
        found += [self.cancel, self.new_transaction, self.stack, self.concat, self.tuples]
        found += [self.stamped_tuple, self.floats]
        if self.api_version >= 400:
            found.append(self.stamp)
        return found


def threaded(program: Program, length: int) -> dict[bytes, Program]:
    """Lets the main program start two machines and wait until each has cleared its own mark."""
    machines = {}
    for number in range(2):
        name = b"thread%d" % number
        mark = b"mark/" + name
        child = Program(random.Random(program.rng.getrandbits(64)), program.api_version, name)
        child.op("USE_TRANSACTION", name)
        child.rare_keys = ()  # ranges between them hold what the other machines write
        child.read_forms, child.write_forms = READ_FORMS, WRITE_FORMS
        # What a selector resolves to, and conflicts with, may lie among another machine's keys.
        apart = [child.get_key, child.get_range_selector]
        child.random_instructions(length, [one for one in child.groups() if one not in apart])
        child.op("NEW_TRANSACTION")
        child.op("LOG_STACK", LOG + name + b"/")
        child.op("CLEAR_DATABASE", mark)
        machines[name] = child
        program.op("SET_DATABASE", mark, b"running", pushes=1)
        program.op("START_THREAD", name)
    for name in machines:
        program.op("WAIT_EMPTY", b"mark/" + name, pushes=1)
    return machines


def generate(seed: int, api_version: int, length: int = 60) -> dict[bytes, list[tuple[Any, ...]]]:
    """The instructions of each machine by its prefix; the machine to run is `PREFIX`.

    A third of the seeds are about directories, one in six has machines that run at the same time.
    """
    from stack_directory_generator import DirectoryProgram

    rng = random.Random(f"{seed}/{api_version}")
    if seed % 3 == 1:
        directories = DirectoryProgram(rng, api_version, PREFIX)
        directories.make(length)
        return {PREFIX: directories.instructions}
    program = Program(rng, api_version, PREFIX)
    machines = threaded(program, length // 2) if seed % 6 == 0 else {}
    groups = program.groups()
    if api_version >= FIRST_VERSION_WITH_TENANTS:
        groups += [program.tenant] * 2
    program.random_instructions(length, groups)
    program.finish()
    return {PREFIX: program.instructions, **{n: p.instructions for n, p in machines.items()}}


def stored(machines: dict[bytes, list[tuple[Any, ...]]]) -> dict[bytes, bytes]:
    """The pairs that put the instructions of all machines into a database."""
    pairs = {}
    for prefix, instructions in machines.items():
        for number, instruction in enumerate(instructions):
            pairs[fdb.tuple.pack((prefix, number))] = pack_instruction(instruction)
    return pairs


def pack_instruction(instruction: tuple[Any, ...]) -> bytes:
    """The stored form; an incomplete versionstamp as argument stays one, without a position."""
    if not fdb.tuple.has_incomplete_versionstamp(instruction):
        return fdb.tuple.pack(instruction)
    packed = fdb.tuple.pack_with_versionstamp(instruction)
    return packed[: -4 if fdb.get_api_version() >= 520 else -2]
