"""fdb/_cli/browse.py: the page from the command line, until Ctrl-C."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import pytest

import fdb
from helpers.paths import ROOT
from helpers.processes import surroundings_removed
from helpers.tools import needs

httpx = needs("httpx")


@pytest.fixture
def begin():
    """Starts `fdb browse`, and ends it with the test."""
    running = []

    def start(*arguments, **environment):
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "fdb", "browse", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env={**surroundings_removed(os.environ), **environment},
            )
        )
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.communicate()


def test_a_page_of_a_file_opened_in_the_browser_until_ctrl_c(tmp_path: pathlib.Path, begin):
    name = f"file:{tmp_path}/a.fdb"
    with fdb.open(name) as db:
        db[b"k"] = b"v"
    opened = tmp_path / "opened"
    program = begin("-C", name, "--open", BROWSER=f"sh -c 'echo \"$0\" >{opened}' %s")
    url = program.stdout.readline().strip()
    assert httpx.get(f"{url}api/about", trust_env=False).json()["database"] == name
    row = {"key": "a", "value": "b"}
    post = httpx.post(f"{url}api/set", json=row, headers={"X-FDB-Write": "1"}, trust_env=False)
    assert post.status_code == 403
    assert program.stderr.readline() == "Ctrl-C ends the page.\n"
    program.send_signal(signal.SIGINT)
    out, errors = program.communicate(timeout=60)
    assert (program.returncode, out, errors.strip()) == (0, "", "")
    assert opened.read_text().strip() == url


def test_a_port_that_is_taken(begin, tmp_path):
    first = begin("-C", "memory:", "--write")
    port = first.stdout.readline().split(":")[2].split("/")[0]
    second = begin("-C", "memory:", "--port", port)
    out, errors = second.communicate(timeout=60)
    assert second.returncode == 1 and out == ""
    assert errors.startswith(f"error: port {port} of 127.0.0.1 cannot be used")
    assert errors.count("\n") == 1


def test_a_page_that_only_reads_makes_no_file(begin, tmp_path):
    program = begin("-C", f"file:{tmp_path}/none.fdb")
    out, errors = program.communicate(timeout=60)
    assert program.returncode == 1 and out == "" and errors.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_may_write(begin, tmp_path):
    name = f"file:{tmp_path}/a.fdb"
    program = begin("-C", name, "--write")
    url = program.stdout.readline().strip()
    row = {"key": "a", "value": "b"}
    post = httpx.post(f"{url}api/set", json=row, headers={"X-FDB-Write": "1"}, trust_env=False)
    assert post.status_code == 200
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == 0
    with fdb.open(name) as db:
        assert db[b"a"] == b"b"
