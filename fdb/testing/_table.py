"""The log of transactions as a table for people."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from fdb.testing._actions import (
    COMMITTED,
    DROPPED,
    OPEN,
    Attempt,
    Conflict,
    KeyRange,
    Read,
    RecordedTransaction,
    Write,
)
from fdb.testing._describe import error_name, selector_described
from fdb.testing._keys_shown import DirectoryNames, value_text
from fdb.testing._tracing import Selector, Where

if TYPE_CHECKING:
    from fdb._sources import TransactionSource

#: Gives the names of directories for what has made a transaction.
NamesOf = Callable[["TransactionSource"], DirectoryNames]
_GAP = "  "
_PLACE_LENGTH = 4


def place_text(where: Where | None) -> str:
    """A line of the program, from the working directory on if it is in it."""
    if where is None or not where.file:
        return "?"
    try:
        here = os.getcwd() + os.sep
    except OSError:  # it was removed
        here = ""
    return f"{where.file.removeprefix(here)}:{where.line}"


def transaction_text(transaction: RecordedTransaction) -> str:
    """A transaction in a line: its number, function and place."""
    text = f"transaction {transaction.number}: {transaction.name}"
    if transaction.function is not None:
        text += f" ({place_text(transaction.function)})"
    text += f", begun at {place_text(transaction.where)}"
    if transaction.tenant is not None:
        text += f", in tenant {transaction.tenant!r}"
    return text


def outcome_text(attempt: Attempt) -> str:
    """How an attempt ended, with its versions."""
    if attempt.outcome == OPEN:
        text = "open"
    elif attempt.outcome == COMMITTED:
        version = attempt.committed_version
        text = "committed, without writes" if version == -1 else f"committed at version {version}"
    elif attempt.outcome == DROPPED:
        text = "dropped without a commit"
    else:
        text = f"{attempt.outcome} ({attempt.error})" if attempt.error else attempt.outcome
    if attempt.read_version is not None:
        text += f", read version {attempt.read_version}"
    return text


def selector_text(selector: Selector, names: DirectoryNames) -> str:
    """A selector with its key as keys are shown."""
    return selector_described(selector, names.key(selector.key))


def read_text(read: Read, names: DirectoryNames) -> str:
    """What a read has read, without its kind and result."""
    if isinstance(read.begin, bytes):
        return names.key(read.begin)
    if read.end is None:
        return selector_text(read.begin, names)
    first, last = read.begin, read.end
    if first.offset == last.offset == 1:
        begin = first.key + b"\x00" if first.or_equal else first.key
        end = last.key + b"\x00" if last.or_equal else last.key
        text = names.range(KeyRange(begin, end))
    else:
        text = f"{selector_text(first, names)} .. {selector_text(last, names)}"
    if read.limit:
        text += f", limit {read.limit}"
    return f"{text}, reverse" if read.reverse else text


def result_text(read: Read, names: DirectoryNames) -> str:
    """What came of a read."""
    if not read.known:
        return "" if read.kind == "watch" else "not looked at"
    if read.error:
        return error_name(read.error)
    if read.kind == "get_range":
        return "1 row" if read.rows == 1 else f"{read.rows} rows"
    if read.kind == "get_key":
        return names.key(read.value or b"")
    return "" if read.kind == "watch" else value_text(read.value)


def write_text(write: Write, names: DirectoryNames, versionstamp: bytes | None) -> str:
    """What a write has written, without its kind; `versionstamp` is that of its attempt."""
    if write.end is not None:
        return names.range(KeyRange(write.key, write.end))
    key = write.stored_key(versionstamp)
    if key is write.key and write.kind == "set_versionstamped_key":
        key = key[:-_PLACE_LENGTH]  # without what says where the stamp is to be
    text = names.key(key)
    return text if write.value is None else f"{text} = {value_text(write.value)}"


def read_kind(read: Read) -> str:
    """The call of a read."""
    return f"snapshot.{read.kind}" if read.snapshot else read.kind


def _rows(attempt: Attempt, names: DirectoryNames) -> Iterator[tuple[int, str, str, str, str]]:
    for read in list(attempt.reads):
        line = place_text(read.where)
        result = result_text(read, names)
        yield read.number, line, read_kind(read), read_text(read, names), result and f"-> {result}"
    for write in list(attempt.writes):
        yield (
            write.number,
            place_text(write.where),
            write.kind,
            write_text(write, names, attempt.versionstamp),
            "",
        )
    for added in list(attempt.conflicts):
        yield _conflict_row(added, names)


def _conflict_row(added: Conflict, names: DirectoryNames) -> tuple[int, str, str, str, str]:
    kind = f"add_{added.kind}_conflict_range"
    return added.number, place_text(added.where), kind, names.range(added.keys), ""


def attempt_lines(attempt: Attempt, names: DirectoryNames) -> list[str]:
    """The calls of an attempt, line by line in columns."""
    rows = sorted(_rows(attempt, names))
    places = max((len(row[1]) for row in rows), default=0)
    kinds = max((len(row[2]) for row in rows), default=0)
    return [
        _GAP.join([row[1].ljust(places), row[2].ljust(kinds), row[3], row[4]]).rstrip()
        for row in rows
    ]


def log_text(transactions: Iterable[RecordedTransaction], names_of: NamesOf) -> str:
    """All of a log."""
    lines: list[str] = []
    for transaction in transactions:
        names = names_of(transaction.source)
        lines.append(transaction_text(transaction))
        for attempt in list(transaction.attempts):
            where = f" ({place_text(attempt.where)})" if attempt.where is not None else ""
            lines.append(f"  attempt {attempt.number}: {outcome_text(attempt)}{where}")
            lines += [f"    {line}" for line in attempt_lines(attempt, names)]
            if attempt.conflicting:
                conflicting = ", ".join(map(names.range, attempt.conflicting))
                lines.append(f"    conflicting: {conflicting}")
    return "\n".join(lines) or "no transactions"
