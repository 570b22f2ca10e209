"""Texts for calls that look right and are not: each says what was given and what to write instead."""

from __future__ import annotations

from fdb._native import extension
from fdb._startup import api_version
from fdb._typing import Any

_STAMP_LENGTH = 10
#: From this API version on the place of a stamp is 4 bytes, and values have one too.
_LONG_PLACES = 520


def no_default(instead: str) -> TypeError:
    """For `get(key, default)`."""
    return TypeError(f"get() takes a key, and no default for where it is absent: write {instead}")


def no_selector(given: Any) -> TypeError:
    """For `get_key(key)`."""
    return TypeError(
        f"get_key() takes a KeySelector, not {type(given).__name__}: "
        "fdb.KeySelector.first_greater_or_equal(key) and its like make one; get(key) reads a value"
    )


def no_membership(given: Any, test: str) -> TypeError:
    """For `key in db`."""
    return TypeError(f"`in` does not look for a key ({type(given).__name__} given): write {test}")


def misplaced_stamp(what: str, key: Any, value: Any) -> str:
    """Says what is wrong with the operand of a versionstamp operation; "" if nothing is.

    `what` is "key" or "value": what the stamp is put into.
    """
    version = api_version.get()
    if what == "value" and version < _LONG_PLACES:
        return ""
    data = extension.key_bytes(key) if what == "key" else extension.value_bytes(value)
    width = 4 if version >= _LONG_PLACES else 2
    place = int.from_bytes(data[-width:], "little")
    room = len(data) - width
    if room >= 0 and place + _STAMP_LENGTH <= room:
        return ""
    have = (
        f"those of {data!r} say {place}, with {room} bytes before them"
        if room >= 0
        else f"{data!r}"
    )
    return (
        f"the {what} given to set_versionstamped_{what} must end in {width} bytes with the little-endian place "
        f"of the {_STAMP_LENGTH} bytes for the stamp, and {have}: "
        "pack_with_versionstamp of fdb.tuple and Subspace appends it"
    )
