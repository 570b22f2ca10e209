"""fdb/layers/_claiming.py: what claims of one process leave to each other."""

from __future__ import annotations

from fdb.layers import _claiming
from fdb.layers._claiming import Recent

IDS = [b"%04d" % number for number in range(3000)]


def test_each_claim_gets_others():
    recent = Recent()
    assert recent.choose(IDS[:4], 1) == [0]
    assert recent.choose(IDS[:4], 2) == [1, 2]
    assert recent.choose(IDS[:4], 2) == [3]
    assert recent.choose(IDS[:4], 2) == []
    recent.forget([IDS[1], b"unknown"])
    assert recent.choose(IDS[:4], 2) == [1]


def test_claims_are_forgotten_with_the_time_and_by_number(monkeypatch):
    moment = 100.0
    monkeypatch.setattr(_claiming.time, "monotonic", lambda: moment)
    recent = Recent()
    assert recent.choose(IDS[:2], 2) == [0, 1]
    moment += 4
    assert recent.choose(IDS[:3], 2) == [2]
    moment += 2
    assert recent.choose(IDS[:3], 3) == [0, 1], "the third one is younger"
    assert len(recent.choose(IDS, 3000)) == 2997
    for _ in range(100):
        recent.choose([], 1)
    assert recent.choose(IDS[:2], 2) == [0, 1], "no more are kept than can be under way"


def test_claims_look_as_far_as_they_have_to():
    recent = Recent()
    least = recent.spare
    while recent.widen():
        pass
    most = recent.spare
    assert most > 10 * least
    for number in range(3000):
        recent.choose(IDS[number : number + 2], 1)
    assert recent.spare == least
