"""Programs written for the vendor's library run on the engine. `make peers` runs some more of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from official import OFFICIAL, OFFICIAL_73, PeerUnavailable, library_environment  # noqa: E402
from peer_jobs import (  # noqa: E402
    PeerFailed,
    c_program,
    cpp_program,
    found_job,
    jobs,
    official_job,
    run,
)


def test_a_c_program_compiles_links_and_runs() -> None:
    assert c_program() == "C: 400 increments, range, watch"


def test_a_cpp_program_compiles_links_and_runs() -> None:
    assert cpp_program() == "C++: 200 appends by 4 threads"


@pytest.mark.parametrize("api_version", [740, 710, 620, 520, 300])
def test_the_official_package_does_its_job(api_version: int) -> None:
    try:
        OFFICIAL.ensure()
    except PeerUnavailable as problem:
        pytest.skip(str(problem))
    assert official_job(OFFICIAL, api_version).startswith(f"API {api_version}: tuples_and_ranges")


def test_the_official_package_of_the_release_before() -> None:
    try:
        OFFICIAL_73.ensure()
    except PeerUnavailable as problem:
        pytest.skip(str(problem))
    assert "tenants" in official_job(OFFICIAL_73, 730)


def test_a_binding_of_someone_else_passes_its_own_tests() -> None:
    try:
        printed = found_job()
    except PeerUnavailable as problem:
        pytest.skip(str(problem))
    assert "passed" in printed and "failed" not in printed


def test_a_program_that_fails_is_reported() -> None:
    with pytest.raises(PeerFailed, match="status 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_peers_find_the_engine_by_its_directory() -> None:
    directory = library_environment()["LD_LIBRARY_PATH"]
    assert (Path(directory) / "libfdb_c.so").is_file()
    assert len(jobs()) == 9
