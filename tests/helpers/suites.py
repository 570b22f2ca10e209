"""Suites of their own, which tests of the pytest plugin make and run."""

from __future__ import annotations

import pytest

pytest_plugins = "pytester"

#: A suite that runs in this process has the API version selected already.
HEADER = "import asyncio\nimport fdb, fdb.embedded, fdb.tenant_management\nimport pytest\n"

#: The plugins that would only slow the suites down, which are small.
OTHERS = " ".join(
    f"-p no:{name}"
    for name in ("randomly", "xdist", "asyncio", "anyio", "hypothesispytest", "cacheprovider")
)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """Where suites are made and run."""
    set_ini(pytester)
    return pytester


def set_ini(suite: pytest.Pytester, line: str = "") -> None:
    """Gives a suite a line of settings."""
    suite.makeini(f"[pytest]\naddopts = {OTHERS}\n{line}")


def run(suite: pytest.Pytester, text: str, *options: str, **outcomes: int) -> pytest.RunResult:
    """Runs a suite of one file in this process and checks how many tests had which outcome.

    To be imported before: the modules of the kit, which each run would load anew.
    """
    suite.makepyfile(HEADER + text)
    result = suite.runpytest_inprocess(*options)
    result.assert_outcomes(**outcomes)
    return result


def outcome(suite: pytest.Pytester, *options: str) -> str:
    """Runs the suite in a process of its own and returns what it printed."""
    return suite.runpytest_subprocess(*options).stdout.str()
