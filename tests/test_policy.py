"""fdb/_policy.py: what a policy may say, and what the environment may."""

from __future__ import annotations

import copy
import datetime
import math
import pickle
from typing import Any

import pytest

import fdb


def test_times_are_seconds_or_a_timedelta() -> None:
    policy = fdb.Policy(timeout=datetime.timedelta(minutes=1), max_retry_delay=0.5)
    assert (policy.timeout, policy.max_retry_delay) == (60.0, 0.5)
    assert fdb.Policy(timeout=math.inf).timeout == math.inf


def test_a_policy_is_a_value() -> None:
    one, other = fdb.Policy(timeout=2, tags="web"), fdb.Policy(timeout=2.0, tags=[b"web", "web"])
    assert one == other
    assert hash(one) == hash(other)
    assert one != fdb.Policy(timeout=2)
    assert one != "Policy"
    assert repr(one) == "Policy(timeout=2.0, tags=(b'web',))"
    assert repr(fdb.Policy()) == "Policy()"
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(AttributeError, match="timeout=3"):
        one.timeout = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="tags"):
        del one.tags


def test_what_one_does_not_say_another_may() -> None:
    call = fdb.Policy(retry_limit=0, read_only=False)
    database = fdb.Policy(retry_limit=5, read_only=True, priority="batch")
    merged = fdb.Policy(retry_limit=0, read_only=False, priority="batch")
    assert call._over(database) == merged
    assert call._over(database) is call._over(database)
    assert call._over(None) is call
    assert call._over(fdb.Policy(timeout=1)).timeout == 1


@pytest.mark.parametrize(
    ("keyword", "value", "kind"),
    [
        ("timeout", 0, ValueError),
        ("timeout", -1, ValueError),
        ("timeout", -0.5, ValueError),
        ("timeout", math.nan, ValueError),
        ("timeout", datetime.timedelta(0), ValueError),
        ("timeout", datetime.timedelta(seconds=-1), ValueError),
        ("timeout", 1e10, ValueError),
        ("timeout", True, TypeError),
        ("timeout", "1", TypeError),
        ("max_retry_delay", 0, ValueError),
        ("max_retry_delay", -2, ValueError),
        ("max_retry_delay", math.inf, ValueError),
        ("max_retry_delay", b"1", TypeError),
        ("retry_limit", -2, ValueError),
        ("retry_limit", 2**31, ValueError),
        ("retry_limit", 1.0, TypeError),
        ("retry_limit", True, TypeError),
        ("tags", "", ValueError),
        ("tags", b"x" * 256, ValueError),
        ("tags", ["a", "b", "c", "d", "e", "f"], ValueError),
        ("tags", 1, TypeError),
        ("tags", ["a", 1], TypeError),
        ("priority", "high", ValueError),
        ("priority", 1, TypeError),
        ("read_only", 1, TypeError),
        ("report_conflicts", "yes", TypeError),
        ("on_retry", "print", TypeError),
        ("at_least", -1, ValueError),
        ("at_least", 2**63, ValueError),
        ("at_least", 1.5, TypeError),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    keyword: str, value: Any, kind: type[Exception], memory_db: fdb.Database
) -> None:
    calls: list[Any] = []
    for use in (
        lambda: fdb.Policy(**{keyword: value}),
        lambda: fdb.transactional(**{keyword: value}),
        lambda: memory_db.run(calls.append, **{keyword: value}),
    ):
        with pytest.raises(kind, match=keyword) as caught:
            use()
        assert type(caught.value) is kind
    assert calls == []


def test_keywords_that_there_are_not_are_refused_by_name(memory_db: fdb.Database) -> None:
    calls: list[Any] = []
    for use in (
        lambda: fdb.Policy(retries=1),  # type: ignore[call-arg]
        lambda: fdb.transactional(retries=1),  # type: ignore[call-overload]
        lambda: memory_db.run(calls.append, retries=1),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="retries"):
            use()
    assert calls == []


def test_the_environment_is_the_last_to_be_asked(
    monkeypatch: pytest.MonkeyPatch, memory_name: str
) -> None:
    monkeypatch.setenv("FDB_TIMEOUT", "12.5")
    monkeypatch.setenv("FDB_RETRY_LIMIT", "7")
    monkeypatch.setenv("FDB_MAX_RETRY_DELAY", " 0.25 ")
    db = fdb.open(memory_name)
    assert db.defaults == fdb.Policy(timeout=12.5, retry_limit=7, max_retry_delay=0.25)
    db = fdb.open(memory_name, defaults=fdb.Policy(retry_limit=1, timeout=math.inf))
    assert db.defaults == fdb.Policy(timeout=math.inf, retry_limit=1, max_retry_delay=0.25)
    for name in ("FDB_TIMEOUT", "FDB_RETRY_LIMIT", "FDB_MAX_RETRY_DELAY"):
        monkeypatch.setenv(name, "")
    assert fdb.open(memory_name).defaults is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FDB_TIMEOUT", "soon"),
        ("FDB_TIMEOUT", "0"),
        ("FDB_TIMEOUT", "-3"),
        ("FDB_RETRY_LIMIT", "1.5"),
        ("FDB_RETRY_LIMIT", "-2"),
        ("FDB_MAX_RETRY_DELAY", "0"),
        ("FDB_MAX_RETRY_DELAY", "inf"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, memory_name: str, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ValueError, match=f"{name}='{text}'"):
        fdb.open(memory_name)


def test_defaults_that_make_no_sense_are_refused(memory_name: str) -> None:
    with pytest.raises(TypeError, match="defaults must be a fdb.Policy, not dict"):
        fdb.open(memory_name, defaults={"timeout": 1})  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="at_least is no default"):
        fdb.open(memory_name, defaults=fdb.Policy(at_least=1))


def test_a_retry_tells_itself() -> None:
    retry = fdb.Retry(fdb.FDBError(1020), 2, 0.5)
    assert repr(retry) == "<Retry after attempt 2, 0.500 s: not_committed (1020)>"
