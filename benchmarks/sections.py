"""The tables that pages have of what was measured: which page, and which cells.

A page has marks for each of its tables (see `suite.pages`), and no figure that was measured stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from subjects.kit import CALLS as KIT_CALLS
from subjects.kit import FIXTURES
from subjects.kit import SETTINGS as KIT
from suite.grid import Cell, Grid, Show, amount, note, rate, ratio
from suite.results import OFFICIAL, OURS, Row

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ROOT / "docs" / "guides"
BENCHMARKS = ROOT / "benchmarks" / "README.md"


def said(row: Row, column: str) -> str:
    """What a note says, without the name of it."""
    return note(row, column).rpartition(": ")[2]


CALLS = ("increment", "read")
SERVICE = {
    "a policy (`timeout`, `retry_limit`)": "a policy",
    "an observer that does nothing": "an observer that does nothing",
    "`fdb.Collector`": "a collector",
    "`LoggingExporter`, whose level is off": "logging, which is off",
    "`LoggingExporter`, to a handler that does nothing": "logging",
    "`OpenTelemetryExporter` without an SDK": "OpenTelemetry without an SDK",
    "a policy and `fdb.Collector`": "a policy and a collector",
}
INSTALLING = {
    "the wheel": "wheel",
    "the sdist": "sdist",
    "`pip install` from the wheel and those that it needs": "pip install from the wheel",
    "`import fdb`": "import fdb",
    "`import fdb`, `api_version`": "import fdb; fdb.api_version(740)",
    "instructions of `import fdb`": "import fdb: instructions",
    "instructions of both": "import fdb; fdb.api_version(740): instructions",
}
QUEUE = {
    "the recipe: take": ("claim and finish", "the recipe, without leases"),
    "claim, then finish": ("claim and finish", OURS),
    "both in one transaction": ("claim and finish in one transaction", OURS),
    "claim 16, finish each": ("claim 16 and finish each", OURS),
    "the recipe: put": ("push", "the recipe, without leases"),
    "push": ("push", OURS),
}
STREAM = {
    "from the begin of an append to its delivery, median": ("append to delivery", amount),
    "the same, 99 of 100": ("append to delivery", said),
    "events appended in a second, a transaction each": ("event appended, a transaction each", rate),
    "the same, 100 in a transaction": ("event appended, 100 a transaction", rate),
    "events given in a second, to a subscriber": ("event given, 10,000 there", rate),
    "events given and handled in a second, to one consumer of a group": (
        "event given and handled, a consumer of a group",
        rate,
    ),
}
COUNTER = ("Counter", "Counter of 16 shards")
COUNTER_BESIDE = ("atomic add by hand", "read and write by hand")
MOVING = {
    "copy": "row copied",
    "export, binary form": "row exported in the binary form",
    "export, JSON lines": "row exported as JSON lines",
    "import, binary form": "row imported from the binary form",
    "import, JSON lines": "row imported from JSON lines",
}
PLACES = {"at the begin": "first", "in the middle": "middle", "at the end": "last"}
CALLS_OF_PROGRAMS = {
    "a read, and the next one when it is there": ("binding", "get, open transaction"),
    "a read of 10,000 that are begun together": ("binding", "get, 10,000 pipelined"),
    "a row of a range": ("binding", "row of a range of 100,000"),
    "a write in a transaction": ("binding", "set, open transaction"),
    "a transaction with one write": ("binding", "begin, set, commit, end"),
    "a transaction that reads a key and writes it": ("binding", "transactional increment"),
    "the same by 1,000 tasks of asyncio": ("asyncio", "1,000 tasks, ten increments each"),
    "the same by 16 threads": ("binding", "increment, 16 threads on own keys"),
    "a tuple packed": ("layers", "tuple pack"),
}
WAITING = {
    "20 reads, one after the other": (
        "20 reads, asked for together",
        "20 reads, one after the other",
    ),
    "20 reads, asked for together": ("20 reads, asked for together", OURS),
    "20 rows, as a range": ("20 rows, as a range", OURS),
    "100 writes, a transaction each": (
        "100 writes, one transaction",
        "100 writes, a transaction each",
    ),
    "100 writes, one transaction": ("100 writes, one transaction", OURS),
    "100 transactions of a read and a write, one after the other": (
        "100 transactions, 20 threads",
        "100 transactions, one after the other",
    ),
    "the same by 20 threads": ("100 transactions, 20 threads", OURS),
    "the same by 100 tasks of asyncio": ("100 transactions, 100 tasks", OURS),
}
FILES = {
    "by 1 thread, each on disk": "commit, 1 thread",
    "by 8 threads, each on disk": "commit, 8 threads",
    "by 64 threads, each on disk": "commit, 64 threads",
    "by 1 thread, `sync=off`": "commit without sync",
}


def service() -> Grid:
    bare = tuple(
        Cell(amount, "service", f"transactional {call}, a policy", "the bare decorator")
        for call in CALLS
    )
    lines = [("the bare decorator", bare)]
    for label, setting in SERVICE.items():
        rows = (f"transactional {call}, {setting}" for call in CALLS)
        lines.append((label, tuple(Cell(amount, "service", row) for row in rows)))
    return Grid(("a call with", *CALLS), tuple(lines))


def kit() -> Grid:
    nothing = "nothing of the kit"
    first = tuple(Cell(amount, "testing", f"{call}, {KIT[0]}", nothing) for call in KIT_CALLS)
    lines = [(nothing, first)]
    for setting in KIT:
        rows = (f"{call}, {setting}" for call in KIT_CALLS)
        lines.append((setting, tuple(Cell(amount, "testing", row) for row in rows)))
    return Grid(("a call with", *KIT_CALLS), tuple(lines))


def fixtures() -> Grid:
    rows = {f"`{name}`": f"a test's {name}" for name in FIXTURES}
    return table("testing", ("fixtures", "a test with them"), rows, (OURS,))


def table(
    subject: str,
    heading: tuple[str, ...],
    rows: dict[str, str],
    columns: tuple[str, ...],
    show: Show = amount,
    ratio_to: str | None = None,
) -> Grid:
    """A line for each row with its columns, and our amount divided by that of one of them."""
    lines = []
    for label, row in rows.items():
        cells = [Cell(show, subject, row, column) for column in columns]
        if ratio_to is not None:
            cells.append(Cell(ratio, subject, row, ratio_to))
        lines.append((label, tuple(cells)))
    return Grid(heading, tuple(lines))


def installing() -> Grid:
    def cells(row: str) -> tuple[Cell | None, ...]:
        ours, official = (Cell(amount, "installing", row, name) for name in (OURS, OFFICIAL))
        return (ours, None if row == "sdist" else official)

    lines = tuple((label, cells(row)) for label, row in INSTALLING.items())
    return Grid(("", "this package", "the official one"), lines)


def queue(late: str) -> Grid:
    lines = []
    for workers in (1, 8, 64):
        cells = (
            Cell(rate, "queue", f"{row}, {workers} workers{late}", column)
            for row, column in QUEUE.values()
        )
        lines.append((str(workers), tuple(cells)))
    return Grid(("workers", *QUEUE), tuple(lines))


def stream() -> Grid:
    lines = [
        (label, tuple(Cell(show, "stream", row, column) for column in (OURS, "by hand")))
        for label, (row, show) in STREAM.items()
    ]
    return Grid(("", "`Stream`", "by hand"), tuple(lines))


def counter() -> Grid:
    lines = []
    for label, late in (("at once", ""), ("1 to 2 ms late", ", answers late")):
        ours = [Cell(rate, "counter", f"{name}, 64 threads{late}") for name in COUNTER]
        row = f"{COUNTER[0]}, 64 threads{late}"
        beside = [Cell(rate, "counter", row, column) for column in COUNTER_BESIDE]
        lines.append((label, (*ours, *beside)))
    return Grid(("answers come", "`Counter`", "16 shards", *COUNTER_BESIDE), tuple(lines))


def scanning() -> Grid:
    rows = {
        "a row of `scan`": "row of a scan of 1,000,000",
        "a row of its `pages`": "row of the pages of a scan of 1,000,000",
        "a row of `count`": "row of a count of 1,000,000",
    }
    heading = ("", "this", "a raw read", "this / that")
    return table("scanning", heading, rows, (OURS, "raw read"), ratio_to="raw read")


def moving() -> Grid:
    rows = {label: f"{row} of 1,000,000" for label, row in MOVING.items()}
    heading = ("a row", "the command", "a loop", "the command / the loop")
    return table("moving", heading, rows, (OURS, "a plain loop"), ratio_to="a plain loop")


def browse() -> Grid:
    rows = {f"100 rows {place}": f"{name} page of 1,000,000 rows" for place, name in PLACES.items()}
    columns = (OURS, "the read alone")
    return table("browse", ("of 1,000,000", "the page", columns[1]), rows, columns)


def browse_start() -> Grid:
    beside = "python that imports click, rich, starlette, uvicorn"
    heading = ("", "`fdb browse`", beside)
    return table("browse", heading, {"start to first page": "start to first page"}, (OURS, beside))


def prompt() -> Grid:
    columns = (OURS, "python that imports click, rich, prompt_toolkit", "python that does nothing")
    rows = {"start to prompt": "start to prompt, database in memory"}
    return table("prompt", ("", "`fdb shell`", *columns[1:]), rows, columns)


def calls() -> Grid:
    lines = tuple(
        (label, (Cell(amount, subject, row),))
        for label, (subject, row) in CALLS_OF_PROGRAMS.items()
    )
    return Grid(("in memory", "time of one"), lines)


def waiting() -> Grid:
    lines = tuple(
        (label, (Cell(amount, "waiting", row, column),)) for label, (row, column) in WAITING.items()
    )
    return Grid(("answers 1 to 2 ms late", "time of all"), lines)


def files() -> Grid:
    rows = {f"commits {label}": f"200,000 pairs: {row}" for label, row in FILES.items()}
    return table("durable", ("in a file", "in a second"), rows, (OURS,), show=rate)


#: Of each page and part what makes its text.
SECTIONS: dict[tuple[Path, str], Callable[[], Grid]] = {
    (BENCHMARKS, "installing"): installing,
    (BENCHMARKS, "service"): service,
    (BENCHMARKS, "testing"): kit,
    (BENCHMARKS, "fixtures"): fixtures,
    (BENCHMARKS, "prompt"): prompt,
    (GUIDES / "performance.md", "waiting"): waiting,
    (GUIDES / "performance.md", "calls"): calls,
    (GUIDES / "performance.md", "files"): files,
    (GUIDES / "queues.md", "queue, answers late"): lambda: queue(", answers late"),
    (GUIDES / "queues.md", "queue"): lambda: queue(""),
    (GUIDES / "streams.md", "stream"): stream,
    (GUIDES / "layers.md", "counter"): counter,
    (GUIDES / "scanning.md", "scanning"): scanning,
    (GUIDES / "moving-data.md", "moving"): moving,
    (GUIDES / "browse.md", "browse"): browse,
    (GUIDES / "browse.md", "start"): browse_start,
}
