"""What OpenTelemetry's own SDK makes of transactions."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

import fdb
import fdb.telemetry
from fdb._observing import opentelemetry_exporter
from fdb.testing import faults

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Telemetry:
    """An exporter, and what has come of it."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metrics = InMemoryMetricReader()
        meters = MeterProvider(metric_readers=[self._metrics])
        self.exporter = fdb.telemetry.OpenTelemetryExporter(self.tracers, meters)

    def spans(self) -> list[Any]:
        return [*self._spans.get_finished_spans()]

    def points(self) -> dict[str, list[Any]]:
        """Returns the values of each metric."""
        data: Any = self._metrics.get_metrics_data()
        [resource] = data.resource_metrics
        [scope] = resource.scope_metrics
        assert scope.scope.name == "fdb"
        return {metric.name: [*metric.data.data_points] for metric in scope.metrics}


@fdb.transactional
def increment(tr: fdb.Transaction, key: bytes) -> None:
    tr[key] = str(int(tr[key] or b"0") + 1).encode()


INCREMENT = f"{__name__}.increment"


def test_spans(memory_db: fdb.Database) -> None:
    telemetry = Telemetry()
    tracer = telemetry.tracers.get_tracer("program")
    with (
        fdb.observe(telemetry.exporter),
        faults(memory_db, rules="not_committed:nth=1"),
        tracer.start_as_current_span("request") as request,
    ):
        increment(memory_db, b"n")
    span, outer = telemetry.spans()
    assert outer.name == "request"
    assert span.name == INCREMENT
    assert span.kind.name == "CLIENT"
    assert span.parent == request.get_span_context()
    assert outer.start_time <= span.start_time <= span.end_time <= outer.end_time
    assert span.status.is_ok
    attributes = dict(span.attributes)
    assert attributes["db.system.name"] == "foundationdb"
    assert attributes["db.operation.name"] == INCREMENT
    assert (attributes["fdb.attempts"], attributes["fdb.outcome"]) == (2, "committed")
    assert attributes["fdb.keys_written"] == 2
    assert attributes["fdb.commit_version"] > attributes["fdb.read_version"]
    assert "error.type" not in attributes
    [attempt] = span.events
    assert attempt.name == "fdb.attempt"
    assert attempt.attributes["error.type"] == "not_committed"
    assert span.start_time <= attempt.timestamp <= span.end_time
    assert telemetry.exporter._retried == {}


def test_a_failure(memory_db: fdb.Database) -> None:
    telemetry = Telemetry()
    with fdb.observe(telemetry.exporter), pytest.raises(fdb.FDBError):
        memory_db[b"\xff"] = b""
    [span] = telemetry.spans()
    assert span.name == "Database.__setitem__"
    assert not span.status.is_ok
    assert span.status.description == "key_outside_legal_range"
    assert span.attributes["error.type"] == "key_outside_legal_range"


def test_metrics(memory_db: fdb.Database) -> None:
    telemetry = Telemetry()
    with fdb.observe(telemetry.exporter), faults(memory_db, rules="not_committed:nth=1"):
        increment(memory_db, b"n")
        increment(memory_db, b"n")
    points = telemetry.points()
    [duration] = points["db.client.operation.duration"]
    assert duration.count == 2
    assert dict(duration.attributes) == {
        "db.system.name": "foundationdb",
        "db.operation.name": INCREMENT,
        "fdb.outcome": "committed",
    }
    assert [each.count for each in points["fdb.waiting.duration"]] == [2]
    assert points["fdb.commit.duration"][0].sum < duration.sum
    attempts = {each.attributes["fdb.outcome"]: each.value for each in points["fdb.attempts"]}
    assert attempts == {"committed": 2, "retried": 1}
    keys = {each.attributes["fdb.direction"]: each.value for each in points["fdb.keys"]}
    sizes = {each.attributes["fdb.direction"]: each.value for each in points["fdb.io"]}
    assert keys == {"read": 3, "written": 3}
    assert sizes == {"read": 1, "written": 6}


def test_tasks_have_their_own_parents(memory_name: str) -> None:
    telemetry = Telemetry()
    tracer = telemetry.tracers.get_tracer("program")
    db = fdb.open(memory_name, event_model="asyncio")

    async def request(name: str) -> None:
        with tracer.start_as_current_span(name):
            await db.set(name.encode(), b"")

    async def main() -> None:
        with fdb.observe(telemetry.exporter):
            await asyncio.gather(*(request(f"request {number}") for number in range(5)))

    asyncio.run(main())
    spans = telemetry.spans()
    requests = {span.context.span_id for span in spans if span.name.startswith("request")}
    assert {span.parent.span_id for span in spans if span.name == "AsyncDatabase.set"} == requests
    assert len(requests) == 5


def test_what_it_keeps_is_bounded(memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opentelemetry_exporter, "_MOST_TRANSACTIONS", 2)
    monkeypatch.setattr(opentelemetry_exporter, "_MOST_ATTEMPTS", 1)
    telemetry = Telemetry()
    with fdb.observe(telemetry.exporter):
        transactions = [memory_db.create_transaction() for _ in range(4)]
        for _ in range(2):
            for tr in transactions:
                tr[b"a"] = b""
                tr.on_error(1020).wait()
        assert [len(kept) for kept in telemetry.exporter._retried.values()] == [1, 1]
        for tr in transactions:
            tr.cancel()
    assert [len(span.events) for span in telemetry.spans()] == [1, 1, 0, 0]
    assert telemetry.exporter._retried == {}


def test_without_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ImportError, match=r"foundationdb-cffi\[opentelemetry\]"):
        fdb.telemetry.OpenTelemetryExporter()
