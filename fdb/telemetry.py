"""Exporters: observers that hand on what `fdb.observe` tells of transactions.

`LoggingExporter` writes to Python's logging, `OpenTelemetryExporter` makes spans and metrics (its extra is `opentelemetry`). Both are
given to `fdb.observe`, for a block, or appended to `db.observers`, for good.
"""

from __future__ import annotations

from fdb._observing.logging_exporter import LoggingExporter as LoggingExporter
from fdb._observing.opentelemetry_exporter import OpenTelemetryExporter as OpenTelemetryExporter

__all__ = ["LoggingExporter", "OpenTelemetryExporter"]
