"""Histograms against what a list of all times says."""

from __future__ import annotations

import random

import pytest

from fdb._observing.histogram import Histogram


def test_nothing() -> None:
    empty = Histogram()
    assert (empty.count, empty.mean, empty.shortest, empty.longest) == (0, 0, 0, 0)
    assert empty.quantile(0.5) == 0
    assert empty.buckets() == []


def test_quantiles_are_close() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    times = sorted(chance.lognormvariate(-7, 2) for _ in range(2000))
    histogram = Histogram()
    for each in times:
        histogram.add(each)
    for share in (0.0, 0.01, 0.5, 0.9, 0.99, 1.0):
        exact = times[max(-(-int(share * 1000) * 2) // 1 - 1, 0)]
        assert histogram.quantile(share) == pytest.approx(exact, rel=0.05, abs=1e-6)
    assert histogram.mean == pytest.approx(sum(times) / len(times))
    assert (histogram.shortest, histogram.longest) == (times[0], times[-1])
    assert sum(count for _, count in histogram.buckets()) == histogram.count == 2000


def test_a_time_lies_in_its_bucket() -> None:
    for seconds in (1e-6, 1.5e-6, 0.001, 1.0, 3600.0):
        histogram = Histogram()
        histogram.add(seconds)
        [(bound, count)] = histogram.buckets()
        assert count == 1
        assert bound / 2 ** (1 / 8) < seconds * 1.000001
        assert seconds <= bound * 1.000001


def test_memory_is_bounded_whatever_comes() -> None:
    histogram = Histogram()
    for exponent in range(-300, 300):
        histogram.add(10.0**exponent)
    histogram.add(0.0)
    assert len(histogram.buckets()) < 400
    assert histogram.longest == 10.0**299
    assert "601 times" in repr(histogram)


def test_merging() -> None:
    histogram, other = Histogram(), Histogram()
    histogram.merge(other)
    assert histogram.count == histogram.shortest == 0
    other.add(0.5)
    histogram.merge(other)
    other.add(0.25)
    assert (histogram.count, histogram.shortest, histogram.longest) == (1, 0.5, 0.5)
    histogram.merge(other)
    assert (histogram.count, histogram.shortest, histogram.longest) == (3, 0.25, 0.5)
    assert histogram.total == 1.25
    assert histogram.buckets() == [
        (pytest.approx(0.25, rel=0.1), 1),
        (pytest.approx(0.5, rel=0.1), 2),
    ]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_shares_that_are_none(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Histogram().quantile(share)
