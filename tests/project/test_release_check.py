"""tools/release_check.py and tools/build_wheels.py: what is wrong with a release is said, and ends the check."""

from __future__ import annotations

import io
import os
import pathlib
import sys
import tarfile
import zipfile

import pytest

import build_wheels
import release_check
from build_engine import library_paths
from build_wheels import WheelError


def sdist_of(directory: pathlib.Path, *names: str) -> pathlib.Path:
    """An sdist with these files, which are empty."""
    path = directory / "package-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"package-1/{name}"), io.BytesIO())
    return path


def wheel_of(directory: pathlib.Path, *names: str) -> pathlib.Path:
    """A wheel with these files, which are empty."""
    path = directory / "package-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return path


def test_an_sdist_has_all_that_is_tracked_and_nothing_that_is_built(tmp_path: pathlib.Path) -> None:
    sdist = sdist_of(tmp_path, "setup.py", "fdb/__init__.py")
    tracked = ["setup.py", "fdb/__init__.py"]
    release_check.check_sdist(sdist, [*tracked, ".ci/run", ".gitignore"])
    with pytest.raises(WheelError, match="lacks engine/a.cc, setup.cfg"):
        release_check.check_sdist(sdist, [*tracked, "engine/a.cc", "setup.cfg"])
    with pytest.raises(WheelError, match=r"what a build makes: fdb/_x\.so"):
        release_check.check_sdist(sdist_of(tmp_path, *tracked, "fdb/_x.so"), tracked)


def test_a_file_must_not_be_too_large(tmp_path: pathlib.Path) -> None:
    for name in ("a.whl", "a.tar.gz"):
        path = tmp_path / name
        path.touch()
        most = release_check.MOST_BYTES[path.suffix]
        os.truncate(path, most)
        release_check.check_size(path)
        os.truncate(path, most + 1)
        with pytest.raises(
            WheelError, match=f"{name} has {most + 1:,} bytes: {most:,} are the most"
        ):
            release_check.check_size(path)


def test_a_wheel_has_the_engine_once(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_check, "run", lambda *command: "")
    wanted = [str(path) for path in library_paths(pathlib.Path("fdb/embedded"), wheel=True)]
    release_check.check_wheel(wheel_of(tmp_path, *wanted))
    for names in ([], [*wanted, "fdb/embedded/lib/libfdb_c.txt"]):
        with pytest.raises(WheelError, match=r"py3-none-any\.whl has"):
            release_check.check_wheel(wheel_of(tmp_path, *names))


def test_an_empty_environment_has_no_compiler_and_nothing_of_this_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_check.venv, "create", lambda *args, **options: None)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("FDB_CLUSTER_FILE", "memory:")
    without = release_check.Installation(tmp_path, compilers=False).environment
    assert without["PATH"] == str(tmp_path / "env" / "bin")
    assert not [name for name in without if name.startswith(("PYTHON", "FDB_"))]
    having = release_check.Installation(tmp_path, compilers=True).environment
    assert having["PATH"] == os.environ["PATH"]


def test_a_command_that_fails_is_told_with_what_it_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check() -> None:
        build_wheels.run(sys.executable, "-c", "import sys; print('why'); sys.exit(3)")

    monkeypatch.setattr(release_check, "check", check)
    assert release_check.main() == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and "exit status 3\nwhy\n" in told


def test_pythons_that_are_not_here_are_left_out(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(python: str, directory: pathlib.Path) -> pathlib.Path:
        path = directory / pathlib.Path(python).name
        path.write_bytes(bytes(20_000))
        return path

    monkeypatch.setattr(build_wheels, "portable_wheel", made)
    monkeypatch.setattr(
        build_wheels.pythons, "locate", lambda name: f"/bin/{name}" if name != "python2" else None
    )
    arguments = ["build_wheels.py", "--output", str(tmp_path), "python2"]
    monkeypatch.setattr(sys, "argv", [*arguments, "python3"])
    assert build_wheels.main() == 0
    assert capsys.readouterr().out == f"{tmp_path / 'python3'} (0.02 MB)\n"
    monkeypatch.setattr(sys, "argv", arguments)
    assert build_wheels.main() == 1
    assert "none of python2 is here" in capsys.readouterr().err
