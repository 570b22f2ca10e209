"""`fdb bench`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

import fdb
from fdb._cli.main import run

QUICK = ["--seconds", "0.05", "--keys", "10", "--threads", "2"]


def test_people_see_rates_and_percentiles(
    memory_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with fdb.open(memory_name) as db:
        assert run(["bench", "-C", memory_name, *QUICK]) == 0
        assert list(db[b"":b"\xff"]) == []
    shown = capsys.readouterr().out
    assert shown.startswith("a transaction: 5 reads, 1 write\n2 threads, 0.")
    assert "transactions  " in shown and "of " in shown
    (head,) = (line for line in shown.splitlines() if line.startswith("milliseconds"))
    assert head.split() == ["milliseconds", "mean", "p50", "p90", "p99", "p99.9", "longest"]
    assert [line.split()[0] for line in shown.splitlines()[-4:]] == [
        "begin",
        "read",
        "commit",
        "transaction",
    ]


def test_programs_see_all_of_it(memory_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shape = ["--reads", "0", "--range-rows", "3", "--writes", "0", "--format", "json"]
    with fdb.open(memory_name):
        assert run(["bench", "-C", memory_name, *QUICK, *shape]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["range_rows"] == 3 and found["rows_written_per_second"] == 0
    assert found["transactions"] > 0 and found["conflicts"] == 0 and found["errors"] == {}
    times = found["seconds_of"]["transaction"]
    assert 0 < times["p50"] <= times["p99"] <= times["longest"]


def test_in_a_tenant(memory_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with fdb.open(memory_name) as db:
        fdb.tenant_management.create_tenant(db, b"t")
        only_read = [*QUICK, "--writes", "0", "--format", "jsonl"]
        assert run(["bench", "-C", memory_name, "--tenant", "t", *only_read]) == 0
        assert json.loads(capsys.readouterr().out)["seconds_of"]["read"]["mean"] > 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--reads", "0", "--writes", "0"], "nothing to do"),
        (["--key-size", "10"], "--key-size"),
        (["--seconds", "0"], "--seconds"),
        (["--threads", "0"], "--threads"),
    ],
)
def test_wrong_usage(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "-C", "memory:", *arguments]) == 2
    line = capsys.readouterr().err
    assert reason in line and line.count("\n") == 1


def test_transactions_that_are_too_large(
    memory_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    large = ["--writes", "200", "--value-size", "100000", "--keys", "300"]
    with fdb.open(memory_name) as db:
        assert run(["bench", "-C", memory_name, "--seconds", "5", *large]) == 1
        assert list(db[b"":b"\xff"]) == []
    assert "(2101)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sent", "code", "line"),
    [(signal.SIGINT, 130, "error: interrupted\n"), (signal.SIGTERM, 143, "")],
)
def test_signals(
    tmp_path_factory: pytest.TempPathFactory, sent: signal.Signals, code: int, line: str
) -> None:
    """Sent when the load is at work, which its progress tells; the file is empty afterwards."""
    path = tmp_path_factory.mktemp("bench") / "app.fdb"
    program = (
        "import sys; from fdb._cli import bench, load; from fdb._cli.main import run\n"
        "work = load.Load.work\n"
        "def told(self, report):\n"
        "    return work(self, lambda passed: print(passed, flush=True))\n"
        "load.Load.work = told\n"
        f"sys.exit(run(['bench', '-C', 'file:{path}', '--seconds', '60', '--keys', '10']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline()
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code and said.lstrip("\n") == line
    with fdb.open(f"file:{path}") as db:
        assert list(db[b"":b"\xff"]) == []
