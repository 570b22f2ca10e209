"""How options are set: conversion of the parameter. The options themselves are generated."""

from __future__ import annotations

import struct
import sys

from fdb._native import extension
from fdb._typing import Any, Callable

_INT = struct.Struct("<q")

#: Receives the code of an option and its value in bytes, None for no value.
SetOption = Callable[[int, "bytes | None"], None]


class NotAnInt(TypeError, struct.error):
    """The value of an option that takes an int is none; a struct.error as in the official package."""


class TooLargeAnInt(OverflowError, struct.error):
    """The value of an option that takes an int does not fit into 64 bits."""


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
        """Raises NotAnInt or TooLargeAnInt for anything but an int that fits into 64 bits."""
        try:
            packed = _INT.pack(value)
        except struct.error:
            raise self._refused(value) from None
        self._set_option(code, packed)

    def _refused(self, value: Any) -> struct.error:
        method = sys._getframe(2).f_code.co_name
        meaning = (getattr(type(self), method).__doc__ or "").partition("param: ")[2].strip()
        about = f" ({' '.join(meaning.split()).rstrip('.')})" if meaning else ""
        if isinstance(value, int):
            return TooLargeAnInt(
                f"{method}() takes an int{about} that fits into 64 bits, which {value} does not"
            )
        return NotAnInt(
            f"{method}() takes an int{about}, not {type(value).__name__} ({value!r}): convert it with int()"
        )

    def _set_string(self, code: int, value: str | bytes | None) -> None:
        if isinstance(value, str):
            value = value.encode("utf-8")
        elif value is not None:
            if not isinstance(value, bytes):
                raise TypeError(f"Parameter must be a string, not {type(value).__name__}")
            value = extension.value_bytes(value)
        self._set_option(code, value)

    def _set_bytes(self, code: int, value: bytes | None) -> None:
        if value is not None:
            if not isinstance(value, bytes):
                raise TypeError(f"Value must be of type bytes, not {type(value).__name__}")
            value = extension.value_bytes(value)
        self._set_option(code, value)
