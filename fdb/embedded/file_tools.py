"""Tools for databases in files: backup and save, check, compact, info. Public under `fdb.embedded`."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._native.library import Library
from fdb._startup import embedded_names
from fdb._startup.client import Opened, clients
from fdb._startup.opening import open_embedded
from fdb._waiting.threads import THREADS

#: What is told how far a tool is: what is done and what there is to do, in units of the tool's own.
HowFar = Callable[[int, int], object]
#: A path, or a string "file:PATH" as for `fdb.open`; its options are for opening alone.
FilePath = str | bytes | os.PathLike[str]

ReportT = TypeVar("ReportT")


@dataclasses.dataclass(frozen=True)
class FileInfo:
    """What a database file says about itself."""

    path: str
    """The real path."""
    format: int
    """The version of the format."""
    id: str
    """32 hexadecimal digits, given when the file was made."""
    base: int
    """The version up to which all commits are in the table."""
    fold_target: int
    """How new the rows of the table may be: a version, at least `base`."""
    lease: int
    """The version above which none was given out."""
    log_end: int
    """The version of the newest commit that the last checkpoint has seen."""
    page_size: int
    """Bytes of a page."""
    pages: int
    """How many pages there are."""
    file_bytes: int
    """Bytes of the file on disk."""
    write_ahead_log_bytes: int
    """Bytes of its write-ahead log, which goes with a clean close."""
    keys: int
    """Pairs in the table."""
    bytes: int
    """The sum of the lengths of the keys and values in the table."""
    leaves: int
    """The leaves of the table, in which its pairs are read."""
    log_records: int
    """Commits that are in the log alone."""
    cleanly_closed: bool
    """Whether everything is in the table: nothing has to be replayed when it is opened."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """Damage of one kind that `check` has found."""

    kind: str
    """What is damaged: "pages" (SQLite's own check), "tables", "meta", "leaves", "leaf_rows", "rows", "big", "log" or "totals".
    """
    count: int
    """How often this kind was found."""
    first: tuple[str, ...]
    """At most ten of the places."""

    def __str__(self) -> str:
        places = "; ".join(self.first)
        return f"{self.kind} ({self.count}): {places}" if places else f"{self.kind} ({self.count})"


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """What `check` has found."""

    path: str
    """The real path."""
    ok: bool
    """Whether there are no problems."""
    problems: tuple[Problem, ...]
    """What is damaged, a Problem for each kind; empty if all is well."""
    keys: int
    """Pairs in the table, counted by reading them."""
    bytes: int
    """The sum of the lengths of the keys and values in the table."""
    leaves: int
    """The leaves of the table, in which its pairs are read."""
    log_records: int
    """Commits that are in the log alone."""


@dataclasses.dataclass(frozen=True)
class CompactReport:
    """What `compact` has done."""

    path: str
    """The real path."""
    bytes_before: int
    """Bytes on disk before."""
    bytes_after: int
    """Bytes on disk afterwards."""


def backup(
    source: Database | AsyncDatabase | FilePath,
    target: FilePath,
    *,
    progress: HowFar | None = None,
) -> FileInfo:
    """Writes what a database holds now into a new file, while transactions go on.

    `source` is an open database of the embedded engine, in a file or in memory, or the path of a file,
    which must not be in use by another process. `target` is all of one version, complete and on disk
    when this returns, and a database like any other from then on. Blocks, and for long if there is
    much to copy: in a loop of asyncio, `await asyncio.to_thread(fdb.embedded.backup, ...)`.

    `progress(done, total)` is called with two ints as it goes on. What it raises ends the backup, as
    Ctrl-C does; then there is no target.

    Raises FileExistsError if there is a target already, FileNotFoundError if there is no source, FDBError
    with a text if one of them cannot be used (as `fdb.open`), TypeError and ValueError for
    arguments of no use, RuntimeError before `fdb.api_version`.
    """
    path = _new_file(target)
    if isinstance(source, Database | AsyncDatabase):
        return _write(source, path, progress)
    opened = _open_to_read(_existing_file(source))
    try:
        text = opened.handle.call(opened.library.fdb_embedded_backup, path, progress)
    finally:
        opened.handle.close()
    return _filled(FileInfo, path, text)


def save(db: Database | AsyncDatabase, path: FilePath) -> FileInfo:
    """Writes what an embedded database holds now, one in memory too, into a new file.

    `fdb.open("file:PATH")` opens it, `fdb.open("memory:NAME?from=PATH")` loads it, for a fixture.
    Blocks. Raises as `backup`.
    """
    if not isinstance(db, Database | AsyncDatabase):
        raise TypeError(f"db must be what fdb.open() returned, not {type(db).__name__}")
    return _write(db, _new_file(path), None)


def check(path: FilePath, *, progress: HowFar | None = None) -> CheckReport:
    """Reads all of a database file and compares it with its checksums.

    Blocks; changes nothing. `progress` is as for `backup`. Damage is in the report and raises nothing.
    The file must not be in use. Raises FileNotFoundError, or FDBError with a text: 1529 for a file
    that is in use, 1522 for one that is no database, 1220 for a newer format.
    """
    name = _existing_file(path)
    report = _filled(CheckReport, name, _library().fdb_embedded_check(name, progress))
    problems: Any = report.problems
    return dataclasses.replace(report, problems=tuple(_problem(each) for each in problems))


def compact(path: FilePath, *, progress: HowFar | None = None) -> CompactReport:
    """Makes a database file as small as its data allows.

    Blocks, and needs room for a second copy meanwhile. `progress` is as for `backup`. The file must
    not be in use. If it ends early, for whatever reason, the file is as it was. Raises as `check`.
    """
    name = _existing_file(path)
    return _filled(CompactReport, name, _library().fdb_embedded_compact(name, progress))


def info(path: FilePath) -> FileInfo:
    """Says what a database file is, without reading its data.

    The file must not be in use. Raises as `check`; 1522 also for damage that shows in what is read.
    """
    name = _existing_file(path)
    return _filled(FileInfo, name, _library().fdb_embedded_info(name))


def _library() -> Library:
    client = clients.embedded()
    client.select_api_version()
    return client.library


def _write(db: Database | AsyncDatabase, path: bytes, progress: HowFar | None) -> FileInfo:
    library = _library()
    if db._library is not library:
        raise ValueError("the database must be of the embedded engine, not one of a cluster")
    text = db._handle.call(library.fdb_embedded_backup, path, progress)
    return _filled(FileInfo, path, text)


def _open_to_read(path: bytes) -> Opened:
    """Opens a file for reading alone, or as it is open in this process already."""
    string = embedded_names.FILE + path
    try:
        return open_embedded(string + b"?mode=ro", THREADS)
    except ValueError:
        return open_embedded(string + b"?", THREADS)


def _path_of(path: FilePath) -> bytes:
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(
            f"the path of a file must be a str, bytes or a path, not {type(path).__name__}"
        )
    encoded = os.fsencode(path)
    if isinstance(path, str | bytes) and embedded_names.is_embedded(encoded):
        parsed = embedded_names.parse(encoded)
        if parsed.path is None:
            raise ValueError(f"{path!r} is a database in memory: give what fdb.open() returned")
        encoded = parsed.path
    if not encoded or b"\0" in encoded:
        raise ValueError(f"{path!r} is no path of a file")
    return encoded


def _existing_file(path: FilePath) -> bytes:
    encoded = _path_of(path)
    if not os.path.exists(encoded):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fsdecode(encoded))
    return encoded


def _new_file(path: FilePath) -> bytes:
    encoded = _path_of(path)
    if os.path.lexists(encoded):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fsdecode(encoded))
    return encoded


def _filled(kind: type[ReportT], path: bytes, text: str) -> ReportT:
    """Makes a report of the engine's JSON, but for the path, which need not be valid text."""
    report = {**json.loads(text), "path": os.fsdecode(os.path.realpath(path))}
    fields = {field.name: report[field.name] for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()})


def _problem(members: dict[str, Any]) -> Problem:
    return Problem(members["kind"], members["count"], tuple(members["first"]))
