"""Twenty programs with a bug each: the tool that is for it finds it, and no tool finds anything in the repaired program."""

from __future__ import annotations

import collections

import pytest

from testing_bugs.bug import RETRY_SAFE, SERIALIZABLE, Bug, Program
from testing_bugs.catalogue import all_programs, bug_named, names
from testing_bugs.tools import TOOLS, by_assert_retry_safe, by_assert_serializable

SEED = 1
#: Fewer than usual, to be quick: count.py does more.
SCHEDULES = 30


def test_there_are_twenty() -> None:
    tools = collections.Counter(bug_named(name).tool for name in names())
    assert tools == {RETRY_SAFE: 12, SERIALIZABLE: 8}
    assert sum(bug_named(name).is_asyncio for name in names()) == 5


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("name", names())
def test_its_tool_finds_the_bug(name: str) -> None:
    bug = bug_named(name)
    assert TOOLS[bug.tool](bug, bug.broken, SEED) != ""


REPAIRED = [
    (name, bug, program) for name, bug, program, is_broken in all_programs() if not is_broken
]


@pytest.mark.parametrize(("name", "bug", "program"), REPAIRED, ids=[each[0] for each in REPAIRED])
def test_no_tool_finds_anything_in_the_repaired_program(
    name: str, bug: Bug, program: Program
) -> None:
    assert by_assert_retry_safe(bug, program, SEED) == ""
    assert by_assert_serializable(bug, program, SEED, SCHEDULES) == ""
