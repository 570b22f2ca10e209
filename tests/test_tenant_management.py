"""Creating, deleting and listing tenants."""

from __future__ import annotations

import asyncio
import json

import pytest

import fdb
from fdb import tenant_management
from fdb.tenant_management import create_tenant, delete_tenant, list_tenants
from helpers.databases import code_of

TENANT_EXISTS = 2132
TENANT_NOT_FOUND = 2131
TENANT_NOT_EMPTY = 2133


@pytest.fixture
def name(db, test_prefix):
    """A tenant name that no other test uses. What begins with it is deleted afterwards."""
    yield test_prefix
    for row in list_tenants(db, test_prefix, fdb.strinc(test_prefix), 0):
        fdb.transactional(lambda tr: tr.clear_range(b"", b"\xff"))(db.open_tenant(row.key))
        delete_tenant(db, row.key)


def names(db, prefix):
    return [row.key for row in list_tenants(db, prefix, fdb.strinc(prefix), 0)]


def test_life_of_a_tenant(db, name):
    create_tenant(db, name)
    assert names(db, name) == [name]
    tenant = db.open_tenant(name)
    tenant[b"key"] = b"value"
    assert tenant[b"key"] == b"value"
    assert code_of(delete_tenant, db, name) == TENANT_NOT_EMPTY
    del tenant[b"key"]
    delete_tenant(db, name)
    assert names(db, name) == []
    assert code_of(tenant.get, b"key") == TENANT_NOT_FOUND


def test_existence_is_checked_on_a_database(db, name):
    assert code_of(delete_tenant, db, name) == TENANT_NOT_FOUND
    create_tenant(db, name)
    assert code_of(create_tenant, db, name) == TENANT_EXISTS


def test_existence_is_not_checked_on_a_transaction(db, name):
    tr = db.create_transaction()
    delete_tenant(tr, name)
    tr.commit().wait()
    for _ in range(2):
        tr = db.create_transaction()
        create_tenant(tr, name)
        tr.commit().wait()
    assert names(db, name) == [name]


def test_on_a_transaction_nothing_happens_before_the_commit(db, name):
    tr = db.create_transaction()
    create_tenant(tr, name)
    assert names(db, name) == []
    tr.commit().wait()
    assert names(db, name) == [name]


def test_names_can_be_tuples(db, name):
    packed = fdb.tuple.pack((name, 1))
    create_tenant(db, (name, 1))
    try:
        assert [row.key for row in list_tenants(db, (name,), (name, 2), 0)] == [packed]
        assert db.open_tenant((name, 1)).get_id().wait() == db.open_tenant(packed).get_id().wait()
    finally:
        delete_tenant(db, (name, 1))


@pytest.mark.parametrize("wrong", ["text", 5, None, [b"a"]])
def test_names_of_other_types(db, wrong):
    for call in (
        lambda: create_tenant(db, wrong),
        lambda: delete_tenant(db, wrong),
        lambda: list_tenants(db, wrong, b"", 0),
        lambda: list_tenants(db, b"", wrong, 0),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == "Tenant name must be of type bytes or of type tuple"


def test_names_that_no_tenant_may_have(db):
    assert code_of(create_tenant, db, b"\xff/system") == 2134
    assert code_of(delete_tenant, db, b"\xff/system") == TENANT_NOT_FOUND


def test_list(db, name):
    created = [name + suffix for suffix in (b"1", b"2", b"3")]
    for tenant in created:
        create_tenant(db, tenant)
    rows = list_tenants(db, name, fdb.strinc(name), 0).to_list()
    assert [row.key for row in rows] == created
    for row in rows:
        details = json.loads(row.value)
        assert details["id"] == db.open_tenant(row.key).get_id().wait()
        assert "prefix" in details
    assert names(db, created[1]) == [created[1]]
    assert [row.key for row in list_tenants(db, created[1], created[2], 0)] == [created[1]]
    assert [row.key for row in list_tenants(db, name, fdb.strinc(name), 2)] == created[:2]


def test_a_list_is_iterated_over_once(db, name):
    create_tenant(db, name)
    tenants = list_tenants(db, name, fdb.strinc(name), 0)
    assert next(tenants).key == name
    assert tenants.to_list() == []
    assert list(tenants) == []


def test_a_list_of_a_transaction(db, name):
    create_tenant(db, name)
    tr = db.create_transaction()
    assert [row.key for row in list_tenants(tr, name, fdb.strinc(name), 0)] == [name]


@pytest.mark.parametrize("function", ["_create_tenant_impl", "_delete_tenant_impl"])
def test_a_retry_does_not_check_the_existence_again(db, name, function):
    """The first attempt ends with an unknown result, after which the check could only mislead."""
    marker: list[None] = []
    if function == "_delete_tenant_impl":
        create_tenant(db, name)
    getattr(tenant_management, function)(db, name, marker, True)
    assert marker == [None]
    assert names(db, name) == ([name] if function == "_create_tenant_impl" else [])
    # With the marker set, an existing tenant is created and a missing one deleted without complaint.
    getattr(tenant_management, function)(db, name, marker)


def test_asyncio(database_name, db, name):
    async_db = fdb.open(database_name, event_model="asyncio")

    async def main():
        await create_tenant(async_db, name)
        with pytest.raises(fdb.FDBError) as caught:
            await create_tenant(async_db, name)
        assert caught.value.code == TENANT_EXISTS
        tenants = await list_tenants(async_db, name, fdb.strinc(name), 0)
        tr = async_db.create_transaction()
        again = await list_tenants(tr, name, fdb.strinc(name), 0)
        assert [row.key for row in tenants] == [row.key for row in again] == [name]
        await delete_tenant(tr, name)
        await tr.commit()

    asyncio.run(main())
    assert names(db, name) == []
