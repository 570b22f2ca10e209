"""Watches."""

from __future__ import annotations

from fdb._future import FutureVoid


class Watch(FutureVoid):
    """Becomes ready when the value of a key changes after the commit of its transaction."""

    __slots__ = ()

    def wait(self) -> None:
        """Blocks until the value has changed; raises FDBError if the watch failed.

        Raises RuntimeError inside the transactional function that made the watch.
        """
        self._resolve()
