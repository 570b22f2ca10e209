"""Whether the coordinators of a cluster take connections, found out within a time."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from time import monotonic

from fdb._doctor.cluster_file import Address
from fdb._doctor.finding import Finding, ok, problem, warning

_SUBJECT = "coordinators"
_WAY_OUT = (
    "start the servers there (systemctl status foundationdb), let a firewall pass this port, or renew the cluster file "
    "if the coordinators were changed"
)


def findings(addresses: list[Address], timeout: float) -> Iterator[Finding]:
    """Connects to all coordinators at once, and waits for `timeout` seconds at most."""
    reasons = unreachable(addresses, timeout)
    reached = len(addresses) - len(reasons)
    if not reasons:
        yield ok(_SUBJECT, f"{reached} of {len(addresses)} take connections")
        return
    shown = "; ".join(f"{address}: {reason}" for address, reason in reasons.items())
    text = f"{reached} of {len(addresses)} take connections ({shown})"
    if reached > len(addresses) // 2:
        yield warning(_SUBJECT, text, _WAY_OUT)
    else:
        yield problem(_SUBJECT, f"{text}: more than half are needed", _WAY_OUT)


def unreachable(addresses: list[Address], timeout: float) -> dict[Address, str]:
    """Returns the coordinators that take no connection within `timeout` seconds, with the reason."""
    answers: queue.SimpleQueue[tuple[Address, str | None]] = queue.SimpleQueue()
    end = monotonic() + timeout
    for address in addresses:
        # A name that is looked up cannot be given up: such a thread is left behind.
        work = threading.Thread(
            target=lambda each: answers.put((each, _reason(each, timeout))),
            args=(address,),
            daemon=True,
        )
        work.start()
    reasons = dict.fromkeys(addresses, f"no answer within {timeout:g} s")
    for _ in addresses:
        try:
            address, reason = answers.get(timeout=max(0.0, end - monotonic()))
        except queue.Empty:
            break
        if reason is None:
            reasons.pop(address, None)
        else:
            reasons[address] = reason
    return reasons


def _reason(address: Address, timeout: float) -> str | None:
    """Returns why a coordinator takes no connection, None if it does."""
    try:
        with socket.create_connection((address.host, address.port), timeout):
            return None
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
