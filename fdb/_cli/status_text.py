"""The status of a database in a few lines that a person can read.

A document lacks whatever a cluster in trouble does not know of itself: so does the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fdb._display.notation import visible
from fdb._status import Process, Rate, Status, StatusMessage

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_WIDTH = 13
#: The disk of a database in memory, and what a cluster without a limit says.
_ENDLESS = 10**9


def size(count: float) -> str:
    """Returns a number of bytes in decimal units: "1.5 MB"."""
    power = 0
    while abs(count) >= 1000 and power < len(_UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.1f} {_UNITS[power]}" if power else f"{count:.0f} {_UNITS[0]}"


def summary(status: Status) -> Iterator[str]:
    """Yields the lines, without anything that a terminal would obey: parts are what machines say of themselves."""
    yield from map(visible, _lines(status))


def _lines(status: Status) -> Iterator[str]:
    for name, parts in (
        ("database", _database(status)),
        ("health", _health(status)),
        ("data", _data(status)),
        ("tolerates", _tolerance(status)),
        ("load", _load(status)),
        ("latency", _latency(status)),
        ("limits", _limits(status)),
        ("versions", _versions(status)),
    ):
        shown = "; ".join(part for part in parts if part)
        if shown:
            yield f"{name:{_WIDTH}}{shown}"
    yield from _coordinators(status)
    yield from _processes(status)
    yield from _messages(status)


def _database(status: Status) -> Iterator[str]:
    configuration = status.configuration
    yield status.cluster_file_path or ""
    parts = [configuration.redundancy_mode, configuration.storage_engine]
    yield ", ".join(part for part in parts if part)
    if configuration.tenant_mode not in (None, "disabled"):
        yield f"tenants {configuration.tenant_mode}"


def _health(status: Status) -> Iterator[str]:
    if status.available is None:
        yield "unknown"
    elif not status.available:
        yield "NOT AVAILABLE"
    else:
        yield "available" if status.healthy is not False else "available, NOT HEALTHY"
    if status.locked:
        yield "LOCKED"
    if status.quorum_reachable is False:
        yield "too few coordinators can be reached"
    state = status.recovery_state
    if state.name not in (None, "fully_recovered"):
        yield f"recovery: {state.description or state.name}"


def _data(status: Status) -> Iterator[str]:
    data = status.data
    yield data.description or data.state or ""
    if data.total_kv_size_bytes is not None:
        yield f"{size(data.total_kv_size_bytes)} in keys and values"
    if data.total_disk_used_bytes is not None:
        yield f"{size(data.total_disk_used_bytes)} on disk"
    if data.partitions_count is not None:
        yield f"{data.partitions_count:,} partition{'' if data.partitions_count == 1 else 's'}"
    moving = (data.moving_in_flight_bytes or 0) + (data.moving_in_queue_bytes or 0)
    if moving:
        yield f"{size(moving)} to be moved"


def _tolerance(status: Status) -> Iterator[str]:
    tolerance = status.fault_tolerance
    if tolerance.zones_without_losing_data is not None:
        yield f"{_zones(tolerance.zones_without_losing_data)} without losing data"
    if tolerance.zones_without_losing_availability is not None:
        yield f"{_zones(tolerance.zones_without_losing_availability)} without losing availability"


def _zones(count: int) -> str:
    return f"the loss of {count} zone{'' if count == 1 else 's'}"


def _load(status: Status) -> Iterator[str]:
    load = status.workload
    yield _rates((load.reads, "reads"), (load.writes, "writes"))
    yield _rates(
        (load.transactions_started, "transactions started"),
        (load.transactions_committed, "committed"),
        (load.transactions_conflicted, "conflicted"),
    )
    if status.clients_count is not None:
        yield f"{status.clients_count} client{'' if status.clients_count == 1 else 's'}"


def _rates(*rates: tuple[Rate, str]) -> str:
    known = [f"{rate.hz:,.0f} {what}" for rate, what in rates if rate.hz is not None]
    return f"{', '.join(known)} a second" if known else ""


def _latency(status: Status) -> Iterator[str]:
    probe = status.latency_probe
    for seconds, what in (
        (probe.transaction_start_seconds, "begin"),
        (probe.read_seconds, "read"),
        (probe.commit_seconds, "commit"),
    ):
        if seconds:
            yield f"{what} {seconds * 1000:.1f} ms"


def _limits(status: Status) -> Iterator[str]:
    """What keeps the cluster from doing more: nothing is said where nothing does."""
    qos = status.qos
    if qos.limited_by not in (None, "workload"):
        yield qos.limited_by_description or qos.limited_by or ""
        limit = qos.transactions_per_second_limit
        if limit is not None and limit < _ENDLESS:
            yield f"at most {limit:,.0f} transactions a second"
    if qos.worst_data_lag_seconds is not None and qos.worst_data_lag_seconds >= 1:
        yield f"a storage server is {qos.worst_data_lag_seconds:.1f} s behind"


def _versions(status: Status) -> Iterator[str]:
    releases = sorted({p.version for p in status.processes.values() if p.version is not None})
    if releases:
        yield f"servers {', '.join(releases)}"
    if status.protocol_version is not None:
        yield f"protocol {status.protocol_version}"
    if status.generation is not None:
        yield f"generation {status.generation}"


def _coordinators(status: Status) -> Iterator[str]:
    for number, each in enumerate(status.coordinators):
        title = "coordinators" if number == 0 else ""
        state = {True: "reachable", False: "NOT REACHABLE", None: "unknown"}[each.reachable]
        yield f"{title:{_WIDTH}}{each.address or 'without address'}  {state}"


def _processes(status: Status) -> Iterator[str]:
    by_address = sorted(status.processes.values(), key=lambda each: each.address or "")
    for number, process in enumerate(by_address):
        title = "processes" if number == 0 else ""
        yield f"{title:{_WIDTH}}{'  '.join(part for part in _process(process) if part)}"
        for message in process.messages:
            yield f"{'':{_WIDTH + 2}}{_message(message)}"


def _process(process: Process) -> Iterator[str]:
    yield process.address or "without address"
    yield ", ".join(dict.fromkeys(role.role for role in process.roles if role.role is not None))
    if process.cpu_usage_cores is not None:
        yield f"cpu {process.cpu_usage_cores:.0%}"
    if process.disk_busy is not None:
        yield f"disk {process.disk_busy:.0%}"
    if process.memory_used_bytes is not None:
        yield f"memory {size(process.memory_used_bytes)}"
    lags = [role.data_lag_seconds for role in process.roles if role.data_lag_seconds is not None]
    if lags and max(lags) >= 1:
        yield f"{max(lags):.1f} s behind"
    if process.excluded:
        yield "EXCLUDED"
    if process.degraded:
        yield "DEGRADED"


def _messages(status: Status) -> Iterator[str]:
    found: Iterable[StatusMessage] = (*status.client_messages, *status.messages)
    for number, message in enumerate(found):
        title = "messages" if number == 0 else ""
        yield f"{title:{_WIDTH}}{_message(message)}"


def _message(message: StatusMessage) -> str:
    parts = [message.name, message.description]
    return " ".join(": ".join(part for part in parts if part).split())
