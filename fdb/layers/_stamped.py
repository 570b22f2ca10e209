"""Keys and values with the versionstamp of their commit, at each API version.

Below 520 the place of the stamp is 2 bytes in a key, and in a value it is the begin.
"""

from __future__ import annotations

from fdb._startup import api_version
from fdb.impl import Transaction

_EMPTY_STAMP = bytes(10)
_LONG_PLACES = 520


def _width() -> int:
    return 4 if api_version.get() >= _LONG_PLACES else 2


def set_stamped_key(
    tr: Transaction, prefix: bytes, rest: bytes, value: bytes, stamp: bytes = _EMPTY_STAMP
) -> None:
    """Sets the key that is `prefix`, the stamp and `rest`; reads of the transaction see `stamp` until then."""
    place = len(prefix).to_bytes(_width(), "little")
    tr.set_versionstamped_key(prefix + stamp + rest + place, value)


def set_stamped_value(tr: Transaction, key: bytes, rest: bytes = b"") -> None:
    """Sets a value that is the stamp and `rest`."""
    place = bytes(4) if _width() == 4 else b""
    tr.set_versionstamped_value(key, _EMPTY_STAMP + rest + place)
