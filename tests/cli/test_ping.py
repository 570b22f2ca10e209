"""`fdb ping`."""

from __future__ import annotations

import json

import pytest

import fdb
import fdb.embedded
from fdb._cli.main import run


def test_one_answer(memory_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with fdb.open(memory_name):
        assert run(["ping", "-C", memory_name]) == 0
    line = capsys.readouterr().out
    assert line.startswith("answers in ") and " ms (read version " in line
    assert "client 7.4.0" in line and line.count("\n") == 1


def test_several_answers(memory_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    several = ["ping", "-C", memory_name, "--count", "3", "--interval", "0"]
    with fdb.open(memory_name):
        assert run(several) == 0
        *rows, last = capsys.readouterr().out.splitlines()
        assert all(
            int(row.split("\t")[1]) > 0 for row in rows
        )  # in a pipe: a number that scripts can read
        assert len(rows) == 3 and last.startswith("3 of 3 answered; milliseconds: ")
        assert run([*several, "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [row["client"] for row in found] == ["7.4.0"] * 3
        assert run(["ping", "-C", memory_name, "--format", "jsonl"]) == 0
        assert json.loads(capsys.readouterr().out)["read_version"] >= found[2]["read_version"] > 0


def test_no_answer(prompt_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    late = ["ping", "-C", prompt_name, "--timeout", "0.02"]
    with fdb.open(prompt_name) as db:
        fdb.embedded.set_latency(db, 60, 60)
        assert run(late) == 1
        assert capsys.readouterr().err == (
            "error: no answer within 0.02 s; fdb doctor looks for the reason\n"
        )
        assert run([*late, "--count", "2", "--interval", "0"]) == 1
        assert capsys.readouterr().out.splitlines()[-1] == "0 of 2 answered"
        assert run([*late, "--count", "2", "--interval", "0", "--format", "json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [row["error"] for row in found] == ["no answer within 0.02 s"] * 2
        fdb.embedded.set_latency(db, None)


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--interval", "-1"], ["--timeout", "0"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ping", "-C", "memory:", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
