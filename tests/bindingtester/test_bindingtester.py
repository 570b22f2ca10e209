"""The stack machine in all event models: recorded runs, its own checks, and against the official one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fdb
import fdb.embedded

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "peers"))

from compare import compare, compare_pairs, without_stamps  # noqa: E402
from official import OFFICIAL, PeerUnavailable, library_environment  # noqa: E402
from stack_models import MODELS  # noqa: E402
from stack_replay import differences, replay  # noqa: E402

RECORDINGS = HERE.parent / "conformance" / "traces" / "stack"
CI_SEEDS = 50


@pytest.fixture
def machine_database() -> Any:
    """Opens a fresh embedded database for a model, as (model, database)."""
    fdb.api_version(740)
    opened = []

    def make(model_name: str) -> tuple[Any, Any]:
        if model_name == "gevent":
            pytest.importorskip("gevent")
        model = MODELS[model_name]()
        name = fdb.embedded.unique()
        opened.append(name)
        return model, model.open(name)

    yield make
    for name in opened:
        fdb.embedded.drop(name)


def run_instructions(model: Any, db: Any, instructions: list[tuple[Any, ...]]) -> Any:
    """Stores the instructions, runs them, and gives the blocking handle of the database."""
    from stack_generator import PREFIX, stored
    from stack_replay import write_all
    from tester import run_tester

    blocking = model.blocking(db)
    write_all(blocking, stored({PREFIX: instructions}))
    run_tester(db, PREFIX, model)
    return blocking


@pytest.mark.parametrize("model_name", sorted(MODELS))
@pytest.mark.parametrize("recording", ["directory", "api"])
def test_recorded_runs_leave_the_same_data(recording: str, model_name: str) -> None:
    if model_name == "gevent":
        pytest.importorskip("gevent")
    results = replay(RECORDINGS / f"{recording}.jsonl.gz", model_name)
    assert [row for row in results if row["wrong"]] == []
    assert sum(row["pairs"] for row in results) > 1000


@pytest.mark.parametrize("model_name", sorted(MODELS))
def test_the_machine_waits_for_answers_that_are_late(
    model_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a cluster, where nothing is ready at birth."""
    if model_name == "gevent":
        pytest.importorskip("gevent")
    monkeypatch.setenv("FDB_EMBEDDED_LATENCY", "0-2ms,seed=1")
    results = replay(RECORDINGS / "api.jsonl.gz", model_name)
    assert [row for row in results if row["wrong"]] == []


@pytest.mark.parametrize("model_name", sorted(MODELS))
def test_what_the_stack_machine_cannot_express(model_name: str, machine_database: Any) -> None:
    model, db = machine_database(model_name)
    blocking = run_instructions(model, db, [("UNIT_TESTS",)])
    assert blocking[b"w3"] == b"\xcc\xff"


@pytest.mark.parametrize("model_name", sorted(MODELS))
def test_machines_run_at_the_same_time(model_name: str, machine_database: Any) -> None:
    """The main machine waits for a key that only the machine it started removes."""
    from stack_generator import PREFIX, stored
    from stack_replay import write_all
    from tester import run_tester

    model, db = machine_database(model_name)
    main = [("PUSH", b"child"), ("START_THREAD",), ("PUSH", b"mark/"), ("WAIT_EMPTY",)]
    main += [("PUSH", b"log/"), ("LOG_STACK",)]
    child = [("PUSH", b"mark/x"), ("CLEAR_DATABASE",)]
    blocking = model.blocking(db)
    write_all(blocking, {**stored({PREFIX: main, b"child": child}), b"mark/x": b""})
    run_tester(db, PREFIX, model)
    logged = [fdb.tuple.unpack(row.value) for row in blocking.get_range_startswith(b"log/")]
    assert logged == [(b"WAITED_FOR_EMPTY",)]


def test_a_failure_in_a_started_machine_is_raised(machine_database: Any) -> None:
    from stack_generator import PREFIX, stored
    from stack_replay import write_all
    from tester import run_tester

    model, db = machine_database("threads")
    machines = {PREFIX: [("PUSH", b"child"), ("START_THREAD",)], b"child": [("NO_SUCH_THING",)]}
    write_all(db, stored(machines))
    with pytest.raises(ValueError, match="NO_SUCH_THING"):
        run_tester(db, PREFIX, model)


def test_errors_and_numbers_on_the_stack(machine_database: Any) -> None:
    """DUP keeps the number of the item; an error is a packed tuple with the code as text."""
    model, db = machine_database("threads")
    instructions = [("PUSH", 7), ("DUP",), ("NEW_TRANSACTION",), ("PUSH", 2000), ("ON_ERROR",)]
    instructions += [("PUSH", b"log/"), ("LOG_STACK",)]
    db = run_instructions(model, db, instructions)
    log = {row.key[4:]: row.value for row in db.get_range_startswith(b"log/")}
    error = fdb.tuple.pack((fdb.tuple.pack((b"ERROR", b"2000")),))
    assert {fdb.tuple.unpack(key): value for key, value in log.items()} == {
        (0, 0): fdb.tuple.pack((7,)),
        (1, 0): fdb.tuple.pack((7,)),
        (2, 4): error,
    }


def test_the_generator_uses_every_instruction() -> None:
    fdb.api_version(740)
    from stack_generator import generate
    from stack_machine import OPERATIONS
    from tester import load_instructions

    load_instructions()
    used = {
        entry[0]
        for seed in range(120)
        for instructions in generate(seed, 740).values()
        for entry in instructions
    }
    assert OPERATIONS.keys() - used == {"UNIT_TESTS"}
    assert used <= OPERATIONS.keys()


def test_the_generator_depends_on_its_seed_alone() -> None:
    fdb.api_version(740)
    from stack_generator import generate, stored

    for seed in range(4):
        assert stored(generate(seed, 740)) == stored(generate(seed, 740))
    assert stored(generate(2, 740)) != stored(generate(3, 740))


def test_comparison_sees_differences_and_forgives_stamps() -> None:
    first = {b"stamps/1": b"0123456789", b"k0123456789": b"v"}
    second = {b"stamps/1": b"9876543210", b"k9876543210": b"v"}
    assert without_stamps(first, b"stamps/") == without_stamps(second, b"stamps/")
    second[b"other"] = b"x"
    shown = [without_stamps(pairs, b"stamps/") for pairs in (first, second)]
    assert len(compare_pairs(*shown)) == 1
    run = {"after": [["61", "62"]], "before": [["63", "64"]]}
    assert differences(run, {b"a": b"b", b"c": b"d"}) == []
    assert len(differences(run, {b"a": b"x"})) == 2


def test_random_programs_agree_with_the_official_package() -> None:
    try:
        python = str(OFFICIAL.ensure())
    except PeerUnavailable as problem:
        pytest.skip(str(problem))
    seeds = list(range(CI_SEEDS))
    outcome = compare(seeds, python, library_environment())
    assert outcome.wrong == []
    assert outcome.compared + outcome.refused == len(seeds)
    assert outcome.refused < CI_SEEDS // 10


def run_command(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "tester.py"), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("model_name", sorted(MODELS))
def test_the_command_runs_a_machine(model_name: str) -> None:
    """There are no instructions in a new database, so the machine ends at once."""
    done = run_command("test_spec", "740", "memory:", "--event-model", model_name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_command_fails_when_it_cannot_work() -> None:
    assert run_command("test_spec", "999", "memory:").returncode == 1
    assert run_command("test_spec").returncode == 2
    unreachable = run_command("test_spec", "740", "memory:", "--event-model", "telepathy")
    assert unreachable.returncode == 2 and "telepathy" in unreachable.stderr
