"""What committed writes leave behind: the recorded attempts are replayed in the order of their versions.

What was in the database before is not known. So the value of a key is bytes, None for a cleared one, or the atomic operations on a
value that is not known, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from fdb._startup import api_version
from fdb.testing._actions import Attempt, KeyRange, Write, merged
from fdb.testing._tracing import ATOMIC_NAMES

_LONGEST_VALUE = 100_000
_STAMP_LENGTH = 10
_SPECIAL_KEYS = b"\xff\xff"


@dataclass(frozen=True)
class AtomicWrite:
    """An atomic operation, for `assert_writes`: `AtomicWrite("add", b"\\1")` is what `tr.add(key, b"\\1")` writes.

    Raises ValueError for the name of no atomic operation.
    """

    kind: str
    """The name of the operation, as the method of Transaction is called: "add", "bit_or" and so on."""
    operand: bytes
    """What it is given."""

    def __post_init__(self) -> None:
        if self.kind not in ATOMIC_NAMES.values():
            raise ValueError(
                f"{self.kind!r} is no atomic operation: there are {', '.join(ATOMIC_NAMES.values())}"
            )


#: The final value of a key.
Final: TypeAlias = bytes | None | tuple[AtomicWrite, ...]


@dataclass
class FinalState:
    """The final values of all keys that were written."""

    values: dict[bytes, Final] = field(default_factory=dict)
    #: The last operation on a key, where it was an atomic one.
    last: dict[bytes, AtomicWrite] = field(default_factory=dict)
    #: The keys that the database made of each key that was to have a stamp, in the order of their versions.
    stamped: dict[bytes, list[bytes]] = field(default_factory=dict)
    #: All ranges that were cleared, merged; keys in them may have values of a later write.
    cleared: list[KeyRange] = field(default_factory=list)

    def apply(self, attempt: Attempt) -> None:
        """Applies the writes of a committed attempt."""
        for write in attempt.writes:
            if write.key < _SPECIAL_KEYS:
                self._apply(write, attempt.versionstamp)

    def _apply(self, write: Write, stamp: bytes | None) -> None:
        if write.end is not None:
            for key in [key for key in self.values if write.key <= key < write.end]:
                del self.values[key]
                self.last.pop(key, None)
            self.cleared = merged([*self.cleared, KeyRange(write.key, write.end)])
            return
        key = write.stored_key(stamp)
        self.last.pop(key, None)
        if write.kind == "set":
            self.values[key] = write.value
        elif write.kind == "clear":
            self.values[key] = None
        else:
            self._apply_atomic(key, write, stamp)

    def _apply_atomic(self, key: bytes, write: Write, stamp: bytes | None) -> None:
        operand = write.value or b""
        operation = self.last[key] = AtomicWrite(write.kind, operand)
        if write.kind == "set_versionstamped_key":
            self.values[key] = operand
            made = self.stamped.setdefault(write.key, [])
            if key not in made:
                made.append(key)
        elif write.kind == "set_versionstamped_value":
            known = stamp is not None
            self.values[key] = stamped_value(operand, stamp) if known else (operation,)
        else:
            before = self.value(key)
            if isinstance(before, tuple):
                self.values[key] = (*before, operation)
            else:
                self.values[key] = atomic_result(write.kind, before, operand)

    def value(self, key: bytes) -> Final:
        """The value of a key so far; no operations at all for one that was not written."""
        if key in self.values:
            return self.values[key]
        return None if self.is_cleared(key) else ()

    def is_cleared(self, key: bytes) -> bool:
        """Whether a range that was cleared has the key."""
        return any(each.begin <= key < each.end for each in self.cleared)


def final_state(attempts: Iterable[Attempt]) -> FinalState:
    """Replays committed attempts of one key space."""
    state = FinalState()
    for attempt in in_order(attempts):
        state.apply(attempt)
    return state


def in_order(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Returns the committed ones in the order in which they took effect.

    Those that share a version have stamps to tell, if they asked for one.
    """
    committed = [attempt for attempt in attempts if attempt.committed]
    return sorted(
        committed,
        key=lambda each: (
            each.committed_version or -1,
            each.versionstamp or b"",
            each.commit_ended,
        ),
    )


def stamped_value(operand: bytes, stamp: bytes | None) -> bytes:
    """What set_versionstamped_value stores."""
    assert stamp is not None
    if api_version.get() < 520:
        return stamp + operand[_STAMP_LENGTH:]
    place, body = int.from_bytes(operand[-4:], "little"), operand[:-4]
    return body[:place] + stamp + body[place + _STAMP_LENGTH :]


def atomic_result(kind: str, before: bytes | None, operand: bytes) -> bytes | None:
    """What an atomic operation makes of a value; None is an absent one."""
    if kind == "compare_and_clear":
        return None if before is None or before == operand else before
    if kind == "append_if_fits":
        joined = (before or b"") + operand
        return joined if len(joined) <= _LONGEST_VALUE else before
    if kind in ("byte_min", "byte_max"):
        choose: Callable[[bytes, bytes], bytes] = min if kind == "byte_min" else max
        return operand if before is None else choose(before, operand)
    return _arithmetic(kind, before, operand)


def _arithmetic(kind: str, before: bytes | None, operand: bytes) -> bytes:
    size = len(operand)
    if kind in ("bit_and", "min"):
        if before is None:
            if api_version.get() >= 510:
                return operand
            before = b""
    elif not before:
        return operand
    assert before is not None
    old = int.from_bytes(before[:size], "little")
    new = int.from_bytes(operand, "little")
    results = {
        "add": old + new,
        "bit_and": old & new,
        "bit_or": old | new,
        "bit_xor": old ^ new,
        "max": max(old, new),
        "min": min(old, new),
    }
    return (results[kind] & ((1 << 8 * size) - 1)).to_bytes(size, "little")
