"""Reads the rows of a file into a database; can be gone on with where it was interrupted.

The whole file is read and checked before anything is written.
"""

from __future__ import annotations

from fdb._dump.copying import told
from fdb._dump.parts import DumpError
from fdb._dump.reader import DumpFile, Survey
from fdb._dump.source import MOST_ROWS, size_of
from fdb._dump.spans import Span, moved
from fdb._dump.work import Outcome, Report, Target, silent


def span_of(survey: Survey) -> Span:
    """Returns the span that the rows of a file are of: that of its header, else from its least to its greatest key."""
    header = survey.header
    if header is None:
        return Span(survey.first, survey.last + b"\x00")
    return Span(header.begin, header.end, header.prefix, header.place)


def require_order(file: DumpFile, survey: Survey) -> None:
    """Raises DumpError for a file that cannot be compared with a target: its keys are in no order."""
    if not survey.is_ordered:
        raise DumpError(f"{file.name}: its keys are not in order, which --verify needs")


def load(
    file: DumpFile,
    survey: Survey,
    target: Target,
    *,
    verify: bool = False,
    may_have_more: bool = False,
    report: Report = silent,
) -> Outcome:
    """Writes the rows of a file that was surveyed; returns what was done. Blocks.

    `verify` reads the file and the target afterwards, and raises DumpError if they differ.
    """
    if verify:
        require_order(file, survey)
    span = span_of(survey)
    target.prepare()
    standing = target.standing
    skip = standing.rows
    for batch in file.batches():
        left, skip = batch[skip:], max(0, skip - len(batch))
        for begin in range(0, len(left), MOST_ROWS):
            rows = left[begin : begin + MOST_ROWS]
            target.write(moved(rows, span, target.span), size_of(rows), rows[-1][0])
            report(standing.size, survey.size)
    outcome = target.done()
    outcome.version = survey.version
    if verify:
        batches = ((moved(rows, span, target.span), size_of(rows)) for rows in file.batches())
        target.verify(told(batches, survey.size, report), may_have_more)
    return outcome
