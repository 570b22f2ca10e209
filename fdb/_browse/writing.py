"""What the page writes, where it may: one row, or a range that a person has seen. Each is one transaction.

A retry after an unknown result (1021) may meet what its own first attempt has written, and takes that for done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fdb._browse.requests import END_OF_KEYS, Parameters, Refused, Session
from fdb._browse.rows import digest_of
from fdb._display.notation import NotationError
from fdb._display.values import parse_value

#: The largest value, and how many rows a person may have seen and remove at once.
_MOST_VALUE, _MOST_CLEARED = 100_000, 10_000
_UNKNOWN = 1021


class _Change:
    """A transaction that writes, and whether an earlier attempt at it may have been committed."""

    def __init__(self, session: Session, tenant: str) -> None:
        self._session = session
        self._source = session.source(tenant)
        self.may_be_done = False

    def _retried(self, retry: Any) -> None:
        self.may_be_done = self.may_be_done or retry.error.code == _UNKNOWN

    def run(self, function: Any) -> dict[str, Any]:
        """Runs it; returns what to answer."""

        def act(tr: Any) -> Any:
            function(tr)
            return tr

        tr = self._session.run(self._source, act, on_retry=self._retried)
        version = tr.get_committed_version()
        return {"version": version if version >= 0 else None}


def set_row(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/set`."""
    place = None if asked.has("key_hex") else asked.place("key")
    if place is None and not asked.has("key_hex"):
        raise Refused(400, "key is missing", parameter="key")
    try:
        value = parse_value(asked.text("value", None, 1_000_000), asked.text("form", "auto"))
    except NotationError as error:
        raise Refused(400, f"value: {error}", parameter="value") from None
    if len(value) > _MOST_VALUE:
        raise Refused(400, f"value has {len(value)} bytes, and the most is {_MOST_VALUE}")
    change = _Change(session, asked.text("tenant", ""))

    def act(tr: Any) -> None:
        key = place.key(tr) if place is not None else asked.data("key_hex")
        _check(tr, key, asked, value if change.may_be_done else None, change.may_be_done)
        tr.set(key, value)

    return change.run(act)


def clear_row(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/clear`."""
    key = asked.data("key_hex")
    change = _Change(session, asked.text("tenant", ""))

    def act(tr: Any) -> None:
        _check(tr, key, asked, None, change.may_be_done)
        tr.clear(key)

    return change.run(act)


def _check(
    tr: Any, key: bytes, asked: Parameters, written: bytes | None, may_be_done: bool
) -> None:
    """Raises Refused if somebody else has changed what the person saw."""
    if not key < END_OF_KEYS:
        raise Refused(400, "the keys of the system, from \\xff on, are not written")
    if not asked.has("expected_hex"):
        return
    expected = _expected(asked)
    there = tr.get(key).value
    if there == expected or may_be_done and there == written:
        return
    what = "is gone" if there is None else "has another value by now"
    if expected is None:
        what = "is there already"
    raise Refused(409, f"nothing was written: the key {what}")


def _expected(asked: Parameters) -> bytes | None:
    if asked.is_null("expected_hex"):
        return None
    return asked.data("expected_hex", None, _MOST_VALUE)


def clear_rows(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/clear_range`."""
    begin, end = asked.data("begin_hex"), asked.data("end_hex")
    seen = asked.number("expected_rows", None, 0, _MOST_CLEARED)
    if not begin <= end <= END_OF_KEYS:
        raise Refused(400, "end_hex must not be before begin_hex, nor behind \\xff")
    shown = asked.text("expected_digest") if asked.has("expected_digest") else None
    change = _Change(session, asked.text("tenant", ""))

    def act(tr: Any) -> None:
        # No snapshot: a row that somebody adds meanwhile is a conflict, and counted by the next attempt.
        there = 0

        def counted() -> Iterator[Any]:
            nonlocal there
            for row in tr.get_range(begin, end, seen + 1):
                there += 1
                yield row

        digest = digest_of(counted())
        if there > seen:
            raise Refused(409, f"nothing was removed: there are more rows by now than {seen}")
        is_done = change.may_be_done and not there
        if shown is not None and digest != shown and not is_done:
            raise Refused(409, "nothing was removed: the rows have changed since they were shown")
        tr.clear_range(begin, end)

    return change.run(act)
