"""Plain values: what programs return and keep, in a form that compares, prints, and depends on no transaction.

Two runs of a function are compared by these: bytes in place of a Value, a tuple in place of a KeyValue, the attributes of an
object that has no comparison of its own.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import types
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fdb._errors import FDBError
from fdb._native.extension import FutureBase, KeyValue
from fdb._range import FDBRange
from fdb._watch import Watch
from fdb.subspace_impl import Subspace
from fdb.tuple import Versionstamp

_ATOMS = (
    type(None), bool, int, float, complex, str, bytes, range, slice, enum.Enum, uuid.UUID, decimal.Decimal,
    fractions.Fraction, datetime.date, datetime.time, datetime.timedelta, Subspace,
)  # fmt: skip
_DEEPEST = 40


class Raised(NamedTuple):
    """What stands for an exception."""

    type: str
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.type}({', '.join(map(repr, self.arguments))})"


class Thing(NamedTuple):
    """What stands for an object: its class, and its attributes if those make a difference."""

    type: str
    attributes: tuple[tuple[str, Any], ...] = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.attributes)
        return f"{self.type}({shown})" if shown else f"<{self.type}>"


def raised(error: BaseException) -> Raised:
    """The plain form of an exception; of an FDBError its code, as the rest of its text tells of the attempts."""
    if isinstance(error, FDBError):
        return Raised("FDBError", (error.code,))
    return Raised(type(error).__qualname__, tuple(plain(each) for each in error.args))


def plain(value: Any) -> Any:
    """Returns the plain form of a value. Does not block: a future that is still pending is a Thing."""
    return _plain(value, ())


def _plain(value: Any, path: tuple[int, ...]) -> Any:
    kind = type(value)  # isinstance() takes a Value for bytes
    if issubclass(kind, FutureBase):
        return _of_future(value, path)
    if issubclass(kind, float) and value != value:
        return Thing("nan")
    if issubclass(kind, _ATOMS):
        return value
    if issubclass(kind, Versionstamp):
        return value.to_bytes()
    if id(value) in path or len(path) > _DEEPEST:
        return Thing("what contains it")
    path = (*path, id(value))
    if issubclass(kind, BaseException):
        return raised(value)
    if issubclass(kind, bytearray | memoryview):
        return bytes(value)
    if issubclass(kind, KeyValue):
        return (value.key, value.value)
    if issubclass(kind, Mapping):
        return {_hashable(_plain(key, path)): _plain(each, path) for key, each in value.items()}
    if issubclass(kind, list | deque):
        return [_plain(each, path) for each in value]
    if issubclass(kind, tuple):
        return tuple(_plain(each, path) for each in value)
    if issubclass(kind, set | frozenset):
        return frozenset(_hashable(_plain(each, path)) for each in value)
    return _of_object(value, kind, path)


def _of_future(future: FutureBase, path: tuple[int, ...]) -> Any:
    if isinstance(future, Watch) or type(future) is Watch:
        return Thing("Watch")
    if not future._ready():
        return Thing(f"pending {type(future).__name__}")
    code = future._code()
    if code != 0:
        return Raised("FDBError", (code,))
    future._awaited()
    return _plain(future._resolve(), path)


def _of_object(value: Any, kind: type, path: tuple[int, ...]) -> Any:
    name = kind.__qualname__
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType | type):
        return Thing(value.__qualname__)
    if issubclass(kind, FDBRange):
        return Thing(name)
    if dataclasses.is_dataclass(value):
        items: Iterable[tuple[str, Any]] = (
            (field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)
        )
    elif is_of_program(kind):
        items = vars(value).items()
    else:
        return Thing(name)
    return Thing(name, tuple((each, _plain(item, path)) for each, item in items))


#: Where classes come from whose objects are left alone: they have insides that are nobody's business.
_FOREIGN = (
    "fdb",
    "asyncio",
    "threading",
    "logging",
    "concurrent",
    "unittest",
    "_pytest",
    "hypothesis",
)


def is_of_program(kind: type) -> bool:
    """Whether objects of a class have attributes that are the program's own."""
    module = kind.__module__.partition(".")[0]
    return module not in (*_FOREIGN, "builtins") and kind.__dictoffset__ != 0


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
