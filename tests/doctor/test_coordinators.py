"""fdb/_doctor/coordinators.py: which coordinators take connections. Nothing of it hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fdb._doctor.cluster_file import Address
from fdb._doctor.coordinators import findings

LONG = 30.0


@contextlib.contextmanager
def listening() -> Iterator[Address]:
    """A port that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Address("127.0.0.1", server.getsockname()[1], False)


@pytest.fixture
def closed() -> Iterator[Address]:
    """A port that takes none: its socket is bound, so that nobody else gets it, and does not listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield Address("127.0.0.1", bound.getsockname()[1], False)


def test_all_of_them() -> None:
    with listening() as one, listening() as other:
        (found,) = findings([one, other], LONG)
    assert found.level == "ok" and found.text == "2 of 2 take connections"


def test_a_majority(closed: Address) -> None:
    with listening() as one, listening() as other:
        (found,) = findings([one, closed, other], LONG)
    assert found.level == "warning"
    assert found.text == f"2 of 3 take connections ({closed}: connection refused)"


def test_a_minority(closed: Address) -> None:
    with listening() as one:
        (found,) = findings([one, closed], LONG)
    assert found.level == "problem" and "more than half are needed" in found.text
    assert "firewall" in (found.way_out or "")


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    (found,) = findings([Address("no-such-host.invalid", 4500, False)], LONG)
    assert found.level == "problem"
    assert "no-such-host.invalid:4500: name or service not known" in found.text


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the look-up of a name may: it takes no timeout."""
    ended = threading.Event()

    def hang(*_: Any) -> None:
        ended.wait(LONG)
        raise OSError("given up")

    monkeypatch.setattr(socket, "create_connection", hang)
    try:
        (found,) = findings([Address("10.0.0.1", 4500, False)], 0.05)
    finally:
        ended.set()
    assert found.text == (
        "0 of 1 take connections (10.0.0.1:4500: no answer within 0.05 s): more than half are needed"
    )
