"""The engine answers as the recorded 7.4 server did.

Four subjects are replayed completely, of the others a sample that leaves out the programs which mostly
wait. `make conformance` replays everything, with this package and with the official one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "peers"))

from official import OFFICIAL, PeerUnavailable, library_environment  # noqa: E402
from replay import (  # noqa: E402
    IN_A_FILE,
    TRACES,
    Part,
    Runner,
    describe,
    parts_of,
    run_parts,
    waiting_seconds,
)
from worker import Step, programs_of  # noqa: E402

COMPLETE = ("ryw", "ranges", "atomics", "conflict")
NAMES = sorted(path.name[: -len(".jsonl.gz")] for path in TRACES.glob("*.jsonl.gz"))
SAMPLED = [name for name in NAMES if name not in COMPLETE]
OFFICIAL_SAMPLE = ("ryw", "ranges", "atomics", "conflict", "stamps", "probes", "probes-api300")
FILE_SAMPLE = (*COMPLETE, "stamps", "watches", "options", "probes", "probes-api300")
LONGEST_WAIT = 0.5
JOBS = max(2, os.cpu_count() or 2)


def sample(name: str, every: int) -> list[Part]:
    """Every `every`-th program, and of the hand-made ones all that do not wait for long."""

    def chosen(index: int, steps: list[Step]) -> bool:
        if waiting_seconds(steps) > LONGEST_WAIT:
            return False
        return name.startswith("probes") or index % every == 0

    return parts_of(TRACES / f"{name}.jsonl.gz", chosen)


@pytest.mark.parametrize("name", COMPLETE)
def test_every_program_of_a_subject_agrees(name: str) -> None:
    outcome = run_parts(parts_of(TRACES / f"{name}.jsonl.gz"), Runner(), JOBS)
    assert outcome.ok, describe(outcome)
    assert outcome.steps > 19_000


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sample_of_the_other_subjects_agrees(name: str) -> None:
    outcome = run_parts(sample(name, every=4), Runner(), JOBS)
    assert outcome.ok, describe(outcome)
    assert outcome.steps > 500


@pytest.fixture(scope="module")
def official_runner() -> Runner:
    try:
        return Runner(python=str(OFFICIAL.ensure()), environment=library_environment())
    except PeerUnavailable as problem:
        pytest.skip(str(problem))


@pytest.mark.parametrize("name", OFFICIAL_SAMPLE)
def test_the_official_package_gets_the_same_answers(name: str, official_runner: Runner) -> None:
    outcome = run_parts(sample(name, every=10), official_runner, JOBS)
    assert outcome.ok, describe(outcome)
    assert outcome.steps > 500


@pytest.mark.parametrize("name", FILE_SAMPLE)
def test_a_database_in_a_file_gives_the_same_answers(name: str) -> None:
    outcome = run_parts(sample(name, every=10), Runner(database=IN_A_FILE), JOBS)
    assert outcome.ok, describe(outcome)
    assert outcome.steps > 250


def test_a_difference_is_reported(tmp_path: Path) -> None:
    """A replay that could not fail would prove nothing."""
    import gzip

    trace = tmp_path / "wrong.jsonl.gz"
    with gzip.open(trace, "wt") as text:
        text.write('{"format":1,"api_version":740,"profile":"self","seed":7}\n')
        text.write('["db_set",{"k":"61","v":"01"},{"ok":null}]\n')
        text.write('["db_get",{"k":"61"},{"ok":"02"}]\n')
    outcome = run_parts(parts_of(trace), Runner(), 1)
    assert outcome.steps == 2
    assert [(row["line"], row["seed"], row["got"]) for row in outcome.differences] == [
        (3, 7, {"ok": "01"})
    ]
    assert "wrong.jsonl.gz:3" in describe(outcome)


def test_a_worker_that_dies_is_a_failure(tmp_path: Path) -> None:
    import gzip

    trace = tmp_path / "dies.jsonl.gz"
    with gzip.open(trace, "wt") as text:
        text.write('{"format":1,"api_version":999999,"profile":"self","seed":1}\n')
        text.write('["reset_data",{},{"ok":null}]\n')
    outcome = run_parts(parts_of(trace), Runner(), 1)
    assert outcome.failures and not outcome.ok


def test_the_whole_recording_is_here() -> None:
    steps = sum(
        len(steps) for name in NAMES for _, steps in programs_of(str(TRACES / f"{name}.jsonl.gz"))
    )
    assert steps > 310_000
