"""A program that commits to a file is killed at any moment: what was acknowledged is there, and nothing half.

`make crash-test` kills it a thousand times. FDB_TEST_SEED repeats the choices of a run.
"""

from __future__ import annotations

import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from kill_check import Fault  # noqa: E402
from kill_run import Counts, KilledFile, run, seed_of  # noqa: E402

KILLS = 30


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(tmp_path: pathlib.Path) -> None:
    seed = seed_of(dict(os.environ))
    print(f"seed {seed}")
    counts = run(KILLS, seed, tmp_path, long_lives=0)
    assert counts.total == KILLS and counts.commits > 0


def test_a_program_that_lives_long_enough_to_fold_is_killed(tmp_path: pathlib.Path) -> None:
    seed = seed_of(dict(os.environ))
    print(f"seed {seed}")
    file = KilledFile(tmp_path, random.Random(seed), "sync=full", 8_000)
    counts = Counts()
    file.live_and_die(counts, long_life=True)
    file.live_and_die(counts)
    assert file.expected.commits > 0


def test_a_program_that_acknowledges_too_early_is_found_out(tmp_path: pathlib.Path) -> None:
    """The test of the test: if nothing were lost here, the kills would prove nothing."""
    seed = seed_of(dict(os.environ))
    print(f"seed {seed}")
    faults: list[str] = []
    for number in range(20):  # a kill may come when nothing is under way
        place = tmp_path / str(number)
        place.mkdir()
        file = KilledFile(place, random.Random(seed + number), "sync=full", 0, early=True)
        try:
            file.live_and_die(Counts())
        except Fault as fault:
            faults.append(str(fault))
        if faults and "acknowledged and missing" in faults[-1]:
            return
    pytest.fail(f"no loss was found, only {faults}")
