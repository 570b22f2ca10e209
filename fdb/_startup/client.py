"""Clients: one loaded library each, with its API version, its options and its network thread.

Invariants:
1. One client for one file, however it was named; it lives until the process ends.
2. The network of a client is set up by its first `open` and stopped once, at exit.
3. A child made by fork starts with no embedded client and with its cluster clients out of order.

All of it may be used from any thread; a client is locked while it starts, the table of them while one is looked for.
"""

from __future__ import annotations

import atexit
import os

from fdb._errors import FDBError
from fdb._native import extension, process
from fdb._native.library import Library
from fdb._startup import api_version, locate
from fdb._startup.network_options import network_options
from fdb._waiting.model import EventModel
from fdb._waiting.threads import model_for_handle

_API_VERSION_ALREADY_SET = 2201
_NETWORK_ALREADY_SETUP = 2009
_INVALID_OPTION_VALUE = 2006
_SETTINGS = {
    "FDB_EMBEDDED_LATENCY": "known are 'off', 'on' (the same as '0-2ms'), a time as in '1ms', or two as in '0-2ms', "
    "and behind it ',seed=NUMBER' (docs/guides/late-answers.md)",
    "FDB_EMBEDDED_FAULTS": "known are rules like 'not_committed:p=0.1;seed=42', 'on' and 'off' (docs/guides/faults.md)",
}
_JOIN_SECONDS = 10.0


class Opened:
    """A database that a library has opened: what the objects of the client API are made of."""

    __slots__ = ("handle", "library", "which")

    def __init__(self, handle: extension.DatabaseHandle, library: Library, which: str) -> None:
        self.handle = handle
        self.library = library
        #: Which one it is, for people; begins with a space.
        self.which = which


class Client:
    """A library in use by this package. `fdb.ClientLibrary` is the public face of one."""

    def __init__(self, library: Library, path: str) -> None:
        self.library = library
        self.path = path
        self.inherited = False
        self._lock = process.reentrant_lock()
        self._selected = False
        self._options_given = 0
        self._thread: process.NativeThread | None = None

    def select_api_version(self) -> None:
        """Selects the program's API version, with the newest header version that both sides know.

        Raises RuntimeError if the library is too old for it, FDBError 2201 if another user of the
        library in this process was first.
        """
        with self._lock:
            if self._selected:
                return
            version = api_version.require()
            newest = self.library.fdb_get_max_api_version()
            if version > newest:
                raise RuntimeError(
                    f"API version {version} is not supported by the installed FoundationDB C library. "
                    f"{self.path} supports a maximum version of {newest}."
                )
            try:
                self.library.fdb_select_api_version_impl(
                    version, min(api_version.LATEST_API_VERSION, newest)
                )
            except FDBError as error:
                if error.code != _API_VERSION_ALREADY_SET:
                    raise
                raise FDBError(
                    error.code,
                    f"another module of this process has selected an API version of {self.path} before, "
                    "and that can be done once only; use a copy of the library under another path",
                ) from None
            self._selected = True

    @property
    def started(self) -> bool:
        """Whether the network runs, so that network options come too late for most purposes."""
        return self._thread is not None

    def start(self) -> None:
        """Sets up the network and starts its thread, once. A failure may be retried."""
        with self._lock:
            if self.inherited:
                raise RuntimeError(
                    f"{self.path} was used before this process was forked, and its threads do not survive "
                    "a fork. Open cluster databases only after forking, or start the process with the "
                    "spawn method"
                )
            if self._thread is not None:
                return
            self.select_api_version()
            for code, value in network_options.recorded()[self._options_given :]:
                self.library.fdb_network_set_option(code, value)
                self._options_given += 1
            try:
                self.library.fdb_setup_network()
            except FDBError as error:
                if error.code != _NETWORK_ALREADY_SETUP:
                    raise
                raise FDBError(
                    error.code,
                    f"another module of this process has set up the network of {self.path}, or an earlier "
                    "attempt failed half-way; use a copy of the library under another path",
                ) from None
            network_options.attach(self.library)
            self._thread = process.NativeThread(self._run_network, "fdb-network-thread")

    def _run_network(self) -> None:
        try:
            self.library.fdb_run_network()
        except Exception:
            process.print_exception("Unhandled error in FoundationDB network thread:")

    def stop(self) -> None:
        """Stops the network and waits for its thread. Only at exit: it cannot be started again."""
        if self._thread is not None and not self.inherited:
            try:
                self.library.fdb_stop_network()
            except FDBError:
                pass  # it has ended by itself
            self._thread.join(_JOIN_SECONDS)

    def open(self, cluster_file: bytes | None, model: EventModel) -> Opened:
        """Opens a database, anew each time; starts the network if need be."""
        self.start()
        try:
            address = self.library.fdb_create_database(cluster_file)
        except FDBError as error:
            given = [name for name in _SETTINGS if os.environ.get(name)]
            if error.code != _INVALID_OPTION_VALUE or not given:
                raise
            texts = [f"{name} is {os.environ[name]!r}; {_SETTINGS[name]}" for name in given]
            raise FDBError(
                error.code, ". Or ".join(texts) + ": a line on stderr says what is wrong"
            ) from None
        handle = extension.DatabaseHandle(
            self.library.address, address, model_for_handle(model), False
        )
        if cluster_file is None:
            return Opened(handle, self.library, " of the default cluster file")
        return Opened(handle, self.library, f" {os.fsdecode(cluster_file)!r}")

    def after_fork(self) -> None:
        """Marks the client as the parent's, if the parent had given it any state."""
        self._lock = process.reentrant_lock()
        self.inherited = self._thread is not None


class Clients:
    """All clients of the process, by the real path of their file."""

    def __init__(self) -> None:
        self._lock = process.reentrant_lock()
        self._by_path: dict[str, Client] = {}
        self._vendor: Client | None = None
        self._embedded: Client | None = None
        self._forked = False

    def vendor(self, path: str | None) -> Client:
        """The client of a file, or of the libfdb_c that the search finds first."""
        with self._lock:
            if path is None and self._vendor is not None:
                return self._vendor
            library = locate.load_vendor(path)
            real = os.path.realpath(library.path)
            client = self._by_path.get(real)
            if client is None:
                client = self._by_path[real] = Client(library, real)
            if path is None:
                self._vendor = client
            return client

    def embedded(self) -> Client:
        """The client of the engine in this package."""
        with self._lock:
            if self._embedded is None:
                real = os.path.realpath(locate.EMBEDDED_PATH)
                client = self._by_path.get(real)
                if client is None:
                    client = Client(locate.load_embedded(self._forked), real)
                    self._by_path[real] = client
                self._embedded = client
            return self._embedded

    def all(self) -> list[Client]:
        """Every client that was made."""
        return list(self._by_path.values())

    def after_fork(self) -> None:
        """Lets go of what the parent used; the embedded engine is loaded afresh when needed."""
        self._lock = process.reentrant_lock()
        for client in self.all():
            client.after_fork()
        if self._embedded is not None and self._embedded.inherited:
            del self._by_path[self._embedded.path]
            self._embedded = None
            self._forked = True
        network_options.detach_all()


clients = Clients()
process.on_fork(clients.after_fork)


@atexit.register
def _stop_all() -> None:
    # First, so that threads still at work end instead of failing with broken promises.
    process.invalidate_at_exit()
    for client in clients.all():
        client.stop()
