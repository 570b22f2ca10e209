"""The C ABI as C and C++ programs meet it: headers, layout, exports, a program of its own."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import fdb.embedded
from helpers.compilers import link_with_libfdb_c
from helpers.paths import HEADERS
from helpers.processes import run

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = [13, 14, 23, 200, 300, 520, 610, 620, 630, 710, 740]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
#: What the engine exports beside the ABI.
OWN_EXPORTS = {
    f"fdb_embedded_{name}"
    for name in (
        *("backup", "check", "clock", "compact", "drop", "faults", "info", "inject", "problem"),
        *("set_faults", "set_latency", "set_shards"),
    )
}

needs_compiler = pytest.mark.skipif(
    shutil.which("gcc") is None or shutil.which("g++") is None, reason="needs gcc and g++"
)
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF files")


@needs_compiler
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("header", ["fdb_c.h", "fdb_c_internal.h"])
def test_headers_are_valid_c99_and_cpp20(version: int, header: str, tmp_path: pathlib.Path) -> None:
    source = tmp_path / "include.c"
    source.write_text(f"#include <foundationdb/{header}>\n")
    options = [*WARNINGS, f"-DFDB_API_VERSION={version}", f"-I{HEADERS}", "-fsyntax-only"]
    run("gcc", "-std=c99", *options, source)
    run("g++", "-std=c++20", *options, "-xc++", source)


@needs_compiler
@pytest.mark.parametrize(
    "macro", ["FDB_USE_LATEST_API_VERSION", "FDB_USE_LATEST_BINDINGS_API_VERSION"]
)
def test_headers_offer_their_newest_version(macro: str, tmp_path: pathlib.Path) -> None:
    source = tmp_path / "latest.c"
    source.write_text(
        "#include <foundationdb/fdb_c.h>\nint version[FDB_API_VERSION == 740 ? 1 : -1];\n"
    )
    run("gcc", "-std=c99", *WARNINGS, f"-D{macro}", f"-I{HEADERS}", "-fsyntax-only", source)


@needs_compiler
@pytest.mark.parametrize("define", [[], ["-DFDB_API_VERSION=12"], ["-DFDB_API_VERSION=741"]])
def test_headers_refuse_versions_they_do_not_know(
    define: list[str], tmp_path: pathlib.Path
) -> None:
    source = tmp_path / "refused.c"
    source.write_text("#include <foundationdb/fdb_c.h>\n")
    command = ["gcc", *define, f"-I{HEADERS}", "-fsyntax-only", str(source)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode != 0
    assert "FDB_API_VERSION" in result.stderr


@needs_compiler
def test_a_result_that_matters_must_be_used(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "unused.c"
    source.write_text("#include <foundationdb/fdb_c.h>\nvoid f(void) { fdb_stop_network(); }\n")
    options = ["-Wall", "-Werror", f"-I{HEADERS}", "-c", str(source), "-o", os.devnull]
    plus = ["g++", "-xc++", *options]
    warned = subprocess.run([*plus, "-DFDB_API_VERSION=23"], capture_output=True, text=True)
    assert "unused-result" in warned.stderr
    run(*plus, "-DFDB_API_VERSION=22")
    run(*plus, "-DFDB_API_VERSION=740", "-DWARN_UNUSED_RESULT=")
    plain = ["gcc", *options, "-DFDB_API_VERSION=740"]
    run(*plain)
    attribute = "-DWARN_UNUSED_RESULT=__attribute__((warn_unused_result))"
    warned = subprocess.run([*plain, attribute], capture_output=True, text=True)
    assert "unused-result" in warned.stderr


REMOVED = [
    (14, "fdb_transaction_get_range_selector(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"),
    (23, "fdb_future_is_error(0)"),
    (610, "fdb_create_cluster(0)"),
    (610, "fdb_future_get_cluster(0, 0)"),
    (610, "fdb_cluster_destroy(0)"),
    (610, "fdb_cluster_set_option(0, FDB_CLUSTER_OPTION_DUMMY_DO_NOT_USE, 0, 0)"),
    (610, "fdb_cluster_create_database(0, 0, 0)"),
    (610, "fdb_future_get_database(0, 0)"),
    (620, "fdb_future_get_version(0, 0)"),
]


@needs_compiler
@pytest.mark.parametrize(("version", "call"), REMOVED)
def test_a_removed_function_does_not_compile(
    version: int, call: str, tmp_path: pathlib.Path
) -> None:
    source = tmp_path / "removed.c"
    source.write_text(f"#include <foundationdb/fdb_c.h>\nvoid f(void) {{ (void){call}; }}\n")
    options = ["gcc", "-Wall", f"-I{HEADERS}", "-fsyntax-only", str(source)]
    run(*options, f"-DFDB_API_VERSION={version - 1}")
    refused = subprocess.run(
        [*options, f"-DFDB_API_VERSION={version}"], capture_output=True, text=True
    )
    assert refused.returncode != 0 and "FDB_REMOVED_FUNCTION" in refused.stderr


@needs_compiler
def test_types_and_names_that_programs_ask_the_headers_for(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "names.c"
    source.write_text(
        "#include <foundationdb/fdb_c.h>\n"
        "int same[FDB_API_VERSION_CLIENT_TMP_DIR == 720 && FDB_API_VERSION_TENANT_API_RELEASED == 720"
        " && FDB_API_VERSION_DISABLE_CLIENT_BYPASS == 720 ? 1 : -1];\n"
        "FDBCluster* cluster;\n"
        "FDBClusterOption option = FDB_CLUSTER_OPTION_DUMMY_DO_NOT_USE;\n"
    )
    options = ["gcc", "-std=c90", *WARNINGS[:1], "-Werror", f"-I{HEADERS}", "-fsyntax-only"]
    run(*options, "-DFDB_API_VERSION=740", "-DFDB_INCLUDE_LEGACY_TYPES", source)
    run(*options, "-DFDB_API_VERSION=600", source)
    with pytest.raises(AssertionError, match="FDBCluster"):
        run(*options, "-DFDB_API_VERSION=740", source)


LANGUAGES = {
    "c90": ["gcc", "-std=c90"],
    "c99": ["gcc", "-std=c99", "-D_POSIX_C_SOURCE=200809L"],
    "c++": ["g++", "-xc++"],
}


@needs_compiler
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("version", [13, 14, 22, 23, 200, 300, 510, 609, 610, 619, 620, 630, 740])
def test_a_program_compiles_in_any_language_at_any_version(
    version: int, language: str, tmp_path: pathlib.Path
) -> None:
    flags = [*LANGUAGES[language], "-Wall", "-Werror", f"-DFDB_API_VERSION={version}"]
    run(*flags, f"-I{HEADERS}", "-c", HERE / "roundtrip.c", "-o", tmp_path / "roundtrip.o")


@needs_compiler
@pytest.mark.parametrize("version", VERSIONS)
def test_structures_have_the_layout_of_the_abi(version: int, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "layout"
    flags = ["-std=c11", *WARNINGS, f"-DFDB_API_VERSION={version}", f"-I{HEADERS}"]
    run("gcc", *flags, HERE / "layout.c", "-o", program)
    run(program)


@needs_compiler
@pytest.mark.parametrize("version", VERSIONS)
def test_a_c_program_runs_on_the_engine(version: int, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "roundtrip"
    flags = ["-std=c90", *WARNINGS[:1], "-Werror", f"-DFDB_API_VERSION={version}"]
    link = link_with_libfdb_c(fdb.embedded.libdir())
    run("gcc", *flags, f"-I{HEADERS}", HERE / "roundtrip.c", *link, "-o", program)
    assert run(program, "memory:abi") == "ok\n"
    cluster_file = tmp_path / "fdb.cluster"
    cluster_file.write_text("memory:abi\n")
    assert run(program, cluster_file) == "ok\n"


@linux_only
def test_both_libraries_export_the_abi_and_nothing_else() -> None:
    expected = set((HERE / "exported_names.txt").read_text().split()) | OWN_EXPORTS
    for library in (fdb.embedded.library_path(), fdb.embedded.libdir() + "/libfdb_c.so"):
        listing = run("nm", "--dynamic", "--defined-only", "--format=posix", library)
        assert {line.split()[0] for line in listing.splitlines()} == expected


@linux_only
def test_each_library_has_a_soname_of_its_own() -> None:
    for library in (fdb.embedded.library_path(), fdb.embedded.libdir() + "/libfdb_c.so"):
        dynamic = run("readelf", "--dynamic", "--wide", library)
        assert f"Library soname: [{pathlib.Path(library).name}]" in dynamic
        assert "NODELETE" in dynamic


SEPARATE_LIBRARIES = """
import ctypes, sys
first, second = (ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL) for path in sys.argv[1:3])
address = lambda library: ctypes.cast(library.fdb_get_error, ctypes.c_void_p).value
assert address(first) != address(second)
assert first.fdb_select_api_version_impl(740, 740) == 0
assert second.fdb_select_api_version_impl(740, 740) == 0, "the two share their state"
"""


@linux_only
@pytest.mark.parametrize("order", [1, -1])
def test_loading_one_library_does_not_satisfy_a_request_for_the_other(order: int) -> None:
    libraries = [fdb.embedded.library_path(), fdb.embedded.libdir() + "/libfdb_c.so"]
    run(sys.executable, "-c", SEPARATE_LIBRARIES, *libraries[::order])
