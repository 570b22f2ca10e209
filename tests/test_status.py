"""fdb/_status.py: documents of different releases, whole and with holes."""

from __future__ import annotations

import json
from typing import Any

import pytest

import fdb
import fdb._status
from fdb._status import Part, Rate

#: As a cluster without a quorum of coordinators has it.
UNAVAILABLE = {
    "client": {
        "coordinators": {
            "coordinators": [{"address": "10.0.0.1:4500", "reachable": False}],
            "quorum_reachable": False,
        },
        "database_status": {"available": False, "healthy": False},
        "messages": [{"name": "quorum_not_reachable", "description": "Unable to reach a quorum."}],
    },
    "cluster": {"layers": {"_valid": False}},
}


def parts_of(status: Part) -> list[Part]:
    """Returns a part and all the parts below it."""
    found = [status]
    for name in dir(status):
        value: Any = getattr(status, name) if not name.startswith("_") else None
        below = value.values() if isinstance(value, dict) and name != "raw" else value
        for each in [value] if isinstance(value, Part) else below if below is not value else []:
            found += parts_of(each)
        if isinstance(value, tuple):
            for each in value:
                found += parts_of(each)
    return found


def test_what_a_document_lacks_is_none_or_empty() -> None:
    status = fdb.Status.parse(b"{}")
    assert status.available is None and status.healthy is None and status.raw == {}
    assert status.coordinators == () and status.processes == {} and status.messages == ()
    assert status.data.state is None and status.workload.reads.hz is None
    assert status.configuration.redundancy_mode is None and status.recovery_state.name is None
    assert "available=None" in repr(status) and repr(status.data) == "<Data>"


def test_a_document_of_a_cluster_in_trouble() -> None:
    status = fdb.Status.parse(json.dumps(UNAVAILABLE))
    assert status.available is False and status.quorum_reachable is False
    assert status.coordinators[0].address == "10.0.0.1:4500"
    assert status.coordinators[0].reachable is False and status.coordinators[0].protocol is None
    assert status.client_messages[0].name == "quorum_not_reachable"
    assert status.raw["cluster"]["layers"] == {"_valid": False}
    assert status.data.total_kv_size_bytes is None


@pytest.mark.parametrize("wrong", [None, 7, "text", [1, None], {"hz": "often"}, True, {"x": {}}])
def test_what_has_another_type_is_as_good_as_missing(wrong: Any) -> None:
    document = {"client": wrong, "cluster": dict.fromkeys(vars(fdb.Status), wrong)}
    for part in parts_of(fdb.Status.parse(json.dumps(document))):
        repr(part)
    assert fdb.Status({"cluster": {"generation": wrong}}).generation == (
        7 if wrong == 7 and wrong is not True else None
    )


def test_numbers_are_taken_as_they_are_written() -> None:
    rate = Rate({"hz": 3, "counter": 7.0})
    assert rate.hz == 3.0 and type(rate.hz) is float and rate.counter == 7
    assert Rate({"hz": True, "counter": 7.5}).counter is None
    assert rate == Rate({"hz": 3, "counter": 7}) != Rate({}) and rate != {"hz": 3}
    with pytest.raises(TypeError):
        hash(rate)
    with pytest.raises(AttributeError, match="as the document says"):
        rate.hz = 4.0  # type: ignore[misc]


@pytest.mark.parametrize("document", [b"[]", b"7", b"not JSON"])
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError):
        fdb.Status.parse(document)


def test_each_attribute_is_found_in_a_document_of_the_engine(memory_db: fdb.Database) -> None:
    status = memory_db.status()
    lacking = {
        "Coordinator": set(),
        "Configuration": {"commit_proxies", "grv_proxies", "resolvers", "logs"},
        "Data": {"description"},
        "Throttling": {"worst_data_lag_seconds"},
        "Role": {"data_version", "durable_version", "data_lag_seconds"},
        "Process": {
            "degraded",
            "uptime_seconds",
            "cpu_usage_cores",
            "disk_busy",
            "memory_used_bytes",
            "memory_available_bytes",
        },
    }
    parts = parts_of(status)
    assert len(parts) > 20
    for part in parts:
        kind = type(part)
        fields = {
            name for name, value in vars(kind).items() if isinstance(value, fdb._status._Field)
        }
        empty = {name for name in fields if getattr(part, name) is None}
        assert empty == lacking.get(kind.__name__, set()), kind
    assert status.processes and all(process.roles for process in status.processes.values())
    assert json.loads(memory_db[b"\xff\xff/status/json"] or b"").keys() == status.raw.keys()
