"""The test kit: a fixture for each test, and calls while somebody looks on or breaks things, beside those without.

What it costs not to be in use shows in instructions only: `make bench-instructions` counts them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from suite.measure import Plan, Timed
from suite.places import BUILD, Places
from suite.results import OURS

SUBJECT = "testing"
MODULE = "kit"
WITHOUT = "nothing of the kit"
CALLS = ("get", "set", "commit")
SETTINGS = ("rules of faults", "a predicate of faults", "a standing clock", "a log")
FIXTURES = (
    "fdb_db",
    "fdb_db, fdb_faults, fdb_clock",
    "fdb_db, fdb_record",
    "fdb_db, fdb_directory",
    "fdb_file_db",
)
TESTS = 500


def plans(places: Places) -> list[Plan]:
    found = []
    for call in CALLS:
        for setting in SETTINGS:
            sources = {
                OURS: places.ours(MODULE, f"{call}, {setting}"),
                WITHOUT: places.ours(MODULE, f"{call}, nothing"),
            }
            found.append(Plan(SUBJECT, f"{call}, {setting}", sources, limit=WITHOUT))
    tests = max(1, int(TESTS * places.scale))
    for number, fixtures in enumerate(FIXTURES):
        source = Timed(suite(number, fixtures, tests), suite(0, "", tests), operations=tests)
        found.append(Plan(SUBJECT, f"a test's {fixtures}", {OURS: source}, most_rounds=3))
    return found


def suite(number: int, fixtures: str, tests: int) -> list[str]:
    """Writes tests that only want fixtures; returns what runs them."""
    directory = BUILD / "tests" / (f"with-{number}" if fixtures else "without")
    directory.mkdir(parents=True, exist_ok=True)
    path: Path = directory / "test_suite.py"
    path.write_text(
        "import fdb, pytest\nfdb.api_version(740)\n"
        f"@pytest.mark.parametrize('number', range({tests}))\n"
        f"def test(number{', ' + fixtures if fixtures else ''}):\n    pass\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", str(directory)]
    return [sys.executable, "-m", "pytest", *options, str(path)]
