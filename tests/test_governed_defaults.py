"""fdb/_governed.py: the policies that databases are opened with."""

from __future__ import annotations

import asyncio

import pytest

import fdb
import fdb.testing
from fdb.testing._tracing import trace
from helpers.policies import CONFLICT, Calls, failing


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
