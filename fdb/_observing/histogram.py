"""Histograms of times: how often which, in bounded memory. Not thread-safe."""

from __future__ import annotations

import math

#: How many buckets there are from a time to its double: a quantile is right to within 4.5 percent.
_BUCKETS = 8
#: What is shorter, or longer, is in the first or last bucket.
_SHORTEST, _LONGEST = 1e-6, 1e6
_LAST = math.ceil(math.log2(_LONGEST / _SHORTEST) * _BUCKETS)


class Histogram:
    """How many times were how long, in seconds."""

    __slots__ = ("_buckets", "count", "longest", "shortest", "total")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count: int = 0
        """How many times there are."""
        self.total: float = 0.0
        """The sum of all times."""
        self.shortest: float = 0.0
        """The shortest time; 0 if there is none."""
        self.longest: float = 0.0
        """The longest time; 0 if there is none."""

    def add(self, seconds: float) -> None:
        """Notes a time."""
        index = 0
        if seconds > _SHORTEST:
            # Rounded up: a time lies below the bound of its bucket, or on it.
            index = min(int(math.log2(seconds / _SHORTEST) * _BUCKETS) + 1, _LAST)
        self._buckets[index] = self._buckets.get(index, 0) + 1
        if seconds > self.longest:
            self.longest = seconds
        if self.count == 0 or seconds < self.shortest:
            self.shortest = seconds
        self.count += 1
        self.total += seconds

    def merge(self, other: Histogram) -> None:
        """Adds the times of another one."""
        for index, count in other._buckets.items():
            self._buckets[index] = self._buckets.get(index, 0) + count
        if other.count:
            self.shortest = min(self.shortest, other.shortest) if self.count else other.shortest
            self.longest = max(self.longest, other.longest)
        self.count += other.count
        self.total += other.total

    @property
    def mean(self) -> float:
        """The mean; 0 if there is none."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, share: float) -> float:
        """Returns the time that this share, 0 to 1, of all is not longer than, to within 4.5 percent; 0 if there is none.

        Raises ValueError for another share.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a quantile is asked for by a share from 0 to 1, not {share!r}")
        wanted, seen = max(math.ceil(share * self.count), 1), 0
        for index in sorted(self._buckets):
            seen += self._buckets[index]
            if seen >= wanted:
                middle = _SHORTEST * 2 ** ((index - 0.5) / _BUCKETS)
                return min(max(middle, self.shortest), self.longest)
        return 0.0

    def buckets(self) -> list[tuple[float, int]]:
        """Returns pairs, ascending: a time, and how many times were not longer, but longer than the one before."""
        return [(_SHORTEST * 2 ** (i / _BUCKETS), self._buckets[i]) for i in sorted(self._buckets)]

    def __repr__(self) -> str:
        return f"<{self.count} times, the mean {self.mean:.6f} s, the longest {self.longest:.6f} s>"
