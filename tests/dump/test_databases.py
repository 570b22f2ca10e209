"""fdb/_dump/databases.py: one database has one name."""

from __future__ import annotations

import os

import pytest

import fdb
import fdb.embedded
from fdb import tenant_management
from fdb._dump.databases import database_of, has_tenants, is_embedded, name_of


def test_memory(memory_db, memory_name):
    assert is_embedded(memory_db) and not has_tenants(memory_db)
    tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    assert database_of(tenant) is database_of(memory_db) is memory_db
    assert is_embedded(tenant) and has_tenants(memory_db) and not has_tenants(tenant)
    assert name_of(tenant) == f"tenant b't' of {name_of(memory_db)}"
    assert name_of(memory_db) == memory_name.partition("?")[0]


def test_a_file_has_one_name_however_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    os.symlink("real", "link")
    names = set()
    for string in ("file:real/a.fdb?sync=off", f"file:{tmp_path}/link/../real/a.fdb"):
        with fdb.open(string) as db:
            names.add(name_of(db))
    assert names == {f"file:{os.path.realpath(tmp_path)}/real/a.fdb"}


def test_a_cluster_is_named_by_its_description_and_id(memory_db, monkeypatch):
    class Cluster:
        class _library:
            has = staticmethod(lambda name: False)

        get = staticmethod({b"\xff\xff/connection_string": b"shop:ab12@10.0.0.1:4500"}.get)

    assert not is_embedded(Cluster)
    assert name_of(Cluster) == "shop:ab12"


@pytest.mark.parametrize("key", [b"\xff\xff/cluster_file_path", b"\xff\xff/connection_string"])
def test_the_keys_that_say_it(memory_db, key):
    assert memory_db[key]


def test_a_cluster_that_cannot_have_tenants(memory_db, monkeypatch):
    def fail(*arguments):
        raise fdb.FDBError(2204)

    monkeypatch.setattr(tenant_management, "list_tenants", fail)
    assert not has_tenants(memory_db)
