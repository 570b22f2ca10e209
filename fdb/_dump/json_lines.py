"""Rows as JSON lines: a JSON object a line, which people and other languages can read and write.

    {"fdb": "rows", "format": 1, "begin": ..., "end": ..., "prefix": ..., "place": ..., "source": ...}
    {"key": ..., "value": ...}
    {"rows": ..., "bytes": ..., "version": ..., "crc32": ...}

Keys and values are strings in fdbcli's notation (fdb/_display/notation.py), or `key_hex` and `value_hex`. A member
`tuple` is for people, and left out of account. A file without a header needs no trailer, and its rows may be in any order:
that is what other programs write. One with a header has to have a trailer.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterable
from typing import Any

from fdb._display.notation import from_printable
from fdb._dump.parts import (
    LONGEST,
    Decoder,
    DumpError,
    Encoder,
    Header,
    Row,
    Trailer,
    header_of,
    trailer_of,
)

_PLAIN = re.compile(rb"[ !#-\[\]-~]*")
_ESCAPE = re.compile(r"\\(?:\\|x[0-9a-fA-F]{2})?")
#: What stands in a JSON string for each byte.
_TEXT = [chr(code) if 32 <= code < 127 else f"\\\\x{code:02x}" for code in range(256)]
_TEXT[ord("\\")] = "\\\\\\\\"
_TEXT[ord('"')] = '\\"'
_KEY_AND_VALUE = operator.itemgetter("key", "value")
_MEMBERS = {"key", "key_hex", "value", "value_hex", "tuple"}


def json_text(data: bytes) -> str:
    """Returns what stands between the quotes of a JSON string for these bytes: `printable`, made for many rows."""
    if _PLAIN.fullmatch(data):
        return data.decode("ascii")
    return data.decode("latin-1").translate(_TEXT)


def decoded(text: str) -> bytes:
    """Returns the bytes of a text: `from_printable`, made for many rows. Raises ValueError and TypeError."""
    if not isinstance(text, str):
        raise TypeError(f"keys and values are strings, not {text!r}")
    if "\\" not in text:
        return text.encode("utf-8", "surrogateescape")
    if "\\" in _ESCAPE.findall(text):
        return from_printable(text)  # which knows more escapes, and what is wrong
    return text.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")


class JsonLinesEncoder(Encoder):
    """Makes JSON lines."""

    def header(self, header: Header) -> bytes:
        """See Encoder."""
        return header.as_json()

    def rows(self, rows: Iterable[Row]) -> bytes:
        """See Encoder."""
        lines = [
            f'{{"key":"{json_text(key)}","value":"{json_text(value)}"}}\n' for key, value in rows
        ]
        return "".join(lines).encode("ascii")

    def trailer(self, trailer: Trailer) -> bytes:
        """See Encoder."""
        return trailer.as_json()


class JsonLinesDecoder(Decoder):
    """Reads JSON lines."""

    def __init__(self) -> None:
        super().__init__()
        self._line = 0  # the number of the last one

    def take(self, data: bytes) -> tuple[list[Row], int]:
        """See Decoder."""
        used = data.rfind(b"\n") + 1
        if len(data) - used > LONGEST:
            raise DumpError(
                f"line {self._line + 1} has more than {LONGEST} bytes, which no row has"
            )
        return self._rows(data[:used]), used

    def finish(self, rest: bytes) -> list[Row]:
        """See Decoder."""
        rows: list[Row] = []
        try:
            rows = self._rows(rest)
        except DumpError as error:
            if self.header is None:
                raise
            raise DumpError(f"it is cut off in line {self._line}") from error
        if self.header is not None and self.trailer is None:
            raise DumpError(f"it is cut off: it ends after {self.rows} rows without a trailer")
        return rows

    def _rows(self, data: bytes) -> list[Row]:
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        rows = _plain_rows(lines) if self.trailer is None else None
        if rows is not None:
            self._line += len(lines)
            self._cover(data)
            self._note(rows)
            return rows
        return self._rows_of(lines, data)

    def _rows_of(self, lines: list[bytes], data: bytes) -> list[Row]:
        """Takes lines of any kind, one by one."""
        rows: list[Row] = []
        trailer = None
        covered = 0
        for line in lines:
            self._line += 1
            if not line.strip():
                covered += len(line) + 1
                continue
            if trailer is not None or self.trailer is not None:
                raise DumpError(f"there is something behind the trailer, in line {self._line}")
            try:
                members = json.loads(line)
                row = _row_of(members)
            except (ValueError, TypeError, RecursionError) as error:
                raise DumpError(f"line {self._line} {_reason(error)}") from error
            if row is not None:
                rows.append(row)
            elif "fdb" in members:
                self._begin(members)
            else:
                trailer = self._trailer(members)
                continue  # which is not covered by the checksum
            covered += len(line) + 1
        self._cover(data[:covered])
        self._note(rows)
        if trailer is not None:
            self._end(trailer)
        return rows

    def _begin(self, members: Any) -> None:
        if self._line != 1:
            raise DumpError(f"line {self._line} is a header, which only the first line may be")
        self.header = header_of(members)

    def _trailer(self, members: Any) -> Trailer:
        if self.header is None:
            raise DumpError(
                f"line {self._line} is a trailer, and the file has no header: remove the line to import rows as they stand"
            )
        return trailer_of(members)


def _plain_rows(lines: list[bytes]) -> list[Row] | None:
    """Returns the rows of lines that are nothing but rows as they are written here, made for many; else None."""
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        return None
    try:
        objects = json.loads(b"[%s]" % b",".join(lines))
        rows = [
            (
                key.encode() if "\\" not in key else decoded(key),
                value.encode() if "\\" not in value else decoded(value),
            )
            for key, value in map(_KEY_AND_VALUE, objects)
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    are_whole = len(rows) == len(lines) and set(map(len, objects)) <= {2}
    return rows if are_whole else None


def _row_of(members: Any) -> Row | None:
    """Returns the row of a line, None for a header or trailer. Raises ValueError and TypeError."""
    if not isinstance(members, dict):
        raise ValueError("is no JSON object")
    if len(members) == 2 and "key" in members and "value" in members:
        return decoded(members["key"]), decoded(members["value"])
    if "fdb" in members or "crc32" in members:
        return None
    unknown = sorted(members.keys() - _MEMBERS)
    if unknown:
        raise ValueError(f"has a member {unknown[0]!r}, which rows have not")
    return _part(members, "key"), _part(members, "value")


def _part(members: dict[str, Any], name: str) -> bytes:
    plain, in_hex = members.get(name), members.get(f"{name}_hex")
    if (plain is None) == (in_hex is None):
        raise ValueError(f"must have either {name!r} or '{name}_hex'")
    if plain is not None:
        return decoded(plain)
    digits: Any = in_hex  # TypeError is what a wrong type gets
    return bytes.fromhex(digits)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
    if isinstance(error, RecursionError):
        return "is no row: it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "is no UTF-8"
    text = str(error)
    return text if text.startswith(("has", "is", "must")) else f"is no row: {text}"
