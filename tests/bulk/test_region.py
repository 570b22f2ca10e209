"""fdb/_bulk/region.py: ranges, and what remains of them."""

from __future__ import annotations

import pytest

import fdb
from fdb._bulk.region import Region, region_of

USERS = fdb.Subspace(("users",))


@pytest.mark.parametrize(
    ("rows", "begin", "end", "reverse"),
    [
        (slice(b"a", b"b"), b"a", b"b", False),
        (slice(b"a", b"b", -1), b"a", b"b", True),
        (slice(None, None), b"", b"\xff", False),
        ((b"a", b"b"), b"a", b"b", False),
        ((b"a", None), b"a", b"\xff", False),
        ((None, USERS), b"", USERS.key(), False),
        (USERS, USERS.range().start, USERS.range().stop, False),
        (slice(b"a", b"a"), b"a", b"a", False),
    ],
)
def test_ranges(rows, begin, end, reverse):
    region = region_of(rows)
    assert (region.begin, region.end, region.reverse) == (begin, end, reverse)
    assert region_of(rows, True).reverse


@pytest.mark.parametrize(
    ("rows", "kind", "text"),
    [
        (b"a", TypeError, "the range must be a slice of keys.*not b'a'"),
        (None, TypeError, "the range must be"),
        ((b"a",), TypeError, "the range must be"),
        ((b"a", b"b", b"c"), TypeError, "the range must be"),
        (("a", "b"), TypeError, "must be of type bytes, not str"),
        ((fdb.KeySelector.last_less_than(b"a"), b"b"), TypeError, "not KeySelector"),
        (slice(b"a", b"b", 2), ValueError, "step"),
        ((b"b", b"a"), ValueError, "begins behind its end: b'b' is greater than b'a'"),
    ],
)
def test_what_is_no_range(rows, kind, text):
    with pytest.raises(kind, match=text):
        region_of(rows)


def test_what_remains():
    forward, backward = Region(b"a", b"m", False), Region(b"a", b"m", True)
    assert repr(forward.after(b"c")) == "b'c\\x00' to b'm'"
    assert repr(backward.after(b"c")) == "b'a' to b'c' in reverse"
    assert not forward.after(b"c").is_empty()
    for region in (forward, backward):
        assert region.nothing().is_empty()
