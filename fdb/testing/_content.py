"""What a database holds: remembered, put back, compared with another time, shown to people.

All functions block. A tenant has the rows of its own; of a database the keys below 0xff are meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fdb import tuple as tuple_layer
from fdb._keys import KEYS_END
from fdb._sources import TransactionSource, run
from fdb._transaction import Transaction
from fdb.testing._plain import Raised, Thing

Rows = dict[bytes, bytes]

_BATCH_BYTES = 1_000_000
_STAMP_BYTES = 10
_VERSION_BYTES = 8
_LONGEST_SHOWN = 60


def read_all(source: TransactionSource) -> Rows:
    """Returns all rows, at one version."""
    return run(
        source,
        lambda tr: {row.key: row.value for row in tr.snapshot.get_range(b"", KEYS_END).to_list()},
    )


def version_of(source: TransactionSource) -> int:
    """Returns the version that a transaction would read now."""
    return run(source, lambda tr: tr.get_read_version().wait())


def put_back(source: TransactionSource, wanted: Rows, present: Rows) -> None:
    """Makes what is `present` into what is `wanted`, in transactions that are not too large."""
    changes: list[tuple[bytes, bytes | None]] = [
        (key, None) for key in present.keys() - wanted.keys()
    ]
    changes += [(key, value) for key, value in wanted.items() if present.get(key) != value]
    batch: list[tuple[bytes, bytes | None]] = []
    size = 0
    for key, value in sorted(changes):
        batch.append((key, value))
        size += len(key) + len(value or b"")
        if size >= _BATCH_BYTES:
            run(source, _writer(batch))
            batch, size = [], 0
    if batch:
        run(source, _writer(batch))


def _writer(batch: list[tuple[bytes, bytes | None]]) -> Callable[[Transaction], None]:
    def write(tr: Transaction) -> None:
        for key, value in batch:
            if value is None:
                tr.clear(key)
            else:
                tr.set(key, value)

    return write


class Stamps:
    """Makes what depends on the versions of a run comparable: each versionstamp becomes `stamp` and its place among them.

    A stamp is known by its first eight bytes, which are a version of the run.
    """

    def __init__(self, above: int, up_to: int) -> None:
        """The versions of the run: those above the one that was read before, up to the one read after."""
        self._above = above
        self._up_to = up_to
        # What all versions of the run begin with; a search for that is quick.
        first, last = (
            (each & (2**64 - 1)).to_bytes(_VERSION_BYTES, "big") for each in (above, up_to)
        )
        same = 0
        while same < _VERSION_BYTES and first[same] == last[same]:
            same += 1
        self._prefix = first[:same]
        self._known: set[bytes] = set()

    def find(self, value: Any) -> None:
        """Looks for stamps in a plain value."""
        for text in _texts(value):
            self._known.update(text[at : at + _STAMP_BYTES] for at in self._places(text))

    def mask(self, value: Any) -> Any:
        """Returns a plain value with its stamps replaced. To be called once all of them were found."""
        if not self._known:
            return value
        if isinstance(value, bytes):
            for number, stamp in enumerate(sorted(self._known), 1):
                value = value.replace(stamp, b"stamp%05d" % number)
            return value
        if isinstance(value, dict):
            return {self.mask(key): self.mask(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.mask(each) for each in value]
        if isinstance(value, frozenset):
            return frozenset(map(self.mask, value))
        if isinstance(value, Raised | Thing):
            return type(value)(value[0], self.mask(value[1]))
        if isinstance(value, tuple):
            return tuple(self.mask(each) for each in value)
        return value

    def _places(self, text: bytes) -> Iterable[int]:
        at = text.find(self._prefix)
        while 0 <= at <= len(text) - _STAMP_BYTES:
            version = int.from_bytes(text[at : at + _VERSION_BYTES], "big")
            if self._above < version <= self._up_to:
                yield at
                at += _STAMP_BYTES - 1
            at = text.find(self._prefix, at + 1)


def _texts(value: Any) -> Iterable[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
    elif isinstance(value, list | tuple | frozenset):
        for each in value:
            yield from _texts(each)


def shown(text: bytes | None) -> str:
    """Returns a key for people: decoded if it is a packed tuple, shortened if it is long."""
    return _shown(text, lambda _: True)


def shown_value(text: bytes | None) -> str:
    """The same of a value. Numbers in bytes look like tuples of nothing much, so those stay bytes."""
    return _shown(text, lambda items: None not in items and b"" not in items)


def _shown(text: bytes | None, is_likely: Callable[[tuple[Any, ...]], bool]) -> str:
    if text is None:
        return "absent"
    decoded = repr(text)
    try:
        items = tuple_layer.unpack(text)
        if items and tuple_layer.pack(items) == text and is_likely(items):
            decoded = repr(items)
    except Exception:  # no tuple: whatever the codec makes of other bytes
        pass
    return decoded if len(decoded) <= _LONGEST_SHOWN else decoded[: _LONGEST_SHOWN - 3] + "..."
