"""docs/reference/parity.md tells the truth about this package, and nothing documented is missing."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

import fdb
import fdb.impl
import fdb.locality
import fdb.tenant_management
import parity
import parity_reasons
import parity_surface
from helpers.paths import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "reference" / "parity.md").read_text(encoding="utf-8")
DOCUMENTED = ROOT / "tests" / "project" / "documented_names.txt"

_ROW = re.compile(r"\| `([\w.]+)` \| ([\d. ]+) \| (.*?) \| (.*) \|")
#: `code` whose bars are escaped, as cells of a table have it.
_CODE = re.compile(r"`([^`]*)`")


def rows() -> list[tuple[str, str, str]]:
    """The rows of the comparison: name, what the official package has, what is said of ours."""
    found = [_ROW.fullmatch(line) for line in PAGE.splitlines()]
    return [(match[1], match[3], match[4]) for match in found if match is not None]


@pytest.fixture(scope="module")
def surface() -> parity_surface.Surface:
    """What this package has, found in the same way as by the tool."""
    found = parity_surface.collect(complete=True)
    database = fdb.open(fdb.embedded.unique())
    transaction = database.create_transaction()
    found.update(parity_surface.of_options("fdb.Database", database.options))
    found.update(parity_surface.of_options("fdb.Transaction", transaction.options))
    return found


def _code(text: str) -> str:
    match = _CODE.search(text)
    return match[1].replace("\\|", "|") if match else ""


def test_the_page_has_all_parts_of_the_api() -> None:
    names = {name for name, _, _ in rows()}
    assert len(names) > 500
    assert {
        "fdb.open",
        "fdb.Transaction.options.set_timeout",
        "fdb.Database.bit_and",
        "fdb.tuple.pack",
        "fdb.directory_impl.Directory.create_or_open",
        "fdb.locality.get_boundary_keys",
        "fdb.tenant_management.create_tenant",
        "fdb.fdboptions.NetworkOption",
        "fdb.CdcConsumer",
    } <= names


def test_names_that_the_page_calls_the_same_are(surface: parity_surface.Surface) -> None:
    wrong = []
    for name, there, here in rows():
        if not here.startswith("same"):
            continue
        entry: dict[str, Any] = surface.get(name, {"kind": "missing", "signature": None})
        if there.startswith("is "):
            home = surface[_code(there)].get("target", _code(there))
            right = entry.get("target", name) == home
        else:
            right = entry["signature"] == _code(there.split("; 8.0")[0])
        if not right:
            wrong.append((name, there, entry))
    assert wrong == []


def test_names_that_take_more_do(surface: parity_surface.Surface) -> None:
    checked = 0
    for name, there, here in rows():
        if here.startswith("takes more"):
            assert surface[name]["signature"] == _code(here), name
            assert parity.takes_all_of(_code(here), _code(there)), name
            checked += 1
    assert checked


def test_names_that_are_not_offered_are_not_there(surface: parity_surface.Surface) -> None:
    missing = [name for name, _, here in rows() if here.startswith("not offered")]
    assert missing
    assert [name for name in missing if name in surface] == []


def test_explanations_that_the_page_refers_to_exist() -> None:
    differences = (DOCS / "reference" / "differences.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", differences, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    referred = set(re.findall(r"differences\.md#([\w-]+)", PAGE))
    assert referred
    assert referred <= anchors
    for _, _, here in rows():
        verdict, _, reason = here.partition(": ")
        assert verdict.split("; ")[0] in parity_reasons.VERDICTS
        assert reason or verdict == "same"


@pytest.mark.parametrize(
    "name", [n for n in DOCUMENTED.read_text(encoding="utf-8").split("\n") if n and n[0] != "#"]
)
def test_everything_documented_is_there(name: str, memory_db: fdb.Database) -> None:
    # Attributes of instances are looked for in instances.
    instances = {
        "fdb.Database": memory_db,
        "fdb.Tenant": memory_db.open_tenant(b"t"),
        "fdb.Transaction": memory_db.create_transaction(),
        "fdb.KeyValue": fdb.KeyValue(b"", b""),
        "fdb.FDBError": fdb.FDBError(1007),
        "fdb.tuple.Versionstamp": fdb.tuple.Versionstamp(),
    }
    owner = next((o for o in instances if name.startswith(o + ".")), None)
    thing = instances[owner] if owner else fdb
    for part in name.removeprefix(owner or "fdb").split(".")[1:]:
        assert hasattr(thing, part), name
        thing = getattr(thing, part)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("(a, b=1)", "(a, b=1)", True),
        ("(a, b=None, c=0)", "(a, b)", True),
        ("(*args, **kwargs)", "(*tr_args, **tr_kwargs)", True),
        ("(a, b=2)", "(a, b=1)", False),
        ("(b, a)", "(a, b)", False),
        ("(a, b, c)", "(a, b)", False),
        ("(a)", "(a, *args)", False),
        ("(a, /)", "(a)", False),
        ("", "(a)", False),
    ],
)
def test_comparison_of_signatures(ours: str, theirs: str, expected: bool) -> None:
    assert parity.takes_all_of(ours, theirs) is expected


def test_names_at_every_api_version_are_as_the_page_says() -> None:
    lines = PAGE.split(parity.MODULE_HEADING)[1].split("\n## ")[0].splitlines()
    ours = {
        version: parity.collected(sys.executable, version, "module")
        for version in parity.API_VERSIONS
    }
    table = [re.fullmatch(r"\| `([\w.]+)` \| (.*) \| (.*) \| (.*) \|", line) for line in lines]
    checked = [match for match in table if match is not None]
    assert checked
    for match in checked:
        signature = _code(match[2])
        here = [v for v in parity.API_VERSIONS if ours[v].get(match[1]) == signature]
        assert parity.spans(here) == match[4], match[1]
