"""What claims of a queue find and take, and what is remembered of them in the memory of this process."""

from __future__ import annotations

import itertools
import threading
import time

from fdb._typing import Any

#: See `Recent.spare`.
_LEAST_SPARE = 8
_MOST_SPARE = 256
#: How many claims are remembered that may be under way, and for how long: no transaction is older.
_MOST_RECENT = 2_048
_RECENT_SECONDS = 5.0


class Taken:
    """An item as a claim takes it."""

    __slots__ = ("attempts", "data", "due", "id", "priority", "token")

    def __init__(
        self, id: bytes, data: bytes, attempts: int, priority: Any, token: bytes, due: int
    ) -> None:
        self.id: bytes = id
        self.data: bytes = data
        self.attempts: int = attempts
        self.priority: Any = priority
        self.token: bytes = token
        self.due: int = due


class Found:
    """A row that stands for an item which can be claimed."""

    __slots__ = ("attempts", "id", "key", "kind", "priority")

    def __init__(self, key: bytes, kind: str, id: bytes, attempts: int, priority: Any) -> None:
        self.key: bytes = key
        self.kind: str = kind
        self.id: bytes = id
        self.attempts: int = attempts
        self.priority: Any = priority


class Calls:
    """What the operations of one transaction have done, for those of its next attempt."""

    __slots__ = ("attempt", "chosen", "claims", "found", "missed", "pushes", "refused", "settled")

    def __init__(self) -> None:
        #: The attempt that is under way, how many pushes and how many claims it has had so far.
        self.attempt = -1
        self.pushes = 0
        self.found = 0
        #: The last attempt that knew that none before it was committed, and what each claim of it has taken. If one was
        #: committed before the attempt that is under way, it was this.
        self.settled = -1
        self.claims: list[list[Taken]] = []
        #: The ids of what it was about to take, also by a claim that has failed.
        self.chosen: list[bytes] = []
        #: The ids of items that it could not act on, as they were not claimed, or no dead letters, any more.
        self.refused: set[bytes] = set()
        #: What the attempt before that was about to take.
        self.missed: list[bytes] = []


class Recent:
    """Items that claims of this process are about to take, so that its threads and tasks do not take the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[bytes, float] = {}
        #: How many items more than it takes a claim looks at: about as many as others are about to take.
        self.spare = _LEAST_SPARE

    def choose(self, ids: list[bytes], limit: int) -> list[int]:
        """Chooses up to so many, the first that nobody else is about to take; returns where they are."""
        moment = time.monotonic()
        with self._lock:
            since = self._since
            for id in list(itertools.islice(since, 16)):  # the oldest
                if len(since) <= _MOST_RECENT and moment - since[id] < _RECENT_SECONDS:
                    break
                del since[id]
            free = itertools.islice((at for at, id in enumerate(ids) if id not in since), limit)
            chosen = list(free)
            for at in chosen:
                since[ids[at]] = moment
            if chosen and self.spare > _LEAST_SPARE and chosen[-1] < self.spare // 4:
                self.spare -= 1
        return chosen

    def forget(self, ids: list[bytes]) -> None:
        """They were not taken, or have been given back."""
        with self._lock:
            for id in ids:
                self._since.pop(id, None)

    def widen(self) -> bool:
        """Has claims look further; returns False if that is far enough."""
        with self._lock:
            if self.spare >= _MOST_SPARE:
                return False
            self.spare *= 2
            return True
