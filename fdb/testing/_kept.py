"""What a function keeps from one call to the next: remembered, put back in place, and compared.

That is what its closure, its defaults, its arguments, the object of a method and the module's variables that it names hold, and the
same of the functions of the program that it calls by those names. Lists, dictionaries, sets and the attributes of the program's own
objects are put back as they were, down to whatever they hold; what cannot be copied (a lock, a socket, an iterator) stays as it is.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from fdb._native.extension import FutureBase
from fdb._range import FDBRange
from fdb.testing._plain import is_of_program, plain

_MOST_OBJECTS = 100_000
#: In the path of what the program did not write.
_INSTALLED = f"{os.sep}site-packages{os.sep}"
_MISSING = object()


class _Place(NamedTuple):
    """A variable."""

    name: str
    #: Where it is, for people.
    of: str
    read: Callable[[], Any]
    #: None if only what it holds is put back.
    write: Callable[[Any], None] | None


class Kept:
    """What a call of a function with some arguments finds and leaves behind."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        ignored: Iterable[str],
    ) -> None:
        """Remembers how everything is now; variables with a name of `ignored` are left alone."""
        unwanted = {*ignored}
        found = _Finder()
        found.function(function, args, kwargs)
        self._places = [place for place in found.places if place.name not in unwanted]
        self._first = [place.read() for place in self._places]
        self._image = _Image(self._first)

    def put_back(self) -> None:
        """Makes everything as it was at the beginning."""
        for place, value in zip(self._places, self._first, strict=True):
            if place.write is not None and place.read() is not value:
                place.write(value)
        self._image.put_back()

    def now(self) -> dict[tuple[str, str], Any]:
        """Returns what the variables hold, in plain form; the keys are their names and where they are."""
        return {
            (place.name, place.of): plain(value)
            for place in self._places
            if (value := place.read()) is not _MISSING
        }

    def held(self) -> Iterator[tuple[str, Any]]:
        """Returns the futures and ranges that the variables hold, with what each is in."""
        for place in self._places:
            for future in futures_in(place.read()):
                yield f"{place.name} ({place.of})", future


class _Finder:
    """Collects the variables of a function."""

    def __init__(self) -> None:
        self.places: list[_Place] = []
        self._seen: set[int] = set()

    def function(
        self, function: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """Takes a function and what it is called with, behind decorators, partial() and methods."""
        kwargs = dict(kwargs or {})
        while isinstance(function, functools.partial):
            args, kwargs = (*function.args, *args), {**function.keywords, **kwargs}
            function = function.func
        self._arguments(function, args, kwargs)
        if isinstance(function, types.MethodType):
            self._object(function.__self__, function.__name__)
        elif not isinstance(function, types.FunctionType) and is_of_program(type(function)):
            self._object(function, type(function).__qualname__)
            function = getattr(function, "__call__", None)  # noqa: B004
        self._code(function)

    def _object(self, owner: Any, method: str) -> None:
        if not isinstance(owner, type | types.ModuleType):
            self._add("self", f"the object of {method}()", lambda: owner, None)

    def _arguments(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            # The database stands for the transaction, which is the first argument of most.
            bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
        except (TypeError, ValueError):
            bound = {f"argument {number}": each for number, each in enumerate(args)}
            bound.update(kwargs)
        for name, value in bound.items():
            self._add(name, "an argument", functools.partial(_same, value), None)

    def _code(self, function: Any) -> None:
        function = getattr(function, "__func__", function)
        while isinstance(function, types.FunctionType) and id(function) not in self._seen:
            self._seen.add(id(function))
            self._one(function)
            function = getattr(function, "__wrapped__", None)

    def _one(self, function: types.FunctionType) -> None:
        module = function.__globals__
        package = str(module.get("__name__")).partition(".")[0]
        if package == "fdb":
            return self._cells_with_functions(function)
        if package in sys.stdlib_module_names or _INSTALLED in function.__code__.co_filename:
            return None
        name = function.__qualname__.rpartition("<locals>.")[2]
        for variable, cell in _cells(function):
            self._variable(variable, f"the closure of {name}()", *_cell_access(cell))
        for parameter, value in _defaults(function).items():
            self._add(parameter, f"a default of {name}()", functools.partial(_same, value), None)
        for variable in sorted(_names(function.__code__) & module.keys()):
            self._variable(
                variable,
                f"the module {module.get('__name__')}",
                functools.partial(module.get, variable, _MISSING),
                functools.partial(module.__setitem__, variable),
            )
        return None

    def _cells_with_functions(self, function: types.FunctionType) -> None:
        """A decorator of the package keeps the function that it decorates."""
        for _, cell in _cells(function):
            self._code(cell.cell_contents)

    def _variable(
        self, name: str, of: str, read: Callable[[], Any], write: Callable[[Any], None]
    ) -> None:
        value = read()
        if isinstance(value, types.FunctionType | types.MethodType):
            if isinstance(value, types.MethodType):
                self._object(value.__self__, value.__name__)
            self._code(value)
        elif not isinstance(value, types.ModuleType | type):
            self._add(name, of, read, write)

    def _add(
        self, name: str, of: str, read: Callable[[], Any], write: Callable[[Any], None] | None
    ) -> None:
        # A function and the one around it know the same variable.
        value = read()
        if not any(place.name == name and place.read() is value for place in self.places):
            self.places.append(_Place(name, of, read, write))


def _same(value: Any) -> Any:
    return value


def _cells(function: types.FunctionType) -> Iterator[tuple[str, types.CellType]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cell.cell_contents  # noqa: B018
        except ValueError:  # nothing yet
            continue
        yield name, cell


def _cell_access(cell: types.CellType) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    def write(value: Any) -> None:
        cell.cell_contents = value

    return lambda: cell.cell_contents, write


def _defaults(function: types.FunctionType) -> dict[str, Any]:
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    values = function.__defaults__ or ()
    found = dict(zip(names[len(names) - len(values) :], values, strict=True))
    found.update(function.__kwdefaults__ or {})
    return found


def _names(code: types.CodeType) -> set[str]:
    """The names that a function and those inside of it look up in their module."""
    found = {*code.co_names}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


class _Image:
    """Everything changeable that can be reached from some values, and what was in it."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._saved: list[tuple[Any, Any]] = []
        seen: set[int] = set()
        waiting = [*roots]
        while waiting and len(seen) < _MOST_OBJECTS:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            copy, inside = _opened(value)
            self._saved.append(
                (value, copy)
            )  # also what cannot change: its id is its own while it lives
            waiting.extend(inside)

    def put_back(self) -> None:
        """Makes the contents what they were."""
        for value, copy in self._saved:
            if copy is None:
                continue
            if isinstance(value, list | bytearray):
                value[:] = copy
            elif isinstance(value, deque):
                value.clear()
                value.extend(copy)
            elif isinstance(value, dict | set):
                _refill(value, copy)
            else:
                _refill(vars(value), copy)


def _refill(container: Any, copy: Any) -> None:
    container.clear()
    container.update(copy)


def _opened(value: Any) -> tuple[Any, list[Any]]:
    """Returns a copy of what a value holds, None if that cannot change, and what to look at next."""
    kind = type(value)
    if issubclass(kind, list | deque):
        return list(value), list(value)
    if issubclass(kind, dict):
        return dict(value), [*value.keys(), *value.values()]
    if issubclass(kind, set):
        return set(value), list(value)
    if issubclass(kind, bytearray):
        return bytes(value), []
    if issubclass(kind, tuple | frozenset):
        return None, list(value)
    if issubclass(kind, types.FunctionType | types.ModuleType | type) or not is_of_program(kind):
        return None, []
    attributes = vars(value)
    return dict(attributes), list(attributes.values())


def futures_in(value: Any) -> list[Any]:
    """Returns the futures and ranges that a value holds."""
    found: list[Any] = []
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting and len(seen) < _MOST_OBJECTS:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each
        if issubclass(type(each), FutureBase | FDBRange):
            found.append(each)
        else:
            waiting.extend(_opened(each)[1])
    return found
