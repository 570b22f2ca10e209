"""Rows from one place to another: by what `fdb copy`, `export` and `import` call, and by plain loops with the API.

The loops have no checksums, cannot be resumed, check nothing before they write, and give a file its name at once. They read
with `get_range` and begin again behind the last key when 1007 says that five seconds are over.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fdb
import fdb.embedded
from fdb._dump.copying import copy
from fdb._dump.exporting import export_file, header_of
from fdb._dump.importing import load
from fdb._dump.reader import DumpFile
from fdb._dump.spans import Span
from fdb._dump.state import State
from fdb._dump.work import Rules, Target
from work.bench import PREFIX, VALUE, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
NUMBER = 1_000_000
END = fdb.strinc(PREFIX)
SPAN = Span(PREFIX, END)
#: Rows in a transaction of a loop: what is fastest for it.
IN_A_TRANSACTION = 2_500

FOLDER = tempfile.TemporaryDirectory(prefix="moving-")
PATH = os.path.join(FOLDER.name, "rows")


def fill(bench: Bench) -> int:
    """Writes the rows; returns how many."""
    count = bench.count(NUMBER)
    bench.db.write_in_batches((PREFIX + b"%08d" % number, VALUE) for number in range(count))
    return count


def target(db: Any, **rules: bool) -> Target:
    return Target(db, SPAN, Rules(**rules), State(Path(FOLDER.name) / "state", "bench"))


def rows_by_hand(db: Any) -> Iterator[Any]:
    begin: Any = PREFIX
    while True:
        last: Any = None
        try:
            for row in db.create_transaction().snapshot.get_range(
                begin, END, streaming_mode=fdb.StreamingMode.want_all
            ):
                last = row
                yield row
            return
        except fdb.FDBError as error:
            if error.code != 1007:
                raise
        if last is not None:
            begin = last.key + b"\x00"


@fdb.transactional
def put(tr: Any, rows: list[Any]) -> None:
    for key, value in rows:
        tr[key] = value


def write_by_hand(db: Any, rows: Iterator[Any]) -> None:
    some: list[Any] = []
    for row in rows:
        some.append(row)
        if len(some) == IN_A_TRANSACTION:
            put(db, some)
            some = []
    put(db, some)


def export(db: Any, form: str) -> None:
    export_file(db, SPAN, PATH, form, False, header_of(SPAN, "bench"), overwrite=True)


def import_(db: Any) -> None:
    with DumpFile(PATH) as file:
        load(file, file.survey(), target(db))


def export_binary_by_hand(db: Any) -> None:
    with open(PATH, "wb") as file:
        for key, value in rows_by_hand(db):
            file.write(struct.pack(">II", len(key), len(value)) + key + value)


def import_binary_by_hand(db: Any) -> None:
    def rows() -> Iterator[tuple[bytes, bytes]]:
        with open(PATH, "rb") as file:
            while lengths := file.read(8):
                key, value = struct.unpack(">II", lengths)
                yield file.read(key), file.read(value)

    write_by_hand(db, rows())


def export_json_by_hand(db: Any) -> None:
    with open(PATH, "w") as file:
        for key, value in rows_by_hand(db):
            line = {
                "key": base64.b64encode(key).decode(),
                "value": base64.b64encode(value).decode(),
            }
            file.write(json.dumps(line) + "\n")


def import_json_by_hand(db: Any) -> None:
    def rows() -> Iterator[tuple[bytes, bytes]]:
        with open(PATH) as file:
            for line in file:
                members = json.loads(line)
                yield base64.b64decode(members["key"]), base64.b64decode(members["value"])

    write_by_hand(db, rows())


def row(
    name: str, work: Callable[[Any, Any], Any], before: Callable[[Any], Any] | None = None
) -> None:
    """A row: `work` is called with the filled database and an empty one, `before` once with the filled one."""

    @ROWS.add(name)
    def make(bench: Bench) -> Round:
        count = fill(bench)
        if before is not None:
            before(bench.db)
        other = fdb.open(fdb.embedded.unique())

        def measured() -> Sample:
            other.clear_range(PREFIX, END)
            with timed(count) as sample:
                work(bench.db, other)
            return sample

        return measured


row("copy", lambda db, other: copy(db, SPAN, target(other)))
row("loop copy", lambda db, other: write_by_hand(other, rows_by_hand(db)))
row("export binary", lambda db, _: export(db, "binary"))
row("loop export binary", lambda db, _: export_binary_by_hand(db))
row("export jsonl", lambda db, _: export(db, "jsonl"))
row("loop export jsonl", lambda db, _: export_json_by_hand(db))
row("import binary", lambda _, other: import_(other), lambda db: export(db, "binary"))
row(
    "loop import binary",
    lambda _, other: import_binary_by_hand(other),
    export_binary_by_hand,
)
row("import jsonl", lambda _, other: import_(other), lambda db: export(db, "jsonl"))
row("loop import jsonl", lambda _, other: import_json_by_hand(other), export_json_by_hand)
