"""The one door to C that is not hot: the functions of a loaded library under their C names.

Objects of the library (databases, tenants, transactions, futures) are addresses, plain integers;
`fdb._native.extension` owns them. Every error code passes through `check`.
"""

from __future__ import annotations

import os
from types import TracebackType

from fdb._errors import FDBError
from fdb._native._cffi import ffi, lib
from fdb._typing import Any, Callable, Sequence

_MESSAGE_SIZE = 4096
_REPORT_SIZE = 1 << 20
_API_FUNCTION_MISSING = 2204


_libraries: dict[int, LoadedLibrary] = {}


def check(code: int) -> None:
    """Raises FDBError for every code but 0."""
    if code != 0:
        raise FDBError(code)


#: What is told how far a tool for files is: units done, and how many there are. An exception ends the tool.
Report = Callable[[int, int], object]


class _Listener:
    """Who listens to the progress of a tool, and what that raised."""

    def __init__(self, report: Report | None) -> None:
        self.report = report
        self.raised: BaseException | None = None


def _note(kind: type[BaseException], raised: BaseException, trace: TracebackType) -> None:
    """Keeps what was raised in `_progress`, a signal's exception also before its first line."""
    ffi.from_handle(trace.tb_frame.f_locals["context"]).raised = raised


@ffi.def_extern("shim_progress", error=0, onerror=_note)  # type: ignore[untyped-decorator]
def _progress(context: Any, done: int, total: int) -> int:
    report: Report | None = ffi.from_handle(context).report
    if report is not None:
        report(done, total)
    return 1


class LoadError(OSError):
    """A library could not be loaded; the text is the loader's own reason."""


class LoadedLibrary:
    """What all functions of a library need: the loaded file, and its functions by name."""

    def __init__(self, path: str) -> None:
        """Loads the file `path`, or what the loader finds for a name without a slash.

        Raises LoadError, and ValueError if there is a NUL in the path.
        """
        name = os.fsencode(path)
        if b"\0" in name:
            raise ValueError("the path contains a NUL character")
        message = ffi.new("char[]", _MESSAGE_SIZE)
        self._library = lib.shim_open(name, message, _MESSAGE_SIZE)
        if self._library == ffi.NULL:
            raise LoadError(ffi.string(message).decode(errors="replace"))
        self._functions: dict[str, Any] = {}
        self._version_selected = False
        #: Where `fdb._native.extension` finds the table of functions.
        self.address: int = int(ffi.cast("uintptr_t", self._library))
        self.path: str = self._find_path() or path
        _libraries[self.address] = self

    def _find_path(self) -> str | None:
        path = ffi.new("char[]", _MESSAGE_SIZE)
        if not lib.shim_path(self._library, path, _MESSAGE_SIZE):
            return None
        return os.fsdecode(ffi.string(path))

    def has(self, name: str) -> bool:
        """Whether the library has the function `name`."""
        return bool(lib.shim_bind(self._library, name.encode()) != ffi.NULL)

    def _bind(self, name: str) -> Any:
        function = self._functions.get(name)
        if function is None:
            if not self.has(name):
                raise missing_function(self, name)
            function = self._functions[name] = getattr(self._library.functions, name)
        return function

    def describe(self) -> str:
        """Names the library in an error: its version if it can tell, and its path."""
        known = self._version_selected and self.has("fdb_get_client_version")
        version = self.fdb_get_client_version() if known else "unknown"
        return f"this libfdb_c (version {version}, {self.path})"

    def fdb_get_client_version(self) -> str:
        """The release, as in "7.4.6". The vendor's library crashes before a version was selected."""
        text: str = ffi.string(self._bind("fdb_get_client_version")()).decode(errors="replace")
        return text.split(",")[0]


class EngineFunctions(LoadedLibrary):
    """What only the embedded engine has beside the ABI, which is the other part of `Library`."""

    def fdb_embedded_drop(self, name: bytes) -> None:
        check(self._bind("fdb_embedded_drop")(name))

    def fdb_embedded_problem(self, database: int) -> tuple[int, str]:
        """Why a database cannot be used: the code, 0 if it can, and a text for people."""
        text = ffi.new("char[]", _MESSAGE_SIZE)
        code = self._bind("fdb_embedded_problem")(_database(database), text, _MESSAGE_SIZE)
        return int(code), os.fsdecode(ffi.string(text))

    def fdb_embedded_backup(self, database: int, target: bytes, report: Report | None) -> str:
        """Blocks; returns the tool's report. So do the next three."""
        return self._tool("fdb_embedded_backup", report, _database(database), target)

    def fdb_embedded_check(self, path: bytes, report: Report | None) -> str:
        return self._tool("fdb_embedded_check", report, path)

    def fdb_embedded_compact(self, path: bytes, report: Report | None) -> str:
        return self._tool("fdb_embedded_compact", report, path)

    def fdb_embedded_info(self, path: bytes) -> str:
        text = ffi.new("char[]", _REPORT_SIZE)
        code = self._bind("fdb_embedded_info")(path, text, _REPORT_SIZE)
        return _reported(code, text)

    def _tool(self, name: str, report: Report | None, *arguments: Any) -> str:
        """Runs a tool. Signal handlers run whenever it says how far it is."""
        listener = _Listener(report)
        context = ffi.new_handle(listener)
        text = ffi.new("char[]", _REPORT_SIZE)
        code = self._bind(name)(*arguments, lib.shim_progress, context, text, _REPORT_SIZE)
        if listener.raised is not None:
            try:
                raise listener.raised
            finally:
                del listener
        return _reported(code, text)

    def fdb_embedded_inject(self, transaction: int, fault: bytes) -> None:
        check(self._bind("fdb_embedded_inject")(_transaction(transaction), fault))

    def fdb_embedded_set_latency(self, database: int, setting: bytes) -> None:
        check(self._bind("fdb_embedded_set_latency")(ffi.cast("FDBDatabase *", database), setting))

    def fdb_embedded_clock(self, database: int, action: int, micros: int) -> int:
        """Moves the clock of a database; returns what the action's `out` is."""
        out = ffi.new("int64_t *")
        check(self._bind("fdb_embedded_clock")(_database(database), action, micros, out))
        return int(out[0])

    def fdb_embedded_set_shards(
        self, database: int, begins: Sequence[bytes], addresses: Sequence[bytes | None]
    ) -> None:
        """Blocks while a file is written. There is an entry of addresses for each begin."""
        kept = [ffi.from_buffer(begin) for begin in begins]
        keys = ffi.new("FDBKey[]", len(kept))
        for key, begin in zip(keys, kept, strict=True):
            key.key, key.key_length = ffi.cast("uint8_t const *", begin), len(begin)
        texts = [ffi.NULL if text is None else ffi.new("char[]", text) for text in addresses]
        held = ffi.new("char const *[]", texts)
        check(self._bind("fdb_embedded_set_shards")(_database(database), len(kept), keys, held))

    def fdb_embedded_set_faults(self, database: int, rules: bytes) -> tuple[int, str]:
        """The code, and the rules in full with their seed, or what is wrong with them."""
        text = ffi.new("char[]", _REPORT_SIZE)
        code = self._bind("fdb_embedded_set_faults")(_database(database), rules, text, _REPORT_SIZE)
        return int(code), os.fsdecode(ffi.string(text))

    def fdb_embedded_faults(self, database: int) -> str:
        """A report in JSON."""
        text = ffi.new("char[]", _REPORT_SIZE)
        check(self._bind("fdb_embedded_faults")(_database(database), text, _REPORT_SIZE))
        return os.fsdecode(ffi.string(text))


class Library(EngineFunctions):
    """A loaded library with the C ABI of libfdb_c. Loading runs none of its functions.

    Never unloaded: its threads may be inside it until the process ends.
    """

    # ---- the library as a whole ----

    def fdb_get_max_api_version(self) -> int:
        return int(self._bind("fdb_get_max_api_version")())

    def fdb_select_api_version_impl(self, runtime_version: int, header_version: int) -> None:
        check(self._bind("fdb_select_api_version_impl")(runtime_version, header_version))
        self._version_selected = True

    def fdb_network_set_option(self, option: int, value: bytes | None) -> None:
        check(self._bind("fdb_network_set_option")(option, *_optional(value)))

    def fdb_setup_network(self) -> None:
        check(self._bind("fdb_setup_network")())

    def fdb_run_network(self) -> None:
        """Blocks until fdb_stop_network. Signals are not delivered to this thread meanwhile."""
        check(lib.shim_run_network(self._library))

    def fdb_stop_network(self) -> None:
        check(self._bind("fdb_stop_network")())

    # ---- databases and tenants ----

    def fdb_create_database(self, cluster_file_path: bytes | None) -> int:
        out = ffi.new("FDBDatabase **")
        path = ffi.NULL if cluster_file_path is None else cluster_file_path
        check(self._bind("fdb_create_database")(path, out))
        return _address(out[0])

    def fdb_database_set_option(self, database: int, option: int, value: bytes | None) -> None:
        check(self._bind("fdb_database_set_option")(_database(database), option, *_optional(value)))

    def fdb_database_open_tenant(self, database: int, name: bytes) -> int:
        out = ffi.new("FDBTenant **")
        check(self._bind("fdb_database_open_tenant")(_database(database), name, len(name), out))
        return _address(out[0])

    def fdb_database_get_client_status(self, database: int) -> int:
        return _address(self._bind("fdb_database_get_client_status")(_database(database)))

    def fdb_database_get_server_protocol(self, database: int, expected_version: int) -> int:
        function = self._bind("fdb_database_get_server_protocol")
        return _address(function(_database(database), expected_version))

    def fdb_tenant_get_id(self, tenant: int) -> int:
        return _address(self._bind("fdb_tenant_get_id")(_tenant(tenant)))

    def fdb_tenant_list_blobbified_ranges(
        self, tenant: int, begin: bytes, end: bytes, limit: int
    ) -> int:
        function = self._bind("fdb_tenant_list_blobbified_ranges")
        return _address(function(_tenant(tenant), begin, len(begin), end, len(end), limit))

    # ---- transactions ----

    def fdb_transaction_set_read_version(self, transaction: int, version: int) -> None:
        self._bind("fdb_transaction_set_read_version")(_transaction(transaction), version)

    def fdb_transaction_get_committed_version(self, transaction: int) -> int:
        out = ffi.new("int64_t *")
        check(self._bind("fdb_transaction_get_committed_version")(_transaction(transaction), out))
        return int(out[0])

    def fdb_transaction_get_versionstamp(self, transaction: int) -> int:
        return _address(self._bind("fdb_transaction_get_versionstamp")(_transaction(transaction)))

    def fdb_transaction_get_approximate_size(self, transaction: int) -> int:
        return _address(
            self._bind("fdb_transaction_get_approximate_size")(_transaction(transaction))
        )

    def fdb_transaction_get_addresses_for_key(self, transaction: int, key: bytes) -> int:
        function = self._bind("fdb_transaction_get_addresses_for_key")
        return _address(function(_transaction(transaction), key, len(key)))

    def fdb_transaction_get_estimated_range_size_bytes(
        self, transaction: int, begin: bytes, end: bytes
    ) -> int:
        function = self._bind("fdb_transaction_get_estimated_range_size_bytes")
        return _address(function(_transaction(transaction), begin, len(begin), end, len(end)))

    def fdb_transaction_get_range_split_points(
        self, transaction: int, begin: bytes, end: bytes, chunk_size: int
    ) -> int:
        function = self._bind("fdb_transaction_get_range_split_points")
        return _address(
            function(_transaction(transaction), begin, len(begin), end, len(end), chunk_size)
        )


def missing_function(library: LoadedLibrary, name: str) -> FDBError:
    """The error of a call that needs a function which the library lacks."""
    return FDBError(_API_FUNCTION_MISSING, f"{library.describe()} has no {name}")


def missing_function_at(address: int, name: str) -> FDBError:
    """As `missing_function`, for `fdb._native.extension`, which knows a library by its address."""
    return missing_function(_libraries[address], name)


def _reported(code: int, text: Any) -> str:
    """The report of a tool; FDBError with its explanation if it failed."""
    report = os.fsdecode(ffi.string(text))
    if code != 0:
        raise FDBError(code, report)
    return report


def _address(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))


def _database(address: int) -> Any:
    return ffi.cast("FDBDatabase *", address)


def _tenant(address: int) -> Any:
    return ffi.cast("FDBTenant *", address)


def _transaction(address: int) -> Any:
    return ffi.cast("FDBTransaction *", address)


def _optional(value: bytes | None) -> tuple[Any, int]:
    """A value as the C functions want it: NULL for none, which is not the same as empty."""
    return (ffi.NULL, 0) if value is None else (value, len(value))
