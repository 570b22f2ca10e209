"""Programs written for the vendor's library run on the engine. `make peers` runs some more of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from official import (  # noqa: E402
    OFFICIAL,
    OFFICIAL_73,
    Peer,
    PeerFailed,
    PeerUnavailable,
    library_environment,
    run,
)
from peer_jobs import (  # noqa: E402
    LAYERS_OURS,
    c90_program,
    c_program,
    cpp_program,
    jobs,
    layer_found_job,
    layer_job,
    official_job,
    on_a_file,
)


def need(peer: Peer) -> Peer:
    """The peer, once its environment is made; skips the test where no package can be fetched."""
    try:
        peer.ensure()
    except PeerUnavailable as problem:
        if "FDB_TESTS_IN_CI" in os.environ:
            raise
        pytest.skip(str(problem))
    return peer


def test_a_c_program_compiles_links_and_runs() -> None:
    assert c_program() == "C: 400 increments, range, watch"


def test_a_cpp_program_compiles_links_and_runs() -> None:
    assert cpp_program() == "C++: 200 appends by 4 threads"


def test_the_same_programs_on_a_file() -> None:
    assert on_a_file(c_program) == "C: 400 increments, range, watch"
    assert on_a_file(cpp_program) == "C++: 200 appends by 4 threads"


def test_an_old_c_program_compiles_without_a_warning_at_every_version_of_the_header() -> None:
    assert c90_program().startswith("C90: write, read and range at 26 versions")


@pytest.mark.parametrize("api_version", [740, 710, 620, 520, 300])
def test_the_official_package_does_its_job(api_version: int) -> None:
    printed = official_job(need(OFFICIAL), api_version)
    assert printed.startswith(f"API {api_version}: tuples_and_ranges")


def test_the_official_package_does_its_job_on_a_file() -> None:
    official = need(OFFICIAL)
    printed = on_a_file(lambda database: official_job(official, 740, database))
    assert printed.startswith("API 740: tuples_and_ranges") and printed.endswith("tenants")


def test_the_official_package_of_the_release_before() -> None:
    assert "tenants" in official_job(need(OFFICIAL_73), 730)


@pytest.mark.slow
def test_a_binding_of_someone_else_passes_its_own_tests_beside_this_package() -> None:
    printed = layer_found_job(need(LAYERS_OURS))
    assert "passed" in printed and "failed" not in printed


@pytest.mark.slow
@pytest.mark.parametrize("program", ["gateaux_job.py", "record_layer_job.py"])
def test_a_layer_for_the_official_package_does_its_job_on_this_one(program: str) -> None:
    assert layer_job(need(LAYERS_OURS), program)


def test_a_program_that_fails_is_reported() -> None:
    with pytest.raises(PeerFailed, match="status 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_peers_find_the_engine_by_its_directory() -> None:
    directory = library_environment()["LD_LIBRARY_PATH"]
    assert (Path(directory) / "libfdb_c.so").is_file()


def test_every_peer_has_a_name_of_its_own() -> None:
    names = [job.name for job in jobs()]
    assert len(names) == len(set(names))
    for peer in ("foundationdb 7.4.8", "7.3.79", "asyncio-foundationdb", "gateaux", "npm", "C++"):
        assert any(peer in name for name in names), peer
