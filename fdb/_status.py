"""The status document of a database, with typed attributes: what `db.status` returns.

Documents differ between releases, and what a cluster in trouble says of itself lacks much. So each attribute is None
(a collection is empty) where the document has nothing at its place, or something of another type; parts
(`status.data`) are always there. Everything else that a document has is in `raw`, as the library gave it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, NoReturn, TypeVar, overload

from fdb._notebooks import repr_html

T = TypeVar("T")
PartT = TypeVar("PartT", bound="Part")


class Part:
    """A part of a status document; `raw` is its JSON object."""

    __slots__ = ("raw",)
    _repr_html_ = repr_html

    def __init__(self, raw: Mapping[str, Any]) -> None:
        #: The object itself, {} where the document has none.
        self.raw: Mapping[str, Any] = raw

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if type(other) is type(self) else NotImplemented

    def _known(self) -> dict[str, Any]:
        """Returns the attributes and what they are."""
        return {
            name: getattr(self, name)
            for kind in reversed(type(self).__mro__)
            for name, field in vars(kind).items()
            if isinstance(field, _Field)
        }

    def __repr__(self) -> str:
        known = self._known()
        shown = ", ".join(f"{name}={value!r}" for name, value in known.items() if value is not None)
        return f"<{type(self).__name__} {shown}>" if shown else f"<{type(self).__name__}>"


class _Field(Generic[T]):
    """An attribute that is read from a place of the document, if what is there has its type."""

    __slots__ = ("_path", "_take")

    def __init__(self, take: Callable[[Any], T], *path: str) -> None:
        self._take = take
        self._path = path

    @overload
    def __get__(self, part: None, owner: type[Any]) -> _Field[T]: ...
    @overload
    def __get__(self, part: Part, owner: type[Any]) -> T: ...
    def __get__(self, part: Part | None, owner: type[Any]) -> T | _Field[T]:
        if part is None:
            return self
        found: Any = part.raw
        for name in self._path:
            found = found.get(name) if isinstance(found, dict) else None
        return self._take(found)

    def __set__(self, part: Part, value: NoReturn) -> None:
        raise AttributeError("a status is as the document says")


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) else None


def _flag(found: Any) -> bool | None:
    return found if isinstance(found, bool) else None


def _number(found: Any) -> float | None:
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return float(found)


def _whole(found: Any) -> int | None:
    if isinstance(found, float) and found.is_integer():
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _one(kind: type[PartT]) -> Callable[[Any], PartT]:
    return lambda found: kind(found if isinstance(found, dict) else {})


def _each(kind: type[PartT]) -> Callable[[Any], tuple[PartT, ...]]:
    def take(found: Any) -> tuple[PartT, ...]:
        rows = found if isinstance(found, list) else []
        return tuple(kind(row) for row in rows if isinstance(row, dict))

    return take


def _by_name(kind: type[PartT]) -> Callable[[Any], dict[str, PartT]]:
    def take(found: Any) -> dict[str, PartT]:
        rows = found if isinstance(found, dict) else {}
        return {name: kind(row) for name, row in rows.items() if isinstance(row, dict)}

    return take


class StatusMessage(Part):
    """Something that the cluster or the client has to say."""

    __slots__ = ()
    #: What kind of message it is, as "unreachable_processes".
    name: _Field[str | None] = _Field(_text, "name")
    #: The message, for people.
    description: _Field[str | None] = _Field(_text, "description")


class Rate(Part):
    """How often something happens."""

    __slots__ = ()
    #: Times a second, of late.
    hz: _Field[float | None] = _Field(_number, "hz")
    #: Times since the server has started.
    counter: _Field[int | None] = _Field(_whole, "counter")


class Coordinator(Part):
    """A coordination server, as the client sees it."""

    __slots__ = ()
    #: IP address and port.
    address: _Field[str | None] = _Field(_text, "address")
    #: Whether the client has reached it.
    reachable: _Field[bool | None] = _Field(_flag, "reachable")
    #: The version of its protocol, in hexadecimal digits.
    protocol: _Field[str | None] = _Field(_text, "protocol")


class Role(Part):
    """What a process does: "storage", "log", "commit_proxy" and so on."""

    __slots__ = ()
    #: The name of the role.
    role: _Field[str | None] = _Field(_text, "role")
    #: The newest version that it has, of storage servers and logs.
    data_version: _Field[int | None] = _Field(_whole, "data_version")
    #: The version up to which it has written to its disk.
    durable_version: _Field[int | None] = _Field(_whole, "durable_version")
    #: How far it lags behind, in seconds, of storage servers.
    data_lag_seconds: _Field[float | None] = _Field(_number, "data_lag", "seconds")


class Process(Part):
    """A server process."""

    __slots__ = ()
    #: IP address and port.
    address: _Field[str | None] = _Field(_text, "address")
    #: The class that the process was started with, as "storage" or "unset".
    class_type: _Field[str | None] = _Field(_text, "class_type")
    #: The release of the server, as "7.4.6".
    version: _Field[str | None] = _Field(_text, "version")
    #: Whether an operator has excluded it.
    excluded: _Field[bool | None] = _Field(_flag, "excluded")
    #: Whether it works more slowly than it should.
    degraded: _Field[bool | None] = _Field(_flag, "degraded")
    #: The machine that it runs on.
    machine_id: _Field[str | None] = _Field(_text, "machine_id")
    #: Since it was started.
    uptime_seconds: _Field[float | None] = _Field(_number, "uptime_seconds")
    #: How many cores it keeps busy.
    cpu_usage_cores: _Field[float | None] = _Field(_number, "cpu", "usage_cores")
    #: Of the disk's time, from 0 to 1.
    disk_busy: _Field[float | None] = _Field(_number, "disk", "busy")
    #: What it uses.
    memory_used_bytes: _Field[int | None] = _Field(_whole, "memory", "used_bytes")
    #: What it may use.
    memory_available_bytes: _Field[int | None] = _Field(_whole, "memory", "available_bytes")
    #: What it does.
    roles: _Field[tuple[Role, ...]] = _Field(_each(Role), "roles")
    #: What it has to say.
    messages: _Field[tuple[StatusMessage, ...]] = _Field(_each(StatusMessage), "messages")


class Configuration(Part):
    """How the database is configured; what is left to defaults is not in the document."""

    __slots__ = ()
    #: As "single", "double" or "three_datacenter".
    redundancy_mode: _Field[str | None] = _Field(_text, "redundancy_mode")
    #: As "ssd-2" or "memory-2".
    storage_engine: _Field[str | None] = _Field(_text, "storage_engine")
    #: As "disabled" or "optional_experimental".
    tenant_mode: _Field[str | None] = _Field(_text, "tenant_mode")
    #: In how many regions the data are.
    usable_regions: _Field[int | None] = _Field(_whole, "usable_regions")
    #: How many coordination servers there are.
    coordinators_count: _Field[int | None] = _Field(_whole, "coordinators_count")
    #: How many commit proxies are wanted.
    commit_proxies: _Field[int | None] = _Field(_whole, "commit_proxies")
    #: How many proxies for read versions are wanted.
    grv_proxies: _Field[int | None] = _Field(_whole, "grv_proxies")
    #: How many resolvers are wanted.
    resolvers: _Field[int | None] = _Field(_whole, "resolvers")
    #: How many logs are wanted.
    logs: _Field[int | None] = _Field(_whole, "logs")


class Data(Part):
    """How the data are, and where."""

    __slots__ = ()
    #: As "healthy", "healing", "missing_data".
    state: _Field[str | None] = _Field(_text, "state", "name")
    #: The state, for people.
    description: _Field[str | None] = _Field(_text, "state", "description")
    #: Whether there are as many replicas as there should be.
    healthy: _Field[bool | None] = _Field(_flag, "state", "healthy")
    #: Of the data that have the fewest.
    min_replicas_remaining: _Field[int | None] = _Field(_whole, "state", "min_replicas_remaining")
    #: The sum of the sizes of all keys and values.
    total_kv_size_bytes: _Field[int | None] = _Field(_whole, "total_kv_size_bytes")
    #: What the servers use on their disks.
    total_disk_used_bytes: _Field[int | None] = _Field(_whole, "total_disk_used_bytes")
    #: What is left on the disk of the storage server that has least.
    least_operating_space_bytes_storage_server: _Field[int | None] = _Field(
        _whole, "least_operating_space_bytes_storage_server"
    )
    #: What is left on the disk of the log that has least.
    least_operating_space_bytes_log_server: _Field[int | None] = _Field(
        _whole, "least_operating_space_bytes_log_server"
    )
    #: How many shards the data are divided into.
    partitions_count: _Field[int | None] = _Field(_whole, "partitions_count")
    #: What is on its way to another server.
    moving_in_flight_bytes: _Field[int | None] = _Field(_whole, "moving_data", "in_flight_bytes")
    #: What waits to be moved.
    moving_in_queue_bytes: _Field[int | None] = _Field(_whole, "moving_data", "in_queue_bytes")


class Workload(Part):
    """What clients have the cluster do."""

    __slots__ = ()
    #: Transactions begun.
    transactions_started: _Field[Rate] = _Field(_one(Rate), "transactions", "started")
    #: Transactions committed.
    transactions_committed: _Field[Rate] = _Field(_one(Rate), "transactions", "committed")
    #: Commits refused for a conflict.
    transactions_conflicted: _Field[Rate] = _Field(_one(Rate), "transactions", "conflicted")
    #: Read operations.
    reads: _Field[Rate] = _Field(_one(Rate), "operations", "reads")
    #: Write operations.
    writes: _Field[Rate] = _Field(_one(Rate), "operations", "writes")
    #: Keys read.
    keys_read: _Field[Rate] = _Field(_one(Rate), "keys", "read")
    #: Bytes read.
    bytes_read: _Field[Rate] = _Field(_one(Rate), "bytes", "read")
    #: Bytes written.
    bytes_written: _Field[Rate] = _Field(_one(Rate), "bytes", "written")


class LatencyProbe(Part):
    """How long the cluster's own transactions took lately, in seconds."""

    __slots__ = ()
    #: To get a read version.
    transaction_start_seconds: _Field[float | None] = _Field(_number, "transaction_start_seconds")
    #: To read a key.
    read_seconds: _Field[float | None] = _Field(_number, "read_seconds")
    #: To commit.
    commit_seconds: _Field[float | None] = _Field(_number, "commit_seconds")


class Throttling(Part):
    """How many transactions the cluster lets begin, and why not more ("qos" in the document)."""

    __slots__ = ()
    #: How many transactions may begin in a second.
    transactions_per_second_limit: _Field[float | None] = _Field(
        _number, "transactions_per_second_limit"
    )
    #: How many do.
    released_transactions_per_second: _Field[float | None] = _Field(
        _number, "released_transactions_per_second"
    )
    #: As "workload" for no limit, "storage_server_write_queue_size".
    limited_by: _Field[str | None] = _Field(_text, "performance_limited_by", "name")
    #: The reason, for people.
    limited_by_description: _Field[str | None] = _Field(
        _text, "performance_limited_by", "description"
    )
    #: The longest queue of a log.
    worst_queue_bytes_log_server: _Field[int | None] = _Field(
        _whole, "worst_queue_bytes_log_server"
    )
    #: The longest queue of a storage server.
    worst_queue_bytes_storage_server: _Field[int | None] = _Field(
        _whole, "worst_queue_bytes_storage_server"
    )
    #: How far the worst storage server lags behind the logs.
    worst_data_lag_seconds: _Field[float | None] = _Field(
        _number, "worst_data_lag_storage_server", "seconds"
    )


class Recovery(Part):
    """The state of the transaction system."""

    __slots__ = ()
    #: As "fully_recovered", "accepting_commits", "recovery_transaction".
    name: _Field[str | None] = _Field(_text, "name")
    #: The state, for people.
    description: _Field[str | None] = _Field(_text, "description")
    #: How many generations of the transaction system there still are; 1 once a recovery is done.
    active_generations: _Field[int | None] = _Field(_whole, "active_generations")
    #: Since the last recovery.
    seconds_since_last_recovered: _Field[float | None] = _Field(
        _number, "seconds_since_last_recovered"
    )


class FaultTolerance(Part):
    """How many zones may still fail."""

    __slots__ = ()
    #: Before data are lost.
    zones_without_losing_data: _Field[int | None] = _Field(
        _whole, "max_zone_failures_without_losing_data"
    )
    #: Before the database can no longer be used.
    zones_without_losing_availability: _Field[int | None] = _Field(
        _whole, "max_zone_failures_without_losing_availability"
    )


class Status(Part):
    """The status document of a database, as `db.status()` returns it; `raw` is the whole of it."""

    __slots__ = ()
    #: Whether the client can use the database.
    available: _Field[bool | None] = _Field(_flag, "client", "database_status", "available")
    #: Whether it is in the state that its configuration asks for.
    healthy: _Field[bool | None] = _Field(_flag, "client", "database_status", "healthy")
    #: Whether so many coordinators can be reached as are needed.
    quorum_reachable: _Field[bool | None] = _Field(
        _flag, "client", "coordinators", "quorum_reachable"
    )
    #: The coordination servers.
    coordinators: _Field[tuple[Coordinator, ...]] = _Field(
        _each(Coordinator), "client", "coordinators", "coordinators"
    )
    #: The cluster file of the client.
    cluster_file_path: _Field[str | None] = _Field(_text, "client", "cluster_file", "path")
    #: What the client has to say.
    client_messages: _Field[tuple[StatusMessage, ...]] = _Field(
        _each(StatusMessage), "client", "messages"
    )
    #: What the cluster has to say.
    messages: _Field[tuple[StatusMessage, ...]] = _Field(
        _each(StatusMessage), "cluster", "messages"
    )
    #: Whether an operator has locked the database.
    locked: _Field[bool | None] = _Field(_flag, "cluster", "database_lock_state", "locked")
    #: When the cluster has made the document, in seconds since 1970.
    timestamp: _Field[float | None] = _Field(_number, "cluster", "cluster_controller_timestamp")
    #: What a cluster file of this cluster has in it.
    connection_string: _Field[str | None] = _Field(_text, "cluster", "connection_string")
    #: The version of the protocol of the cluster, in hexadecimal digits.
    protocol_version: _Field[str | None] = _Field(_text, "cluster", "protocol_version")
    #: How often the transaction system has recovered.
    generation: _Field[int | None] = _Field(_whole, "cluster", "generation")
    #: How many clients there are.
    clients_count: _Field[int | None] = _Field(_whole, "cluster", "clients", "count")
    #: How many zones may still fail.
    fault_tolerance: _Field[FaultTolerance] = _Field(
        _one(FaultTolerance), "cluster", "fault_tolerance"
    )
    #: How the database is configured.
    configuration: _Field[Configuration] = _Field(_one(Configuration), "cluster", "configuration")
    #: How the data are, and where.
    data: _Field[Data] = _Field(_one(Data), "cluster", "data")
    #: What clients have the cluster do.
    workload: _Field[Workload] = _Field(_one(Workload), "cluster", "workload")
    #: How long the cluster's own transactions took lately.
    latency_probe: _Field[LatencyProbe] = _Field(_one(LatencyProbe), "cluster", "latency_probe")
    #: How many transactions the cluster lets begin.
    qos: _Field[Throttling] = _Field(_one(Throttling), "cluster", "qos")
    #: The state of the transaction system.
    recovery_state: _Field[Recovery] = _Field(_one(Recovery), "cluster", "recovery_state")
    #: By the name of the process in the document.
    processes: _Field[dict[str, Process]] = _Field(_by_name(Process), "cluster", "processes")

    @classmethod
    def parse(cls, document: bytes | str) -> Status:
        """Returns the status of a document, such as one kept in a file. Raises ValueError if it is no JSON object."""
        raw = json.loads(document)
        if not isinstance(raw, dict):
            raise ValueError(f"a status document is a JSON object, not {type(raw).__name__}")
        return cls(raw)

    def __repr__(self) -> str:
        return (
            f"<Status available={self.available} healthy={self.healthy} data={self.data.state} "
            f"recovery={self.recovery_state.name} processes={len(self.processes)}>"
        )
