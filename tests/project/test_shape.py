"""The tests have the shape of the code: where a module is says where its test is.

`fdb/_name.py` is tested by `tests/test_name.py`, `fdb/_folder/name.py` by `tests/folder/test_name.py`; an `_impl` at the end of
a public name is left out.
"""

from __future__ import annotations

import pathlib

import pytest

from helpers.paths import ROOT, TESTS

#: Modules whose test is elsewhere, with that test and the reason.
ELSEWHERE = {
    "fdb/__init__.py": ("startup/test_api_version.py", "it is the gate; its names: test_exports"),
    "fdb/_browse/__init__.py": ("browse/test_page.py", "it begins a page"),
    "fdb/_bulk/__init__.py": ("bulk/test_scan.py", "it is empty"),
    "fdb/_bytes_methods.py": ("test_values.py", "Value and Key are made of it"),
    "fdb/__main__.py": ("cli/test_main.py", "it starts the command line"),
    "fdb/_cli/__init__.py": ("cli/test_main.py", "it is empty"),
    "fdb/_client_library.py": ("startup/test_client.py", "a ClientLibrary shows a client"),
    "fdb/_directory/__init__.py": ("directory/test_directory.py", "it is empty"),
    "fdb/_display/__init__.py": ("display/test_notation.py", "it is empty"),
    "fdb/_doctor/__init__.py": ("doctor/test_examination.py", "it is empty"),
    "fdb/_doctor/finding.py": ("doctor/test_report.py", "findings are there to be shown"),
    "fdb/_doctor/probes.py": ("doctor/test_examination.py", "children run it, for examinations"),
    "fdb/_dump/__init__.py": ("dump/test_parts.py", "it is empty"),
    "fdb/_flow_requests.py": ("test_flows.py", "it is the part of flows that knows no databases"),
    "fdb/_generated/__init__.py": ("generated/test_generated.py", "it is empty"),
    "fdb/_generated/enumerations.py": (
        "generated/test_generated.py",
        "all come of one generator",
    ),
    "fdb/_generated/error_codes.py": ("generated/test_generated.py", "all come of one generator"),
    "fdb/_generated/errors.py": ("generated/test_generated.py", "all come of one generator"),
    "fdb/_generated/options.py": ("generated/test_generated.py", "all come of one generator"),
    "fdb/_native/__init__.py": ("native/test_library.py", "it is empty"),
    "fdb/_native/_cffi.pyi": ("native/test_library.py", "the library is the door to it"),
    "fdb/_sources.py": ("test_blocking.py", "databases and tenants are made of it"),
    "fdb/_observing/__init__.py": ("observing/test_observers.py", "it is empty"),
    "fdb/_shell/__init__.py": ("shell/test_session.py", "it is empty"),
    "fdb/_startup/__init__.py": ("startup/test_opening.py", "it is empty"),
    "fdb/_tuple/__init__.py": ("tuple/test_tuple.py", "it is empty"),
    "fdb/_tuple/codec.pyi": ("tuple/test_encoding.py", "both codecs run the same tests"),
    "fdb/_tuple/pure.py": ("tuple/test_encoding.py", "both codecs run the same tests"),
    "fdb/_types.py": ("project/test_imports.py", "types alone, which the type checkers test"),
    "fdb/_version.py": ("project/test_packaging.py", "a number, which the wheel has too"),
    "fdb/_waiting/__init__.py": ("waiting/test_threads.py", "it is empty"),
    "fdb/apiversion.py": ("project/test_exports.py", "a name that programs import"),
    "fdb/directory_impl.py": ("directory/test_directory.py", "it is the face of a folder"),
    "fdb/embedded/__init__.py": ("embedded/test_embedded.py", "it is the folder"),
    "fdb/embedded/__main__.py": ("embedded/test_embedded.py", "it is the folder"),
    "fdb/fdboptions.py": ("generated/test_generated.py", "all come of one generator"),
    "fdb/impl.py": ("project/test_exports.py", "it only imports"),
    "fdb/layers/__init__.py": ("project/test_exports.py", "it is the face of a folder"),
    "fdb/telemetry.py": ("observing/test_logging_exporter.py", "it is the face of two exporters"),
    "fdb/testing/__init__.py": ("project/test_exports.py", "it is the face of a folder"),
    "fdb/tuple.py": ("tuple/test_tuple.py", "it is the face of a folder"),
}


def modules() -> list[str]:
    """All modules of the package, and the stubs of those in C."""
    paths = (ROOT / "fdb").rglob("*.py*")
    found = {path.relative_to(ROOT).as_posix() for path in paths if path.suffix in (".py", ".pyi")}
    return sorted(found)


def expected(module: str) -> str:
    """Where the rule says that the test of a module is."""
    _, *folders, name = pathlib.PurePosixPath(module).with_suffix("").parts
    test = "test_" + name.removeprefix("_").removesuffix("_impl") + ".py"
    return "/".join([*(folder.removeprefix("_") for folder in folders), test])


@pytest.mark.parametrize("module", modules())
def test_each_module_has_its_test_where_the_rule_says(module: str) -> None:
    test, _ = ELSEWHERE.get(module, (expected(module), ""))
    assert (TESTS / test).exists(), f"{module} is tested by tests/{test}, which is not there"


def test_every_exception_is_one() -> None:
    assert ELSEWHERE.keys() <= set(modules())
    assert [module for module in ELSEWHERE if (TESTS / expected(module)).exists()] == []


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("fdb/_future.py", "test_future.py"),
        ("fdb/locality.py", "test_locality.py"),
        ("fdb/subspace_impl.py", "test_subspace.py"),
        ("fdb/_native/extension.pyi", "native/test_extension.py"),
        ("fdb/_waiting/asyncio_model.py", "waiting/test_asyncio_model.py"),
    ],
)
def test_the_rule(module: str, test: str) -> None:
    assert expected(module) == test
