"""A clean-up that takes the first batch of a range for all of it: a batch may be shorter than the range, whatever was asked for.

Repaired: it goes on while there is more.
"""

from __future__ import annotations

import fdb
from testing_bugs.bug import RETRY_SAFE, same

LOGS = fdb.Subspace(("logs",))


@fdb.transactional
def total_broken(tr: fdb.Transaction) -> int:
    rows, _, _ = tr.get_range_page(LOGS, streaming_mode=fdb.StreamingMode.want_all).wait()
    return sum(int(row.value) for row in rows)


@fdb.transactional
def total(tr: fdb.Transaction) -> int:
    return sum(int(row.value) for row in tr.get_range(LOGS))


BUG = same(
    {LOGS.pack((number,)): b"%d" % number for number in range(1, 6)},
    RETRY_SAFE,
    broken=lambda: [total_broken],
    repaired=lambda: [total],
    holds=lambda _, results: [*results] == [15],
)
