"""The cluster file: which one it is, whether it can be read, and what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from fdb._doctor.finding import Finding, note, ok, problem, warning
from fdb._startup import cluster_names, embedded_names

FORM = "description:id@host:port,host:port (with :tls behind the port for TLS)"

_SUBJECT = "cluster-file"
_CONTENT = re.compile(r"[\w.-]+:[\w.-]+@(.+)", re.ASCII)
_ADDRESS = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:,@\[\]()]+):(?P<port>[0-9]{1,5})(?P<tls>:tls)?(\(fromHostname\))?"
)
_LONGEST = 1 << 16
_HIGHEST_PORT = 65535
_COPY = "copy the cluster file of the cluster's servers (/etc/foundationdb/fdb.cluster there)"


class Address(NamedTuple):
    """The address of a coordinator."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{':tls' if self.tls else ''}"


class Target(NamedTuple):
    """The database that is meant; parts that could not be found out are None."""

    #: What `fdb.open` is to be given.
    name: bytes | None
    #: "memory", "file" or "cluster".
    kind: str
    #: The path of the database file or of the cluster file.
    path: str | None
    #: For people: what said so.
    origin: str


def target_of(name: str | None) -> Target:
    """Finds out what a string for `fdb.open` means. Raises ValueError for one that means nothing."""
    encoded = None if name is None else os.fsencode(name)
    place = cluster_names.place_of(encoded or None)
    origin = "given" if encoded else _origin()
    if not place.embedded:
        return Target(encoded or None, "cluster", os.fsdecode(place.identity), origin)
    path = embedded_names.parse(place.string).path
    if path is None:
        return Target(encoded or None, "memory", None, origin)
    return Target(encoded or None, "file", os.fsdecode(path), origin)


def _origin() -> str:
    return "FDB_CLUSTER_FILE" if os.environ.get("FDB_CLUSTER_FILE") else "the default"


def addresses_of(text: str) -> list[Address]:
    """Returns the coordinators that the text of a cluster file names.

    Raises ValueError that says what is wrong. It does not show the text, whose id is nobody else's business.
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    content = [line for line in lines if line]
    if not content:
        raise ValueError("it is empty")
    if len(content) > 1:
        raise ValueError(f"it has {len(content)} lines that are no comments instead of one")
    match = _CONTENT.fullmatch(content[0])
    if match is None:
        raise ValueError("it is no connection string")
    return [_address(part.strip()) for part in match.group(1).split(",")]


def _address(text: str) -> Address:
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _HIGHEST_PORT:
        raise ValueError(f"{text!r} is no address of a coordinator")
    return Address(match["host"].strip("[]"), int(match["port"]), match["tls"] is not None)


def findings(target: Target, found: list[Address]) -> Iterator[Finding]:
    """Looks at the cluster file of a cluster; adds the coordinators in it to `found`."""
    path = target.path or ""
    which = f"{path} ({target.origin})"
    try:
        with open(path, "rb", opener=_at_once) as file:
            text = file.read(_LONGEST).decode()
        addresses = addresses_of(text)
    except FileNotFoundError:
        yield problem(_SUBJECT, f"{which} does not exist", f"{_COPY}, or correct its name")
    except UnicodeDecodeError:
        yield problem(_SUBJECT, f"{which} is no text", f"{_COPY}; its form: {FORM}")
    except OSError as error:
        way_out = f"let this user read it (chmod a+r {path}), or name another one: FDB_CLUSTER_FILE"
        if isinstance(error, IsADirectoryError):
            way_out = "name the file itself, in FDB_CLUSTER_FILE or behind -C"
        yield problem(_SUBJECT, f"{which} cannot be read: {error.strerror}", way_out)
    except ValueError as error:
        yield problem(_SUBJECT, f"{which} is garbled: {error}", f"{_COPY}; its form: {FORM}")
    else:
        found.extend(addresses)
        yield ok(_SUBJECT, f"{which} names {_counted(len(addresses), 'coordinator')}")
        yield from _writable(path)
    if target.origin == "FDB_CLUSTER_FILE":
        yield from _hidden(path)


def _at_once(path: str, flags: int) -> int:
    """Opens a file without waiting for the other end, if it is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _writable(path: str) -> Iterator[Finding]:
    """The client writes the file anew when the coordinators change."""
    if not os.access(path, os.W_OK) or not os.access(os.path.dirname(path) or ".", os.W_OK):
        text = f"{path} cannot be written by this user: it goes stale when the coordinators change"
        way_out = "let the users of the cluster write the file and its folder, or renew it by hand"
        yield warning(_SUBJECT, text, way_out)


def _hidden(path: str) -> Iterator[Finding]:
    """A cluster file that programs without the variable would take."""
    if os.path.exists("fdb.cluster") and os.path.realpath("fdb.cluster") != os.path.realpath(path):
        yield note(
            _SUBJECT, "FDB_CLUSTER_FILE is set, so ./fdb.cluster in this folder is not looked at"
        )
