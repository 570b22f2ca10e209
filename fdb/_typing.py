"""What the package needs of `typing` and `collections.abc`: the real names for type checkers, stand-ins while a program runs.

Loading `typing`, with all that it loads, takes longer than the rest of the package. Annotations are text here, so at
run time its names only have to be there, as bases, decorators and markers. What `typing.get_type_hints` makes of them
is good for looking at, not for comparing with the names of `typing`.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import AsyncIterator as AsyncIterator
    from collections.abc import Awaitable as Awaitable
    from collections.abc import Callable as Callable
    from collections.abc import Coroutine as Coroutine
    from collections.abc import Generator as Generator
    from collections.abc import Iterable as Iterable
    from collections.abc import Iterator as Iterator
    from collections.abc import Sequence as Sequence
    from typing import Any as Any
    from typing import Concatenate as Concatenate
    from typing import Generic as Generic
    from typing import Literal as Literal
    from typing import NoReturn as NoReturn
    from typing import ParamSpec as ParamSpec
    from typing import Protocol as Protocol
    from typing import SupportsIndex as SupportsIndex
    from typing import TypeVar as TypeVar
    from typing import cast as cast
    from typing import overload as overload

    from typing_extensions import TypeVarTuple as TypeVarTuple
    from typing_extensions import Unpack as Unpack
else:
    # What collections.abc has, without the rest of collections.
    from _collections_abc import (  # noqa: F401 - for those who import them from here
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
        Iterable,
        Iterator,
        Sequence,
    )

    _Alias = type(list[int])

    class Generic:
        """A base that takes types in brackets and remembers them as `list[int]` does."""

        __slots__ = ()
        __class_getitem__ = classmethod(_Alias)

    class Protocol(Generic):
        """The same; nobody asks at run time what has the form of one."""

        __slots__ = ()

    class _Marker(Generic):
        """A name that stands in annotations."""

        __slots__ = ()

    Any = Concatenate = Literal = NoReturn = SupportsIndex = Unpack = _Marker

    class TypeVar:
        """A variable for types."""

        __slots__ = ("__name__",)

        def __init__(self, name, *bounds, **options):
            self.__name__ = name

        def __repr__(self):
            return f"~{self.__name__}"

    ParamSpec = TypeVarTuple = TypeVar

    def cast(kind, value):
        return value

    def overload(function):
        return function
