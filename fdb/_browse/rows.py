"""Rows as the page shows them: pages of a range of any size, and one row wholly.

A continuation is a letter and a bound in hexadecimal digits: the rows on one side of a key. So it stays right when rows are
added or removed, costs the server nothing to keep, and any key can be the begin of a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fdb._browse.requests import (
    END_OF_KEYS,
    NOT_SHOWN,
    Parameters,
    Refused,
    Session,
    range_of,
    shown_bounds,
)
from fdb._browse.trees import NameCache
from fdb._display.directories import DirectoryNames
from fdb._display.notation import key_tuple, printable, shown_element
from fdb._display.places import shown_path
from fdb._display.values import possible_forms, shown_value
from fdb._generated.options import STREAMING_MODE_SERIAL

#: A page ends before its number of rows is full when it has so many bytes.
_MOST_BYTES = 2_000_000
MOST_ROWS = 1_000
#: A byte of a key counts so often, as keys are sent wholly, in hexadecimal digits and in their notation.
_TIMES_SENT = 4
#: Of how many elements a list has each by itself, and their types.
_MOST_ELEMENTS = 100
_CUT = 200
#: Longer values are shown in a list by their beginning, without a look at whether the whole is JSON.
_LONG = 10_000
_MORE = "…"


@dataclass(frozen=True)
class Position:
    """Where a page lies: before or behind a bound, in the order in which rows are shown."""

    behind: bool
    bound: bytes

    @classmethod
    def parse(cls, text: str) -> Position:
        """Returns the position of a continuation. Raises Refused."""
        try:
            if text[:1] in ("n", "p"):
                return cls(text[0] == "n", bytes.fromhex(text[1:]))
        except ValueError:
            pass
        raise Refused(400, "from is no continuation of a page")

    def __str__(self) -> str:
        return f"{'n' if self.behind else 'p'}{self.bound.hex()}"


class Pager:
    """Reads pages of the rows with begin <= key < end, in one transaction."""

    def __init__(self, tr: Any, begin: bytes, end: bytes, limit: int, reverse: bool) -> None:
        self._tr = tr.snapshot
        self._begin, self._end = begin, end
        self._limit = limit
        self._reverse = reverse

    def page(self, at: Position | None) -> tuple[list[Any], str | None, str | None]:
        """Returns the rows of a page, and the continuations of the one before it and of the one behind it."""
        if at is not None and not self._begin <= at.bound <= self._end:
            raise Refused(400, "from is a continuation of other keys than these")
        if at is not None and not at.behind:
            rows, more = self._read(at, not self._reverse)
            if more:
                rows.reverse()
                return rows, str(Position(False, self._edge(rows[0], False))), self._next(rows)
            at = None  # the first page, which is filled from its begin
        rows, more = self._read(at, self._reverse)
        following = str(Position(True, self._edge(rows[-1], True))) if more else None
        return rows, self._previous(rows, at), following

    def _edge(self, row: Any, behind: bool) -> bytes:
        """Returns the bound before or behind a row, as rows are shown."""
        key: bytes = row.key
        return key + b"\x00" if behind != self._reverse else key

    def _side(self, at: Position | None) -> tuple[bytes, bytes]:
        if at is None:
            return self._begin, self._end
        if at.behind != self._reverse:
            return at.bound, self._end
        return self._begin, at.bound

    def _read(self, at: Position | None, reverse: bool) -> tuple[list[Any], bool]:
        """Reads a page from one end of what lies at a position; tells whether there is more there."""
        rows: list[Any] = []
        size = 0
        begin, end = self._side(at)
        # In batches of a bounded size, however large the values are.
        for row in self._tr.get_range(begin, end, self._limit + 1, reverse, STREAMING_MODE_SERIAL):
            if len(rows) == self._limit or size >= _MOST_BYTES:
                return rows, True
            rows.append(row)
            size += _TIMES_SENT * len(row.key) + len(row.value)
        return rows, False

    def _next(self, rows: list[Any]) -> str | None:
        return self._if_any(Position(True, self._edge(rows[-1], True)))

    def _previous(self, rows: list[Any], at: Position | None) -> str | None:
        if at is None:
            return None
        return self._if_any(Position(False, self._edge(rows[0], False) if rows else at.bound))

    def _if_any(self, at: Position) -> str | None:
        begin, end = self._side(at)
        return str(at) if self._tr.get_range(begin, end, 1).to_list() else None


def rows(session: Session, names: NameCache, asked: Parameters) -> dict[str, Any]:
    """Answers `api/rows`."""
    tenant = asked.text("tenant", "")
    source = session.source(tenant)
    limit = asked.number("limit", 100, 1, MOST_ROWS)
    reverse = asked.flag("reverse")
    continuation = asked.text("from", "")
    at = Position.parse(continuation) if continuation else None
    start = asked.place("at")

    def read(tr: Any) -> dict[str, Any]:
        begin, end = range_of(asked, tr)
        where = at
        if where is None and start is not None:
            key = start.key(tr)
            bound = key + b"\x00" if reverse else key
            where = Position(True, min(max(bound, begin), end))
        found, previous, following = Pager(tr, begin, end, limit, reverse).page(where)
        known = names.get(tenant, tr)
        return {
            "rows": [
                {
                    "key": shown_key(row.key, known, _MOST_ELEMENTS),
                    "value": _shown_in_list(row.value),
                }
                for row in found
            ],
            "previous": previous,
            "next": following,
            "range": shown_bounds(begin, end),
            "digest": digest_of(reversed(found) if reverse else found),
            "version": tr.get_read_version().wait(),
        }

    answer: dict[str, Any] = session.read(source, read)
    return answer


def row(session: Session, names: NameCache, asked: Parameters) -> dict[str, Any]:
    """Answers `api/row`."""
    tenant = asked.text("tenant", "")
    source = session.source(tenant)
    key = asked.data("key_hex")
    if not key < END_OF_KEYS:
        raise Refused(400, NOT_SHOWN)

    def read(tr: Any) -> dict[str, Any]:
        value = tr.snapshot.get(key).value
        if value is None:
            raise Refused(404, f"there is no key {printable(key)}")
        forms = possible_forms(value)
        return {
            "key": shown_key(key, names.get(tenant, tr)),
            "value": {
                "bytes": len(value),
                "hex": value.hex(),
                "form": forms[0],
                "shown": shown_value(value),
                "forms": {form: shown_value(value, form) for form in forms},
            },
            "version": tr.get_read_version().wait(),
        }

    answer: dict[str, Any] = session.read(source, read)
    return answer


def digest_of(rows: Iterable[Any]) -> str:
    """Returns what tells rows, in the order of their keys, from all others."""
    digest = hashlib.sha256()
    for key, value in rows:
        for part in (key, value):
            digest.update(len(part).to_bytes(4, "big"))
            digest.update(part)
    return digest.hexdigest()


def shown_key(key: bytes, names: DirectoryNames, most: int | None = None) -> dict[str, Any]:
    """Returns a key as it is sent; its tuple is that in the directory which it is in, its first elements if `most` is given."""
    place = names.place(key) if key else None
    path, rest = place if place is not None else (None, key)
    items = key_tuple(rest)
    if items is not None:
        items = items[:most]
    return {
        "hex": key.hex(),
        "shown": names.shown(key),
        "path": None if path is None else list(path),
        "path_shown": None if path is None else shown_path(path),
        "tuple": None if items is None else [shown_element(item) for item in items],
        "types": None if items is None else [type_of(item) for item in items],
        "rest": printable(rest),
    }


def type_of(item: Any) -> str:
    """Returns the name that the page has for the type of an element of a tuple."""
    if item is None:
        return "null"
    name = type(item).__name__
    return _TYPES.get(name, name.lower())


_TYPES = {"str": "text", "bytes": "bytes", "UUID": "uuid", "SingleFloat": "float", "list": "tuple"}


def _shown_in_list(value: bytes) -> dict[str, Any]:
    shown = shown_value(value, "auto", _CUT)
    cut = len(shown) > _CUT or len(value) > 4 * _CUT
    if cut:
        shown = shown[:_CUT].removesuffix(_MORE) + _MORE
    form = possible_forms(value[:_LONG])[0] if len(value) <= _LONG else "bytes"
    return {"bytes": len(value), "form": form, "shown": shown, "cut": cut}
