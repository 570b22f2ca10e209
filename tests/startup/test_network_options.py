"""fdb/_startup/network_options.py: options that wait for the first client."""

from __future__ import annotations

import struct

import pytest

import fdb
from fdb._startup.network_options import NetworkOptionRegistry


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (31, struct.pack("<q", -1)),
        (34, b"yaml"),
        (35, b"later"),
        (36, b"no-dash"),
        (36, None),
        (40, b"knob"),
        (43, None),
        (62, b""),
        (65, struct.pack("<q", 0)),
        (82, struct.pack("<q", 101)),
        (90, b"jaeger"),
    ],
)
def test_network_options_are_checked_before_there_is_a_library(
    code: int, value: bytes | None
) -> None:
    registry = NetworkOptionRegistry()
    with pytest.raises(fdb.FDBError) as refused:
        registry.set(code, value)
    assert refused.value.code == 2006
    assert registry.recorded() == []


def test_network_options_are_kept_in_order() -> None:
    registry = NetworkOptionRegistry()
    registry.set(40, b"a=1")
    registry.set(34, b"json")
    registry.set(40, b"b=2")
    assert registry.recorded() == [(40, b"a=1"), (34, b"json"), (40, b"b=2")]


def test_network_options_reach_a_running_library(db: fdb.Database) -> None:
    with pytest.raises(fdb.FDBError) as refused:
        fdb.options.set_disable_multi_version_client_api()
    assert refused.value.code == 2007
