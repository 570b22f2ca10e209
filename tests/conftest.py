"""What pytest needs to know of these tests; their fixtures and helpers stand in helpers/."""

from __future__ import annotations

import os

import pytest

import fdb

fdb.api_version(740)

pytest_plugins = [
    "helpers.compilers",
    "helpers.browser",
    "helpers.databases",
    "helpers.directories",
    "helpers.events",
    "helpers.layers",
    "helpers.processes",
    "helpers.examples",
    "helpers.shells",
    "helpers.stubs",
    "helpers.suites",
    "helpers.waiting",
    "helpers.wheels",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster-file",
        default=os.environ.get("FDB_CLUSTER_FILE"),
        help="run the tests that can on this cluster instead of an embedded database",
    )


def pytest_configure() -> None:
    """From here on the option says what to test on: the tests themselves see no cluster."""
    os.environ.pop("FDB_CLUSTER_FILE", None)
