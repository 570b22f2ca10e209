"""docs/reference/environment.md has all variables that the sources read, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from helpers.paths import ROOT

PAGE = ROOT / "docs" / "reference" / "environment.md"
#: Where the package and its plugin read their surroundings.
PYTHON = [*sorted((ROOT / "fdb").rglob("*.py")), ROOT / "fdb_pytest.py"]
ENGINE = sorted(
    path
    for path in (ROOT / "engine").rglob("*.[ch]*")
    if "sim" not in path.parts and not path.stem.endswith("_test")
)
#: With the name of an option behind it; the page has it as one.
OPTION = "FDB_NETWORK_OPTION_"
#: Those that the vendor's library reads.
VENDORS = {
    f"FDB_TLS_{name}"
    for name in (
        "CERTIFICATE_FILE",
        "KEY_FILE",
        "CA_FILE",
        "PASSWORD",
        "VERIFY_PEERS",
        "DISABLE_PLAINTEXT_CONNECTION",
    )
}
_NAME = re.compile(r"(?:FDB|XDG)_[A-Z_]+|NO_COLOR|TERM")


def documented() -> set[str]:
    return {
        name.removesuffix("...")
        for name in re.findall(r"^\| `([A-Z_.]+)` \|", PAGE.read_text(), re.M)
    }


def texts_of(source: str) -> Iterator[str]:
    """The strings of a program that are the name of a variable."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if _NAME.fullmatch(value):
                yield OPTION if value.startswith(OPTION) else value


def read_by_python() -> set[str]:
    found: set[str] = set()
    for path in PYTHON:
        if "_generated" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if "environ" in text:
            found.update(texts_of(text))
    return found


def read_by_the_engine() -> set[str]:
    found = set()
    for path in ENGINE:
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(r'"(FDB_[A-Z_]+)"', text))
        assert not re.search(r'getenv\("(?!FDB_)', text), path
    return found


def test_every_variable_that_the_package_reads_is_on_the_page() -> None:
    assert read_by_python() - documented() == set()


def test_every_variable_that_the_engine_reads_is_on_the_page() -> None:
    assert read_by_the_engine() - documented() == set()


def test_the_page_has_no_variable_that_nobody_reads() -> None:
    assert documented() - read_by_python() - read_by_the_engine() - VENDORS == set()
    assert documented() >= VENDORS
