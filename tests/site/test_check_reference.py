"""tools/site/check_reference.py: what a public name lacks is found; and what the reference says of names."""

from __future__ import annotations

import dataclasses
import inspect
import pathlib
import re

import check_reference
import pytest
import source
from described import Described
from public_names import PublicName, public_names

import fdb

NAMES = {each.path: each for each in public_names()}


def described(path: str) -> Described:
    return Described(NAMES[path])


def missing(public: PublicName, page: str | None, docs: pathlib.Path) -> set[str]:
    """What a name lacks that is documented on a page of this text, None for nowhere."""
    places = {}
    if page is not None:
        (docs / "page.md").write_text(page)
        places[public.path] = "page.md"
    check = check_reference.Check(places, docs)
    check.look(public)
    return {each.what for each in check.missing}


class Bare:
    """A class."""

    def untold(self, size):  # type: ignore[no-untyped-def]
        return size


def test_a_name_that_has_all(tmp_path: pathlib.Path) -> None:
    page = "```python\ndb.session()\n```\n"
    assert missing(NAMES["fdb.Database.session"], page, tmp_path) == set()


@pytest.mark.parametrize(
    ("page", "lacks"),
    [
        (None, {"place in the reference", "example"}),
        ("`db.session()`\n", {"example"}),
        ("```text\ndb.session()\n```\n", {"example"}),
        ("```python\nsession_of(db)\n```\n", {"example"}),
        ("- a\n\n  ```python\n  db.session()\n  ```\n", set()),
    ],
)
def test_a_name_without_a_place_or_an_example(
    page: str | None, lacks: set[str], tmp_path: pathlib.Path
) -> None:
    assert missing(NAMES["fdb.Database.session"], page, tmp_path) == lacks


def test_a_name_without_docstring_and_types(tmp_path: pathlib.Path) -> None:
    public = PublicName("fdb.Bare.untold", Bare.untold, Bare, "fdb.Bare.untold")
    page = "```python\nbare.untold(1)\n```\n"
    assert missing(public, page, tmp_path) == {"docstring", "types"}


def test_error_codes_have_one_example(tmp_path: pathlib.Path) -> None:
    public = NAMES["fdb.ErrorCode.not_committed"]
    assert missing(public, "```python\nfdb.ErrorCode(1020)\n```\n", tmp_path) == set()
    assert missing(public, "```python\nprint(1)\n```\n", tmp_path) == {"example"}


def test_what_is_public() -> None:
    assert {f"fdb.{name}" for name in fdb.__all__} <= {*NAMES}
    assert NAMES["fdb.Transaction.watch"].owner is fdb.Transaction
    assert "fdb.Transaction.get_key" not in NAMES  # TransactionRead has it
    assert "fdb.Database.get" in NAMES  # of a base without a public name
    assert "fdb.FDBError.with_traceback" not in NAMES
    assert NAMES["fdb.Database.bit_add"].documented == "fdb.Database.add"
    assert NAMES["fdb.impl.Database"].documented == "fdb.Database"
    assert NAMES["fdb.Database.options.set_max_watches"].group == "options"
    assert NAMES["fdb_db"].group == ""


@pytest.mark.parametrize(
    ("path", "signatures"),
    [
        ("fdb.Database.get", ["(key: KeyArgument) -> bytes | None"]),
        ("fdb.Database.add", ["(key: KeyArgument, param: ValueArgument) -> None"]),
        ("fdb.TransactionRead.get", ["(key: KeyArgument) -> Value"]),
        ("fdb.Database.create_transaction", ["() -> Transaction"]),
        (
            "fdb.tuple.pack",
            ["(t: tuple[Any, ...], prefix: bytes | None = None) -> bytes"],
        ),
        ("fdb.testing.record", ["(db: object) -> AbstractContextManager[TransactionLog]"]),
        ("fdb.tuple.Versionstamp.incomplete", ["(user_version: int = 0) -> Versionstamp"]),
    ],
)
def test_signatures(path: str, signatures: list[str]) -> None:
    found = described(path).signatures
    assert [f"{each.parameters} -> {each.returns}" for each in found] == signatures


def test_no_signature_has_private_names() -> None:
    texts = []
    for each in NAMES.values():
        if each.group != "methods of bytes":  # a list of names
            said = Described(each)
            made = inspect.isclass(each.thing) and not dataclasses.is_dataclass(each.thing)
            found = [said.constructor] if made else said.signatures
            texts += [(each.path, f"{signature}") for signature in found]
            texts += [(each.path, said.type)] if said.kind in ("property", "data") else []
    assert len(texts) > 500
    assert [pair for pair in texts if re.search(r"(?<![\w.'])_[A-Za-z]", pair[1])] == []


def test_defaults_are_values() -> None:
    [first, *_] = described("fdb.layers.Blob.discard_unfinished").signatures
    assert first.parameters.endswith("older_than: float = 86400.0)")


def test_operators_are_those_of_the_class() -> None:
    reference = pytest.importorskip("reference", reason="sphinx is of the extra docs")
    assert reference.operator_lines(fdb.StreamingMode) == []
    lines = "".join(reference.operator_lines(fdb.Database))
    assert "__getitem__" in lines and "__delitem__" in lines


def test_overloads_are_the_signatures() -> None:
    found = described("fdb.open").signatures
    assert [each.returns for each in found][:2] == ["Database", "AsyncDatabase"]
    assert len(described("fdb.transactional").signatures) == 4


@pytest.mark.parametrize(
    ("path", "kind", "type_", "said"),
    [
        ("fdb.FDBError.attempts", "attribute", "int | None", "how often its function was run"),
        ("fdb.Progress.rows", "attribute", "int", "rows"),
        ("fdb.Transaction.snapshot", "property", "TransactionRead", "without conflicts"),
        ("fdb.StreamingMode.exact", "attribute", "StreamingMode", "in one batch"),
        ("fdb.LATEST_API_VERSION", "data", "int", "API version"),
        ("fdb_db", "data", "fdb.Database", "database"),
    ],
)
def test_attributes_and_data(path: str, kind: str, type_: str, said: str) -> None:
    found = described(path)
    assert found.kind == kind
    assert found.type.startswith(type_)
    assert said in found.docstring


def test_attributes_as_the_source_says_them(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "class A:\n"
        "    #: One\n"
        "    #: two.\n"
        "    a: 'int' = 1\n"
        "    b = 2\n"
        '    """Three."""\n'
        "    def __init__(self, c: str) -> None:\n"
        "        #: Four.\n"
        "        self.c = c\n"
    )
    found = source.ModuleSource(path)
    assert found.docstrings == {"A.a": "One two.", "A.b": "Three.", "A.c": "Four."}
    assert found.types == {"A.a": "int", "A.c": "str"}


def test_variables_of_a_constructor_are_no_attributes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "class A:\n"
        "    def __init__(self) -> None:\n"
        "        size: int = 1\n"
        "        self.size: float = size\n"
        '        """Five."""\n'
    )
    found = source.ModuleSource(path)
    assert found.types == {"A.size": "float"}
    assert found.docstrings == {"A.size": "Five."}


def test_a_class_has_the_docstring_of_its_own_constructor_only() -> None:
    assert "less than 1" in described("fdb.Collector").docstring
    assert "signature" not in described("fdb.observe").docstring


def test_what_is_got_from_others_has_names_of_its_own() -> None:
    assert NAMES["fdb.Database.observers.append"].owner is type(fdb.open("memory:").observers)
    assert "fdb.Collector.total.elapsed.quantile" in NAMES


def test_constructors_of_classes_in_c() -> None:
    assert described("fdb.KeyValue").constructor.parameters == "(key: bytes, value: bytes)"
