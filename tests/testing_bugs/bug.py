"""What a planted bug consists of: a program that has it, and the same program without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

#: Called with a database; a coroutine function for an asyncio one.
Function = Callable[[Any], Any]
Rows = Mapping[bytes, bytes]


class Program(NamedTuple):
    """Functions that may be called at the same time."""

    #: Makes the functions: what they keep is new then.
    make: Callable[[], Sequence[Function]]
    #: Whether rows and results are as they should be, in whatever order the functions ran.
    holds: Callable[[Rows, Sequence[Any]], bool]


class Bug(NamedTuple):
    """A bug. Its module says in its first lines what goes wrong."""

    #: What is there before the functions run.
    rows: Rows
    broken: Program
    repaired: Program
    #: The tool that has to find it.
    tool: str
    is_asyncio: bool = False


def same(
    rows: Rows,
    tool: str,
    broken: Callable[[], Sequence[Function]],
    repaired: Callable[[], Sequence[Function]],
    holds: Callable[[Rows, Sequence[Any]], bool],
    is_asyncio: bool = False,
) -> Bug:
    """A bug whose two programs are to do the same."""
    return Bug(rows, Program(broken, holds), Program(repaired, holds), tool, is_asyncio)


RETRY_SAFE = "assert_retry_safe"
SERIALIZABLE = "assert_serializable"
