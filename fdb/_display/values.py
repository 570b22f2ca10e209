"""Values as text: JSON, text, tuples, numbers, bytes; and what a person types for them.

`parse_value(shown_value(value, form), form) == value` holds for every value and each of its `possible_forms`, "auto" and
"hex" among them, if the text was not cut.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from fdb._display.notation import (
    CONTROL,
    NotationError,
    encoded,
    escaped,
    escaped_start,
    from_printable,
    key_tuple,
    parse_literal,
    parse_packed,
    shown_tuple,
)

VALUE_FORMS = ("auto", "text", "json", "tuple", "hex", "int", "bytes")
#: What a counter is: the operand of an atomic addition, little-endian.
_INT_BYTES = 8
#: What makes more than one line or column of a text.
_BREAK = re.compile(r"[\t\n\r]")
_JSON_STARTS = ("{", "[")
_TYPED_STARTS = ("(", "'", '"', "b'", 'b"')


def possible_forms(value: bytes) -> tuple[str, ...]:
    """Return the forms in which a value can be shown, the one that says most first; "auto" is not among them."""
    forms: list[str] = []
    after: list[str] = []
    text = _text(value)
    if text is not None and _is_json(text):
        forms.append("json")
    if value and key_tuple(value) is not None:
        # Such a tuple is unlikely, and not what says most.
        unlikely = _is_counter(value) and len(value) != _INT_BYTES
        (after if unlikely else forms).append("tuple")
    if text is not None:
        forms.append("text")
    if len(value) == _INT_BYTES:
        forms.insert(0 if _is_counter(value) else len(forms), "int")
    return (*forms, "bytes", *after, "hex")


def _is_counter(value: bytes) -> bool:
    """Whether a value looks like numbers of fixed size: small ones are packings of many a None otherwise."""
    return value.endswith(b"\x00\x00" if len(value) == _INT_BYTES else b"\x00\x00\x00")


def shown_value(value: bytes, form: str = "auto", limit: int | None = None) -> str:
    """Return a value as text, cut after `limit` characters, if given, with an ellipsis.

    "auto" shows JSON objects and arrays as they are, tuples as tuples, and else the notation of fdbcli with characters
    beyond ASCII as themselves, all in one line. Raises NotationError if the value has not that form.
    """
    if limit is not None and form in ("auto", "text", "hex", "bytes") and len(value) > 4 * limit:
        # No more is looked at than can be shown: values have up to 100 kB.
        shown = _shown(_cut_bytes(value, 4 * limit), form)
        return f"{shown[:limit]}…"
    shown = _shown(value, form)
    return shown if limit is None or len(shown) <= limit else f"{shown[:limit]}…"


def _cut_bytes(value: bytes, size: int) -> bytes:
    """Returns the beginning of a value, without a part of a character of UTF-8 at its end."""
    for end in range(size, max(0, size - 4), -1):
        if value[end] & 0xC0 != 0x80:
            return value[:end]
    return value[:size]  # no UTF-8, which has no more than three bytes in a row that go on


def _shown(value: bytes, form: str) -> str:
    if form == "auto":
        return _shown_auto(value)
    if form == "hex":
        return value.hex()
    if form == "bytes":
        return repr(value)
    if form not in VALUE_FORMS:
        raise NotationError(f"there is no form {form!r}; there are {', '.join(VALUE_FORMS)}")
    if form not in possible_forms(value):
        raise NotationError(f"the value is no {form}: {escaped(value[:40])}")
    if form == "int":
        return str(int.from_bytes(value, "little", signed=True))
    if form == "tuple":
        return shown_tuple(key_tuple(value) or ())
    return value.decode()


def _shown_auto(value: bytes) -> str:
    text = _text(value)
    if text is None or _BREAK.search(text):
        shown = escaped(value)
    elif text.startswith(_JSON_STARTS) and _is_json(text):
        return text
    else:
        shown = text.replace("\\", "\\\\")
    items = key_tuple(value) if value and not _is_counter(value) else None
    if items is not None:
        return shown_tuple(items)
    # What is no JSON itself must not become some by its escapes.
    is_other = shown.startswith(_TYPED_STARTS) or (
        shown.startswith(_JSON_STARTS) and _is_json(shown)
    )
    return escaped_start(shown) if is_other else shown


def _text(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(text) else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    # NaN and Infinity, which Python's reader takes.
    raise ValueError(constant)


def parse_value(text: str, form: str = "auto") -> bytes:
    r"""Return the value that a text stands for in a form; "auto" as for keys, but JSON is taken as it is.

    "json" is written as it was typed, if it is JSON; "int" has 8 bytes, little-endian, as atomic additions want them.
    Raises NotationError.
    """
    if form == "auto":
        return _parsed_auto(text)
    if form == "text":
        return encoded(text)
    if form == "json":
        if not _is_json(text):
            raise NotationError(f"{text[:40]!r} is no JSON")
        return encoded(text)
    if form == "tuple":
        return parse_packed(text)
    if form == "hex":
        return _from_hex(text)
    if form == "int":
        return _from_int(text)
    if form == "bytes":
        return _from_literal(text)
    raise NotationError(f"there is no form {form!r}; there are {', '.join(VALUE_FORMS)}")


def _parsed_auto(text: str) -> bytes:
    if text.startswith("("):
        return parse_packed(text)
    if text.startswith(_TYPED_STARTS):
        return _from_literal(text)
    if text.startswith(_JSON_STARTS) and _is_json(text):
        return encoded(text)
    return from_printable(text)


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise NotationError(f"{text[:40]!r} is no pairs of hexadecimal digits") from None


def _from_int(text: str) -> bytes:
    try:
        return int(text, 0).to_bytes(_INT_BYTES, "little", signed=True)
    except (ValueError, OverflowError):
        raise NotationError(f"{text[:40]!r} is no whole number of 64 bits") from None


def _from_literal(text: str) -> bytes:
    value = parse_literal(text)
    return encoded(value) if isinstance(value, str) else value
