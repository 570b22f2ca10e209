"""What was measured: columns of samples, rows with targets, and the JSON form of all.

The JSON form, which everything here reads and writes (`Results.as_json`, `Results.from_json`):

    {"format": 1, "machine": {...}, "options": {...},
     "rows": [{"subject": ..., "name": ..., "unit": "s", "limit": NAME or null, "bound": ...,
               "columns": {NAME: {"amounts": [...], "processors": [...], "note": ...}, ...},
               "targets": [{"against": NAME or null, "least": NUMBER or null, "most": NUMBER or null,
                            "text": ..., "value": ..., "reached": true}, ...]}, ...]}

Amounts are for one operation, a number for each round; "processors" says how many were at work meanwhile. What can be
computed ("value", "reached") is there for other programs, and is computed anew by `from_json`.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 1
OURS = "ours"
OFFICIAL = "official"
C_LOOP = "C loop"
UNITS = {
    "s": ((1.0, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")),
    "B": ((1e-9, "GB"), (1e-6, "MB"), (1e-3, "kB"), (1.0, "B")),
    "instructions": ((1.0, ""),),
    "times": ((1.0, "x"),),
}


@dataclass
class Column:
    """The samples of one program in one row."""

    amounts: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.amounts)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a part of the median; 0 for fewer than three samples."""
        if len(self.amounts) < 3 or not self.median:
            return 0.0
        first, _, third = statistics.quantiles(self.amounts, method="inclusive")
        return (third - first) / 2 / abs(self.median)

    @property
    def at_work(self) -> float:
        return statistics.median(self.processors) if self.processors else 0.0


@dataclass(frozen=True)
class Target:
    """What is wanted of our amount.

    With `against` it is about a ratio: at least `least` times as fast as that column, or at most `most` times its amount.
    Without, the amount itself is at most `most`.
    """

    against: str | None = None
    least: float | None = None
    most: float | None = None

    def value(self, columns: dict[str, Column]) -> float | None:
        """The number that the target is about; None if a column was not measured."""
        if OURS not in columns or (self.against is not None and self.against not in columns):
            return None
        ours = columns[OURS].median
        if self.against is None:
            return ours
        other = columns[self.against].median
        return other / ours if self.least is not None else ours / other

    def reached(self, columns: dict[str, Column]) -> bool | None:
        value = self.value(columns)
        if value is None:
            return None
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def text(self, unit: str) -> str:
        if self.against is None:
            return f"at most {shown(self.most or 0.0, unit)}"
        if self.least is not None:
            if self.least == 1:
                return f"not slower than {self.against}"
            return f"{self.least:g} times as fast as {self.against}"
        return f"at most {self.most:g} of {self.against}"


@dataclass
class Row:
    """One kind of work, what it took in each column, and what is wanted."""

    subject: str
    name: str
    columns: dict[str, Column]
    unit: str = "s"
    limit: str | None = None  # the column that shows what is possible
    targets: tuple[Target, ...] = ()
    bound: str = ""  # what bounds it, in words

    def ratio(self, name: str) -> float | None:
        """The amount of a column divided by ours: above 1 we are better."""
        if OURS not in self.columns or name not in self.columns:
            return None
        return self.columns[name].median / self.columns[OURS].median

    def others(self) -> list[str]:
        """The columns that are neither ours nor the official package's, the limit first."""
        rest = [name for name in self.columns if name not in (OURS, OFFICIAL)]
        return sorted(rest, key=lambda name: name != self.limit)


@dataclass
class Results:
    """All rows of a run, the machine, and the options of the run."""

    rows: list[Row] = field(default_factory=list)
    machine: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def of(self, subject: str) -> list[Row]:
        return [row for row in self.rows if row.subject == subject]

    def subjects(self) -> list[str]:
        return list(dict.fromkeys(row.subject for row in self.rows))

    def as_json(self) -> str:
        """Everything that was measured, for other programs, and for `from_json`."""
        rows = [_row_as_dict(row) for row in self.rows]
        whole = {
            "format": FORMAT,
            "machine": self.machine,
            "options": self.options,
            "rows": rows,
        }
        return json.dumps(whole, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Raises ValueError for what `as_json` of this version has not made."""
        whole = json.loads(text)
        if not isinstance(whole, dict) or whole.get("format") != FORMAT:
            raise ValueError(f"not results of format {FORMAT}")
        rows = [_row_from_dict(row) for row in whole["rows"]]
        return cls(rows, whole["machine"], whole["options"])


def _row_as_dict(row: Row) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "name": row.name,
        "unit": row.unit,
        "limit": row.limit,
        "bound": row.bound,
        "columns": {name: asdict(column) for name, column in row.columns.items()},
        "targets": [
            {
                **asdict(target),
                "text": target.text(row.unit),
                "value": target.value(row.columns),
                "reached": target.reached(row.columns),
            }
            for target in row.targets
        ],
    }


def _row_from_dict(found: dict[str, Any]) -> Row:
    return Row(
        subject=found["subject"],
        name=found["name"],
        columns={name: Column(**column) for name, column in found["columns"].items()},
        unit=found["unit"],
        limit=found["limit"],
        targets=tuple(
            Target(target["against"], target["least"], target["most"])
            for target in found["targets"]
        ),
        bound=found["bound"],
    )


def shown(amount: float, unit: str) -> str:
    """An amount with a fitting unit, three digits."""
    scales = UNITS[unit]
    factor, name = next((s for s in scales if abs(amount) * s[0] >= 1), scales[-1])
    number = amount * factor
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    return f"{number:,.{digits}f} {name}".rstrip()
