"""The directory instructions.

A failure of any kind, the wrong use of a null entry included, is the result b"DIRECTORY_ERROR"; an
instruction that would have appended a directory to the list then appends None.

The official package gives a new tree its version before it checks what it is asked to do, and so leaves that
behind in the caller's transaction when it refuses; this package writes when nothing can fail any more. Here
its directories do as the official ones, so that everything else can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from stack_machine import Instruction, operation

import fdb
import fdb.tuple

try:
    from fdb._directory.store import DirectoryStore
except ImportError:  # the official package
    pass
else:
    check_writable = DirectoryStore._check_writable

    def write_version_at_once(store: DirectoryStore, tr: Any, version: Any) -> bool:
        store._write_version(tr, check_writable(store, tr, version))
        return False

    DirectoryStore._check_writable = write_version_at_once  # type: ignore[method-assign]

Directory = Any
Body = Callable[[Instruction, Directory], Coroutine[Any, Any, Any]]
ON_DATABASE = ("_DATABASE",)
ON_ANY = ("_DATABASE", "_SNAPSHOT")


def current(call: Instruction) -> Directory:
    machine = call.machine
    return machine.directories[machine.directory_index]


def directory_operation(
    name: str, suffixes: tuple[str, ...] = (), appends: bool = False
) -> Callable[[Body], Body]:
    """Registers DIRECTORY_`name`; the result of one that `appends` goes to the directory list."""

    def register(body: Body) -> Body:
        async def handler(call: Instruction) -> None:
            directories = call.machine.directories
            try:
                result = await body(call, current(call))
            except Exception as problem:
                call.machine.refusals.add(type(problem).__name__)
                if appends:
                    directories.append(None)
                call.push(b"DIRECTORY_ERROR")
                return
            if appends:
                directories.append(result)

        operation("DIRECTORY_" + name, suffixes)(handler)
        return body

    return register


async def optional_path(call: Instruction) -> list[tuple[Any, ...]]:
    """The arguments for a method whose path may be left out: a count of 0 or 1, then a path."""
    return [await call.pop_tuple() for _ in range(await call.pop())]


# ---- the list ------------------------------------------------------------------------------


@directory_operation("CREATE_SUBSPACE", appends=True)
async def create_subspace(call: Instruction, directory: Directory) -> Any:
    path = await call.pop_tuple()
    return fdb.Subspace(path, await call.pop())


@directory_operation("CREATE_LAYER", appends=True)
async def create_layer(call: Instruction, directory: Directory) -> Any:
    node_index, content_index, manual_prefixes = await call.pops(3)
    node = call.machine.directories[node_index]
    content = call.machine.directories[content_index]
    if node is None or content is None:
        return None
    return fdb.DirectoryLayer(node, content, manual_prefixes == 1)


@directory_operation("CHANGE")
async def change(call: Instruction, directory: Directory) -> None:
    machine = call.machine
    machine.directory_index = await call.pop()
    if machine.directories[machine.directory_index] is None:
        machine.directory_index = machine.error_index


@directory_operation("SET_ERROR_INDEX")
async def set_error_index(call: Instruction, directory: Directory) -> None:
    call.machine.error_index = await call.pop()


# ---- directories ---------------------------------------------------------------------------


@directory_operation("CREATE_OR_OPEN", ON_DATABASE, appends=True)
async def create_or_open(call: Instruction, directory: Directory) -> Any:
    path = await call.pop_tuple()
    layer = await call.pop()
    return await call.model.layer(directory.create_or_open, call.target, path, layer or b"")


@directory_operation("CREATE", ON_DATABASE, appends=True)
async def create(call: Instruction, directory: Directory) -> Any:
    path = await call.pop_tuple()
    layer, prefix = await call.pops(2)
    return await call.model.layer(directory.create, call.target, path, layer or b"", prefix)


@directory_operation("OPEN", ON_ANY, appends=True)
async def open_directory(call: Instruction, directory: Directory) -> Any:
    path = await call.pop_tuple()
    layer = await call.pop()
    return await call.model.layer(directory.open, call.target, path, layer or b"")


@directory_operation("MOVE", ON_DATABASE, appends=True)
async def move(call: Instruction, directory: Directory) -> Any:
    old = await call.pop_tuple()
    new = await call.pop_tuple()
    return await call.model.layer(directory.move, call.target, old, new)


@directory_operation("MOVE_TO", ON_DATABASE, appends=True)
async def move_to(call: Instruction, directory: Directory) -> Any:
    path = await call.pop_tuple()
    return await call.model.layer(directory.move_to, call.target, path)


@directory_operation("REMOVE", ON_DATABASE)
async def remove(call: Instruction, directory: Directory) -> None:
    path = await optional_path(call)
    await call.model.layer(directory.remove, call.target, *path)


@directory_operation("REMOVE_IF_EXISTS", ON_DATABASE)
async def remove_if_exists(call: Instruction, directory: Directory) -> None:
    path = await optional_path(call)
    await call.model.layer(directory.remove_if_exists, call.target, *path)


@directory_operation("LIST", ON_ANY)
async def list_directory(call: Instruction, directory: Directory) -> None:
    path = await optional_path(call)
    names = await call.model.layer(directory.list, call.target, *path)
    call.push(fdb.tuple.pack(tuple(names)))


@directory_operation("EXISTS", ON_ANY)
async def exists(call: Instruction, directory: Directory) -> None:
    path = await optional_path(call)
    call.push(int(await call.model.layer(directory.exists, call.target, *path)))


# ---- subspaces -----------------------------------------------------------------------------


@directory_operation("PACK_KEY")
async def pack_key(call: Instruction, directory: Directory) -> None:
    call.push(directory.pack(await call.pop_tuple()))


@directory_operation("UNPACK_KEY")
async def unpack_key(call: Instruction, directory: Directory) -> None:
    for element in directory.unpack(await call.pop()):
        call.push(element)


@directory_operation("RANGE")
async def range_of(call: Instruction, directory: Directory) -> None:
    bounds = directory.range(await call.pop_tuple())
    call.push(bounds.start)
    call.push(bounds.stop)


@directory_operation("CONTAINS")
async def contains(call: Instruction, directory: Directory) -> None:
    call.push(int(directory.contains(await call.pop())))


@directory_operation("OPEN_SUBSPACE", appends=True)
async def open_subspace(call: Instruction, directory: Directory) -> Any:
    return directory.subspace(await call.pop_tuple())


@directory_operation("STRIP_PREFIX")
async def strip_prefix(call: Instruction, directory: Directory) -> None:
    text = await call.pop()
    prefix = directory.key()
    if not text.startswith(prefix):
        raise ValueError(f"{text!r} does not start with {prefix!r}")
    call.push(text[len(prefix) :])


# ---- logs ----------------------------------------------------------------------------------


@directory_operation("LOG_SUBSPACE")
async def log_subspace(call: Instruction, directory: Directory) -> None:
    key = await call.pop() + fdb.tuple.pack((call.machine.directory_index,))
    call.transaction[key] = directory.key()


@directory_operation("LOG_DIRECTORY")
async def log_directory(call: Instruction, directory: Directory) -> None:
    tr = call.transaction
    log = fdb.Subspace((call.machine.directory_index,), await call.pop())
    there = await call.model.layer(directory.exists, tr)
    names = await call.model.layer(directory.list, tr) if there else ()
    tr[log["path"]] = fdb.tuple.pack(tuple(directory.get_path()))
    tr[log["layer"]] = fdb.tuple.pack((directory.get_layer(),))
    tr[log["exists"]] = fdb.tuple.pack((int(there),))
    tr[log["children"]] = fdb.tuple.pack(tuple(names))
