"""Whether a `for` loop goes on after a `with` block in it, told from the byte code of the function.

`for attempt in db.attempts()` runs the block again if the commit at its end has failed. A block that was left by `return` or
`break` ends the loop, though, and nothing can be run again; the only sign of that is where the function goes on after
the call of `__exit__`. It is looked at when a commit has failed, so its cost does not matter.
"""

from __future__ import annotations

import bisect
import dis
import sys

from fdb._typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from types import CodeType

#: (the code, the offset of the instruction that asks the loop's iterator for more)
Place = tuple["CodeType", int]

_ASKS = frozenset(("FOR_ITER", "GET_ANEXT"))
_ENTERS_LOOP = frozenset(("GET_ITER", "GET_AITER"))
_ENDS = frozenset(("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"))
_GOES_ELSEWHERE = frozenset(
    ("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
)
#: These name a handler for exceptions, which are no way on.
_HANDLERS = frozenset(("SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH"))


def caller(depth: int, loop: Place | None = None) -> Place:
    """Returns where a function is that has called the caller, `depth` calls up.

    With a loop it is the function of that, if it has called those between: the block may be in a helper of its.
    """
    found = frame = sys._getframe(depth + 1)
    while loop is not None and found.f_code is not loop[0]:
        if found.f_back is None:
            break
        found = found.f_back
    else:
        frame = found
    return frame.f_code, frame.f_lasti


def goes_on(loop: Place, block: Place) -> bool:
    """Whether the loop may be asked for more after the `with` block has ended at a place.

    True, too, where that cannot be told: the function with the loop is a generator, say, and has not called this.
    """
    code, head = loop
    if block[0] is not code:
        return True
    instructions = list(dis.get_instructions(code))
    offsets = [each.offset for each in instructions]
    first = bisect.bisect(offsets, head) - 1
    entered = [n for n in range(first) if instructions[n].opname in _ENTERS_LOOP]
    if instructions[first].opname not in _ASKS or not entered:
        return True  # next() by hand
    index = {offset: number for number, offset in enumerate(offsets)}
    start = bisect.bisect(offsets, block[1]) - 1
    return first in _reached(instructions, index, start, entered[-1])


def _reached(
    instructions: list[dis.Instruction], index: dict[int, int], start: int, entry: int
) -> set[int]:
    """Returns what may run from an instruction on, without what enters the loop anew."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        number = waiting.pop()
        if number in seen or number == entry or number >= len(instructions):
            continue
        seen.add(number)
        waiting.extend(_followers(instructions[number], number, index))
    return seen


def _followers(instruction: dis.Instruction, number: int, index: dict[int, int]) -> Iterator[int]:
    name = instruction.opname
    if name in _ENDS:
        return
    if instruction.opcode in (*dis.hasjrel, *dis.hasjabs) and name not in _HANDLERS:
        target = index.get(instruction.argval)
        if target is not None:
            yield target
    if name not in _GOES_ELSEWHERE:
        yield number + 1
