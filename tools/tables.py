"""Readers of the two tables that the generated files are made from."""

from __future__ import annotations

import csv
import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADERS = ROOT / "vendor" / "fdb_c_headers"

#: scope in options.tsv -> (C enumeration, prefix of its enumerators, Python name)
SCOPES = {
    "network": ("FDBNetworkOption", "FDB_NET_OPTION_", "NetworkOption"),
    "database": ("FDBDatabaseOption", "FDB_DB_OPTION_", "DatabaseOption"),
    "transaction": ("FDBTransactionOption", "FDB_TR_OPTION_", "TransactionOption"),
    "streaming_mode": ("FDBStreamingMode", "FDB_STREAMING_MODE_", "StreamingMode"),
    "mutation_type": ("FDBMutationType", "FDB_MUTATION_TYPE_", "MutationType"),
    "conflict_range_type": (
        "FDBConflictRangeType",
        "FDB_CONFLICT_RANGE_TYPE_",
        "ConflictRangeType",
    ),
    "error_predicate": ("FDBErrorPredicate", "FDB_ERROR_PREDICATE_", "ErrorPredicate"),
}


@dataclasses.dataclass(frozen=True)
class Option:
    """One row of options.tsv: an enumerator of one of the C enumerations."""

    scope: str
    name: str
    code: int
    c_enumerator: str
    param_type: str  # none, int, string or bytes
    persistent: bool
    sensitive: bool
    hidden: bool
    default_for: int | None  # a database option's transaction option
    description: str
    param_description: str

    @property
    def python_name(self) -> str:
        """The name in Python, which is all lower case."""
        return self.name.lower()


@dataclasses.dataclass(frozen=True)
class Error:
    """One row of errors.tsv."""

    code: int
    name: str
    description: str
    retryable: bool
    maybe_committed: bool
    retryable_not_committed: bool


def _rows(path: pathlib.Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_options() -> list[Option]:
    """Returns every option in the order of the table, which is the order of declaration."""
    return [
        Option(
            scope=row["scope"],
            name=row["name"],
            code=int(row["code"]),
            c_enumerator=row["c_enumerator"],
            param_type=row["param_type"],
            persistent=row["persistent"] == "1",
            sensitive=row["sensitive"] == "1",
            hidden=row["hidden"] == "1",
            default_for=int(row["default_for"]) if row["default_for"] else None,
            description=row["description"],
            param_description=row["param_description"],
        )
        for row in _rows(HEADERS / "options.tsv")
    ]


def read_errors() -> list[Error]:
    """Returns every error in the order of the table, which is the order of codes."""
    return [
        Error(
            code=int(row["code"]),
            name=row["name"],
            description=row["description"],
            retryable=row["retryable"] == "1",
            maybe_committed=row["maybe_committed"] == "1",
            retryable_not_committed=row["retryable_not_committed"] == "1",
        )
        for row in _rows(HEADERS / "errors.tsv")
    ]
