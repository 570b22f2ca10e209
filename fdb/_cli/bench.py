"""`fdb bench`: a quick load, and what it measured."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from fdb._blocking import Database, Tenant
from fdb._cli.load import LEAST_KEY_SIZE, NAME, PARTS, Load, Measured, Shape
from fdb._cli.options import Command, Seconds, database_options, format_option
from fdb._cli.output import record
from fdb._cli.progress import showing
from fdb._observing.histogram import Histogram

#: What libraries take.
_MOST_KEY_BYTES, _MOST_VALUE_BYTES = 10_000, 100_000
_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


def _number(
    name: str, default: int, least: int, most: int, text: str
) -> Callable[[Command], Command]:
    kind = click.IntRange(least, most)
    return click.option(name, type=kind, default=default, show_default=True, help=text)


@click.command(
    epilog=f"Its rows lie under the tuple ('{NAME}', a random number), and are cleared at the end, also after Ctrl-C and SIGTERM. "
    "Example: fdb bench -C file:test.fdb --threads 8 --seconds 10 --reads 1 --writes 10"
)
@database_options()
@_number("--threads", 4, 1, 256, "Threads, each with one transaction at a time.")
@click.option(
    "--seconds",
    type=Seconds(most=86_400),
    default=5.0,
    show_default=True,
    help="How long.",
)
@_number("--keys", 10_000, 1, 10_000_000, "Rows that there are; few make conflicts.")
@_number("--key-size", 32, LEAST_KEY_SIZE, _MOST_KEY_BYTES, "Bytes of a key.")
@_number("--value-size", 100, 0, _MOST_VALUE_BYTES, "Bytes of a value.")
@_number("--reads", 5, 0, 10_000, "Rows that a transaction reads, all at once.")
@_number("--range-rows", 0, 0, 100_000, "Rows that a transaction reads in one range.")
@_number("--writes", 1, 0, 1_000, "Rows that a transaction writes.")
@format_option
def bench(
    db: Database | Tenant,
    threads: int,
    seconds: float,
    keys: int,
    key_size: int,
    value_size: int,
    reads: int,
    range_rows: int,
    writes: int,
    format: str,
) -> None:
    """Put a quick load on a database, and say what it measured.

    Each transaction asks for a read version, reads, writes and commits; it is retried after conflicts. Times are those that this
    program, one process of Python, has seen: what it measures first is itself. It writes beside the data that is there, and
    touches none of it. Percentiles are right to within 4.5 percent.
    """
    if not reads + range_rows + writes:
        raise click.UsageError("there is nothing to do: give --reads, --range-rows or --writes")
    shape = Shape(threads, seconds, keys, key_size, value_size, reads, range_rows, writes)
    with _terminations(), Load(db, shape) as load:
        with showing("writing rows") as report:
            load.write_rows(lambda rows: report(rows, keys))
        with showing("bench", "s") as report:
            measured = load.work(lambda passed: report(round(passed), max(round(seconds), 1)))
    if format == "text":
        _print(shape, measured, load.seconds)
    else:
        record(format, _fields(shape, measured, load.seconds))


@contextmanager
def _terminations() -> Iterator[None]:
    """SIGTERM ends the program as Ctrl-C does: by an exception, so that it tidies up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fields(shape: Shape, measured: Measured, seconds: float) -> dict[str, Any]:
    """Returns what was measured, for programs."""
    return {
        **vars(shape),
        "seconds": round(seconds, 3),
        "transactions": measured.transactions,
        "transactions_per_second": round(measured.transactions / seconds, 1),
        "rows_read_per_second": round(measured.rows_read / seconds, 1),
        "rows_written_per_second": round(measured.rows_written / seconds, 1),
        "attempts": measured.attempts,
        "conflicts": measured.conflicts,
        "errors": measured.errors,
        "seconds_of": {part: _times(measured.times[part]) for part in PARTS},
    }


def _times(histogram: Histogram) -> dict[str, float] | None:
    if not histogram.count:
        return None
    times = {name: histogram.quantile(share) for name, share in _SHARES.items()}
    found = {"mean": histogram.mean, **times, "longest": histogram.longest}
    return {name: round(seconds, 7) for name, seconds in found.items()}


def _print(shape: Shape, measured: Measured, seconds: float) -> None:
    parts = [
        (shape.reads, "read", "reads"),
        (shape.range_rows, "row of a range", "rows of a range"),
        (shape.writes, "write", "writes"),
    ]
    done = ", ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in parts if n)
    print(f"a transaction: {done}")
    print(
        f"{shape.threads} thread{'s'[: shape.threads > 1]}, {seconds:.1f} s, {shape.keys:,} key{'s'[: shape.keys > 1]} of "
        f"{shape.key_size} bytes, values of {shape.value_size:,}\n"
    )
    share = measured.conflicts / measured.attempts if measured.attempts else 0.0
    print(f"transactions  {measured.transactions / seconds:>11,.0f} /s")
    print(f"rows read     {measured.rows_read / seconds:>11,.0f} /s")
    print(f"rows written  {measured.rows_written / seconds:>11,.0f} /s")
    print(f"conflicts     {share:>11.2%} of {measured.attempts:,} attempts")
    others = sum(measured.errors.values()) - measured.conflicts
    if others:
        print(f"other errors  {others:>11,} that were retried")
    names = ("mean", *_SHARES, "longest")
    print(f"\n{'milliseconds':13}{''.join(f'{name:>9}' for name in names)}")
    for part in PARTS:
        times = _times(measured.times[part])
        if times is not None:
            row = "".join(f"{times[name] * 1000:>9.3f}" for name in names)
            print(f"{part:13}{row}")
