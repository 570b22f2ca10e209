"""Calls of transactions, for people: `get ('account', 'a')`, `commit`, and what they found."""

from __future__ import annotations

from collections.abc import Sequence

from fdb._errors import FDBError
from fdb._generated.enumerations import ConflictRangeType
from fdb.testing._content import shown, shown_value
from fdb.testing._plain import Raised, plain
from fdb.testing._tracing import ATOMIC_NAMES, Operation, Selector

MOST_ROWS = 2
_ADD = 2
#: The operations on little-endian integers.
_NUMBERS = (_ADD, 12, 13)


def error_name(code: int) -> str:
    """Returns `not_committed (1020)` for 1020."""
    return f"{FDBError(code).name} ({code})"


def selector_described(selector: Selector, key: str) -> str:
    """Returns the function of KeySelector that makes a selector, or else its constructor; `key` is how its key is shown."""
    function = {
        (False, 0): "last_less_than",
        (True, 0): "last_less_or_equal",
        (True, 1): "first_greater_than",
        (False, 1): "first_greater_or_equal",
    }.get((bool(selector.or_equal), selector.offset))
    if function is not None:
        return f"{function}({key})"
    return f"KeySelector({key}, {bool(selector.or_equal)}, {selector.offset})"


def described(operation: Operation) -> str:
    """Returns what was called, with its keys."""
    name, arguments = operation.name, operation.arguments
    begin, end = operation.begin, operation.end
    view = "snapshot " if operation.snapshot else ""
    if name == "get_range" and isinstance(begin, Selector) and isinstance(end, Selector):
        if _is_plain(begin) and _is_plain(end):
            return f"{view}get_range {_keys(begin.key, end.key)}"
        return f"{view}get_range {_bound(begin)} .. {_bound(end)}"
    if isinstance(begin, Selector):
        return f"{view}{name} {_selector(begin)}"
    if name == "clear_range" and isinstance(end, bytes):
        return f"clear_range {_keys(begin, end)}"
    if name == "add_conflict_range" and isinstance(end, bytes):
        kind = ConflictRangeType(arguments[0]).name
        return f"add_{kind}_conflict_range {_keys(begin, end)}"
    if name == "set":
        return f"set {shown(begin)} = {shown_value(operation.value)}"
    if name == "atomic_op":
        return f"{ATOMIC_NAMES.get(arguments[0], name)} {shown(begin)}, {_operand(operation)}"
    if name == "on_error":
        return f"on_error {error_name(arguments[0])}"
    return f"{view}{name}" + (f" {shown(begin)}" if begin is not None else "")


def found(operation: Operation) -> str:
    """Returns what came of a read or commit, once its future is ready; nothing for other calls."""
    if operation.name == "commit":
        if operation.error != 0:
            return error_name(operation.error)
        return "read-only" if operation.version < 0 else f"version {operation.version}"
    if operation.error != 0:
        return error_name(operation.error)
    if operation.future is None or operation.name in ("on_error", "watch"):
        return ""
    value = plain(operation.future)
    if isinstance(value, Raised):
        code = value.arguments[0]
        return error_name(code)
    if operation.name == "get_range" and isinstance(value, tuple):
        return _rows(value[0])
    if isinstance(value, bytes | None):
        return shown(value) if operation.name == "get_key" else shown_value(value)
    return str(value)


def told(operation: Operation) -> str:
    """Returns both in one line."""
    what, came = described(operation), found(operation)
    return f"{what} -> {came}" if came else what


def _rows(rows: Sequence[tuple[bytes, bytes]]) -> str:
    if not rows:
        return "no rows"
    listed = [f"{shown(key)} = {shown_value(value)}" for key, value in rows[:MOST_ROWS]]
    more = [f"{len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else []
    return ", ".join(listed + more)


def _keys(begin: bytes | Selector | None, end: bytes) -> str:
    """A range of keys: that of a subspace has its prefix alone."""
    if not isinstance(begin, bytes):
        return f".. {shown(end)}"
    if begin[:-1] == end[:-1] and begin[-1:] == b"\x00" and end[-1:] == b"\xff":
        return f"all of {shown(begin[:-1])}"
    if end == begin + b"\x00":
        return shown(begin)
    return f"{shown(begin)} .. {shown(end)}"


def _is_plain(selector: Selector) -> bool:
    """Whether it is the bound that a key alone stands for: the first key from there on."""
    return not selector.or_equal and selector.offset == 1


def _bound(selector: Selector) -> str:
    return shown(selector.key) if _is_plain(selector) else _selector(selector)


def _selector(selector: Selector) -> str:
    return selector_described(selector, shown(selector.key))


def _operand(operation: Operation) -> str:
    value = operation.value or b""
    if operation.arguments[0] in _NUMBERS:
        return str(int.from_bytes(value, "little", signed=operation.arguments[0] == _ADD))
    return shown_value(value)
