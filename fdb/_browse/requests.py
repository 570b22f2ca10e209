"""What requests ask for and what they are answered: parameters, JSON, and the refusals that a person reads.

`Refused` is the one way to answer with an error: a status and one line. `refusal_of` makes one of whatever the database or the
notation raises.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

from fdb._blocking import Database
from fdb._display.notation import NotationError, from_printable, printable
from fdb._display.places import Place
from fdb._dump.databases import database_of
from fdb._errors import FDBError
from fdb._status import Status
from fdb.directory_impl import DirectoryError

#: Silent, unless the program has it otherwise.
LOG = logging.getLogger("fdb.browse")
LOG.addHandler(logging.NullHandler())
FAULT = "the page has a fault: the log of its program says more"
#: The largest body of a request: a value of 100,000 bytes, each as \\xNN, in JSON.
MOST_BODY = 1_000_000
#: No key is longer, nor any text that is typed for one.
_MOST_KEY, _MOST_NOTATION = 10_000, 50_000
#: What the user's keys lie between.
FIRST_KEY, END_OF_KEYS = b"", b"\xff"
NOT_SHOWN = "the keys of the system, from \\xff on, are not shown"

_STATUS = b"\xff\xff/status/json"
_thread = threading.local()
_TIMED_OUT, _TENANT_NOT_FOUND, _CLIENT_ERRORS = 1031, 2131, 2000


class Refused(Exception):
    """A request gets no answer but an error: a status of HTTP, and a line for a person."""

    def __init__(self, status: int, text: str, **more: Any) -> None:
        super().__init__(text)
        self.status = status
        #: The object that is sent.
        self.body = {"error": text, **more}


class Session:
    """What holds for all requests of a page, and the transactions that they are in. Thread-safe."""

    def __init__(self, db: Any, write: bool, timeout: float, title: str) -> None:
        #: A database or tenant that blocks.
        self.db = db
        self.write = write
        #: Seconds that a transaction may take, with its retries.
        self.timeout = timeout
        #: How the page calls the database.
        self.title = title
        self._running: set[Any] = set()
        self._is_closed = False

    @property
    def has_tenants(self) -> bool:
        """Whether requests may name a tenant: the page of a tenant has no others."""
        return isinstance(self.db, Database)

    def source(self, tenant: str) -> Any:
        """Returns the database, or the tenant that a request names in notation. Raises Refused."""
        if not tenant:
            return self.db
        if not self.has_tenants:
            raise Refused(400, "tenant: this page shows one tenant, and no others")
        try:
            return self.db.open_tenant(from_printable(tenant))
        except NotationError as error:
            raise Refused(400, f"tenant: {error}") from None

    def read(self, source: Any, function: Callable[[Any], Any], most: float = math.inf) -> Any:
        """Runs a function in a transaction that cannot write; blocks for the timeout, or `most` seconds, at most."""
        return self.run(source, function, read_only=True, timeout=min(self.timeout, most))

    def run(self, source: Any, function: Callable[[Any], Any], **policy: Any) -> Any:
        """Runs a function in a transaction of the page's own; blocks for the timeout at most."""
        found: Any = None

        def act(tr: Any) -> Any:
            nonlocal found
            found = tr
            self._running.add(tr)
            if self._is_closed:
                raise Refused(503, "the page has been closed")
            return function(tr)

        _thread.is_own = True
        try:
            return source.run(act, **{"timeout": self.timeout, **policy})
        finally:
            _thread.is_own = False
            self._running.discard(found)

    def status(self) -> Status:
        """Returns the status document of the database, be it that of a tenant; blocks for the timeout at most."""

        def read(tr: Any) -> Any:
            tr.options.set_read_lock_aware()
            return tr[_STATUS].value

        database = database_of(self.db)
        return Status.parse(self.read(database, read) or b"{}")

    def close(self) -> None:
        """Cancels what is running, and lets nothing more begin."""
        self._is_closed = True
        for tr in list(self._running):
            tr.cancel()


def is_own() -> bool:
    """Whether this thread is in a transaction of a page, which observers of the database need not see."""
    return getattr(_thread, "is_own", False)


def refusal_of(error: Exception) -> Refused:
    """Returns what to answer for an exception. One that nobody foresaw goes into the log, not into the answer."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, FDBError):
        return Refused(_status_of(error), _text_of(error), code=error.code)
    if isinstance(error, DirectoryError):
        return Refused(400, " ".join(str(error).split()))
    if isinstance(error, NotationError):
        return Refused(400, str(error))
    if isinstance(error, RuntimeError):
        # The program has closed the database, or the library lacks what was asked for.
        return Refused(503, " ".join(str(error).split()))
    # With a traceback for a program that wants to know all.
    traced = LOG.isEnabledFor(logging.DEBUG)
    LOG.error("the page has a fault: %s: %s", type(error).__name__, error, exc_info=traced)
    return Refused(500, FAULT)


def _status_of(error: FDBError) -> int:
    if error.code == _TIMED_OUT:
        return 504
    if error.code == _TENANT_NOT_FOUND:
        return 404
    if _CLIENT_ERRORS <= error.code < 3000:
        return 400
    return 503


def _text_of(error: FDBError) -> str:
    text = f"{error.description} ({error.code})"
    return f"the database did not answer in time: {text}" if error.code == _TIMED_OUT else text


class Parameters:
    """The parameters of a GET, or the members of the JSON object of a POST: each is checked when it is asked for.

    All methods raise Refused, with the name of the parameter.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    @classmethod
    def of_body(cls, body: bytes) -> Parameters:
        """Returns those of a POST."""
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(400, "the body of the request is no JSON") from None
        if not isinstance(found, dict):
            raise Refused(400, "the body of the request is no JSON object")
        return cls(found)

    def has(self, name: str) -> bool:
        """Whether it is given, be it null."""
        return name in self._given

    def is_null(self, name: str) -> bool:
        """Whether it is given as null."""
        return self.has(name) and self._given[name] is None

    def text(self, name: str, default: str | None = None, most: int = _MOST_NOTATION) -> str:
        """Returns a text; without a default it must be there."""
        value = self._given.get(name, default)
        if value is None:
            raise Refused(400, f"{name} is missing")
        if not isinstance(value, str):
            raise Refused(400, f"{name} must be a text")
        if len(value) > most:
            raise Refused(400, f"{name} is longer than {most} characters")
        return value

    def number(self, name: str, default: int | None, least: int, most: int) -> int:
        """Returns a whole number; without a default it must be there."""
        value = self._given.get(name, default)
        if isinstance(value, str) and len(value) < 20 and value.isascii():
            value = int(value) if value.removeprefix("-").isdigit() else None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Refused(400, f"{name} must be a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        """Returns whether it is 1; 0 if it is missing."""
        value = self._given.get(name, "0")
        if value in ("0", "1"):
            return bool(value == "1")
        raise Refused(400, f"{name} must be 0 or 1")

    def data(self, name: str, default: bytes | None = None, most: int = _MOST_KEY) -> bytes:
        """Returns bytes that are given as hexadecimal digits, a key if nothing else is said."""
        value = self._given.get(name)
        if value is None and default is not None:
            return default
        try:
            found = bytes.fromhex(self.text(name, None, 2 * most + 2))
        except ValueError:
            raise Refused(400, f"{name} must be pairs of hexadecimal digits") from None
        if len(found) > most:
            raise Refused(400, f"{name} has more than {most} bytes")
        return found

    def place(self, name: str) -> Place | None:
        """Returns what a person typed for a key or for keys; None for nothing."""
        text = self.text(name, "")
        if not text.strip():
            return None
        try:
            return Place.parse(text)
        except NotationError as error:
            raise Refused(400, f"{name}: {error}", parameter=name) from None

    def path(self, name: str) -> tuple[str, ...]:
        """Returns the path of a directory, which is a JSON array of its names."""
        value = self._given.get(name, "[]")
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise Refused(400, f"{name} must be a JSON array of names")
        try:
            "".join(found).encode()
        except UnicodeEncodeError:
            raise Refused(400, f"{name} has a character that is none") from None
        return tuple(found)


def range_of(parameters: Parameters, tr: Any) -> tuple[bytes, bytes]:
    """Returns the keys that a request is about: `within`, and of that what lies from `begin_hex` to `end_hex`."""
    place = parameters.place("within")
    begin, end = place.range(tr) if place is not None else (FIRST_KEY, END_OF_KEYS)
    begin = max(begin, parameters.data("begin_hex", begin))
    end = min(end, parameters.data("end_hex", end), END_OF_KEYS)
    if begin > END_OF_KEYS:
        raise Refused(400, NOT_SHOWN)
    return begin, max(begin, end)


def shown_bounds(begin: bytes, end: bytes) -> dict[str, str]:
    """Returns a range as it is sent."""
    return {
        "begin": printable(begin),
        "end": printable(end),
        "begin_hex": begin.hex(),
        "end_hex": end.hex(),
    }
