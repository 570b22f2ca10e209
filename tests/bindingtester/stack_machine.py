"""The stack machine of the binding tester: its state, its stack, and how an instruction is found.

The instructions themselves are in `stack_core`, `stack_tenants` and `stack_directory`. Each is a
coroutine function that takes one `Instruction`, registered under its name by `operation`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import Any

from stack_models import ThreadModel

import fdb
import fdb.tuple

Handler = Callable[["Instruction"], Coroutine[Any, Any, None]]
NOT_PRESENT = b"RESULT_NOT_PRESENT"
SUFFIXES = ("_SNAPSHOT", "_DATABASE", "_TENANT")
OPERATIONS: dict[str, Handler] = {}


def operation(name: str, suffixes: tuple[str, ...] = ()) -> Callable[[Handler], Handler]:
    """Registers a handler for the instruction, and for its forms with the given suffixes."""

    def register(handler: Handler) -> Handler:
        for suffix in ("", *suffixes):
            if name + suffix in OPERATIONS:
                raise ValueError(f"two handlers for {name + suffix}")
            OPERATIONS[name + suffix] = handler
        return handler

    return register


def error_item(code: int) -> bytes:
    """What stands on the stack for an error."""
    return fdb.tuple.pack((b"ERROR", str(code).encode()))


class Transactions:
    """The transactions by name, shared by all machines of a process."""

    def __init__(self) -> None:
        self._named: dict[bytes, Any] = {}
        self._lock = threading.Lock()

    def get(self, name: bytes, source: Any) -> Any:
        """The transaction of that name; one of `source` is made if there is none."""
        with self._lock:
            if name not in self._named:
                self._named[name] = source.create_transaction()
            return self._named[name]

    def replace(self, name: bytes, transaction: Any) -> None:
        with self._lock:
            self._named[name] = transaction


class Machine:
    """Runs the instructions stored under one prefix."""

    def __init__(
        self, db: Any, prefix: bytes, model: ThreadModel, transactions: Transactions | None = None
    ) -> None:
        self.db = db
        self.prefix = prefix
        self.model = model
        self.transactions = transactions or Transactions()
        self.transaction_name = prefix
        self.tenant: Any = None
        self.last_version = 0
        self.stack: list[tuple[int, Any]] = []
        self.directories: list[Any] = [fdb.directory]
        self.directory_index = 0
        self.error_index = 0
        self.started: list[Any] = []
        self.refusals: set[str] = set()  # classes of what directory instructions raised

    @property
    def source(self) -> Any:
        """What new transactions belong to: the active tenant, or else the database."""
        return self.db if self.tenant is None else self.tenant

    @property
    def transaction(self) -> Any:
        return self.transactions.get(self.transaction_name, self.source)

    async def resolve(self, item: Any) -> Any:
        """The value that stands for a stack item, waited for if it is a future."""
        if not isinstance(item, fdb.Future):
            return item
        try:
            value = await self.model.wait(item)
        except fdb.FDBError as error:
            return error_item(error.code)
        if not isinstance(value, (int, type(None))) and hasattr(value, "value"):
            value = value.value
        return NOT_PRESENT if value is None else bytes(value)

    async def run(self) -> None:
        """Runs all instructions, then waits for the machines that these started."""
        for number, (name, argument) in enumerate(await self.instructions()):
            await self.execute(Instruction(self, number, name, argument))
        for started in self.started:
            await self.model.join(started)

    async def instructions(self) -> list[tuple[str, Any]]:
        """The stored instructions, in order, each with its argument (None if it has none)."""
        bounds = fdb.tuple.range((self.prefix,))

        async def read(tr: Any) -> list[Any]:
            return await self.model.rows(tr.get_range(bounds.start, bounds.stop), to_list=True)

        stored = [fdb.tuple.unpack(row.value) for row in await self.model.transact(self.db, read)]
        return [(entry[0], entry[1] if len(entry) > 1 else None) for entry in stored]

    async def execute(self, instruction: Instruction) -> None:
        """Runs one instruction; an FDBError that it raises becomes its result."""
        handler = OPERATIONS.get(instruction.name)
        if handler is None:
            raise ValueError(f"unknown instruction {instruction.name!r}")
        try:
            await handler(instruction)
        except fdb.FDBError as error:
            instruction.push(error_item(error.code))


class Instruction:
    """One instruction: its place, its name taken apart, and the stack as it sees it."""

    def __init__(self, machine: Machine, number: int, name: str, argument: Any) -> None:
        self.machine = machine
        self.model = machine.model
        self.number = number
        self.name = name
        self.argument = argument
        self.suffix = next((end for end in SUFFIXES if name.endswith(end)), "")

    @property
    def transaction(self) -> Any:
        return self.machine.transaction

    @property
    def on_source(self) -> bool:
        """Whether it works on a database or tenant, in a transaction of its own."""
        return self.suffix in ("_DATABASE", "_TENANT")

    @property
    def target(self) -> Any:
        """The transaction, snapshot, database or tenant that the suffix asks for."""
        if self.suffix == "_DATABASE":
            return self.machine.db
        if self.suffix == "_TENANT":
            return self.machine.source
        return self.transaction.snapshot if self.suffix == "_SNAPSHOT" else self.transaction

    def push(self, item: Any) -> None:
        self.machine.stack.append((self.number, item))

    def push_value(self, value: Any) -> None:
        """Pushes what a database method returned, where None means that there is nothing."""
        self.push(NOT_PRESENT if value is None else bytes(value))

    async def pop(self) -> Any:
        """The top value, waited for."""
        return (await self.pop_numbered())[1]

    async def pop_numbered(self) -> tuple[int, Any]:
        """The top value with the number of the instruction that pushed it."""
        number, item = self.machine.stack.pop()
        return number, await self.machine.resolve(item)

    async def pops(self, count: int) -> list[Any]:
        """The top `count` values, top first."""
        return [await self.pop() for _ in range(count)]

    async def pop_tuple(self) -> tuple[Any, ...]:
        """A length and then that many values."""
        return tuple(await self.pops(await self.pop()))
