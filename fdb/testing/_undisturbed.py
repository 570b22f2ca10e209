"""A database to oneself: no faults but one's own, and no waiting for time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb.testing._clock import clock
from fdb.testing._faults import faults


@contextlib.contextmanager
def undisturbed(db: Database | Tenant | AsyncDatabase | AsyncTenant) -> Iterator[None]:
    """Within the `with` block the database has no faults, and its clock stands but jumps over every wait.

    Afterwards it has the faults of before, and its clock runs, unless it stood before.
    """
    its_clock = clock(db)
    stood = its_clock.is_frozen
    with faults(db, seed=0):
        its_clock.freeze()
        try:
            yield
        finally:
            if not stood:
                its_clock.resume()
