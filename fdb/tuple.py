"""The tuple layer: tuples of typed elements as keys that sort like the tuples.

Elements are None, bytes, str, int (up to 255 bytes), bool, float, ``SingleFloat`` and ctypes floats,
``uuid.UUID``, ``Versionstamp``, and tuples or lists of elements. Usable before ``fdb.api_version()``
and without a client library. The work is done by the C extension ``fdb._tuple.codec``, or by
``fdb._tuple.pure`` where that is not built or the environment has FDB_PURE_TUPLE=1; both give the same
results. Byte strings that no encoder writes raise ValueError when decoded.
"""

from __future__ import annotations

import os

from fdb._tuple.pure import (
    BYTES_CODE,
    DOUBLE_CODE,
    FALSE_CODE,
    FLOAT_CODE,
    INT_ZERO_CODE,
    NEG_INT_START,
    NESTED_CODE,
    NULL_CODE,
    POS_INT_END,
    STRING_CODE,
    TRUE_CODE,
    UUID_CODE,
    VERSIONSTAMP_CODE,
    decode_element,
)
from fdb._tuple.types import SingleFloat, Versionstamp
from fdb._typing import Any

if os.environ.get("FDB_PURE_TUPLE") == "1":
    from fdb._tuple.pure import compare, pack, pack_with_versionstamp, unpack
else:
    try:
        from fdb._tuple.codec import compare, pack, pack_with_versionstamp, unpack
    except ImportError:
        from fdb._tuple.pure import compare, pack, pack_with_versionstamp, unpack

__all__ = [
    "BYTES_CODE",
    "DOUBLE_CODE",
    "FALSE_CODE",
    "FLOAT_CODE",
    "INT_ZERO_CODE",
    "NEG_INT_START",
    "NESTED_CODE",
    "NULL_CODE",
    "POS_INT_END",
    "STRING_CODE",
    "SingleFloat",
    "TRUE_CODE",
    "UUID_CODE",
    "VERSIONSTAMP_CODE",
    "Versionstamp",
    "compare",
    "has_incomplete_versionstamp",
    "int2byte",
    "pack",
    "pack_with_versionstamp",
    "range",
    "unpack",
]


def int2byte(i: int) -> bytes:
    """Return the byte of value ``i``; ValueError unless that is from 0 to 255."""
    return bytes((i,))


def _decode(v: bytes, pos: int) -> tuple[Any, int]:
    """Return the element that begins at ``pos`` and the position after it, for programs that step by hand."""
    return decode_element(v, pos)


def has_incomplete_versionstamp(t: Any) -> bool:
    """Tell whether the tuple or list ``t``, or one nested in it, holds an incomplete versionstamp.

    Raises TypeError if ``t`` cannot be iterated over.
    """
    for item in t:
        if isinstance(item, Versionstamp):
            if not item.is_complete():
                return True
        elif isinstance(item, (tuple, list)) and has_incomplete_versionstamp(item):
            return True
    return False


def range(t: tuple[Any, ...]) -> slice:
    """Return the slice of all keys that encode a longer tuple starting with ``t``.

    Usable as ``tr[fdb.tuple.range(t)]``. The key of ``t`` itself is not in it. Raises as ``pack`` does.
    """
    if not isinstance(t, tuple):
        raise TypeError(
            f"fdbtuple range() expects a tuple, got a {type(t)}: write (x,) for one element"
        )
    prefix = pack(t)
    return slice(prefix + b"\x00", prefix + b"\xff")
