"""A test kit: it breaks things on purpose, moves the clock, and shows what transactions did.

Everything here is for tests, on the databases of the embedded engine; what works on a cluster, too, says so. docs/guides/testing.md is the
guide. Loaded by its first use, as `fdb.testing`.

- `faults` says what is to go wrong in a database: conflicts, unknown results, late answers and many more.
- `temporary_database`, `temporary_subspace` and `temporary_directory` give a `with` block what nobody else uses.
- `assert_retry_safe` runs a transactional function under every fault at every point of its life, and compares.
- `clock` moves the time that a database goes by.
- `shards` cuts its key space, for programs that ask where keys are stored.
- `assert_serializable` looks for an order of steps in which functions that run at the same time do what they never do one
  after the other.
- `record` gives a log of what transactions read and write, with their conflict ranges and versions, assertions about it, and an
  explanation of each conflict.

`DatabaseTestCase` is a mixin for classes of unittest with attributes for these tools. The plugin of pytest (fdb_pytest.py), which
pytest finds by itself, has fixtures for them.
"""

from __future__ import annotations

from fdb.testing._actions import Attempt as Attempt
from fdb.testing._actions import RecordedTransaction as RecordedTransaction
from fdb.testing._clock import Clock as Clock
from fdb.testing._clock import clock as clock
from fdb.testing._explain import ConflictExplanation as ConflictExplanation
from fdb.testing._faults import Faults as Faults
from fdb.testing._faults import faults as faults
from fdb.testing._isolation import temporary_database as temporary_database
from fdb.testing._isolation import temporary_directory as temporary_directory
from fdb.testing._isolation import temporary_subspace as temporary_subspace
from fdb.testing._log import TransactionLog as TransactionLog
from fdb.testing._record import record as record
from fdb.testing._replay import AtomicWrite as AtomicWrite
from fdb.testing._retry_report import Difference as Difference
from fdb.testing._retry_report import Finding as Finding
from fdb.testing._retry_report import RetryUnsafe as RetryUnsafe
from fdb.testing._retry_safe import assert_retry_safe as assert_retry_safe
from fdb.testing._schedule import Stuck as Stuck
from fdb.testing._serializable import NotSerializable as NotSerializable
from fdb.testing._serializable import Outcome as Outcome
from fdb.testing._serializable import assert_serializable as assert_serializable
from fdb.testing._shards import Shards as Shards
from fdb.testing._shards import shards as shards
from fdb.testing._unittest import DatabaseTestCase as DatabaseTestCase
