"""The tenant instructions."""

from __future__ import annotations

import ctypes
import json

from stack_machine import NOT_PRESENT, Instruction, operation

import fdb
import fdb.tuple


@operation("TENANT_CREATE")
async def tenant_create(call: Instruction) -> None:
    name = await call.pop()
    await call.model.layer(fdb.tenant_management.create_tenant, call.machine.db, name)
    call.push(NOT_PRESENT)


@operation("TENANT_DELETE")
async def tenant_delete(call: Instruction) -> None:
    name = await call.pop()
    await call.model.layer(fdb.tenant_management.delete_tenant, call.machine.db, name)
    call.push(NOT_PRESENT)


@operation("TENANT_SET_ACTIVE")
async def tenant_set_active(call: Instruction) -> None:
    """The tenant stays active even if the look-up of its id fails."""
    machine = call.machine
    machine.tenant = machine.db.open_tenant(await call.pop())
    await call.model.wait(machine.tenant.get_id())
    call.push(b"SET_ACTIVE_TENANT")


@operation("TENANT_CLEAR_ACTIVE")
async def tenant_clear_active(call: Instruction) -> None:
    call.machine.tenant = None


@operation("TENANT_LIST")
async def tenant_list(call: Instruction) -> None:
    begin, end, limit = await call.pops(3)
    # The limit may be any integer. Recorded runs were made with a package that passes its low 32
    # bits on, where this one raises OverflowError.
    bounds = begin, end, ctypes.c_int32(limit).value
    found = await call.model.layer(fdb.tenant_management.list_tenants, call.machine.db, *bounds)
    names = []
    for row in found:
        described = json.loads(bytes(row.value))
        if "id" not in described or "prefix" not in described:
            raise AssertionError(f"tenant {row.key!r} is described by {described!r}")
        names.append(bytes(row.key))
    call.push(fdb.tuple.pack(tuple(names)))


@operation("TENANT_GET_ID")
async def tenant_get_id(call: Instruction) -> None:
    if call.machine.tenant is None:
        call.push(b"NO_ACTIVE_TENANT")
        return
    await call.model.wait(call.machine.tenant.get_id())
    call.push(b"GOT_TENANT_ID")
