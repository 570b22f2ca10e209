"""Copies the rows of a span into another database, tenant or place; can be gone on with where it was interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fdb._dump.parts import Row
from fdb._dump.source import Source
from fdb._dump.spans import Span, moved
from fdb._dump.work import Outcome, Report, Target, silent
from fdb._errors import FDBError


def copy(
    source: Any,
    span: Span,
    target: Target,
    *,
    snapshot: bool = False,
    verify: bool = False,
    may_have_more: bool = False,
    report: Report = silent,
) -> Outcome:
    """Copies rows; returns what was done. Blocks.

    `snapshot` raises SeveralVersions where rows of a newer version would follow. `verify` reads both sides
    afterwards and raises DumpError if they differ.
    """
    target.prepare()
    standing = target.standing
    rows_of = Source(source, span.begin, span.end)
    if not standing.is_done:
        after = standing.read if standing.rows else None
        total = estimate(source, span)
        for rows, size in rows_of.batches(after, snapshot=snapshot):
            target.write(moved(rows, span, target.span), size, rows[-1][0])
            report(standing.size, total)
    outcome = target.done()
    outcome.version = None if outcome.earlier else rows_of.version
    if verify:
        batches = ((moved(rows, span, target.span), size) for rows, size in rows_of.batches())
        target.verify(told(batches, standing.size, report), may_have_more)
    return outcome


def told(batches: Iterable[tuple[Sequence[Row], int]], total: int, report: Report) -> Iterator[Row]:
    """Yields the rows of batches, and reports their bytes."""
    done = 0
    for rows, size in batches:
        yield from rows
        done += size
        report(done, max(total, done))


def estimate(db: Any, span: Span) -> int | None:
    """Returns about how many bytes a span has, None if nobody knows. Blocks."""
    begin, end = span.begin, span.end
    try:
        size = int(db.run(lambda tr: tr.get_estimated_range_size_bytes(begin, end).wait()))
    except FDBError:  # old libraries have not got it, and it is for the progress bar alone
        return None
    return size or None
