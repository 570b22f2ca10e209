"""Continuations: where a scan has come to, as bytes that another process can go on with.

Layout of format 1, in this order: the format (1 byte), flags (1 byte: reverse, consistent), a digest of the range
(8 bytes), with the flag `consistent` the read version (8 bytes, big-endian; 0 before the first read), the bound of
what remains, and a checksum of everything before (4 bytes). Nothing of it is secret or signed: the bound is a key.
"""

from __future__ import annotations

import hashlib
import zlib

from fdb._bulk.region import Region
from fdb._typing import Any

_FORMAT = 1
_REVERSE, _CONSISTENT = 1, 2
_DIGEST = 8
_VERSION = 8
_CHECKSUM = 4
_WHAT = "the continuation"


def pack(whole: Region, rest: Region, version: int | None) -> bytes:
    """Returns the continuation of a scan of `whole` of which `rest` remains.

    `version` is what a consistent scan reads, 0 before it has begun; None for others.
    """
    flags = (_REVERSE if whole.reverse else 0) | (_CONSISTENT if version is not None else 0)
    stamp = b"" if version is None else version.to_bytes(_VERSION, "big")
    bound = rest.end if rest.reverse else rest.begin
    body = bytes((_FORMAT, flags)) + _digest(whole) + stamp + bound
    return body + _checksum(body)


def unpack(whole: Region, continuation: Any) -> tuple[Region, int | None]:
    """Returns what remains of `whole`, and the version of a consistent scan (see `pack`).

    Raises TypeError for what is not bytes; ValueError for what is no continuation, and for that of another range
    or direction.
    """
    if not isinstance(continuation, bytes):
        raise TypeError(f"{_WHAT} must be bytes, not {type(continuation).__name__}")
    body, checksum = continuation[:-_CHECKSUM], continuation[-_CHECKSUM:]
    if len(body) < 2 + _DIGEST or _checksum(body) != checksum:
        raise ValueError(f"{_WHAT} is damaged, or is none: {continuation!r}")
    if body[0] != _FORMAT:
        raise ValueError(
            f"{_WHAT} has format {body[0]}, and this version of the package knows {_FORMAT} only"
        )
    flags = body[1]
    if bool(flags & _REVERSE) != whole.reverse:
        its = "in reverse" if flags & _REVERSE else "from the begin to the end"
        raise ValueError(f"{_WHAT} is of another direction: of a scan {its}")
    if body[2 : 2 + _DIGEST] != _digest(whole):
        raise ValueError(f"{_WHAT} is of another range than {whole!r}")
    rest = body[2 + _DIGEST :]
    version = None
    if flags & _CONSISTENT:
        version, rest = int.from_bytes(rest[:_VERSION], "big"), rest[_VERSION:]
    if whole.reverse:
        return Region(whole.begin, rest, True), version
    return Region(rest, whole.end, False), version


def _digest(whole: Region) -> bytes:
    text = len(whole.begin).to_bytes(4, "big") + whole.begin + whole.end
    return hashlib.blake2b(text, digest_size=_DIGEST).digest()


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECKSUM, "big")
