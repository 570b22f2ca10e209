"""What a path may be."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("path", ["\u00fc", b"\xc3\xbc", ("\u00fc",), (b"\xc3\xbc",), ["\u00fc"]])
def test_forms_of_a_path(db, layer, path):
    created = layer.create(db, path)
    assert created.get_path() == ("\u00fc",)
    assert layer.list(db) == ["\u00fc"]
    assert layer.open(db, "\u00fc").key() == created.key()
    assert layer.exists(db, path)
    assert created.create(db, path).get_path() == ("\u00fc", "\u00fc")


@pytest.mark.parametrize("path", [5, None, ("a", 5), (("a",),), object()])
def test_malformed_paths(db, layer, path):
    directory = layer.create(db, "a")
    for where in (layer, directory):
        for operation in (
            where.create,
            where.open,
            where.create_or_open,
            where.list,
            where.exists,
            where.remove,
        ):
            with pytest.raises(ValueError) as caught:
                operation(db, path)
            assert str(caught.value).startswith(
                "Invalid path: must be a unicode string or a tuple of unicode strings, not "
            )
    with pytest.raises(ValueError):
        layer.open(db, b"\xff")
