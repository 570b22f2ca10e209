"""What a program does with the package, beside the official package and a C loop that does the same."""

from __future__ import annotations

from suite.measure import Plan, Source
from suite.places import Places
from suite.results import C_LOOP as C
from suite.results import OFFICIAL, OURS, Target

SUBJECT = "binding"
MODULE = "binding"
LIST = "the same loop over a list"

IMPORT_AND_OPEN = """
import fdb
fdb.api_version(740)
db = fdb.open("memory:bench")
db.create_transaction().get_read_version().wait()
"""

#: Title, row of work, row of loops.c, targets.
BESIDE_C: tuple[tuple[str, str, str, tuple[Target, ...]], ...] = (
    ("get, open transaction", "get", "get", (Target(C, most=1.3),)),
    ("get, 10,000 pipelined", "pipelined get", "pipelined", (Target(C, most=1.3),)),
    ("begin, get, end", "begin, get, end", "whole_get", ()),
    ("row of a range of 100", "range of 100", "range_100", ()),
    ("row of a range of 100,000", "range of 100,000", "range", (Target(C, most=1.5),)),
    (
        "row of a range of 100,000, default mode",
        "range of 100,000, iterator",
        "range_iterator",
        (Target(OFFICIAL, least=10),),
    ),
    ("set, open transaction", "set", "set", (Target(C, most=1.1),)),
    ("get of an own write", "own write", "own", (Target(C, most=1.5),)),
    ("begin, set, commit, end", "begin, set, commit, end", "whole_set", ()),
    (
        "transactional increment",
        "increment",
        "increment",
        (Target(OFFICIAL, least=6), Target(C, most=1.4)),
    ),
)
#: Title and row of work of what no loop in C is beside, and what bounds it.
BESIDE_OFFICIAL = (
    (
        "concurrent gets in the best pool",
        "concurrent gets, threads",
        "one thread runs Python at a time, and hands over at each wait",
    ),
    (
        "get by one of 1,000 greenlets",
        "greenlets",
        "a greenlet and a transaction of Python for each",
    ),
)
ONE_THREAD = "one thread"
START = "modules to import, the engine to load"


def beside_c(
    places: Places,
    subject: str,
    title: str,
    row: str,
    loop: str,
    targets: tuple[Target, ...],
) -> Plan:
    """A row of `work.binding`, beside the official package and a loop of loops.c."""
    sources: dict[str, Source] = {
        OURS: places.ours(MODULE, row),
        **places.official(MODULE, row),
        C: places.c("loops", loop),
    }
    if row.startswith("range of 100,000"):
        sources[LIST] = places.ours(MODULE, "list of 100,000")
    return Plan(subject, title, sources, limit=C, targets=targets)


def plans(places: Places) -> list[Plan]:
    found = [beside_c(places, SUBJECT, *row) for row in BESIDE_C]
    for title, row, bound in BESIDE_OFFICIAL:
        sources: dict[str, Source] = {OURS: places.ours(MODULE, row)}
        sources |= places.official(MODULE, row)
        found.append(Plan(SUBJECT, title, sources, bound=bound))
    found.append(threads(places))
    ours, official = places.start(IMPORT_AND_OPEN)
    title = "import, api_version, open"
    found.append(
        Plan(SUBJECT, title, {OURS: ours, **official}, targets=(Target(most=0.012),), bound=START)
    )
    return found


def threads(places: Places) -> Plan:
    """16 threads beside one: what all of them take for an increment."""
    row = "increments, 16 threads"
    sources = {
        OURS: places.ours(MODULE, row),
        **places.official(MODULE, row),
        ONE_THREAD: places.ours(MODULE, "increments, 1 thread"),
    }
    return Plan(
        SUBJECT,
        "increment, 16 threads on own keys",
        sources,
        limit=ONE_THREAD,
        targets=(Target(ONE_THREAD, least=1.0),),
        bound="one thread runs Python at a time; the engine commits outside of that lock",
        waits=True,
    )
