"""The two value types that only the tuple layer has: Versionstamp and SingleFloat."""

from __future__ import annotations

import struct
import sys

from fdb._typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import ClassVar

_FLOAT_BITS = struct.Struct(">I")
_FLOAT = struct.Struct(">f")
_USER_VERSION = struct.Struct(">H")


class Versionstamp:
    """A 12-byte position in the database's commit order: 10 bytes from the commit, 2 from the program.

    ``tr_version`` is None for an *incomplete* stamp, which the database fills in at commit (see
    ``pack_with_versionstamp``); otherwise 10 bytes. ``user_version``, 0 to 65535, orders stamps of one
    transaction. Stamps compare as their bytes do, and incomplete ones follow all complete ones.

    Raises TypeError for an argument of another type and ValueError for a wrong length or range.
    """

    __slots__ = ("tr_version", "user_version")

    #: The length of a stamp in bytes.
    LENGTH: ClassVar[int] = 12
    _TR_VERSION_LEN: ClassVar[int] = 10
    _MAX_USER_VERSION: ClassVar[int] = (1 << 16) - 1
    _UNSET_TR_VERSION: ClassVar[bytes] = b"\xff" * 10

    #: The 10 bytes that the commit gave; None for an incomplete stamp.
    tr_version: bytes | None
    #: The number that orders stamps of one transaction, 0 to 65535.
    user_version: int

    def __init__(self, tr_version: bytes | None = None, user_version: int = 0) -> None:
        self.validate_tr_version(tr_version)
        self.validate_user_version(user_version)
        # A Key straight from get_versionstamp() passes as bytes; keep what it holds, not the future.
        self.tr_version = None if tr_version is None else bytes(tr_version)
        self.user_version = user_version

    @classmethod
    def validate_tr_version(cls, tr_version: bytes | None) -> None:
        """Raise TypeError or ValueError unless ``tr_version`` is None or 10 bytes."""
        if tr_version is None:
            return
        if not isinstance(tr_version, bytes):
            raise TypeError(f"Global version has illegal type {type(tr_version)} (requires bytes)")
        if len(tr_version) != cls._TR_VERSION_LEN:
            raise ValueError(
                f"Global version has incorrect length {len(tr_version)} (requires {cls._TR_VERSION_LEN})"
            )

    @classmethod
    def validate_user_version(cls, user_version: int) -> None:
        """Raise TypeError or ValueError unless ``user_version`` is an int in 0..65535."""
        if not isinstance(user_version, int):
            raise TypeError(f"Local version has illegal type {type(user_version)} (requires int)")
        if not 0 <= user_version <= cls._MAX_USER_VERSION:
            raise ValueError(f"Local version has value {user_version} which is out of range")

    @classmethod
    def incomplete(cls, user_version: int = 0) -> Versionstamp:
        """Return a stamp whose transaction part the database fills in at commit."""
        return cls(None, user_version)

    @classmethod
    def from_bytes(cls, v: bytes, start: int = 0) -> Versionstamp:
        """Return the stamp stored in the 12 bytes of ``v`` at ``start``.

        Ten bytes of 0xff stand for an incomplete stamp. Raises TypeError if ``v`` is not bytes and
        ValueError if fewer than 12 bytes follow ``start``.
        """
        if not isinstance(v, bytes):
            raise TypeError("Cannot parse versionstamp from non-byte string")
        if start < 0 or len(v) - start < cls.LENGTH:
            raise ValueError(
                f"Versionstamp byte string is too short (only {max(len(v) - start, 0)} bytes to read from)"
            )
        tr_end = start + cls._TR_VERSION_LEN
        tr_version = v[start:tr_end]
        (user_version,) = _USER_VERSION.unpack_from(v, tr_end)
        return cls(None if tr_version == cls._UNSET_TR_VERSION else tr_version, user_version)

    def is_complete(self) -> bool:
        """Tell whether the transaction part is known."""
        return self.tr_version is not None

    def completed(self, new_tr_version: bytes) -> Versionstamp:
        """Return a copy with the transaction part filled in; RuntimeError if it already is."""
        if self.is_complete():
            raise RuntimeError("Versionstamp already completed")
        return Versionstamp(new_tr_version, self.user_version)

    def to_bytes(self) -> bytes:
        """Return the 12 bytes that sort as this stamp does (0xff x 10 for a missing transaction part)."""
        return (self.tr_version or self._UNSET_TR_VERSION) + _USER_VERSION.pack(self.user_version)

    def _order(self) -> tuple[bool, bytes, int]:
        return self.tr_version is None, self.tr_version or b"", self.user_version

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Versionstamp):
            return NotImplemented
        return self._order() == other._order()

    def __lt__(self, other: Versionstamp) -> bool:
        if not isinstance(other, Versionstamp):
            return NotImplemented
        return self._order() < other._order()

    def __le__(self, other: Versionstamp) -> bool:
        if not isinstance(other, Versionstamp):
            return NotImplemented
        return self._order() <= other._order()

    def __gt__(self, other: Versionstamp) -> bool:
        if not isinstance(other, Versionstamp):
            return NotImplemented
        return self._order() > other._order()

    def __ge__(self, other: Versionstamp) -> bool:
        if not isinstance(other, Versionstamp):
            return NotImplemented
        return self._order() >= other._order()

    def __hash__(self) -> int:
        return hash(self._order())

    def __repr__(self) -> str:
        return f"fdb.tuple.Versionstamp({self.tr_version!r}, {self.user_version!r})"

    def __str__(self) -> str:
        return f"Versionstamp({self.tr_version!r}, {self.user_version!r})"


def is_ctypes_instance(value: object, name: str) -> bool:
    """Tell whether ``value`` is a ``ctypes.<name>``; nothing can be one before ctypes is imported."""
    ctypes = sys.modules.get("ctypes")
    return ctypes is not None and isinstance(value, getattr(ctypes, name))


def _float_to_bits(value: float) -> int:
    try:
        raw = _FLOAT.pack(value)
    except OverflowError:
        # A finite value beyond the 32-bit range rounds to an infinity, as a C conversion does.
        raw = _FLOAT.pack(float("inf") if value > 0 else float("-inf"))
    return int.from_bytes(raw, "big")


class SingleFloat:
    """An IEEE 754 single-precision number, which the tuple layer stores in 32 bits.

    ``SingleFloat(x)`` takes a float, an int or a ``ctypes.c_float`` and rounds it to 32 bits (ValueError
    for other types, OverflowError for an int that no float can hold). ``value`` is that number as a float.
    Equality and order follow the bits, not arithmetic: -0.0 < 0.0, and every NaN has its place, so
    they agree with the order of the packed form.
    """

    __slots__ = ("_bits",)

    _bits: int

    def __init__(self, value: Any) -> None:
        if is_ctypes_instance(value, "c_float"):
            # Through the raw bytes: a conversion would alter a signalling NaN.
            self._bits = int.from_bytes(bytes(value), sys.byteorder)
        elif isinstance(value, (float, int)):
            self._bits = _float_to_bits(float(value))
        else:
            raise ValueError(f"Incompatible type for single-precision float: {value!r}")

    @classmethod
    def _from_bits(cls, bits: int) -> SingleFloat:
        self = cls.__new__(cls)
        self._bits = bits
        return self

    @property
    def value(self) -> float:
        """The number, as a float. Read-only."""
        number: float = _FLOAT.unpack(_FLOAT_BITS.pack(self._bits))[0]
        return number

    def _order(self) -> int:
        """The unsigned integer that orders as the number does; its big-endian bytes are the encoding."""
        bits = self._bits
        return bits ^ 0xFFFFFFFF if bits & 0x80000000 else bits | 0x80000000

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SingleFloat):
            return NotImplemented
        return self._bits == other._bits

    def __lt__(self, other: SingleFloat) -> bool:
        if not isinstance(other, SingleFloat):
            return NotImplemented
        return self._order() < other._order()

    def __le__(self, other: SingleFloat) -> bool:
        if not isinstance(other, SingleFloat):
            return NotImplemented
        return self._order() <= other._order()

    def __gt__(self, other: SingleFloat) -> bool:
        if not isinstance(other, SingleFloat):
            return NotImplemented
        return self._order() > other._order()

    def __ge__(self, other: SingleFloat) -> bool:
        if not isinstance(other, SingleFloat):
            return NotImplemented
        return self._order() >= other._order()

    def __hash__(self) -> int:
        return hash((SingleFloat, self._bits))

    def __repr__(self) -> str:
        return f"SingleFloat({self.value!r})"

    def __str__(self) -> str:
        return str(self.value)
