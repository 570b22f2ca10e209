"""fdb/_times.py: what is taken for a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fdb._times import seconds_of


@pytest.mark.parametrize(
    ("given", "seconds"), [(2, 2.0), (0.5, 0.5), (-1, -1.0), (timedelta(minutes=1), 60.0)]
)
def test_seconds(given, seconds):
    found = seconds_of("timeout", given)
    assert found == seconds and type(found) is float


@pytest.mark.parametrize("given", [True, "1", None, b"1", [1]])
def test_what_is_no_time(given):
    with pytest.raises(TypeError, match=f"timeout must be a number .*, not {type(given).__name__}"):
        seconds_of("timeout", given)
