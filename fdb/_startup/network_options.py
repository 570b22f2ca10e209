"""Network options: kept until a client starts, then given to it. See `fdb.options`."""

from __future__ import annotations

from fdb._errors import FDBError
from fdb._generated.options import NetworkOptions
from fdb._native.library import Library
from fdb._startup import api_version
from fdb._typing import Callable

_INVALID_OPTION_VALUE = 2006
_IDENTIFIER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

Check = Callable[["bytes | None"], bool]


def _present(value: bytes | None) -> bool:
    return value is not None


def _not_negative(value: bytes | None) -> bool:
    return value is not None and int.from_bytes(value, "little", signed=True) >= 0


def _not_empty(value: bytes | None) -> bool:
    return bool(value)


def _thread_count(value: bytes | None) -> bool:
    return value is not None and 1 <= int.from_bytes(value, "little", signed=True) <= 1024


def _percentage(value: bytes | None) -> bool:
    return value is not None and 0 <= int.from_bytes(value, "little", signed=True) <= 100


def _one_of(*texts: bytes) -> Check:
    return lambda value: value in texts


def _knob(value: bytes | None) -> bool:
    return value is not None and b"=" in value


def _identifier(value: bytes | None) -> bool:
    return value is not None and len(value) <= 50 and not value.translate(None, _IDENTIFIER)


#: What every library refuses with 2006, by the code of the option: found here before there is one.
_CHECKS: dict[int, Check] = {
    31: _not_negative,  # trace_roll_size
    32: _not_negative,  # trace_max_logs_size
    34: _one_of(b"xml", b"json"),  # trace_format
    35: _one_of(b"now", b"realtime"),  # trace_clock_source
    36: _identifier,  # trace_file_identifier
    39: _present,  # trace_partial_file_suffix
    40: _knob,
    **dict.fromkeys((41, 42, 43, 45, 46, 47, 52, 53, 54), _present),  # TLS
    **dict.fromkeys((62, 63, 66, 91), _not_empty),  # external clients
    65: _thread_count,  # client_threads_per_version
    82: _percentage,  # client_buggify_section_activated_probability
    83: _percentage,  # client_buggify_section_fired_probability
    90: _one_of(b"none", b"disabled", b"logfile", b"file", b"log_file", b"network_lossy"),
}


class NetworkOptionRegistry:
    """The options set so far, and the running libraries that later ones go to as well."""

    def __init__(self) -> None:
        self._recorded: list[tuple[int, bytes | None]] = []
        self._libraries: list[Library] = []

    def set(self, code: int, value: bytes | None) -> None:
        """Applies an option to every running library and keeps it for those that follow.

        Raises RuntimeError before an API version was selected, FDBError 2006 for a value that no
        library accepts, and what a running library says.
        """
        api_version.require()
        check = _CHECKS.get(code)
        if check is not None and not check(value):
            raise FDBError(_INVALID_OPTION_VALUE)
        for library in self._libraries:
            library.fdb_network_set_option(code, value)
        self._recorded.append((code, value))

    def recorded(self) -> list[tuple[int, bytes | None]]:
        """The options in the order in which they were set."""
        return list(self._recorded)

    def attach(self, library: Library) -> None:
        """Sends later options to a library that has started."""
        self._libraries.append(library)

    def detach_all(self) -> None:
        """Forgets the running libraries, which a fork has left behind in the parent."""
        self._libraries.clear()


network_options = NetworkOptionRegistry()

#: The object behind `fdb.options`.
options: NetworkOptions = NetworkOptions(network_options.set)
