"""Writes the rows of a span into a file; can be gone on with where it was interrupted."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from fdb._dump import target as targets
from fdb._dump.copying import estimate, told
from fdb._dump.parts import DumpError, Header
from fdb._dump.reader import DumpFile
from fdb._dump.source import SeveralVersions, Source, size_of
from fdb._dump.spans import Span
from fdb._dump.work import Outcome, Report, check, silent
from fdb._dump.writer import DumpWriter, PartFile


def header_of(span: Span, source: str, layers: tuple[bytes, ...] = ()) -> Header:
    """Returns the header of an export; `source` names the database, and is not shown in it. `layers`: see Header."""
    digest = hashlib.blake2b(source.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return Header(span.begin, span.end, span.prefix, span.place, digest, layers)


def export(
    db: Any, span: Span, writer: DumpWriter, *, snapshot: bool = False, report: Report = silent
) -> Outcome:
    """Writes rows behind those that the writer has already, and the trailer; returns what was done. Blocks.

    `snapshot` raises SeveralVersions where rows of a newer version would follow.
    """
    source = Source(db, span.begin, span.end)
    outcome = Outcome(earlier=writer.rows)
    total = estimate(db, span)
    for rows, size in source.batches(writer.last_key, snapshot=snapshot):
        writer.write(rows, size)
        report(writer.size, total)
    outcome.version = None if outcome.earlier else source.version
    writer.finish(outcome.version)
    outcome.rows, outcome.size = writer.rows, writer.size
    return outcome


def export_file(
    db: Any,
    span: Span,
    path: str,
    form: str,
    compress: bool,
    header: Header,
    *,
    resume: bool = False,
    overwrite: bool = False,
    snapshot: bool = False,
    verify: bool = False,
    report: Report = silent,
) -> Outcome:
    """As `export`, into a file that has its name only when it is whole and on disk.

    With `resume` it goes on with what an earlier run has left, and does nothing if that had finished. `verify` reads the
    file back and compares it with the database. Raises DumpError if there is a file and `overwrite` is False.
    """
    if resume and not overwrite and os.path.lexists(path):
        if os.path.lexists(f"{path}.part"):
            raise DumpError(
                f"{path} is there already, and {path}.part is of a later export: --resume --yes goes on with that, and "
                "replaces the file"
            )
        return _finished(path, header)
    writer = PartFile(path, form, compress, resume=resume, overwrite=overwrite)
    with writer:
        writer.begin(header)
        try:
            outcome = export(db, span, writer, snapshot=snapshot, report=report)
        except SeveralVersions:
            os.unlink(writer.part)  # nothing can be gone on with at the version it was of
            raise
        if verify:
            _verify(db, span, writer, outcome, report)
        writer.publish()
    return outcome


def _verify(db: Any, span: Span, writer: PartFile, outcome: Outcome, report: Report) -> None:
    source = Source(db, span.begin, span.end)
    with DumpFile(writer.part) as file:
        batches = ((rows, size_of(rows)) for rows in file.batches())
        result = targets.compare(told(batches, writer.size, report), source.rows())
    try:
        check(result, False, outcome)
    except DumpError as error:
        raise DumpError(
            f"{writer.part} and the database are {error}; --resume without --verify finishes the file"
        ) from error


def _finished(path: str, header: Header) -> Outcome:
    """Says that an earlier run has done everything, if that is so."""
    with DumpFile(path) as file:
        survey = file.survey()
    if survey.header != header:
        raise DumpError(f"{path} is there already, of another export: --yes replaces it")
    return Outcome(survey.rows, survey.size, survey.rows, survey.version, was_done=True)
