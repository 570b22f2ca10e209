"""Programs whose answers are known from a server, written out: what the random recordings meet too rarely.

Each is a list of steps as in a trace (`machine.py`), at the API version it is about.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from replay import Runner, describe, parts_of, run_parts  # noqa: E402

Step = tuple[str, dict[str, Any], dict[str, Any]]

DONE = {"ok": None}


def steps_of(text: str) -> list[Step]:
    """One step a line: operation, `name=JSON` arguments, and behind an arrow the answer (nothing: done)."""
    steps: list[Step] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        call, _, answer = line.partition("->")
        op, *words = call.split()
        args = {name: json.loads(value) for name, value in (w.split("=", 1) for w in words)}
        kind, _, value = answer.strip().partition(" ")
        steps.append((op, args, {kind: json.loads(value)} if kind else DONE))
    return steps


def replay(api_version: int, text: str, directory: Path) -> None:
    trace = directory / "program.jsonl.gz"
    header = {"format": 1, "api_version": api_version, "profile": "answers", "seed": 0}
    steps = [("reset_data", {}, DONE), *steps_of(text)]
    with gzip.open(trace, "wt") as out:
        for row in (header, *steps):
            out.write(json.dumps(row) + "\n")
    outcome = run_parts(parts_of(trace), Runner(), 1)
    assert outcome.ok, describe(outcome)
    assert outcome.steps == len(steps)


# ---- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        'set tr=0 k="61" v="31"',
        'clear tr=0 k="61"',
        'clear_range tr=0 b="61" e="62"',
        'atomic tr=0 name="add" k="61" v="01"',
        'conflict_key tr=0 kind="write" k="61"',
        'versionstamped_key tr=0 k="610000000000000000000000" at=1 v="31"',
    ],
)
def test_disabling_the_overlay_again_after_writes_that_bypass_it(
    write: str, tmp_path: Path
) -> None:
    program = f"""
        new tr=0
        opt tr=0 name="read_your_writes_disable"
        {write}
        opt tr=0 name="read_your_writes_disable"
        get tr=0 k="62" -> ok null
        opt tr=0 name="read_your_writes_disable"
        get tr=0 k="62" -> err 2000
    """
    replay(740, program, tmp_path)


@pytest.mark.parametrize(
    "write", ['set tr=0 k="61" v="31"', 'conflict_key tr=0 kind="write" k="61"']
)
def test_disabling_the_overlay_after_writes_into_it(write: str, tmp_path: Path) -> None:
    program = f"""
        new tr=0
        {write}
        opt tr=0 name="read_your_writes_disable"
        get tr=0 k="62" -> err 2000
    """
    replay(740, program, tmp_path)


def test_the_number_of_tags_is_checked_before_whether_one_is_new(tmp_path: Path) -> None:
    program = """
        new tr=0
        opt tr=0 name="tag" hex="6131"
        opt tr=0 name="tag" hex="6131"
        opt tr=0 name="tag" hex="6132"
        opt tr=0 name="auto_throttle_tag" hex="6133"
        opt tr=0 name="tag" hex="6134"
        opt tr=0 name="tag" hex="6135"
        get tr=0 k="61" -> ok null
        opt tr=0 name="tag" hex="6131"
        get tr=0 k="61" -> err 2109
        reset tr=0
        get tr=0 k="61" -> ok null
    """
    replay(740, program, tmp_path)


@pytest.mark.parametrize("again", [0, 10_000])
def test_a_timeout_that_has_run_out_is_not_undone(again: int, tmp_path: Path) -> None:
    program = f"""
        new tr=0
        opt tr=0 name="timeout" value=20
        set tr=0 k="61" v="31"
        sleep seconds=0.2
        opt tr=0 name="timeout" value={again}
        commit tr=0 -> err 1031
        on_error tr=0 code=1020 -> err 1031
        reset tr=0
        sleep seconds=0.1
        commit tr=0 -> ok {{"read_only":true}}
    """
    replay(740, program, tmp_path)


def test_a_timeout_that_has_not_run_out_is_undone(tmp_path: Path) -> None:
    program = """
        new tr=0
        opt tr=0 name="timeout" value=5000
        opt tr=0 name="timeout" value=0
        get tr=0 k="61" -> ok null
        opt tr=0 name="timeout" value=60000
        on_error tr=0 code=1020
        get tr=0 k="61" -> ok null
    """
    replay(740, program, tmp_path)


@pytest.mark.parametrize("again", [0, 10_000])
def test_a_default_timeout_that_has_run_out_is_not_undone(again: int, tmp_path: Path) -> None:
    program = f"""
        db_opt name="transaction_timeout" value=20
        new tr=0
        db_opt name="transaction_timeout" value=0
        set tr=0 k="61" v="31"
        sleep seconds=0.2
        opt tr=0 name="timeout" value={again}
        commit tr=0 -> err 1031
        reset tr=0
        commit tr=0 -> ok {{"read_only":true}}
    """
    replay(740, program, tmp_path)


# ---- reads that bypass the overlay --------------------------------------------------------------


ROWS = """
    db_set k="61" v="31"
    db_set k="6161" v="31"
    db_set k="6363" v="31"
    db_set k="63633a" v="31"
    db_set k="64" v="31"
    new tr=0
    opt tr=0 name="read_your_writes_disable"
"""
ALL_ROWS = '[["61","31"],["6161","31"],["6363","31"],["63633a","31"],["64","31"]]'
COMMITS = 'ok {"read_only":false}'
CONFLICTS = "err 1020"


@pytest.mark.parametrize(
    ("read", "rows", "written", "outcome"),
    [
        # stopped by its limit
        ('b=["61",false,1] e=["ffff",false,3] limit=5', ALL_ROWS, "ff", COMMITS),
        ('b=["61",false,1] e=["ffff",false,9] limit=5', ALL_ROWS, "ff", COMMITS),
        ('b=["61",false,1] e=["ffff",false,3] limit=5', ALL_ROWS, "64", CONFLICTS),
        ('b=["6363",false,-5] e=["64",false,1] limit=1 reverse=true', '[["63633a","31"]]', "61", COMMITS),
        ('b=["",false,-5] e=["64",false,1] limit=1 reverse=true', '[["63633a","31"]]', "61", COMMITS),
        # stopped by its end
        ('b=["61",false,1] e=["64",true,1]', ALL_ROWS, "65", COMMITS),
        ('b=["61",false,1] e=["64",false,2]', ALL_ROWS, "ff", COMMITS),
        ('b=["61",false,1] e=["64",false,3]', ALL_ROWS, "ff", CONFLICTS),
        ('b=["64",false,1] e=["ffff",false,3]', '[["64","31"]]', "ff", CONFLICTS),
        ('b=["64",false,1] e=["65",false,3] limit=1 reverse=true', '[["64","31"]]', "ff", CONFLICTS),
        ('b=["6363",false,-5] e=["64",false,1] limit=1', '[["61","31"]]', "", CONFLICTS),
    ],
)  # fmt: skip
def test_how_far_a_range_conflicts(
    read: str, rows: str, written: str, outcome: str, tmp_path: Path
) -> None:
    program = f"""
        {ROWS}
        get_range tr=0 {read} -> ok {rows}
        set tr=0 k="7a" v="31"
        db_set k="{written}" v="32"
        commit tr=0 -> {outcome}
    """
    replay(740, program, tmp_path)


@pytest.mark.parametrize(
    ("read", "boundaries"),
    [
        ('get_key tr=0 s=["64",false,3] -> ok "=ff"', 2),
        ('get_key tr=0 s=["64",false,1000] -> ok "=ff"', 2),
        (f'get_range tr=0 b=["61",false,1] e=["64",false,4] -> ok {ALL_ROWS}', 2),
        (f'get_range tr=0 b=["61",false,1] e=["64",false,1000] -> ok {ALL_ROWS}', 2),
        ('get_range tr=0 b=["64",false,1] e=["65",false,1000] reverse=true -> ok [["64","31"]]', 2),
        ('get_range tr=0 b=["61",false,1] e=["61",true,1] -> ok [["61","31"]]', 2),
        ('get tr=0 k="61" -> ok "31"', 2),
        ("read_version tr=0 -> ok true", 0),
    ],
)
def test_a_read_conflict_has_two_boundaries_wherever_it_ends(
    read: str, boundaries: int, tmp_path: Path
) -> None:
    reads = b"\xff\xff/transaction/read_conflict_range/"
    program = f"""
        {ROWS}
        {read}
        special_count tr=0 b="{reads.hex()}" e="{reads.hex()}ffff" -> ok {boundaries}
        special_count tr=0 b="{reads.hex()}" e="{reads[:-1].hex()}30" -> ok {boundaries}
    """
    replay(740, program, tmp_path)


def test_the_end_of_the_key_space_is_no_boundary(tmp_path: Path) -> None:
    """The ranges of the special key space end there."""
    reads = b"\xff\xff/transaction/read_conflict_range/"
    program = f"""
        new tr=0
        opt tr=0 name="read_system_keys"
        get_range tr=0 raw=true b=["ff2f7a",false,1] e=["ffff",false,1] -> ok []
        special_keys tr=0 b="{reads.hex()}" e="{reads[:-1].hex()}30" -> ok ["={reads.hex()}ff2f7a"]
    """
    replay(740, program, tmp_path)


# ---- pending versionstamps ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "atomic",
    ["add", "bit_and", "bit_or", "bit_xor", "append_if_fits", "max", "min", "byte_min", "byte_max",
     "compare_and_clear"],
)  # fmt: skip
def test_an_operation_on_a_pending_stamp_has_no_value_to_show(atomic: str, tmp_path: Path) -> None:
    program = f"""
        new tr=0
        opt tr=0 name="bypass_unreadable"
        versionstamped_value tr=0 k="61" v="00000000000000000000" at=0
        get tr=0 k="61" -> ok "0000000000000000000000000000"
        atomic tr=0 name="{atomic}" k="61" v="31"
        get tr=0 k="61" -> err 1000
        commit tr=0 -> err 1000
        reset tr=0
        opt tr=0 name="bypass_unreadable"
        versionstamped_value tr=0 k="61" v="00000000000000000000" at=0
        set tr=0 k="61" v="31"
        atomic tr=0 name="byte_max" k="61" v="30"
        get tr=0 k="61" -> ok "31"
    """
    replay(740, program, tmp_path)


# ---- the two halves of a transaction, below API 610 ---------------------------------------------


@pytest.mark.parametrize("code", [2000, 1025, 1031, 1036, 0])
def test_a_refused_on_error_keeps_the_read_version(code: int, tmp_path: Path) -> None:
    program = f"""
        db_set k="61" v="31"
        new tr=0
        get tr=0 k="62" -> ok null
        on_error tr=0 code={code} -> err {code or 2000}
        db_set k="61" v="32"
        get tr=0 k="61" snapshot=true -> ok "31"
        set_read_version tr=0 version=1000
        get tr=0 k="61" -> err 2010
    """
    replay(300, program, tmp_path)


@pytest.mark.parametrize("api_version", [300, 510, 600])
def test_a_refused_on_error_keeps_writes_that_bypassed_the_overlay(
    api_version: int, tmp_path: Path
) -> None:
    program = """
        new tr=0
        opt tr=0 name="read_your_writes_disable"
        set tr=0 k="61" v="31"
        on_error tr=0 code=2000 -> err 2000
        set tr=0 k="62" v="32"
        on_error tr=0 code=2000 -> err 2000
        get tr=0 k="61" -> ok null
        commit tr=0 -> ok {"read_only":false}
        db_get k="61" -> ok "31"
        db_get k="62" -> ok null
    """
    replay(api_version, program, tmp_path)


def test_a_refused_on_error_keeps_conflict_ranges_of_reads_that_bypassed_the_overlay(
    tmp_path: Path,
) -> None:
    program = """
        new tr=0
        opt tr=0 name="read_your_writes_disable"
        get tr=0 k="61" -> ok null
        on_error tr=0 code=2000 -> err 2000
        get tr=0 k="62" -> ok null
        on_error tr=0 code=2000 -> err 2000
        set tr=0 k="63" v="33"
        db_set k="62" v="32"
        commit tr=0 -> ok {"read_only":false}
        new tr=1
        opt tr=1 name="read_your_writes_disable"
        get tr=1 k="61" -> ok null
        on_error tr=1 code=2000 -> err 2000
        set tr=1 k="63" v="33"
        db_set k="61" v="31"
        commit tr=1 -> err 1020
    """
    replay(510, program, tmp_path)


@pytest.mark.parametrize("code", [1031, 1025])
def test_a_failed_read_comes_before_the_half_that_a_read_only_commit_left(
    code: int, tmp_path: Path
) -> None:
    program = f"""
        new tr=0
        commit tr=0 -> ok {{"read_only":true}}
        on_error tr=0 code={code} -> err {code}
        versionstamped_value tr=0 k="61" v="00000000000000000000" at=0
        get tr=0 k="61" -> err 1036
        commit tr=0 -> err 1036
    """
    replay(510, program, tmp_path)


def test_without_a_failed_read_that_half_fails_the_commit(tmp_path: Path) -> None:
    program = """
        new tr=0
        commit tr=0 -> ok {"read_only":true}
        on_error tr=0 code=1025 -> err 1025
        commit tr=0 -> err 4100
        on_error tr=0 code=1025 -> err 1025
        commit tr=0 -> err 4100
        on_error tr=0 code=1020
        commit tr=0 -> ok {"read_only":true}
    """
    replay(510, program, tmp_path)


@pytest.mark.parametrize("api_version", [410, 510, 620, 630])
def test_a_commit_that_a_failed_read_stopped_keeps_the_read_version(
    api_version: int, tmp_path: Path
) -> None:
    program = """
        new tr=0
        read_version tr=0 -> ok true
        versionstamped_value tr=0 k="61" v="00000000000000000000" at=0
        get tr=0 k="61" -> err 1036
        commit tr=0 -> err 1036
        set_read_version tr=0 version=1000
        get tr=0 k="62" -> err 2010
    """
    replay(api_version, program, tmp_path)


@pytest.mark.parametrize("api_version", [410, 620])
def test_a_commit_that_took_place_forgets_the_read_version(
    api_version: int, tmp_path: Path
) -> None:
    program = """
        new tr=0
        read_version tr=0 -> ok true
        set tr=0 k="61" v="31"
        commit tr=0 -> ok {"read_only":false}
        set_read_version tr=0 version=1000
        get tr=0 k="62" -> err 2017
    """
    replay(api_version, program, tmp_path)
