"""Copies, exports and imports that are killed with SIGKILL somewhere, and run again: FDB_MOVE_KILLS=100 does more of them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import fdb
from fdb._cli.main import run
from stress.kill_run import seed_of

WORKER = Path(__file__).with_name("move_worker.py")
KILLS = int(os.environ.get("FDB_MOVE_KILLS", "1"))
ROWS = [(b"k%03d" % number, b"v" * (number % 70)) for number in range(300)]
FILES = ("x.jsonl", "x.fdbrows", "x.jsonl.gz", "x.fdbrows.gz")
#: More than any of the commands has.
_POINTS = 150


def rows_of(path: Path) -> list[tuple[bytes, bytes]]:
    with fdb.open(f"file:{path}?sync=off") as db:
        return [(row.key, row.value) for row in db[b"":b"\xff"]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and an export of each kind."""
    folder = tmp_path_factory.mktemp("made")
    with fdb.open(f"file:{folder / 'a.fdb'}?sync=off") as db:
        db.write_in_batches(ROWS)
    for name in FILES:
        assert run(["-C", f"file:{folder / 'a.fdb'}?sync=off", "export", str(folder / name)]) == 0
    return folder


def killed(folder: Path, point: int, *arguments: str) -> bool:
    """Runs a command that dies at a point; False if it has fewer points, and has ended."""
    command = [sys.executable, str(WORKER), str(point), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=120
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def again(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
    assert run([*arguments, "--resume", "--verify"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("command", ["copy", "export", "import"])
def test_killed_and_run_again(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    seed = seed_of(dict(os.environ))
    print(f"seed {seed}")
    rng = random.Random(f"{seed} {command}")
    kills = 0
    while kills < KILLS:
        folder = tmp_path / f"{kills}"
        shutil.copytree(made, folder)
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        name = rng.choice(FILES)
        arguments = {
            "copy": ["copy", "file:a.fdb?sync=off", "file:b.fdb?sync=off"],
            "export": ["-C", "file:a.fdb?sync=off", "export", f"new-{name}"],
            "import": ["-C", "file:b.fdb?sync=off", "import", name],
        }[command]
        point = rng.randrange(_POINTS)
        while not killed(folder, point, *arguments):
            shutil.rmtree(folder)
            shutil.copytree(made, folder)
            point = rng.randrange(point)
        kills += 1
        monkeypatch.chdir(folder)
        if rng.random() < 0.5:  # and once more, while it goes on
            killed(folder, rng.randrange(20), *arguments, "--resume")
        if command == "export":
            again(folder, capsys, *arguments[:3], f"new-{name}")
            assert run(["-C", "file:b.fdb?sync=off", "import", f"new-{name}"]) == 0
        else:
            again(folder, capsys, *arguments)
        assert rows_of(folder / "b.fdb") == ROWS, f"point {point}"
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(folder)


def test_a_half_written_file_is_no_whole_one(made: Path, tmp_path: Path) -> None:
    """The control: what a kill leaves is not what a finished command leaves."""
    shutil.copytree(made, tmp_path / "x")
    assert killed(tmp_path / "x", 9, "-C", "file:a.fdb?sync=off", "export", "new.jsonl")
    left = tmp_path / "x" / "new.jsonl.part"
    assert 0 < left.stat().st_size < (made / "x.jsonl").stat().st_size
    assert not (tmp_path / "x" / "new.jsonl").exists()
