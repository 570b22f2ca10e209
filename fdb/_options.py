"""How options are set: conversion of the parameter. The options themselves are generated."""

from __future__ import annotations

import struct
from collections.abc import Callable

from fdb import _fast

_INT = struct.Struct("<q")

#: Receives the code of an option and its value in bytes, None for no value.
SetOption = Callable[[int, "bytes | None"], None]


class OptionSetter:
    """Base of the option classes; each of their methods calls one of the four below.

    Errors that the library finds at once are raised as FDBError; what it notices later comes with
    the next operation of the database or transaction.
    """

    __slots__ = ("_set_option",)

    def __init__(self, set_option: SetOption) -> None:
        self._set_option = set_option

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: methods set_...>"

    def _set_none(self, code: int) -> None:
        self._set_option(code, None)

    def _set_int(self, code: int, value: int) -> None:
        """Raises struct.error for anything but an int that fits into 64 bits."""
        self._set_option(code, _INT.pack(value))

    def _set_string(self, code: int, value: str | bytes | None) -> None:
        if isinstance(value, str):
            value = value.encode("utf-8")
        elif value is not None:
            if not isinstance(value, bytes):
                raise TypeError(f"Parameter must be a string, not {type(value).__name__}")
            value = _fast.value_bytes(value)
        self._set_option(code, value)

    def _set_bytes(self, code: int, value: bytes | None) -> None:
        if value is not None:
            if not isinstance(value, bytes):
                raise TypeError(f"Value must be of type bytes, not {type(value).__name__}")
            value = _fast.value_bytes(value)
        self._set_option(code, value)
