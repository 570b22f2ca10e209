"""Rows as a frame of pandas or polars: `to_frame` of ranges, scans and pages.

A column has the type that its values have. Whole numbers stay whole and exact: where one is missing, or is too large for 64 bits,
the column has a type that can say so, never floating point.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from numbers import Integral, Rational, Real
from operator import itemgetter
from typing import Any, NamedTuple

from fdb._native.extension import KeyValue, key_bytes
from fdb.tuple import SingleFloat, unpack

LIBRARIES = ("pandas", "polars")
#: What may have other values in it: taken as it is, since a type that fits the first may lose parts of the next.
_CONTAINERS = (tuple, list, dict, set, frozenset)
_INT64 = range(-(1 << 63), 1 << 63)
#: What columns of one type of values are in pandas: without gaps, and with.
_PANDAS = {
    bool: ("bool", "boolean"),
    int: ("int64", "Int64"),
    float: ("float64", "float64"),
    bytes: ("object", "object"),
}


class _Form(NamedTuple):
    """How rows become a frame: the arguments of `to_frame`, checked."""

    library: Any
    is_pandas: bool
    prefix: bytes
    #: The columns of the tuple in the key, or None for one column of keys.
    columns: tuple[str, ...] | None
    decode: Callable[[bytes], Any] | None
    #: The columns of what `decode` returns, or None for one column of values.
    value_columns: tuple[str, ...] | None


def maker_of(
    columns: Sequence[str] | None,
    within: Any,
    decode: Callable[[bytes], Any] | None,
    value_columns: Sequence[str] | None,
    library: str | None,
    limit: int | None = None,
) -> FrameMaker:
    """Checks the arguments of `to_frame`, before anything is read. Raises TypeError, ValueError and ImportError."""
    names = _names("columns", columns)
    value_names = _names("value_columns", value_columns)
    if decode is not None and not callable(decode):
        raise TypeError(f"decode must be a function of a value, not {type(decode).__name__}")
    if value_names is not None and decode is None:
        raise ValueError(
            "value_columns needs a decode function that returns what goes into the columns"
        )
    if within is not None and names is None:
        raise ValueError(
            "within is the beginning of keys whose tuples are unpacked: give columns, too"
        )
    all_names = [*(names or ("key",)), *(value_names or ("value",))]
    if len(set(all_names)) < len(all_names):
        raise ValueError(f"two columns would have one name: {', '.join(all_names)}")
    module = _library(library)
    prefix = b"" if within is None else key_bytes(within)
    form = _Form(module, module.__name__ == "pandas", prefix, names, decode, value_names)
    return FrameMaker(form, limit)


def _names(argument: str, names: Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{argument} must be a list of names, not {names!r}")
    if not names:
        raise ValueError(f"{argument} must have at least one name")
    return tuple(names)


def _library(name: str | None) -> Any:
    """Returns pandas or polars: the one that is asked for, else the one in use, else the one that is there."""
    if name is not None and name not in LIBRARIES:
        raise ValueError(f"library must be 'pandas' or 'polars', not {name!r}")
    wanted = (name,) if name is not None else LIBRARIES
    for each in (*(found for found in wanted if found in sys.modules), *wanted):
        try:
            return importlib.import_module(each)
        except ModuleNotFoundError as error:
            if error.name != each:
                raise  # it is there, and broken
    raise ImportError(
        f"to_frame() needs {' or '.join(wanted)}, which is not installed: pip install {wanted[0]}"
    )


class FrameMaker:
    """Takes rows one after the other, and makes a frame of them. Its memory is that of the columns."""

    def __init__(self, form: _Form, limit: int | None) -> None:
        self._form = form
        #: How many rows there is room for, None for any number.
        self._room = limit
        self._names = [*(form.columns or ("key",)), *(form.value_columns or ("value",))]
        self._columns: list[list[Any]] = [[] for _ in self._names]

    def take(self, rows: Iterable[KeyValue]) -> bool:
        """Adds rows as long as there is room; returns whether there is more room. Raises as `to_frame` does."""
        if self._room is None:
            self._add(rows)
            return True
        before = len(self._columns[0])
        self._add(islice(rows, self._room))
        self._room -= len(self._columns[0]) - before
        return self._room > 0

    def _add(self, rows: Iterable[KeyValue]) -> None:
        form, rows = self._form, list(rows)
        width = 1 if form.columns is None else len(form.columns)
        key_columns, value_columns = self._columns[:width], self._columns[width:]
        if form.columns is None:
            key_columns[0] += [row.key for row in rows]
        else:
            _extend(key_columns, self._tuples(rows, width))
        if form.decode is None:
            value_columns[0] += [row.value for row in rows]
            return
        decode = form.decode
        decoded = [decode(row.value) for row in rows]
        if form.value_columns is None:
            value_columns[0] += decoded
        else:
            _extend(
                value_columns, [self._values(*each) for each in zip(rows, decoded, strict=True)]
            )

    def _tuples(self, rows: list[KeyValue], width: int) -> list[tuple[Any, ...]]:
        """Returns the tuples of keys, with None for elements that are not there."""
        prefix = self._form.prefix
        length = len(prefix)
        keys = [row.key for row in rows]
        # What lies between two keys that begin with the prefix begins with it, too.
        if keys and not (min(keys).startswith(prefix) and max(keys).startswith(prefix)):
            key = next(key for key in keys if not key.startswith(prefix))
            raise ValueError(f"the key {key!r} does not begin with {prefix!r}, as `within` says")
        try:
            tuples = [unpack(key, length) for key in keys]
        except ValueError:
            key, error = next(filter(None, (_unpack_error(key, length) for key in keys)))
            raise ValueError(f"the key {key!r} is no tuple behind {prefix!r}: {error}") from None
        sizes = set(map(len, tuples))
        if sizes and max(sizes) > width:
            key, size = next(
                (key, len(items))
                for key, items in zip(keys, tuples, strict=True)
                if len(items) > width
            )
            raise ValueError(
                f"the tuple of the key {key!r} has {size} elements, and there are {width} columns "
                "for them: give more names, or read a smaller range"
            )
        if sizes and min(sizes) < width:
            return [(*items, *(None,) * (width - len(items))) for items in tuples]
        return tuples

    def _values(self, row: KeyValue, decoded: Any) -> Sequence[Any]:
        """Returns what goes into the columns of values for a row."""
        names = self._form.value_columns or ()
        if decoded is None:
            return [None] * len(names)
        if isinstance(decoded, Mapping):
            return [decoded.get(name) for name in names]
        if isinstance(decoded, Sequence) and not isinstance(decoded, (str, bytes)):
            if len(decoded) > len(names):
                raise ValueError(
                    f"decode returned {len(decoded)} values for the key {row.key!r}, and there are {len(names)} columns"
                )
            return [*decoded, *[None] * (len(names) - len(decoded))]
        raise TypeError(
            f"with value_columns, decode must return a mapping or a sequence, not {type(decoded).__name__} "
            f"(for the key {row.key!r})"
        )

    def frame_of(self, rows: Iterable[KeyValue]) -> Any:
        """Adds rows and returns the frame."""
        self.take(rows)
        return self.frame()

    def frame(self) -> Any:
        """Returns the frame of the rows that were added."""
        form = self._form
        column = _pandas_column if form.is_pandas else _polars_column
        raw = {"key"} if form.columns is None else set()
        raw |= {"value"} if form.decode is None else set()
        found = {}
        for name, values in zip(self._names, self._columns, strict=True):
            values, kind = _typed(values, bytes if name in raw else None)
            found[name] = column(form.library, values, kind)
        return form.library.DataFrame(found)


def _unpack_error(key: bytes, length: int) -> tuple[bytes, ValueError] | None:
    """Returns a key and what is wrong with it as a tuple, None if it is one."""
    try:
        unpack(key, length)
    except ValueError as error:
        return key, error
    return None


def _extend(columns: list[list[Any]], rows: Sequence[Sequence[Any]]) -> None:
    """Adds rows, each with as many items as there are columns."""
    for place, column in enumerate(columns):
        column.extend(map(itemgetter(place), rows))


def _typed(values: list[Any], expected: type | None) -> tuple[list[Any], type | None]:
    """Returns values as they go into a column, and the one type that those have which are not missing.

    `object` for several types, `expected` if there are none. SingleFloat becomes float, and whole numbers of any one class
    int: both libraries may round others.
    """
    kinds = set(map(type, values)) - {type(None)}
    if SingleFloat in kinds:
        values = [each.value if type(each) is SingleFloat else each for each in values]
        kinds = kinds - {SingleFloat} | {float}
    if not kinds:
        return values, expected
    if len(kinds) > 1 or kinds & set(_CONTAINERS):
        return values, object
    (kind,) = kinds
    if kind not in (int, bool) and issubclass(kind, Integral):
        values, kind = [None if each is None else int(each) for each in values], int
    if kind is int:
        numbers = values if None not in values else [each for each in values if each is not None]
        kind = int if min(numbers) in _INT64 and max(numbers) in _INT64 else object
    return values, kind


def _pandas_column(pandas: Any, values: list[Any], kind: type | None) -> Any:
    if kind in _PANDAS:
        return pandas.Series(values, dtype=_PANDAS[kind][None in values])
    if kind not in (None, object):
        try:
            return pandas.Series(values)
        except Exception:
            pass  # of a class, or with a value, that its types do not have: each is refused in its own way
    return pandas.Series(values, dtype="object")


def _polars_column(polars: Any, values: list[Any], kind: type | None) -> Any:
    if kind is None:
        return polars.Series(values, dtype=polars.Null)
    types = {
        bool: polars.Boolean,
        int: polars.Int64,
        float: polars.Float64,
        str: polars.String,
        bytes: polars.Binary,
    }
    if kind is not object:
        try:
            # Fractions are no floats, and dates of several time zones not always what they were.
            is_floating = issubclass(kind, Real) and not issubclass(kind, Rational)
            column = polars.Series(values, dtype=types.get(kind), strict=True)
            if kind in types or is_floating or column.to_list() == values:
                return column
        except (Exception, polars.exceptions.PanicException):
            pass  # as above
    return polars.Series(values, dtype=polars.Object)
