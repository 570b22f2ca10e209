"""What both forms of a dump have in common: a header, rows in the order of their keys, a trailer with totals.

The header and the trailer are JSON objects in both forms. The trailer's checksum is the CRC-32 of all bytes before the
trailer (before compression), so that nothing can be missing, doubled or changed unnoticed.
"""

from __future__ import annotations

import abc
import dataclasses
import json
import operator
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from fdb._display.notation import NotationError, from_printable, printable
from fdb._keys import KEYS_END, strinc

FORMAT = 1
#: The most bytes of a line or block: more than the largest row has in either form.
LONGEST = 1 << 26

#: A KeyValue is one, too.
Row = tuple[bytes, bytes]


class DumpError(RuntimeError):
    """What is wrong with a file of rows, or with what is to be done, in one line."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What a dump is of."""

    #: The range of keys that was exported.
    begin: bytes
    end: bytes
    #: What the keys have in common that can be replaced by another prefix.
    prefix: bytes = b""
    #: The place that was exported as it was written, "" for a range.
    place: str = ""
    #: A digest of which database it was: to go on with the same one only.
    source: str = ""
    #: Of each directory in the path of the place, to make them anew; empty if none has one.
    layers: tuple[bytes, ...] = ()

    def as_json(self) -> bytes:
        """The header as a JSON object, with a newline."""
        members: dict[str, Any] = {
            "fdb": "rows",
            "format": FORMAT,
            "begin": printable(self.begin),
            "end": printable(self.end),
            "prefix": printable(self.prefix),
            "place": self.place,
            "source": self.source,
        }
        if self.layers:
            members["layers"] = list(map(printable, self.layers))
        return json.dumps(members).encode() + b"\n"


@dataclasses.dataclass(frozen=True)
class Trailer:
    """What a whole dump ends with."""

    rows: int
    #: Of keys and values.
    size: int
    #: The read version that all rows are of; None if they are of several.
    version: int | None
    #: CRC-32 of everything before the trailer.
    crc: int

    def as_json(self) -> bytes:
        """The trailer as a JSON object, with a newline."""
        members = {
            "rows": self.rows,
            "bytes": self.size,
            "version": self.version,
            "crc32": f"{self.crc:08x}",
        }
        return json.dumps(members).encode() + b"\n"


def behind(prefix: bytes) -> bytes:
    """Returns the first key behind those with a prefix; for one of the system's the end of all keys."""
    return strinc(prefix) if prefix.rstrip(b"\xff") else KEYS_END


def header_of(members: Any) -> Header:
    """Returns the header that a JSON value stands for. Raises DumpError."""
    if not isinstance(members, dict) or members.get("fdb") != "rows":
        raise DumpError("the header is none of a file of rows")
    if members.get("format") != FORMAT:
        raise DumpError(
            f"the format is {members.get('format')!r}, and this version of the package knows {FORMAT} only"
        )
    try:
        header = Header(
            from_printable(members["begin"]),
            from_printable(members["end"]),
            from_printable(members.get("prefix", "")),
            str(members.get("place", "")),
            str(members.get("source", "")),
            tuple(map(from_printable, members.get("layers", ()))),
        )
    except (KeyError, TypeError, NotationError) as error:
        raise DumpError(f"the header has no range of keys ({error!r})") from error
    prefix = header.prefix
    if not prefix <= header.begin <= header.end <= min(behind(prefix), KEYS_END):
        raise DumpError(
            f"the header has a range that cannot be: {printable(header.begin)} to {printable(header.end)}, "
            f"with the prefix {printable(prefix)}"
        )
    return header


def trailer_of(members: Any) -> Trailer:
    """Returns the trailer that a JSON value stands for. Raises DumpError."""
    try:
        rows, size, version = members["rows"], members["bytes"], members["version"]
        crc = int(members["crc32"], 16)
    except (KeyError, TypeError, ValueError) as error:
        raise DumpError(f"the trailer is damaged ({error!r})") from error
    if not all(type(number) is int for number in (rows, size, 0 if version is None else version)):
        raise DumpError("the trailer is damaged: its totals are no numbers")
    return Trailer(rows, size, version, crc)


class Encoder(abc.ABC):
    """Makes the bytes of one form. Immutable."""

    @abc.abstractmethod
    def header(self, header: Header) -> bytes:
        """The begin of a file."""

    @abc.abstractmethod
    def rows(self, rows: Iterable[Row]) -> bytes:
        """Some rows, at least one."""

    @abc.abstractmethod
    def trailer(self, trailer: Trailer) -> bytes:
        """The end of a file."""


class Decoder(abc.ABC):
    """Reads one form piece by piece, and checks what it reads. One thread at a time."""

    def __init__(self) -> None:
        #: Once it is read; JSON lines need not have one.
        self.header: Header | None = None
        #: Once it is read, and what was read agrees with it.
        self.trailer: Trailer | None = None
        #: What was read so far.
        self.rows = 0
        self.size = 0
        self.crc = 0
        self.last_key: bytes | None = None
        #: Whether each key was greater than the one before.
        self.is_ordered = True

    @abc.abstractmethod
    def take(self, data: bytes) -> tuple[list[Row], int]:
        """Returns the rows at the begin of `data`, and how many of its bytes they are; the rest is incomplete.

        Raises DumpError for what is damaged.
        """

    @abc.abstractmethod
    def finish(self, rest: bytes) -> list[Row]:
        """Tells that there is nothing behind `rest`, which was incomplete; returns its rows.

        Raises DumpError if something is missing.
        """

    def _cover(self, data: bytes) -> None:
        """Adds what stands before a trailer to the checksum."""
        self.crc = zlib.crc32(data, self.crc)

    def _note(self, rows: Sequence[Row]) -> None:
        """Counts rows, and checks their order and bounds."""
        if not rows:
            return
        keys = [key for key, _ in rows]
        rises = self.last_key is None or self.last_key < keys[0]
        if not (rises and all(map(operator.lt, keys, keys[1:]))):
            self.is_ordered = False
        header = self.header
        if header is not None:
            if not self.is_ordered:
                raise DumpError(f"the keys are not in order near {printable(keys[0])}")
            if keys[0] < header.begin or keys[-1] >= header.end:
                raise DumpError(
                    f"a key near {printable(keys[0])} lies outside of the range it says"
                )
        self.rows += len(rows)
        self.size += sum(len(key) + len(value) for key, value in rows)
        self.last_key = keys[-1]

    def _end(self, trailer: Trailer) -> None:
        """Compares what was read with the trailer."""
        if (trailer.rows, trailer.size) != (self.rows, self.size):
            raise DumpError(
                f"it has {self.rows} rows of {self.size} bytes, and should have {trailer.rows} of {trailer.size}"
            )
        if trailer.crc != self.crc:
            raise DumpError(
                "the checksum differs: it was damaged, or changed by hand (JSON lines without their first "
                "and last line, the header and the trailer, can be imported)"
            )
        self.trailer = trailer
