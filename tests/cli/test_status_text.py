"""fdb/_cli/status_text.py: what a person sees of documents, whole and with holes."""

from __future__ import annotations

from typing import Any

import pytest

import fdb
from fdb._cli.status_text import size, summary

#: Of a cluster at work, of which one coordinator is gone.
CLUSTER: dict[str, Any] = {
    "client": {
        "cluster_file": {"path": "/etc/foundationdb/fdb.cluster"},
        "database_status": {"available": True, "healthy": False},
        "coordinators": {
            "coordinators": [
                {"address": "10.0.0.1:4500", "reachable": True},
                {"address": "10.0.0.2:4500", "reachable": False},
            ],
            "quorum_reachable": True,
        },
        "messages": [{"name": "unreachable", "description": "One\n cannot be reached."}],
    },
    "cluster": {
        "configuration": {"redundancy_mode": "double", "storage_engine": "ssd-2"},
        "database_lock_state": {"locked": True},
        "recovery_state": {"name": "accepting_commits", "description": "Accepting commits."},
        "data": {
            "state": {"name": "healing", "description": "Restoring replication factor"},
            "total_kv_size_bytes": 1_234_567_890,
            "total_disk_used_bytes": 3 * 10**12,
            "partitions_count": 77,
            "moving_data": {"in_flight_bytes": 5_000, "in_queue_bytes": 20_000},
        },
        "fault_tolerance": {
            "max_zone_failures_without_losing_data": 1,
            "max_zone_failures_without_losing_availability": 0,
        },
        "workload": {
            "operations": {"reads": {"hz": 12345.6}, "writes": {"hz": 1}},
            "transactions": {"started": {"hz": 99}, "conflicted": {"hz": 2.4}},
        },
        "clients": {"count": 3},
        "latency_probe": {"transaction_start_seconds": 0.0021, "commit_seconds": 0.0105},
        "qos": {
            "performance_limited_by": {
                "name": "storage_server_write_queue_size",
                "description": "Storage server write queue is too long.",
            },
            "transactions_per_second_limit": 5000.0,
            "worst_data_lag_storage_server": {"seconds": 4.25},
        },
        "protocol_version": "fdb00b073000000",
        "generation": 7,
        "processes": {
            "b": {"address": "10.0.0.2:4500", "version": "7.3.43", "degraded": True},
            "a": {
                "address": "10.0.0.1:4500",
                "version": "7.3.43",
                "roles": [{"role": "storage", "data_lag": {"seconds": 4.25}}, {"role": "log"}],
                "cpu": {"usage_cores": 0.42},
                "disk": {"busy": 0.031},
                "memory": {"used_bytes": 2_100_000_000},
                "excluded": True,
                "messages": [{"name": "io_timeout", "description": "Slow disk"}],
            },
        },
        "messages": [{"name": "no_description"}],
    },
}
SHOWN = """\
database     /etc/foundationdb/fdb.cluster; double, ssd-2
health       available, NOT HEALTHY; LOCKED; recovery: Accepting commits.
data         Restoring replication factor; 1.2 GB in keys and values; 3.0 TB on disk; 77 partitions; 25.0 kB to be moved
tolerates    the loss of 1 zone without losing data; the loss of 0 zones without losing availability
load         12,346 reads, 1 writes a second; 99 transactions started, 2 conflicted a second; 3 clients
latency      begin 2.1 ms; commit 10.5 ms
limits       Storage server write queue is too long.; at most 5,000 transactions a second; a storage server is 4.2 s behind
versions     servers 7.3.43; protocol fdb00b073000000; generation 7
coordinators 10.0.0.1:4500  reachable
             10.0.0.2:4500  NOT REACHABLE
processes    10.0.0.1:4500  storage, log  cpu 42%  disk 3%  memory 2.1 GB  4.2 s behind  EXCLUDED
               io_timeout: Slow disk
             10.0.0.2:4500  DEGRADED
messages     unreachable: One cannot be reached.
             no_description
"""


def test_a_whole_document() -> None:
    assert "".join(f"{line}\n" for line in summary(fdb.Status(CLUSTER))) == SHOWN


def test_a_document_without_anything() -> None:
    assert list(summary(fdb.Status({}))) == ["health       unknown"]


def test_a_cluster_in_trouble() -> None:
    client = {
        "database_status": {"available": False, "healthy": False},
        "coordinators": {"coordinators": [{}], "quorum_reachable": False},
    }
    assert list(summary(fdb.Status({"client": client}))) == [
        "health       NOT AVAILABLE; too few coordinators can be reached",
        "coordinators without address  unknown",
    ]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1.5e9, "1.5 GB"), (2e18, "2000.0 PB")],
)
def test_sizes(count: float, shown: str) -> None:
    assert size(count) == shown


def test_nothing_in_a_document_is_obeyed_by_a_terminal() -> None:
    document = {"client": {"messages": [{"name": "\x1b[31m", "description": "\x9b31m\u202e"}]}}
    lines = list(summary(fdb.Status(document)))
    assert lines[-1].endswith("\\x1b[31m: \\x9b31m\\u202e")
