"""The server of a page: a socket on the loopback address and a thread with an event loop of its own.

`BrowsePage` may be used from any thread.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import os
import secrets
import socket
import threading
import weakref
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from fdb._blocking import SynchronousOperations
from fdb._browse.app import application
from fdb._browse.live import Live
from fdb._browse.requests import LOG, Session
from fdb._dump.databases import database_of
from fdb._times import seconds_of

_ADDRESS = "127.0.0.1"
_TOKEN_BYTES = 32
_MOST_PORT = 65_535
#: How long requests that are being answered may go on after `close`, and how long that waits for the thread.
_GRACE, _JOIN = 1, 5.0
#: The longest address and headers of a request: a key of 10,000 bytes as it is typed, and a continuation behind another.
_MOST_HEAD = 256 * 1024


class BrowsePage:
    """A page that is served by this process, as `fdb.browse` returns it; a context manager."""

    def __init__(
        self, db: Any, *, write: bool, port: int, timeout: float, title: str | None
    ) -> None:
        """Takes the port; raises as `fdb.browse` says."""
        _check_source(db)
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= _MOST_PORT:
            raise ValueError(f"port must be 0, for any that is free, to {_MOST_PORT}, not {port!r}")
        seconds = seconds_of("timeout", timeout)
        if not 0 < seconds < 86_400:
            raise ValueError(
                f"timeout must be more than 0 seconds and less than a day, not {timeout!r}"
            )
        name = title if title is not None else _title_of(db)
        # A path may have bytes that are no text.
        shown = name.encode("utf-8", "replace").decode()
        self._session = Session(db, bool(write), seconds, shown)
        self._socket = _listening(port)
        self._port: int = self._socket.getsockname()[1]
        self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._live = Live(self._session)
        self._server = _server(application(self._session, self._live, self._token, self._port))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="fdb-browse", daemon=True)
        # Not by joining the thread: in Python 3.11 one that is interrupted takes the thread for ended.
        self._ended = threading.Event()
        self._is_closed = False
        _pages.add(self)

    @property
    def url(self) -> str:
        """The address, with the token that opens it."""
        return f"http://{_ADDRESS}:{self._port}/{self._token}/"

    @property
    def port(self) -> int:
        """The port that it is served at."""
        return self._port

    def start(self) -> None:
        """Begins to answer. Connections that came before wait."""
        self._thread.start()

    def close(self) -> None:
        """Ends the page; what it is answering has a moment to end. Blocks until it has ended, and so does a second call."""
        # Without a lock, and each step may be done twice: Ctrl-C may come between any two of them.
        self._is_closed = True
        self._session.close()
        self._server.should_exit = True
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._live.close)
            except RuntimeError:
                pass  # the loop has ended by itself
        self._ended.wait(_JOIN)

    def wait(self) -> None:
        """Blocks until the page has ended, by `close` in another thread. Ctrl-C interrupts it, and the page goes on."""
        self._ended.wait()

    def _forget(self) -> None:
        """Leaves the page to the process that this one was forked from: its thread is not here, its port is not kept."""
        self._is_closed = True
        self._loop = None
        self._socket.close()
        # The old one may be locked by a thread that is not here.
        self._ended = threading.Event()
        self._ended.set()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._socket.close()
            self._ended.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._is_closed:
            return
        await self._server.serve(sockets=[self._socket])

    def __repr__(self) -> str:
        # Without the token: this may get into a log.
        state = "closed" if self._is_closed else f"at port {self._port}"
        return f"<{type(self).__name__} {state}>"

    def __enter__(self) -> BrowsePage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


#: Those that there are, for a process that is forked.
_pages: weakref.WeakSet[BrowsePage] = weakref.WeakSet()


def _after_fork() -> None:
    for page in list(_pages):
        page._forget()


os.register_at_fork(after_in_child=_after_fork)
# What the server says while it ends is in the log of a program that has one, and is not printed where there is none.
logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())


def _title_of(db: Any) -> str:
    """Returns what a database was opened by, as the page shows it; of a tenant that of its database."""
    which: str = database_of(db)._which.strip()
    try:
        return str(ast.literal_eval(which)).removesuffix("?mode=ro")
    except (ValueError, SyntaxError):
        return which.removeprefix("of ") or type(db).__name__


def _check_source(db: Any) -> None:
    if not isinstance(db, SynchronousOperations):
        raise TypeError(
            f"browse() takes what fdb.open() returned, or a tenant of it, that blocks, not {type(db).__name__}"
            + (
                ": open the database once more, without event_model"
                if hasattr(db, "_handle")
                else ""
            )
        )
    model = db._handle.model
    if model is not None and getattr(model, "name", "") == "gevent":
        raise TypeError(
            "browse() takes no database for gevent: open it once more, without event_model"
        )


def _listening(port: int) -> socket.socket:
    """Returns a socket that listens. Raises OSError that names the port."""
    # With the protocol: only then asyncio sends small pieces at once, and not 40 ms later.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_ADDRESS, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"port {port} of {_ADDRESS} cannot be used: {error.strerror}"
        ) from None
    return listener


class _Protocol(H11Protocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Addresses have the token, so they are in no log; and clients that speak no HTTP are no news.
        self.access_log = False
        self.logger = LOG


class _Config(uvicorn.Config):
    def configure_logging(self) -> None:
        """Leaves the logging of the program alone."""


def _server(app: Any) -> uvicorn.Server:
    return uvicorn.Server(
        _Config(
            app,
            interface="asgi3",
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE,
            h11_max_incomplete_event_size=_MOST_HEAD,
        )
    )
