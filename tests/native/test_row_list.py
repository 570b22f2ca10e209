"""native/binding/row_list.c: a list that is indexed as fast as one in classes of Python, too."""

from __future__ import annotations

import gc
import types
import weakref

import pytest

from fdb._native import extension
from fdb._range import Rows

ROWS = [extension.KeyValue(b"%d" % number, b"") for number in range(10)]


class Weak(Rows):
    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("kind", [extension.RowList, Rows])
def test_it_is_the_list(kind: type[list[extension.KeyValue]]) -> None:
    rows = kind(ROWS)
    assert rows == ROWS and isinstance(rows, list) and type(rows) is kind
    assert rows[0] is ROWS[0] and rows[-1] is ROWS[-1] and rows[True] is ROWS[1]
    assert rows[2:8:3] == ROWS[2:8:3] and type(rows[:]) is list
    rows[0] = ROWS[5]
    del rows[1:9]
    assert rows == [ROWS[5], ROWS[9]] and kind() == []
    with pytest.raises(IndexError, match="list index out of range"):
        rows[2]
    with pytest.raises(TypeError, match="list indices must be integers or slices"):
        rows["0"]  # type: ignore[call-overload]
    match rows:
        case [first, last]:
            assert (first, last) == (ROWS[5], ROWS[9])
        case _:
            pytest.fail("no sequence")


def test_indexing_is_a_slot_that_classes_of_python_have_too() -> None:
    # Of a list it is a method, which is called by way of its name: three times as slow.
    assert type(Rows.__getitem__) is types.WrapperDescriptorType
    assert "__getitem__" not in vars(Rows)


def test_lists_in_circles_are_collected() -> None:
    rows = Weak(ROWS)
    rows.append(rows)  # type: ignore[arg-type]
    gone = weakref.ref(rows)
    del rows
    gc.collect()
    assert gone() is None
