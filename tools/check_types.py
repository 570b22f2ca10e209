"""Checks what type checkers see of the package: run by `make typecheck`.

1. mypy --strict and pyright find nothing in the sources, and the type of every public name is known.
2. stubtest finds the stubs of the C extensions, and all other signatures, as they are at run time.
3. mypy and pyright each report the errors that tests/project/typing_program.py lists, and no others. It is checked from
   an empty directory, so that it also shows that both find the package where it is installed.
4. mypy --strict finds nothing in the programs of the tutorial and of the guides that say that theirs are typed.

A line with an error ends in `# error: ` and the code of mypy and the rule of pyright for it, `-` for none.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "tests" / "project" / "typing_program.py"
#: Pages, and the programs on them that are typed.
TYPED = {
    "docs/tutorial.md": ("school.py",),
    "docs/guides/asyncio.md": ("service.py",),
    "docs/guides/gevent.md": ("counting.py",),
    "docs/guides/threads.md": ("shop.py", "pool.py"),
}
ALLOWED = ROOT / "tests" / "project" / "stubtest_allowed.txt"
EXPECTATION = re.compile(r"# error: (?P<mypy>[\w-]+) (?P<pyright>[\w-]+)(?:$|  #)")

#: Line -> the codes reported there, in order of their names.
Findings = dict[int, list[str]]


def run(
    *command: str, directory: pathlib.Path = ROOT, finds: tuple[int, ...] = (0, 1)
) -> subprocess.CompletedProcess[str]:
    """Runs a checker. Exits with its output if it did not get as far as a verdict."""
    # pyright --verifytypes looks at the first Python of the path.
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    outcome = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=directory,
        # Nor is pyright to look on the network for a newer one.
        env={**os.environ, "PATH": path, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
    )
    if outcome.returncode not in finds:
        sys.exit(f"{' '.join(command)}:\n{outcome.stdout}{outcome.stderr}")
    return outcome


def expected(text: str, checker: str) -> Findings:
    """Returns the errors that the lines of a program announce for "mypy" or "pyright"."""
    found: Findings = {}
    for number, line in enumerate(text.splitlines(), 1):
        if "# error:" in line:
            match = EXPECTATION.search(line)
            if match is None:
                raise ValueError(
                    f"line {number}: write `# error: <code of mypy> <rule of pyright>`"
                )
            if match[checker] != "-":
                found[number] = [match[checker]]
    return found


def differences(text: str, checker: str, reported: Findings) -> list[str]:
    """Returns a line for every error that is not reported, and for every one that is not announced."""
    announced = expected(text, checker)
    messages = []
    for line in sorted({*announced, *reported}):
        wanted, given = announced.get(line, []), reported.get(line, [])
        messages += [
            f"line {line}: {checker} does not report {c}" for c in wanted if c not in given
        ]
        messages += [f"line {line}: {checker} reports {c}" for c in given if c not in wanted]
    return messages


def add(findings: Findings, line: int, code: str) -> None:
    """Notes an error, once a line and code."""
    codes = findings.setdefault(line, [])
    if code not in codes:
        codes.append(code)
        codes.sort()


def by_mypy(program: pathlib.Path) -> Findings:
    """Returns what `mypy --strict` reports of a file that is in no project."""
    outcome = run(
        *("mypy", "--strict", "--config-file=", "--output=json", "--cache-dir", "cache"),
        *("--python-executable", sys.executable, program.name),
        directory=program.parent,
    )
    findings: Findings = {}
    for text in outcome.stdout.splitlines():
        if text.startswith("{"):
            message = json.loads(text)
            if message["severity"] == "error":
                add(findings, message["line"], message["code"])
    return findings


def by_pyright(program: pathlib.Path) -> Findings:
    """Returns what pyright reports of a file that is in no project."""
    outcome = run(
        *("pyright", "--outputjson", "--pythonpath", sys.executable, program.name),
        directory=program.parent,
    )
    findings: Findings = {}
    for message in json.loads(outcome.stdout)["generalDiagnostics"]:
        if message["severity"] == "error":
            line = message["range"]["start"]["line"] + 1
            add(findings, line, message.get("rule", "syntax"))
    return findings


def check_program() -> list[str]:
    """Returns how the reports of the two checkers differ from what the program announces."""
    text = PROGRAM.read_text(encoding="utf-8")
    messages = []
    checkers: dict[str, Callable[[pathlib.Path], Findings]]
    checkers = {"mypy": by_mypy, "pyright": by_pyright}
    for name, report in checkers.items():
        with tempfile.TemporaryDirectory() as directory:
            copy = pathlib.Path(shutil.copy2(PROGRAM, directory))
            messages += differences(text, name, report(copy))
    return [f"{PROGRAM.relative_to(ROOT)}, {message}" for message in messages]


def check_pages() -> list[str]:
    """Returns what mypy reports of the programs of the documentation."""
    with tempfile.TemporaryDirectory() as directory:
        for page, names in TYPED.items():
            text = (ROOT / page).read_text(encoding="utf-8")
            for name in names:
                block = rf"^```python\n(# {re.escape(name)}\n.*?)^```$"
                found = re.search(block, text, re.MULTILINE | re.DOTALL)
                if found is None:
                    return [f"{page} has no program {name}"]
                pathlib.Path(directory, name).write_text(found[1], encoding="utf-8")
        # With the settings and the cache of the sources.
        outcome = run("mypy", *map(str, sorted(pathlib.Path(directory).iterdir())))
    return [outcome.stdout] if outcome.returncode else []


def check_completeness() -> list[str]:
    """Returns where the type of something public is left to be inferred, which checkers do differently."""
    outcome = run("pyright", "--verifytypes", "fdb", "--ignoreexternal", "--outputjson")
    report = json.loads(outcome.stdout)["typeCompleteness"]
    causes = {
        f"{symbol['name']}: {message['message'].splitlines()[0]}"
        for symbol in report["symbols"]
        for message in symbol["diagnostics"]
        # Partially unknown: because of another, which is listed too.
        if message["severity"] == "error" and "partially unknown" not in message["message"]
    }
    if report["completenessScore"] < 1 and not causes:
        causes = {f"only {report['completenessScore']:.0%} of the public types are known"}
    return sorted(causes)


def check_sources() -> list[str]:
    """Returns the reports of mypy, pyright and stubtest on the package itself."""
    reports = []
    for command in (
        ("mypy",),
        ("pyright", "--pythonpath", sys.executable),
        ("mypy.stubtest", "fdb", "--mypy-config-file", "pyproject.toml", "--concise")
        + ("--allowlist", str(ALLOWED), "--ignore-unused-allowlist"),
    ):
        outcome = run(*command)
        if outcome.returncode != 0:
            reports.append(f"{' '.join(command[:2])}:\n{outcome.stdout}{outcome.stderr}")
    return reports


def main() -> int:
    problems = check_sources() + check_completeness() + check_program() + check_pages()
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print("mypy, pyright and stubtest agree with the sources and with the typing program")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
