"""fdb/layers/_leased.py: how times are given, and what they are in versions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fdb.layers._leased import lease_versions, seconds_of, seconds_until, versions_of


@pytest.mark.parametrize("given", [1.5, timedelta(seconds=1.5)])
def test_times_are_seconds_or_a_timedelta(given):
    assert seconds_of("lease", given) == 1.5


def test_zero_is_a_time_where_that_is_said():
    assert seconds_of("delay", 0, zero=True) == 0
    assert seconds_of("delay", timedelta(), zero=True) == 0


@pytest.mark.parametrize(
    ("given", "zero", "error", "text"),
    [
        (0, False, ValueError, "lease must be positive, not 0"),
        (timedelta(seconds=-1), True, ValueError, "lease must be 0 or more"),
        (float("nan"), True, ValueError, "a hundred years, not nan"),
        (10**300, True, ValueError, "a hundred years"),
        (True, True, TypeError, "not bool"),
        ("1", True, TypeError, "not str"),
        (None, True, TypeError, "not NoneType"),
    ],
)
def test_what_is_no_time(given, zero, error, text):
    with pytest.raises(error, match=text):
        seconds_of("lease", given, zero=zero)


def test_versions_and_seconds():
    assert versions_of(0) == 0
    assert versions_of(0.25) == 250_000
    assert versions_of(1e-9) == 1
    assert lease_versions(1) == 3_000_000, "two seconds more, as a read version may be that old"
    assert seconds_until(5_000_000, 3_000_000) == 2
    assert seconds_until(1, 3_000_000) == seconds_until(3_000_001, 3_000_000) == 0.1
