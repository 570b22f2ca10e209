"""Keys as text: tuples as tuples, other bytes in the notation of fdbcli.

What is shown can be typed: `Place.parse(shown_key(key)).key(tr) == key` (fdb/_display/places.py) for every key.
"""

from __future__ import annotations

import ast
import re
import uuid
from typing import Any, NoReturn

from fdb.tuple import SingleFloat, Versionstamp, pack, unpack

#: What is not shown as itself, and how a text begins that is read as another form.
_ESCAPED = re.compile(r"[^\x20-\x5b\x5d-\x7e]")
_OTHER_FORM = re.compile(r"""[/('"]|b['"]""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.?))", re.DOTALL)
#: What a backslash may stand before, besides xNN: what needs one somewhere in a command.
_ESCAPABLE = "\\\"' ;/(:"
#: Bytes of a tuple's beginning that are printable: a text of such bytes alone is taken for text.
_PRINTABLE = re.compile(rb"[\x20-\x7e]*")


class NotationError(ValueError):
    """A text is no key, tuple or value: one line that says what is wrong and where."""


def printable(data: bytes) -> str:
    r"""Return bytes in the notation of fdbcli: printable ASCII as itself, ``\\`` for a backslash, else ``\xNN``.

    A first character that would make another form of it (``/``, ``(``, a quote) is escaped too.
    """
    text = _ESCAPED.sub(_escape, data.decode("latin-1"))
    return f"\\x{ord(text[0]):02x}{text[1:]}" if _OTHER_FORM.match(text) else text


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return "\\\\" if character == "\\" else f"\\x{ord(character):02x}"


def from_printable(text: str) -> bytes:
    r"""Return the bytes of a text in the notation of fdbcli; what is not ASCII counts as UTF-8.

    Raises NotationError for a backslash that begins no escape.
    """
    parts: list[bytes] = []
    end = 0
    for found in _ESCAPE.finditer(text):
        parts.append(encoded(text[end : found.start()]))
        parts.append(_unescaped(found))
        end = found.end()
    parts.append(encoded(text[end:]))
    return b"".join(parts)


def _unescaped(found: re.Match[str]) -> bytes:
    digits, character = found.groups()
    if digits:
        return bytes.fromhex(digits)
    if character and character in _ESCAPABLE:
        return character.encode()
    raise NotationError(
        f"column {found.start() + 1}: a backslash begins \\xNN (two hexadecimal digits) or \\\\, "
        f"not {found.group()!r}"
    )


def encoded(text: str) -> bytes:
    """Return text as UTF-8; what a terminal or an argument had as bytes that are no text comes back as these bytes.

    Raises NotationError for a half of a surrogate pair.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise NotationError(
            f"column {error.start + 1}: {text[error.start]!r} is no character"
        ) from None


def key_tuple(key: bytes) -> tuple[Any, ...] | None:
    """Return the tuple whose packing a key is, exactly; None for other keys, and for text that happens to be one."""
    if _PRINTABLE.fullmatch(key):
        return None
    try:
        items = unpack(key)
        return items if pack(items) == key else None
    except (ValueError, TypeError, OverflowError):
        return None


def shown_key(key: bytes) -> str:
    """Return a key as a tuple, ``('users', 42)``, if it is the packing of one, else in the notation of fdbcli."""
    if not key:
        return "''"
    items = key_tuple(key)
    if items is not None:
        text = shown_tuple(items)
        # Numbers that are none (NaN) have more forms than one can type.
        if "nan" not in text or pack(parse_tuple(text)) == key:
            return text
    return printable(key)


def shown_tuple(items: tuple[Any, ...] | list[Any]) -> str:
    """Return a tuple of the tuple layer as Python would write it: ``(1, 'a', b'\\x00', UUID('...'))``.

    Raises TypeError for an element that the tuple layer does not have.
    """
    inside = ", ".join(map(shown_element, items))
    return f"({inside},)" if len(items) == 1 else f"({inside})"


def shown_element(item: Any) -> str:
    """Return one element of a tuple as Python would write it. Raises TypeError for what the tuple layer has not."""
    if item is None or isinstance(item, (bool, int, float, bytes)):
        return repr(item)
    if isinstance(item, str):
        return repr(item)
    if isinstance(item, uuid.UUID):
        return f"UUID('{item}')"
    if isinstance(item, (tuple, list)):
        return shown_tuple(item)
    if isinstance(item, SingleFloat):
        return f"SingleFloat({item.value!r})"
    if isinstance(item, Versionstamp):
        version = item.tr_version
        if version is None or not item.is_complete():
            return (
                f"Versionstamp(user_version={item.user_version})"
                if item.user_version
                else "Versionstamp()"
            )
        number = f", {item.user_version}" if item.user_version else ""
        return f"Versionstamp('{version.hex()}'{number})"
    raise TypeError(f"the tuple layer has no {type(item).__name__}")


def parse_tuple(text: str) -> tuple[Any, ...]:
    """Return the tuple of a text such as ``('users', 42)``; ``('users')`` is a tuple of one, too.

    Elements are written as in Python: None, True, numbers (inf, nan), texts, bytes, tuples, ``UUID('...')``,
    ``SingleFloat(1.5)``, ``Versionstamp('20 hexadecimal digits', 0)``. Raises NotationError.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NotationError(_where(text, error)) from None
    if not text.lstrip().startswith("("):
        raise NotationError(f"a tuple begins with a parenthesis: ('users', 42), not {text!r}")
    try:
        items = _element(node)
    except RecursionError:
        raise NotationError("the tuple is too deep") from None
    whole = isinstance(node, ast.Tuple)
    return items if whole else (items,)


def _where(text: str, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.offset:
        return f"column {error.offset} of {text!r}: {error.msg}; a tuple is written as in Python, ('users', 42)"
    return f"{text!r} is no tuple as Python writes it: ('users', 42)"


def _element(node: ast.expr) -> Any:
    """Returns what a node of Python's grammar stands for, if it is an element of tuples."""
    match node:
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(map(_element, items))
        case ast.Constant(value=None | bool() | int() | float() | bytes() as value):
            return value
        case ast.Constant(value=str() as value):
            encoded(value)
            return value
        case ast.Name(id="inf" | "nan" as name):
            return float(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _element(operand)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return -value
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            return _CALLS[name](node)
    _refuse(node)


def _refuse(node: ast.expr) -> NoReturn:
    raise NotationError(
        f"column {node.col_offset + 1}: {ast.unparse(node)} is no element of a tuple; they are None, True, "
        "numbers, 'text', b'bytes', tuples, UUID('...'), SingleFloat(1.5), Versionstamp('...')"
    )


def _arguments(node: ast.Call, *names: str) -> list[Any]:
    """Returns the arguments of a call by position, None for those that are not given."""
    found: dict[str, Any] = dict(zip(names, map(_element, node.args), strict=False))
    found.update({word.arg: _element(word.value) for word in node.keywords if word.arg})
    if len(node.args) > len(names) or not found.keys() <= set(names):
        _refuse(node)
    return [found.get(name) for name in names]


def _uuid(node: ast.Call) -> uuid.UUID:
    (digits,) = _arguments(node, "hex")
    if not isinstance(digits, str):
        _refuse(node)
    try:
        return uuid.UUID(digits)
    except ValueError:
        _refuse(node)


def _single_float(node: ast.Call) -> SingleFloat:
    (value,) = _arguments(node, "value")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _refuse(node)
    try:
        return SingleFloat(float(value))
    except (ValueError, OverflowError):
        _refuse(node)


def _versionstamp(node: ast.Call) -> Versionstamp:
    version, user_version = _arguments(node, "tr_version", "user_version")
    try:
        if isinstance(version, str):
            version = bytes.fromhex(version)
        return Versionstamp(version, 0 if user_version is None else user_version)
    except (ValueError, TypeError):
        _refuse(node)


_CALLS = {"UUID": _uuid, "SingleFloat": _single_float, "Versionstamp": _versionstamp}
