"""What tests of the page ask it."""

from __future__ import annotations

from typing import Any

import pytest

WRITE = {"X-FDB-Write": "1"}


def asked(**given: Any) -> Any:
    """Returns parameters; an underscore at the end of a name is not part of it."""
    from fdb._browse.requests import Parameters

    return Parameters({name.rstrip("_"): value for name, value in given.items()})


def refused(function: Any, *arguments: Any) -> tuple[int, str]:
    """Returns the status and the text with which a request is refused."""
    from fdb._browse.requests import Refused

    with pytest.raises(Refused) as failed:
        function(*arguments)
    text = failed.value.body["error"]
    assert text and "\n" not in text
    return failed.value.status, text
