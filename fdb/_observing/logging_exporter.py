"""An observer that writes to Python's logging. Thread-safe."""

from __future__ import annotations

import logging
from datetime import timedelta

from fdb._observing.event import TransactionEvent
from fdb._times import seconds_of

_LOGGER = "fdb.transactions"
#: What of an event a record has, as attributes with "fdb_" before the name.
_PARTS = (
    "kind number function attempts outcome error code started elapsed in_function in_waiting in_committing in_backoff "
    "read_version commit_version reads keys_read bytes_read keys_written bytes_written size conflicts"
).split()


class LoggingExporter:
    """An observer that logs transactions.

        with fdb.observe(fdb.telemetry.LoggingExporter(slow=0.5)):
            serve()

    A transaction that has failed is logged as a warning, and so is one that took longer than `slow`; an attempt that is retried
    with the level INFO; every other end of a transaction with `level`. A record has the parts of its event as attributes,
    for handlers that write them in columns: `fdb_function`, `fdb_outcome`, `fdb_elapsed` and so on.
    """

    def __init__(
        self,
        logger: logging.Logger | str = _LOGGER,
        *,
        level: int = logging.DEBUG,
        slow: float | timedelta | None = None,
    ) -> None:
        """`slow` is a number of seconds, or a timedelta; None: none is too slow.

        Raises TypeError for a logger or a time that is none, and ValueError for a time that is not positive.
        """
        if isinstance(logger, str):
            logger = logging.getLogger(logger)
        if not isinstance(logger, logging.Logger):
            raise TypeError(
                f"logger is a logging.Logger or the name of one, not {type(logger).__name__}"
            )
        seconds = None if slow is None else seconds_of("slow", slow)
        if seconds is not None and not seconds > 0:
            raise ValueError(f"slow is a positive time, not {slow!r}")
        self._logger = logger
        self._level = level
        self._slow = seconds

    def __call__(self, event: TransactionEvent) -> None:
        """Logs an event, if it is of the kind that is logged."""
        level = self._level_of(event)
        if level is not None and self._logger.isEnabledFor(level):
            extra = {f"fdb_{name}": getattr(event, name) for name in _PARTS}
            self._logger.log(level, "%s", event, extra=extra)

    def _level_of(self, event: TransactionEvent) -> int | None:
        if event.kind == "attempt":
            return logging.INFO if event.outcome == "retried" else None
        is_slow = self._slow is not None and event.elapsed > self._slow
        return logging.WARNING if event.outcome == "failed" or is_slow else self._level
