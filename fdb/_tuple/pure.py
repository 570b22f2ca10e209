"""The tuple encoding in pure Python: the reference for, and the fallback of, the C codec.

An encoding is one type code per element, followed by a body that sorts, as bytes, like the values do.
Decoding is strict: every accepted byte string is one that some encoder writes. Whatever is cut short,
lacks a terminator or spells an integer in more bytes than it needs raises ValueError.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable

from fdb._startup import api_version
from fdb._tuple.types import SingleFloat, Versionstamp, is_ctypes_instance
from fdb._typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

#: The first byte of None.
NULL_CODE = 0x00
#: The first byte of bytes.
BYTES_CODE = 0x01
#: The first byte of str.
STRING_CODE = 0x02
#: The first byte of a nested tuple.
NESTED_CODE = 0x05
#: The first byte of a negative int of more than 8 bytes.
NEG_INT_START = 0x0B
#: The first byte of the int 0; those around it are of ints of 1 to 8 bytes, negative ones below.
INT_ZERO_CODE = 0x14
#: The first byte of a positive int of more than 8 bytes.
POS_INT_END = 0x1D
#: The first byte of a `SingleFloat`.
FLOAT_CODE = 0x20
#: The first byte of a float.
DOUBLE_CODE = 0x21
#: The first byte of False.
FALSE_CODE = 0x26
#: The first byte of True.
TRUE_CODE = 0x27
#: The first byte of a uuid.UUID.
UUID_CODE = 0x30
#: The first byte of a `Versionstamp`.
VERSIONSTAMP_CODE = 0x33

# From this magnitude on an integer takes the long form with a length byte. It fits in eight bytes, so
# other bindings write the short form; both are read.
_FIRST_LONG = (1 << 64) - 1
_LONGEST = (1 << (8 * 255)) - 1
_SIGN_64 = 1 << 63
_ALL_64 = (1 << 64) - 1

_DOUBLE = struct.Struct(">d")
_UINT64 = struct.Struct(">Q")
_CODES = [bytes((code,)) for code in range(256)]

Encoder = Callable[[Any, list[bytes], list[int]], None]
Decoder = Callable[[bytes, int, int], tuple[Any, int]]


def selected_api_version() -> int | None:
    """Return the API version the program selected, or None before ``fdb.api_version()``."""
    return api_version.get() if api_version.is_selected() else None


# -- encoding ---------------------------------------------------------------------------------------
# An encoder appends to `out` the bytes of one element, and to `stamps` the index in `out` of an element
# that is an incomplete versionstamp.


def _encode_bytes(value: bytes, out: list[bytes], stamps: list[int]) -> None:
    out.append(b"\x01" + value.replace(b"\x00", b"\x00\xff") + b"\x00")


def _encode_str(value: str, out: list[bytes], stamps: list[int]) -> None:
    out.append(b"\x02" + value.encode("utf-8").replace(b"\x00", b"\x00\xff") + b"\x00")


def _encode_int(value: int, out: list[bytes], stamps: list[int]) -> None:
    if value > 0:
        length = (value.bit_length() + 7) >> 3
        if value < _FIRST_LONG:
            out.append(_CODES[INT_ZERO_CODE + length] + value.to_bytes(length, "big"))
        elif value <= _LONGEST:
            out.append(bytes((POS_INT_END, length)) + value.to_bytes(length, "big"))
        else:
            raise ValueError("Integer needs more than 255 bytes")
    elif value < 0:
        length = (value.bit_length() + 7) >> 3
        body = value + (1 << (8 * length)) - 1
        if -value < _FIRST_LONG:
            out.append(_CODES[INT_ZERO_CODE - length] + body.to_bytes(length, "big"))
        elif -value <= _LONGEST:
            out.append(bytes((NEG_INT_START, length ^ 0xFF)) + body.to_bytes(length, "big"))
        else:
            raise ValueError("Integer needs more than 255 bytes")
    else:
        out.append(b"\x14")


def _encode_bool(value: bool, out: list[bytes], stamps: list[int]) -> None:
    version = selected_api_version()
    if version is not None and version < 500:
        out.append(b"\x15\x01" if value else b"\x14")
    else:
        out.append(b"\x27" if value else b"\x26")


def _encode_double(value: float, out: list[bytes], stamps: list[int]) -> None:
    (bits,) = _UINT64.unpack(_DOUBLE.pack(value))
    out.append(b"\x21" + _UINT64.pack(bits ^ _ALL_64 if bits & _SIGN_64 else bits | _SIGN_64))


def _encode_single(value: SingleFloat, out: list[bytes], stamps: list[int]) -> None:
    out.append(b"\x20" + value._order().to_bytes(4, "big"))


def _encode_uuid(value: UUID, out: list[bytes], stamps: list[int]) -> None:
    out.append(b"\x30" + value.bytes)


def _encode_versionstamp(value: Versionstamp, out: list[bytes], stamps: list[int]) -> None:
    if not value.is_complete():
        stamps.append(len(out))
    out.append(b"\x33" + value.to_bytes())


def _encode_nested(value: Any, out: list[bytes], stamps: list[int]) -> None:
    out.append(b"\x05")
    _encode_items(value, out, stamps, b"\x00\xff")
    out.append(b"\x00")


_ENCODERS: dict[type, Encoder] = {
    bytes: _encode_bytes,
    str: _encode_str,
    int: _encode_int,
    bool: _encode_bool,
    float: _encode_double,
    SingleFloat: _encode_single,
    Versionstamp: _encode_versionstamp,
    tuple: _encode_nested,
    list: _encode_nested,
}


class _Unsupported(Exception):
    """An element has a type that tuples cannot hold."""


def _place_of(value: Any, items: Any) -> str:
    """Says where in a tuple an object is, as in " at t[1][0]"."""
    pending, seen = [(" at t", items)], set()
    while pending:
        place, items = pending.pop(0)
        for index, item in enumerate(items):
            if item is value:
                return f"{place}[{index}]"
            if isinstance(item, (tuple, list)) and id(item) not in seen:
                seen.add(id(item))
                pending.append((f"{place}[{index}]", item))
    return ""


def _coerce(value: Any) -> tuple[Any, Encoder | None]:
    """Map a value whose exact type is not in the table to one that is; (None, None) stands for None.

    Handles lazy database values, subclasses, ctypes numbers and UUIDs.
    """
    if isinstance(value, bytes):
        # What only passes for bytes is a database value, and equals None if it is absent. Objects of other
        # types may say so of themselves too, but are no null.
        if not issubclass(type(value), bytes) and value == None:  # noqa: E711
            return None, None
        return bytes(value), _encode_bytes
    if isinstance(value, str):
        return str.__str__(value), _encode_str
    if isinstance(value, int):
        return int.__int__(value), _encode_int
    if isinstance(value, SingleFloat):
        return value, _encode_single
    if isinstance(value, float):
        return float.__float__(value), _encode_double
    if is_ctypes_instance(value, "c_float"):
        return SingleFloat(value), _encode_single
    if is_ctypes_instance(value, "c_double"):
        return value.value, _encode_double
    # The uuid module is slow to import, and no UUID can exist before somebody imports it.
    uuid = sys.modules.get("uuid")
    if uuid is not None and isinstance(value, uuid.UUID):
        _ENCODERS[uuid.UUID] = _encode_uuid
        return value, _encode_uuid
    if isinstance(value, Versionstamp):
        return value, _encode_versionstamp
    if isinstance(value, (tuple, list)):
        return value, _encode_nested
    raise _Unsupported(value)


def _encode_items(items: Any, out: list[bytes], stamps: list[int], null: bytes) -> None:
    for item in items:
        if item is None:
            out.append(null)
            continue
        encoder = _ENCODERS.get(type(item))
        if encoder is None:
            item, encoder = _coerce(item)
            if encoder is None:
                out.append(null)
                continue
        encoder(item, out, stamps)


def _encode_whole(t: Any, out: list[bytes], stamps: list[int]) -> None:
    try:
        _encode_items(t, out, stamps, b"\x00")
    except _Unsupported as error:
        value = error.args[0]
        raise ValueError(
            f"Unsupported data type: {type(value)}{_place_of(value, t)}: elements of a tuple are None, bytes, "
            "str, int, bool, float, SingleFloat, UUID, Versionstamp and tuples"
        ) from None


def _encode(t: Any, prefix: bytes | None) -> tuple[list[bytes], list[int]]:
    if not isinstance(t, tuple):
        raise TypeError(
            f"fdbtuple pack() expects a tuple, got a {type(t)}: write (x,) for one element"
        )
    out = [] if prefix is None else [as_bytes(prefix, "Tuple prefix")]
    stamps: list[int] = []
    _encode_whole(t, out, stamps)
    if len(stamps) > 1:
        raise ValueError("Multiple incomplete versionstamps included in tuple")
    return out, stamps


def pack(t: tuple[Any, ...], prefix: bytes | None = None) -> bytes:
    """Return the key that encodes the tuple ``t``, after ``prefix`` if one is given.

    Keys sort as their tuples do. Raises ValueError for an element of an unsupported type, an integer of
    more than 255 bytes or an incomplete versionstamp, UnicodeEncodeError for a lone surrogate, and
    TypeError if ``t`` is not a tuple.
    """
    out, stamps = _encode(t, prefix)
    if stamps:
        raise ValueError(
            "Incomplete versionstamp included in vanilla tuple pack: use pack_with_versionstamp, and "
            "Transaction.set_versionstamped_key with the result"
        )
    return b"".join(out)


def pack_with_versionstamp(t: tuple[Any, ...], prefix: bytes | None = None) -> bytes:
    """Return a key for ``Transaction.set_versionstamped_key`` from a tuple with one incomplete versionstamp.

    The stamp may be at any depth. The result ends with the stamp's position, counting ``prefix``, in 4
    little-endian bytes (2 below API version 520). Raises ValueError unless there is exactly one
    incomplete versionstamp, and otherwise as ``pack`` does.
    """
    out, stamps = _encode(t, prefix)
    if not stamps:
        raise ValueError(
            "No incomplete versionstamp included in tuple pack with versionstamp: put a "
            "fdb.tuple.Versionstamp() into the tuple, or use pack"
        )
    position = sum(map(len, out[: stamps[0]])) + 1
    version = selected_api_version()
    width = 2 if version is not None and version < 520 else 4
    if position >> (8 * width):
        raise ValueError(f"Versionstamp position {position} does not fit in {width} bytes")
    out.append(position.to_bytes(width, "little"))
    return b"".join(out)


def compare(t1: Any, t2: Any) -> int:
    """Return -1, 0 or 1 as ``t1`` sorts before, with or after ``t2``, in the order of their encodings.

    Takes tuples or lists, which may hold incomplete versionstamps (they follow complete ones). Raises
    ValueError for an element of an unsupported type and TypeError for other arguments.
    """
    # The order is by definition that of the encodings, so the encodings decide.
    encodings = []
    for t in (t1, t2):
        if not isinstance(t, (tuple, list)):
            raise TypeError("fdbtuple compare() expects tuples, got a " + str(type(t)))
        out: list[bytes] = []
        _encode_whole(t, out, [])
        encodings.append(b"".join(out))
    first, second = encodings
    return (first > second) - (first < second)


# -- decoding ---------------------------------------------------------------------------------------
# A decoder gets the key, the position after the type code, and the code; it returns the element and
# the position after it.


def as_bytes(value: Any, what: str) -> bytes:
    """Return the bytes of a bytes-like object or of a present database value; TypeError otherwise."""
    if type(value) is bytes:
        return value
    # By isinstance, as lazy database values pass for bytes. Not bytes() alone: bytes(5) is five zeros.
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{what} must be of type bytes, not {type(value).__name__}")


def _truncated(key: bytes) -> ValueError:
    return ValueError("Truncated tuple in DB: " + repr(key))


def _take(key: bytes, pos: int, length: int) -> tuple[bytes, int]:
    end = pos + length
    if end > len(key):
        raise _truncated(key)
    return key[pos:end], end


def _decode_unknown(key: bytes, pos: int, code: int) -> tuple[Any, int]:
    raise ValueError("Unknown data type in DB: " + repr(key))


def _decode_null(key: bytes, pos: int, code: int) -> tuple[None, int]:
    return None, pos


def _decode_bytes(key: bytes, pos: int, code: int) -> tuple[bytes, int]:
    end = key.find(b"\x00", pos)
    escaped = False
    while end >= 0 and key[end + 1 : end + 2] == b"\xff":
        escaped = True
        end = key.find(b"\x00", end + 2)
    if end < 0:
        raise _truncated(key)
    body = key[pos:end]
    return body.replace(b"\x00\xff", b"\x00") if escaped else body, end + 1


def _decode_str(key: bytes, pos: int, code: int) -> tuple[str, int]:
    body, end = _decode_bytes(key, pos, code)
    return body.decode("utf-8"), end


def _decode_positive(key: bytes, pos: int, code: int) -> tuple[int, int]:
    end = pos + code - INT_ZERO_CODE
    if end > len(key):
        raise _truncated(key)
    if key[pos] == 0:
        raise _overlong(key)
    return int.from_bytes(key[pos:end], "big"), end


def _decode_zero(key: bytes, pos: int, code: int) -> tuple[int, int]:
    return 0, pos


def _decode_negative(key: bytes, pos: int, code: int) -> tuple[int, int]:
    length = INT_ZERO_CODE - code
    end = pos + length
    if end > len(key):
        raise _truncated(key)
    if key[pos] == 0xFF:
        raise _overlong(key)
    return int.from_bytes(key[pos:end], "big") - (1 << (8 * length)) + 1, end


def _decode_positive_long(key: bytes, pos: int, code: int) -> tuple[int, int]:
    header, pos = _take(key, pos, 1)
    body, end = _take(key, pos, header[0])
    if len(body) < 8 or body[0] == 0:
        raise _overlong(key)
    return int.from_bytes(body, "big"), end


def _decode_negative_long(key: bytes, pos: int, code: int) -> tuple[int, int]:
    header, pos = _take(key, pos, 1)
    body, end = _take(key, pos, header[0] ^ 0xFF)
    if len(body) < 8 or body[0] == 0xFF:
        raise _overlong(key)
    return int.from_bytes(body, "big") - (1 << (8 * len(body))) + 1, end


def _overlong(key: bytes) -> ValueError:
    return ValueError("Overlong integer in DB: " + repr(key))


def _decode_single(key: bytes, pos: int, code: int) -> tuple[SingleFloat, int]:
    body, end = _take(key, pos, 4)
    bits = int.from_bytes(body, "big")
    return SingleFloat._from_bits(
        bits ^ 0x80000000 if bits & 0x80000000 else bits ^ 0xFFFFFFFF
    ), end


def _decode_double(key: bytes, pos: int, code: int) -> tuple[float, int]:
    body, end = _take(key, pos, 8)
    (bits,) = _UINT64.unpack(body)
    value: float = _DOUBLE.unpack(
        _UINT64.pack(bits ^ _SIGN_64 if bits & _SIGN_64 else bits ^ _ALL_64)
    )[0]
    return value, end


def _decode_bool(key: bytes, pos: int, code: int) -> tuple[bool, int]:
    version = selected_api_version()
    if version is not None and version < 500:
        raise ValueError(f"Invalid API version {version} for boolean types")
    return code == TRUE_CODE, pos


def _decode_uuid(key: bytes, pos: int, code: int) -> tuple[UUID, int]:
    # Imported when needed: uuid takes longer to import than everything else here.
    from uuid import UUID

    body, end = _take(key, pos, 16)
    return UUID(bytes=body), end


def _decode_versionstamp(key: bytes, pos: int, code: int) -> tuple[Versionstamp, int]:
    body, end = _take(key, pos, Versionstamp.LENGTH)
    return Versionstamp.from_bytes(body), end


def _decoder_table() -> list[Decoder]:
    table: list[Decoder] = [_decode_unknown] * 256
    table[NULL_CODE] = _decode_null
    table[BYTES_CODE] = _decode_bytes
    table[STRING_CODE] = _decode_str
    table[NEG_INT_START] = _decode_negative_long
    for length in range(1, 9):
        table[INT_ZERO_CODE - length] = _decode_negative
        table[INT_ZERO_CODE + length] = _decode_positive
    table[INT_ZERO_CODE] = _decode_zero
    table[POS_INT_END] = _decode_positive_long
    table[FLOAT_CODE] = _decode_single
    table[DOUBLE_CODE] = _decode_double
    table[FALSE_CODE] = table[TRUE_CODE] = _decode_bool
    table[UUID_CODE] = _decode_uuid
    table[VERSIONSTAMP_CODE] = _decode_versionstamp
    return table


_DECODERS = _decoder_table()


def unpack(key: bytes, prefix_len: int = 0) -> tuple[Any, ...]:
    """Return the tuple encoded by ``key`` after its first ``prefix_len`` bytes.

    ``key`` is bytes, a bytes-like object or a lazy database value (then this blocks until it is there).
    Raises ValueError if the bytes are not what an encoder writes: an unknown type code, a cut or
    unterminated element, an overlong integer, invalid UTF-8; TypeError for other kinds of ``key``.
    """
    key = as_bytes(key, "Packed tuple")
    if not 0 <= prefix_len <= len(key):
        raise ValueError(f"Prefix length {prefix_len} is outside of the key {key!r}")
    return tuple(_decode_items(key, prefix_len, sys.maxsize)[0])


def decode_element(key: bytes, pos: int) -> tuple[Any, int]:
    """Return the element whose encoding begins at ``pos`` in ``key``, and the position after it.

    Raises as ``unpack`` does, and ValueError if nothing begins there.
    """
    key = as_bytes(key, "Packed tuple")
    if not 0 <= pos < len(key):
        raise ValueError(f"no element begins at position {pos} of the key {key!r}")
    items, end = _decode_items(key, pos, 1)
    return items[0], end


def _decode_items(key: bytes, pos: int, limit: int) -> tuple[list[Any], int]:
    """Return at most `limit` elements from `pos` on, and the position after them."""
    end = len(key)
    items: list[Any] = []
    # The tuples around the current one. A list rather than recursion, as the depth comes with the data.
    enclosing: list[list[Any]] = []
    while pos < end and (enclosing or len(items) < limit):
        code = key[pos]
        pos += 1
        if code == NESTED_CODE:
            enclosing.append(items)
            items = []
        elif code == NULL_CODE and enclosing:
            if key[pos : pos + 1] == b"\xff":
                items.append(None)
                pos += 1
            else:
                nested = tuple(items)
                items = enclosing.pop()
                items.append(nested)
        else:
            value, pos = _DECODERS[code](key, pos, code)
            items.append(value)
    if enclosing:
        raise _truncated(key)
    return items, pos
