"""An observer that makes spans and metrics of OpenTelemetry, by nothing but its API. Thread-safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fdb._observing.event import TransactionEvent
from fdb._version import __version__

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider
    from opentelemetry.util.types import AttributeValue

_NAME = "fdb"
_SYSTEM = "foundationdb"
#: So many transactions on their way, and so many attempts of each, are kept until a transaction ends and its span is made.
_MOST_TRANSACTIONS = 1000
_MOST_ATTEMPTS = 32
_MISSING = (
    "fdb.telemetry.OpenTelemetryExporter needs the package opentelemetry-api: "
    'install it, or this package as "foundationdb-cffi[opentelemetry]"'
)


class OpenTelemetryExporter:
    """An observer that tells OpenTelemetry of transactions.

        with fdb.observe(fdb.telemetry.OpenTelemetryExporter()):
            serve()

    A transaction is a span of kind CLIENT below the one that is current when it ends, named by its function; attempts that were
    retried are events of it. Its attributes are `db.system.name`, `db.operation.name`, `error.type`, and with `fdb.` before
    them the parts of the event. Metrics, with `db.system.name`, `db.operation.name`, `fdb.outcome` and `error.type`:

    - `db.client.operation.duration`, `fdb.waiting.duration` and `fdb.commit.duration`: histograms of seconds, one value for each
      transaction
    - `fdb.attempts`: counts attempts, those that were retried too
    - `fdb.keys` and `fdb.io`: count keys and bytes, with the attribute `fdb.direction`, "read" or "written"

    Without an SDK the API does nothing with all that.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """Without providers those of the process are used. Raises ImportError where opentelemetry-api is not installed."""
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise ImportError(_MISSING) from error
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        self._client = trace.SpanKind.CLIENT
        self._failure = trace.StatusCode.ERROR
        meter = metrics.get_meter(_NAME, __version__, meter_provider)
        self._duration = meter.create_histogram(
            "db.client.operation.duration", "s", "How long transactions take."
        )
        self._waiting = meter.create_histogram(
            "fdb.waiting.duration", "s", "How long transactions wait for what they read."
        )
        self._committing = meter.create_histogram(
            "fdb.commit.duration", "s", "How long the commits of transactions take."
        )
        self._attempts = meter.create_counter("fdb.attempts", "{attempt}", "Attempts.")
        self._keys = meter.create_counter("fdb.keys", "{key}", "Keys read and written.")
        self._bytes = meter.create_counter("fdb.io", "By", "Bytes read and written.")
        #: By the number of the transaction: its attempts that were retried.
        self._retried: dict[int, list[TransactionEvent]] = {}

    def __call__(self, event: TransactionEvent) -> None:
        """Makes of an event what OpenTelemetry gets of it."""
        if event.kind == "attempt":
            self._attempts.add(1, _labels(event))
            if event.outcome == "retried":
                self._keep(event)
            return
        self._measure(event)
        self._trace(event, self._retried.pop(event.number, []))

    def _keep(self, event: TransactionEvent) -> None:
        kept = self._retried.get(event.number)
        if kept is None:
            if len(self._retried) >= _MOST_TRANSACTIONS:
                return
            kept = self._retried.setdefault(event.number, [])
        if len(kept) < _MOST_ATTEMPTS:
            kept.append(event)

    def _measure(self, event: TransactionEvent) -> None:
        labels = _labels(event)
        self._duration.record(event.elapsed, labels)
        self._waiting.record(event.in_waiting, labels)
        self._committing.record(event.in_committing, labels)
        for direction, keys, size in (
            ("read", event.keys_read, event.bytes_read),
            ("written", event.keys_written, event.bytes_written),
        ):
            directed = {**labels, "fdb.direction": direction}
            self._keys.add(keys, directed)
            self._bytes.add(size, directed)

    def _trace(self, event: TransactionEvent, retried: list[TransactionEvent]) -> None:
        span: Span = self._tracer.start_span(
            event.function, kind=self._client, start_time=_nanoseconds(event.started)
        )
        if span.is_recording():
            span.set_attributes(_attributes(event))
            for attempt in retried:
                span.add_event(
                    "fdb.attempt",
                    _attributes(attempt),
                    _nanoseconds(attempt.started + attempt.elapsed),
                )
            if event.outcome == "failed":
                span.set_status(self._failure, event.error)
        span.end(_nanoseconds(event.started + event.elapsed))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _labels(event: TransactionEvent) -> dict[str, AttributeValue]:
    """Returns what tells the values of a metric apart: little, since there is a series for each combination."""
    labels: dict[str, AttributeValue] = {
        "db.system.name": _SYSTEM,
        "db.operation.name": event.function,
        "fdb.outcome": event.outcome,
    }
    if event.error is not None:
        labels["error.type"] = event.error
    return labels


def _attributes(event: TransactionEvent) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue | None] = {
        **_labels(event),
        "fdb.attempts": event.attempts,
        "fdb.function.duration": event.in_function,
        "fdb.waiting.duration": event.in_waiting,
        "fdb.commit.duration": event.in_committing,
        "fdb.backoff.duration": event.in_backoff,
        "fdb.read_version": event.read_version,
        "fdb.commit_version": event.commit_version,
        "fdb.reads": event.reads,
        "fdb.keys_read": event.keys_read,
        "fdb.bytes_read": event.bytes_read,
        "fdb.keys_written": event.keys_written,
        "fdb.bytes_written": event.bytes_written,
        "fdb.size": event.size,
        "fdb.conflicts": None
        if event.conflicts is None
        else [repr(each) for each in event.conflicts],
    }
    return {name: value for name, value in found.items() if value is not None}
