"""Counts how many of the planted bugs each tool finds: python tests/testing_bugs/count.py [--seeds 20]

The first table has the number of bugs that were found with one seed, and with more of them; the second what found each. A tool
that sees a bug in a repaired program is named at the end, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import fdb

fdb.api_version(740)

from testing_bugs.catalogue import bug_named, names  # noqa: E402
from testing_bugs.tools import TOOLS  # noqa: E402


def seeds_that_find(name: str, tool: str, seeds: int) -> list[int]:
    """Returns the seeds with which a tool finds a bug."""
    bug = bug_named(name)
    return [seed for seed in range(1, seeds + 1) if TOOLS[tool](bug, bug.broken, seed)]


def false_alarms(name: str, tool: str, seeds: int) -> list[int]:
    """Returns the seeds with which a tool finds something in the repaired program."""
    bug = bug_named(name)
    return [seed for seed in range(1, seeds + 1) if TOOLS[tool](bug, bug.repaired, seed)]


def main() -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds; default 20")
    seeds = parser.parse_args().seeds
    if seeds < 1:
        parser.error("--seeds takes a number from 1 on")
    warnings.simplefilter("ignore")  # of coroutines that were never awaited
    found = {(name, tool): seeds_that_find(name, tool, seeds) for name in names() for tool in TOOLS}
    alarms = [
        f"{tool} sees a bug in the repaired {name} with seed {seed}"
        for name in names()
        for tool in TOOLS
        for seed in false_alarms(name, tool, seeds)
    ]
    steps = sorted({1, min(5, seeds), seeds})
    print(f"| tool | {' | '.join(f'{step} seed' + 's' * (step > 1) for step in steps)} |")
    print("|---|" + "--:|" * len(steps))
    for tool in TOOLS:
        counts = [
            sum(any(seed <= step for seed in found[name, tool]) for name in names())
            for step in steps
        ]
        print(f"| {tool} | {' | '.join(f'{count} of {len(names())}' for count in counts)} |")
    print(f"\n| bug | {' | '.join(TOOLS)} |\n|---|{'--:|' * len(TOOLS)}")
    for name in names():
        cells = [f"{len(found[name, tool])}/{seeds}" for tool in TOOLS]
        print(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    print(
        f"\nfalse alarms in {seeds * len(TOOLS) * len(names())} runs of repaired programs: {len(alarms)}"
    )
    print("\n".join(alarms))
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
