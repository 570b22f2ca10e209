"""Databases and tenants that one thread closes while others use them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fdb
from helpers.stubs import counted
from helpers.waiting import WAIT_SECONDS, installed, wait_until

MODELS = [None, "debug", "asyncio", "gevent"]

#: A call that the stub library holds while it is inside, for a database and for a tenant.
CALLS: dict[str, Callable[[Any], Any]] = {
    "open_tenant": lambda db: db.open_tenant(b"hold"),
    "get_client_status": lambda db: db.get_client_status(),
    "option": lambda db: db.options.set_machine_id("hold"),
}
TENANT_CALLS: dict[str, Callable[[Any], Any]] = {
    "list_blobbified_ranges": lambda tenant: tenant.list_blobbified_ranges(b"hold", b"", 1),
}
EVERY_CALL: dict[str, Callable[[Any], Any]] = {
    "open_tenant": lambda db: db.open_tenant(b"linger"),
    "get_client_status": lambda db: db.get_client_status(),
    "option": lambda db: db.options.set_machine_id("linger"),
    "create_transaction": lambda db: db.create_transaction(),
}


@pytest.fixture(autouse=True)
def released(stub_library: fdb.ClientLibrary) -> Iterator[None]:
    """No call is held, and none will be, by what a test has asked of the library."""
    yield
    control = stub_library.open("control")
    control.options.set_machine_id("status:")
    control.options.set_machine_id("release")


def wait_until_held(control: fdb.Database, calls: int = 1) -> None:
    wait_until(lambda: counted(control, "held") >= calls)


class Caller:
    """A thread that makes one call and keeps its outcome."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self.outcome: Any = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self._call()
        except BaseException as error:
            self.outcome = error

    def finish(self) -> Any:
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()
        return self.outcome


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("call", CALLS)
def test_closing_a_database_during_a_call(
    stub_library: fdb.ClientLibrary, call: str, model: str | None
) -> None:
    control: Any = stub_library.open("control")
    db: Any = stub_library.open("closed", installed(model))
    if call == "get_client_status":
        db.options.set_machine_id("status:hold")
    before = counted(control, "databases")
    caller = Caller(lambda: CALLS[call](db))
    wait_until_held(control)
    db.close()
    assert counted(control, "databases") == before  # the call needs it
    with pytest.raises(RuntimeError, match="the database is closed"):
        CALLS[call](db)
    control.options.set_machine_id("release")
    assert not isinstance(caller.finish(), BaseException)
    assert counted(control, "databases") == before - 1
    db.close()


@pytest.mark.parametrize("call", TENANT_CALLS)
def test_closing_a_tenant_during_a_call(stub_library: fdb.ClientLibrary, call: str) -> None:
    control: Any = stub_library.open("control")
    tenant: Any = stub_library.open("other").open_tenant(b"t")
    before = counted(control, "tenants")
    caller = Caller(lambda: TENANT_CALLS[call](tenant))
    wait_until_held(control)
    tenant.close()
    assert counted(control, "tenants") == before
    with pytest.raises(RuntimeError, match="the tenant is closed"):
        TENANT_CALLS[call](tenant)
    control.options.set_machine_id("release")
    assert not isinstance(caller.finish(), BaseException)
    assert counted(control, "tenants") == before - 1


def test_several_calls_during_a_close(stub_library: fdb.ClientLibrary) -> None:
    control: Any = stub_library.open("control")
    db: Any = stub_library.open("closed")
    before = counted(control, "databases")
    callers = [Caller(lambda: db.open_tenant(b"hold")) for _ in range(3)]
    wait_until_held(control, 3)
    db.close()
    control.options.set_machine_id("release")
    tenants = [caller.finish() for caller in callers]
    assert counted(control, "databases") == before - 1
    assert all(isinstance(tenant, fdb.Tenant) for tenant in tenants)


def test_a_transaction_that_is_dropped_during_a_call(stub_library: fdb.ClientLibrary) -> None:
    control: Any = stub_library.open("control")
    db: Any = stub_library.open("other")
    before = counted(control, "transactions")
    entered, released = threading.Event(), threading.Event()

    def hold(address: int) -> bool:
        entered.set()
        return released.wait(WAIT_SECONDS)

    caller = Caller(lambda: db.create_transaction()._handle.call(hold))
    assert entered.wait(WAIT_SECONDS)
    db.close()
    assert counted(control, "transactions") == before + 1
    released.set()
    assert caller.finish() is True
    caller = None  # type: ignore[assignment]
    assert counted(control, "transactions") == before


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("embedded", [False, True])
def test_closing_while_threads_use_it(
    stub_library: fdb.ClientLibrary, memory_name: str, model: str | None, embedded: bool
) -> None:
    opener: Any = fdb if embedded else stub_library
    for _ in range(50):
        db = opener.open(memory_name, event_model=installed(model))
        start = threading.Barrier(len(EVERY_CALL) + 1)
        callers = [
            Caller(lambda call=call, start=start, db=db: until_closed(call, db, start))  # type: ignore[misc]
            for call in EVERY_CALL.values()
        ]
        start.wait(WAIT_SECONDS)
        for call in EVERY_CALL.values():
            call(db)  # meanwhile the others are in the midst of theirs
        db.close()
        for caller in callers:
            outcome = caller.finish()
            assert isinstance(outcome, RuntimeError) and "closed" in str(outcome), outcome


def until_closed(call: Callable[[Any], Any], db: Any, start: threading.Barrier) -> None:
    start.wait(WAIT_SECONDS)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        call(db)
