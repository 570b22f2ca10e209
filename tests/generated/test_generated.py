"""The generated files are current and say what the tables say."""

from __future__ import annotations

import csv
import inspect
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

import fdb
from fdb import fdboptions
from fdb._generated import enumerations
from fdb._generated import errors as generated_errors
from fdb._generated import options as generated
from helpers.paths import HEADERS, ROOT, TOOLS

TABLES = {
    "network": fdboptions.NetworkOption,
    "database": fdboptions.DatabaseOption,
    "transaction": fdboptions.TransactionOption,
    "streaming_mode": fdboptions.StreamingMode,
    "mutation_type": fdboptions.MutationType,
    "conflict_range_type": fdboptions.ConflictRangeType,
    "error_predicate": fdboptions.ErrorPredicate,
}
OPTION_CLASSES = {
    "network": generated.NetworkOptions,
    "database": generated.DatabaseOptions,
    "transaction": generated.TransactionOptions,
}
PARAMETER_TYPES = {"none": type(None), "int": int, "string": str, "bytes": bytes}


def rows(name: str) -> list[dict[str, str]]:
    with (HEADERS / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


OPTIONS = rows("options.tsv")
ERRORS = rows("errors.tsv")


def visible(scope: str) -> list[dict[str, str]]:
    return [row for row in OPTIONS if row["scope"] == scope and row["hidden"] == "0"]


def test_every_error_has_a_name() -> None:
    assert {code.name: code.value for code in fdb.ErrorCode} == {
        row["name"]: int(row["code"]) for row in ERRORS
    }
    assert fdb.ErrorCode.not_committed == 1020 == fdb.FDBError(1020).code
    assert fdb.FDBError(1020).name == "not_committed"
    assert fdb.FDBError(1021).name == fdb.ErrorCode(1021).name == "commit_unknown_result"
    assert fdb.FDBError(29_999).name == "unknown_error"


def test_enumerations_are_enumerations_of_ints() -> None:
    assert fdb.StreamingMode(-2) is fdb.StreamingMode.want_all
    assert [mode.name for mode in fdb.StreamingMode] == [
        row["name"] for row in visible("streaming_mode")
    ]
    assert repr(fdb.StreamingMode.serial) == "<StreamingMode.serial: 4>"
    assert {mode.name for mode in enumerations.ConflictRangeType} == {"read", "write"}


def test_generated_files_are_current() -> None:
    command = [sys.executable, str(TOOLS / "generate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("scope", TABLES)
def test_fdboptions_holds_the_visible_rows_of_the_table(scope: str) -> None:
    table = TABLES[scope]
    assert list(table) == [row["name"] for row in visible(scope)]
    for row in visible(scope):
        code, description, parameter_type, meaning = table[row["name"]]
        assert code == int(row["code"])
        assert description == row["description"] != ""
        assert parameter_type is PARAMETER_TYPES[row["param_type"]]
        assert meaning == (row["param_description"] or None)


def recorder(cls: type, calls: list[tuple[Any, ...]]) -> Any:
    """Returns an instance of an option class that notes what its methods would set."""
    setters = {
        "_set_none": lambda self, code: calls.append(("none", code)),
        "_set_int": lambda self, code, value: calls.append(("int", code, value)),
        "_set_string": lambda self, code, value: calls.append(("string", code, value)),
        "_set_bytes": lambda self, code, value: calls.append(("bytes", code, value)),
    }
    return object.__new__(type("Recorder", (cls,), setters))


@pytest.mark.parametrize("scope", OPTION_CLASSES)
def test_each_visible_option_has_a_method(scope: str) -> None:
    cls = OPTION_CLASSES[scope]
    calls: list[tuple[Any, ...]] = []
    options = recorder(cls, calls)
    values = {"int": -7, "string": "text", "bytes": b"\x00\xff"}
    expected: list[tuple[Any, ...]] = []
    for row in visible(scope):
        method = getattr(options, "set_" + row["name"].lower())
        kind, code = row["param_type"], int(row["code"])
        if kind == "none":
            method()
            expected.append((kind, code))
        else:
            method(values[kind])
            expected.append((kind, code, values[kind]))
        if kind in ("string", "bytes"):
            method()
            expected.append((kind, code, None))
        assert inspect.getdoc(method), method
    assert calls == expected


@pytest.mark.parametrize("scope", OPTION_CLASSES)
def test_hidden_options_have_no_method(scope: str) -> None:
    methods = {name for name in dir(OPTION_CLASSES[scope]) if name.startswith("set_")}
    assert methods == {"set_" + row["name"].lower() for row in visible(scope)}


@pytest.mark.parametrize(
    ("scope", "cls"),
    [
        ("streaming_mode", enumerations.StreamingMode),
        ("conflict_range_type", enumerations.ConflictRangeType),
    ],
)
def test_enumerations_have_the_codes_of_the_table(scope: str, cls: type) -> None:
    members = {name: value for name, value in vars(cls).items() if not name.startswith("_")}
    assert members == {row["name"]: int(row["code"]) for row in visible(scope)}
    for name, value in members.items():
        assert getattr(generated, f"{scope}_{name}".upper()) == value


def test_each_mutation_is_a_method_under_both_its_names() -> None:
    calls: list[tuple[int, bytes, bytes]] = []

    class Recorder(generated.AtomicOperations[str]):
        def _atomic_operation(self, code: int, key: Any, param: Any) -> str:
            calls.append((code, key, param))
            return f"result {code}"

    operations = Recorder()
    for row in visible("mutation_type"):
        code = int(row["code"])
        for name in (row["name"], "bit_" + row["name"]):
            assert getattr(operations, name)(b"key", b"param") == f"result {code}"
            assert calls.pop() == (code, b"key", b"param")
            assert inspect.getdoc(getattr(operations, name))


def test_errors_have_the_names_and_texts_of_the_table() -> None:
    expected = {int(row["code"]): (row["name"], row["description"]) for row in ERRORS}
    assert generated_errors.ERRORS == expected


def test_predicates_are_the_documented_sets() -> None:
    not_committed = {1007, 1009, 1020, 1037, 1038, 1042, 1051, 1078, 1213, 1223, 1235, 1242}
    assert generated_errors.MAYBE_COMMITTED == {1021, 1039}
    assert generated_errors.RETRYABLE_NOT_COMMITTED == not_committed
    assert generated_errors.RETRYABLE == not_committed | {1021, 1039}


def test_the_c_enumerations_have_the_codes_of_the_table() -> None:
    text = (HEADERS / "foundationdb" / "fdb_c_options.g.h").read_text(encoding="utf-8")
    declared = re.findall(r"^\t(FDB_\w+) = (-?\d+)", text, re.MULTILINE)
    assert declared == [(row["c_enumerator"], row["code"]) for row in OPTIONS]


def test_the_xml_table_holds_every_row() -> None:
    tree = ElementTree.parse(HEADERS / "foundationdb" / "fdb.options")
    codes = [(o.get("name"), o.get("code")) for o in tree.getroot().iter("Option")]
    assert codes == [(row["name"], row["code"]) for row in OPTIONS]
    persistent = {o.get("name") for o in tree.getroot().iter("Option") if o.get("persistent")}
    assert persistent == {"timeout", "retry_limit", "max_retry_delay", "authorization_token"}


def test_the_function_table_names_every_current_function() -> None:
    exported = (ROOT / "tests" / "abi" / "exported_names.txt").read_text().split()
    header = (HEADERS / "foundationdb" / "fdb_c.h").read_text(encoding="utf-8")
    internal = (HEADERS / "foundationdb" / "fdb_c_internal.h").read_text(encoding="utf-8")
    declared = set(
        re.findall(r"\b(fdb_\w+)\(", re.sub(r"/\*.*?\*/|#define.*", "", header + internal))
    )
    assert set(exported) <= declared, "the headers lack functions of the ABI"
    table = (ROOT / "native" / "generated" / "functions.h").read_text(encoding="utf-8")
    functions = set(re.findall(r"^FDB_FUNCTION\([^,]+, (fdb_\w+),", table, re.MULTILINE))
    older = {
        *("fdb_create_cluster", "fdb_cluster_destroy", "fdb_cluster_set_option"),
        *("fdb_cluster_create_database", "fdb_future_get_cluster", "fdb_future_get_database"),
        *("fdb_future_get_version", "fdb_future_is_error", "fdb_transaction_get_range_selector"),
    }
    of_the_loader = {
        *("fdb_database_create_shared_state", "fdb_database_set_shared_state"),
        *("fdb_future_get_shared_state", "fdb_use_future_protocol_version"),
        "fdb_transaction_read_blob_granules_start",
        "fdb_transaction_read_blob_granules_finish",
    }
    assert functions == (set(exported) - older - of_the_loader) | {
        "fdb_embedded_backup",
        "fdb_embedded_check",
        "fdb_embedded_clock",
        "fdb_embedded_compact",
        "fdb_embedded_drop",
        "fdb_embedded_faults",
        "fdb_embedded_info",
        "fdb_embedded_inject",
        "fdb_embedded_problem",
        "fdb_embedded_set_faults",
        "fdb_embedded_set_latency",
        "fdb_embedded_set_shards",
    }
