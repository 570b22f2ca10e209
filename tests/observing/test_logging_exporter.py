"""What is logged of transactions, and how loud."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

import fdb
import fdb.telemetry
from fdb.testing import faults


@fdb.transactional
def increment(tr: fdb.Transaction, key: bytes) -> None:
    tr[key] = str(int(tr[key] or b"0") + 1).encode()


def test_levels(memory_db: fdb.Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "fdb.transactions")
    with fdb.observe(fdb.telemetry.LoggingExporter()):
        with faults(memory_db, rules="not_committed:nth=1"):
            increment(memory_db, b"n")
        with pytest.raises(fdb.FDBError):
            memory_db[b"\xff"] = b""
    assert [
        (record.levelname, record.getMessage().partition(" after")[0]) for record in caplog.records
    ] == [
        ("INFO", f"attempt 1 of {__name__}.increment retried with not_committed"),
        ("DEBUG", f"transaction of {__name__}.increment committed in 2 attempts"),
        ("WARNING", "transaction of Database.__setitem__ failed with key_outside_legal_range"),
    ]
    record: Any = caplog.records[1]
    assert record.name == "fdb.transactions"
    assert (record.fdb_outcome, record.fdb_attempts, record.fdb_keys_written) == ("committed", 2, 2)
    assert record.fdb_commit_version > record.fdb_read_version


@pytest.mark.parametrize("slow", [1e-9, timedelta(microseconds=1)])
def test_slow_ones_are_warned_of(
    memory_db: fdb.Database, caplog: pytest.LogCaptureFixture, slow: Any
) -> None:
    exporter = fdb.telemetry.LoggingExporter("mine", level=logging.INFO, slow=slow)
    with fdb.observe(exporter):
        increment(memory_db, b"n")
    assert [(record.name, record.levelname) for record in caplog.records] == [("mine", "WARNING")]
    caplog.clear()
    caplog.set_level(logging.INFO, "mine")
    with fdb.observe(fdb.telemetry.LoggingExporter("mine", level=logging.INFO, slow=3600)):
        increment(memory_db, b"n")
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_what_is_not_enabled_is_not_made(
    memory_db: fdb.Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "mine")
    with fdb.observe(fdb.telemetry.LoggingExporter(logging.getLogger("mine"))):
        increment(memory_db, b"n")
    assert caplog.records == []


@pytest.mark.parametrize("slow", [0, -1, timedelta(0), float("nan")])
def test_times_that_are_none(slow: Any) -> None:
    with pytest.raises(ValueError, match="positive time"):
        fdb.telemetry.LoggingExporter(slow=slow)


def test_a_logger_that_is_none() -> None:
    with pytest.raises(TypeError, match="not int"):
        fdb.telemetry.LoggingExporter(3)  # type: ignore[arg-type]
