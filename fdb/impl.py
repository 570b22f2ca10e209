"""The names that programs import from `fdb.impl`. Everything is implemented elsewhere."""

from __future__ import annotations

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb._errors import FDBError, predicates
from fdb._future import (
    FormerFuture,
    Future,
    FutureInt64,
    FutureKeyArray,
    FutureKeyValueArray,
    FutureStringArray,
    FutureUInt64,
    FutureVoid,
)
from fdb._generated.enumerations import ConflictRangeType, StreamingMode
from fdb._keys import KeySelector, strinc
from fdb._native.extension import KeyValue
from fdb._native.extension import key_bytes as keyToBytes
from fdb._native.extension import value_bytes as valueToBytes
from fdb._open import (
    Cluster,
    create_cluster,
    init_v13,
    open_v13,
    open_v609,
)
from fdb._open import (
    init_network as init,
)
from fdb._open import (
    open_database as open,
)
from fdb._range import FDBRange
from fdb._retry import transactional
from fdb._sources import tenant_name as process_tenant_name
from fdb._startup.network_options import options
from fdb._transaction import Transaction, TransactionRead
from fdb._values import FutureString, Key, Value

__all__ = [
    "AsyncDatabase",
    "AsyncTenant",
    "Cluster",
    "ConflictRangeType",
    "Database",
    "FDBError",
    "FDBRange",
    "FormerFuture",
    "Future",
    "FutureInt64",
    "FutureKeyArray",
    "FutureKeyValueArray",
    "FutureString",
    "FutureStringArray",
    "FutureUInt64",
    "FutureVoid",
    "Key",
    "KeySelector",
    "KeyValue",
    "StreamingMode",
    "Tenant",
    "Transaction",
    "TransactionRead",
    "Value",
    "create_cluster",
    "init",
    "init_v13",
    "keyToBytes",
    "open",
    "open_v13",
    "open_v609",
    "options",
    "predicates",
    "process_tenant_name",
    "strinc",
    "transactional",
    "valueToBytes",
]
