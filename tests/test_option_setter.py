"""fdb/_option_setter.py: how options and their parameters travel."""

from __future__ import annotations

import struct
from typing import Any

import pytest

import fdb
from fdb._generated.options import TransactionOptions


@pytest.fixture
def seen() -> list[tuple[int, bytes | None]]:
    return []


@pytest.fixture
def options(seen: list[tuple[int, bytes | None]]) -> TransactionOptions:
    return TransactionOptions(lambda code, value: seen.append((code, value)))


def test_parameters(options: TransactionOptions, seen: list[Any], db: fdb.Database) -> None:
    options.set_access_system_keys()
    options.set_timeout(-5)
    options.set_debug_transaction_identifier("é")
    options.set_debug_transaction_identifier(b"raw")
    options.set_debug_transaction_identifier()
    options.set_tag(b"")
    key = db.create_transaction().get_key(fdb.KeySelector.last_less_than(b"\x00"))
    options.set_debug_transaction_identifier(key)
    assert seen == [
        (301, None),
        (500, struct.pack("<q", -5)),
        (403, "é".encode()),
        (403, b"raw"),
        (403, None),
        (800, b""),
        (403, b""),
    ]


def test_wrong_parameters(options: TransactionOptions, seen: list[Any]) -> None:
    with pytest.raises(struct.error):
        options.set_timeout("5")  # type: ignore[arg-type]
    with pytest.raises(struct.error):
        options.set_timeout(1 << 63)
    with pytest.raises(TypeError, match="Parameter must be a string, not int"):
        options.set_debug_transaction_identifier(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Value must be of type bytes, not str"):
        options.set_span_parent("x")  # type: ignore[arg-type]
    assert seen == []


def test_a_transaction_option_takes_effect(db: fdb.Database, test_prefix: bytes) -> None:
    tr = db.create_transaction()
    tr.options.set_read_your_writes_disable()
    tr[test_prefix] = b"v"
    assert not tr[test_prefix].present()
    tr.options.set_size_limit(32)
    with pytest.raises(fdb.FDBError) as refused:
        tr.commit().wait()
    assert refused.value.code == 2101


def test_a_database_option_is_a_default_of_its_transactions(memory_db: fdb.Database) -> None:
    memory_db.options.set_transaction_size_limit(32)
    with pytest.raises(fdb.FDBError) as refused:
        memory_db[b"key"] = b"x" * 100
    assert refused.value.code == 2101


def test_an_unknown_option_is_refused_at_once(db: fdb.Database) -> None:
    for owner in (db.options, db.create_transaction().options):
        with pytest.raises(fdb.FDBError) as refused:
            owner._set_option(99999, None)
        assert refused.value.code == 2007


def test_every_option_has_a_docstring() -> None:
    for options in (fdb.options, db_options()):
        for name in dir(options):
            if name.startswith("set_"):
                assert getattr(options, name).__doc__, name


def db_options() -> Any:
    from fdb._generated.options import DatabaseOptions

    return DatabaseOptions(lambda code, value: None)
