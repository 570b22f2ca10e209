"""The programs of docs/guides/testing.md are run, and do what the page says."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

import pytest

from helpers.pages import blocks_of

_TEST = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


class Program(NamedTuple):
    """A file of the page, and the lines that it is said to print; `*` stands for anything."""

    name: str
    source: str
    printed: list[str]

    def fails(self) -> set[str]:
        """The tests that the page says fail."""
        parts = _TEST.split(self.source)
        return {
            name for name, body in zip(parts[1::2], parts[2::2], strict=True) if "# fails" in body
        }


def programs() -> list[Program]:
    """The files of the page in order."""
    found: list[Program] = []
    for block in blocks_of("docs/guides/testing.md", "python", "text"):
        if block.language == "text":
            found[-1].printed.extend(line.strip() for line in block.text.splitlines())
            continue
        assert block.file, f"a program without a name in its first line: {block.text}"
        found.append(Program(block.file, block.text, []))
    return found


class Run(NamedTuple):
    """What became of the tests of all programs."""

    #: File -> the tests that passed, and those that did not.
    passed: dict[str, set[str]]
    failed: dict[str, set[str]]
    #: What pytest printed, and the tests.
    lines: list[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs all programs of the page as one suite."""
    directory = tmp_path_factory.mktemp("guide")
    for program in programs():
        (directory / program.name).write_text(program.source)
    report = directory / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-rA",
        "-p",
        "no:randomly",
        f"--junitxml={report}",
        ".",
    ]
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    result = Run({}, {}, ran.stdout.splitlines())
    for case in ElementTree.parse(report).iter("testcase"):
        tests = result.failed if case.find("failure") is not None else result.passed
        name = case.get("classname", "").partition(".")[0] + ".py"
        tests.setdefault(name, set()).add(case.get("name", ""))
    return result


def test_the_page_has_programs() -> None:
    names = [program.name for program in programs()]
    assert len(names) == len({*names}) > 10
    assert any(program.fails() for program in programs())
    assert any(program.printed for program in programs())


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_it_does_what_the_page_says(program: Program, run: Run) -> None:
    tests = set(_TEST.findall(program.source))
    assert run.failed.get(program.name, set()) == program.fails()
    assert run.passed.get(program.name, set()) == tests - program.fails()
    for wanted in program.printed:
        pattern = "*" + wanted.replace("[", "[[]") + "*"
        assert any(fnmatch.fnmatchcase(line, pattern) for line in run.lines), wanted
