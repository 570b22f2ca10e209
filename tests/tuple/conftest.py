"""The tests of this folder run over both codecs, the pure one and the one in C."""

from __future__ import annotations

import pytest

from helpers.tuples import CODECS


@pytest.fixture(params=CODECS)
def codec(request):
    return CODECS[request.param]
