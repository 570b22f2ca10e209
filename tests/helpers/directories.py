"""What tests of directories look at."""

from __future__ import annotations

import pytest


def dump(db, prefix):
    """Everything stored below a prefix, with the prefix removed from the keys."""
    return {row.key[len(prefix) :]: row.value for row in db.get_range_startswith(prefix)}


def fails(error, text, path, function, *arguments, **keywords):
    """Checks what a call raises: the class, the text, and the path in it."""
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    assert type(caught.value) is error
    assert str(caught.value).startswith(text)
    assert str(caught.value).endswith(f" (path: {path!r})")
    assert caught.value.path == path
