"""What comes before the first call: a download, `pip install`, `import fdb`; beside the official package.

The official package has no client library in it: that one comes with FoundationDB's own packages, and is not counted.
"""

from __future__ import annotations

from suite import wheels
from suite.counted import Counted
from suite.measure import Plan
from suite.places import Places
from suite.results import OFFICIAL, OURS, Target
from suite.wheels import Installed, Size

SUBJECT = "installing"
MOST_BYTES = 6_000_000
IMPORT = "import fdb"
CHOSEN = "import fdb; fdb.api_version(740)"
BOUND = "the modules that are imported"


def plans(places: Places) -> list[Plan]:
    both = places.official_python is not None
    sizes = {OURS: Size(wheels.own_wheel)}
    installs = {OURS: Installed(wheels.own, "foundationdb-cffi")}
    if both:
        sizes[OFFICIAL] = Size(wheels.official_wheel)
        installs[OFFICIAL] = Installed(wheels.official, "foundationdb")
    return [
        Plan(
            SUBJECT,
            "wheel",
            {**sizes},
            "B",
            targets=(Target(most=MOST_BYTES),),
            bound="the engine and three extensions",
            most_rounds=1,
            warmed=False,
        ),
        Plan(
            SUBJECT,
            "sdist",
            {OURS: Size(wheels.sdist)},
            "B",
            bound="sources and tests",
            most_rounds=1,
            warmed=False,
        ),
        Plan(
            SUBJECT,
            "pip install from the wheel",
            {**installs},
            bound="the start of pip, and cffi, which the official package does without",
        ),
        imported(places, IMPORT),
        imported(places, CHOSEN),
        counted(places, IMPORT),
        counted(places, CHOSEN),
    ]


def imported(places: Places, program: str) -> Plan:
    ours, official = places.start(program)
    return Plan(SUBJECT, program, {OURS: ours, **official}, bound=BOUND)


def counted(places: Places, program: str) -> Plan:
    """The same in instructions, which other programs on the machine do not change."""
    ours, official = places.start(program)
    return Plan(
        SUBJECT,
        f"{program}: instructions",
        {
            name: Counted(timed.command, timed.empty, timed.environment, timed.directory)
            for name, timed in {OURS: ours, **official}.items()
        },
        "instructions",
        bound=BOUND,
        most_rounds=1,
        warmed=False,
    )
