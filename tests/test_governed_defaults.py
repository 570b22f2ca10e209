"""fdb/_governed.py: the policies that databases are opened with."""

from __future__ import annotations

import asyncio

import pytest

import fdb
import fdb.testing
from fdb.testing._tracing import Operation, trace
from helpers.policies import CONFLICT, Calls, failing
from helpers.processes import RunPython


def test_other_defaults_make_another_object_of_the_same_data(memory_name: str) -> None:
    plain = fdb.open(memory_name)
    policy = fdb.Policy(retry_limit=2, max_retry_delay=0.001)
    db = fdb.open(memory_name, defaults=policy)
    assert db is not plain
    assert db is fdb.open(memory_name, defaults=fdb.Policy(max_retry_delay=0.001, retry_limit=2))
    assert plain is fdb.open(memory_name, defaults=fdb.Policy())
    assert (db.defaults, plain.defaults) == (policy, None)
    db[b"a"] = b"1"
    assert plain[b"a"] == b"1"


def test_defaults_hold_for_all_transactions(memory_name: str) -> None:
    policy = fdb.Policy(retry_limit=1, max_retry_delay=0.001)
    db = fdb.open(memory_name, defaults=policy)
    fdb.tenant_management.create_tenant(db, b"t")
    for source in (db, db.open_tenant(b"t")):
        assert source.defaults == policy
        function = failing(CONFLICT)
        with pytest.raises(fdb.FDBError) as caught:
            fdb.transactional(function)(source)
        assert caught.value.attempts == 2
        tr = source.create_transaction()
        tr.on_error(CONFLICT).wait()
        with pytest.raises(fdb.FDBError):
            tr.on_error(CONFLICT).wait()
        tr.reset()
        tr.on_error(CONFLICT).wait()
        with pytest.raises(fdb.FDBError):
            tr.on_error(CONFLICT).wait()


def test_defaults_hold_after_on_error_by_hand(memory_name: str) -> None:
    db = fdb.open(memory_name, defaults=fdb.Policy(tags="t", max_retry_delay=0.001))
    uses = [
        lambda tr: tr[b"a"],
        lambda tr: tr.get(b"a"),
        lambda tr: tr.get_key(fdb.KeySelector.first_greater_than(b"a")),
        lambda tr: tr.get_range(b"a", b"b").to_list(),
        lambda tr: tr.get_range_page(b"a", b"b"),
        lambda tr: tr.snapshot[b"a"],
        lambda tr: tr.get_read_version(),
        lambda tr: tr.watch(b"a"),
        lambda tr: tr.commit(),
    ]
    for use in uses:
        tracer = Calls()
        with trace(db, tracer):
            tr = db.create_transaction()
            tr.on_error(CONFLICT).wait()
            use(tr)
        assert tracer.options[2] == [(800, b"t")]
        assert tracer.names[:4] == ["set_option", "set_option", "on_error", "set_option"]


def test_defaults_of_asynchronous_databases(memory_name: str) -> None:
    policy = fdb.Policy(read_only=True)
    db = fdb.open(memory_name, event_model="asyncio", defaults=policy)

    async def main() -> None:
        assert await db.get(b"a") is None
        with pytest.raises(fdb.FDBError, match="read_only"):
            await db.set(b"a", b"1")
        with pytest.raises(fdb.FDBError, match="read_only"):
            await db.open_tenant(b"t").set(b"a", b"1")

    asyncio.run(main())


_AT_AN_OLD_VERSION = """
import fdb
version = VERSION
fdb.api_version(version)
policy = fdb.Policy(max_retry_delay=0.01, tags="t", timeout=0.2)
names = ("memory:", b"DB") if version == 13 else ("memory:",)
db = fdb.open(*names, defaults=policy)
assert db.defaults == policy

def failing(tr):
    raise fdb.FDBError(1020)

def conflicting(tr):
    tr[b"k"].present()
    db[b"k"] = tr[b"other"] = b""

def ended(function, code, **policy):
    try:
        db.run(function, **policy)
    except fdb.FDBError as error:
        assert error.code == code, error
        return error
    raise AssertionError(function)

assert ended(failing, 1031).attempts > 1
assert ended(failing, 1020, retry_limit=3, timeout=60).attempts == 4
keys = ended(conflicting, 1020, retry_limit=2, timeout=60, report_conflicts=True).conflicting_keys
assert (keys == [(b"k", b"k\\x00")]) == (version >= 630), keys
for attempt in db.attempts():
    with attempt as tr:
        tr[b"a"] = b"1"
assert db[b"a"] == b"1"
ended(lambda tr: tr.set(b"a", b""), 2023, read_only=True)
"""


@pytest.mark.parametrize("version", [13, 16, 510, 610, 630])
def test_policies_hold_at_old_api_versions(version: int, run_python: RunPython) -> None:
    assert run_python(f"VERSION = {version}\n{_AT_AN_OLD_VERSION}").returncode == 0


def test_an_option_that_the_library_has_not_got_is_named(memory_db: fdb.Database) -> None:
    class Old(Calls):
        def before(self, operation: Operation) -> None:
            if operation.name == "set_option":
                raise fdb.FDBError(2007)

    with trace(memory_db, Old()), pytest.raises(fdb.FDBError, match="no option for the tags") as e:
        memory_db.run(lambda tr: None, tags="t")
    assert e.value.code == 2007
