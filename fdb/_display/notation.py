"""Keys as text: tuples as tuples, other bytes in the notation of fdbcli.

What is shown can be typed: `Place.parse(shown_key(key)).key(tr) == key` (fdb/_display/places.py) for every key.
"""

from __future__ import annotations

import ast
import re
import uuid
from typing import Any, NoReturn

from fdb.tuple import SingleFloat, Versionstamp, pack, unpack

#: How each byte is shown.
_SHOWN = [chr(code) if 32 <= code < 127 else f"\\x{code:02x}" for code in range(256)]
_SHOWN[ord("\\")] = "\\\\"
#: How a text begins or ends that is read as another form, or loses something on its way.
_OTHER_FORM = re.compile(r"""[ /('"]|b['"]""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.?))", re.DOTALL)
#: What a backslash may stand before, besides xNN: what needs one somewhere in a command.
_ESCAPABLE = "\\\"' ;/(:"
#: A key of such bytes alone is taken for text, although it may be the packing of a tuple.
_PRINTABLE = re.compile(rb"[\x20-\x7e]*")
#: Texts and bytes of Python, and the escapes in them: the parser lets those that are none pass, with a warning. One
#: without an end, which has no group, is found as well: to be searched again from each of its quotes took minutes.
_LITERAL = re.compile(r"""'(?:[^'\\]|\\.?)*(')?|"(?:[^"\\]|\\.?)*(")?""", re.DOTALL)
_PREFIX = re.compile(r"\w*\Z")
_LITERAL_ESCAPE = re.compile(r"\\([4-7][0-7]{2}|.)", re.DOTALL)
_BYTES_ESCAPES = frozenset("\\'\"abfnrtvx01234567\n")
_TEXT_ESCAPES = _BYTES_ESCAPES | frozenset("NuU")
#: What is in no text that a terminal or page should be given: controls, and what changes lines or the direction of writing.
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
#: How deep tuples that are shown may be: the parser has limits, too.
_MOST_DEEP = 50
#: How much of a text an error shows.
_SHOWN_OF_TEXT = 60
#: The packing of what `nan` is read as; there are others, which are no numbers either.
_NAN = pack((float("nan"),))
_SINGLE_NAN = pack((SingleFloat(float("nan")),))


class NotationError(ValueError):
    """A text is no key, tuple or value: one line that says what is wrong and where."""


def escaped(data: bytes) -> str:
    r"""Return bytes in the notation of fdbcli: printable ASCII as itself, ``\\`` for a backslash, else ``\xNN``."""
    return data.decode("latin-1").translate(_SHOWN)


def printable(data: bytes) -> str:
    r"""Return bytes in the notation of fdbcli, so that they can be typed as a key.

    A first character that would make another form of it (``/``, ``(``, a quote) is escaped, too, and a blank at an end.
    """
    text = escaped(data)
    if _OTHER_FORM.match(text):
        text = escaped_start(text)
    return f"{text[:-1]}\\x20" if text.endswith(" ") else text


def printable_without(data: bytes, characters: str) -> str:
    """Return bytes as `printable` does, with some more characters escaped: those that would end or divide a word somewhere."""
    shown = printable(data)
    for character in characters:
        shown = shown.replace(character, f"\\x{ord(character):02x}")
    return shown


def escaped_start(text: str) -> str:
    """Return a text in the notation of fdbcli with its first character, which is ASCII, escaped."""
    return f"\\x{ord(text[0]):02x}{text[1:]}"


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


def visible(text: str) -> str:
    r"""Return text with what a terminal would obey, and what cannot be seen, escaped as Python does: ``\x1b``."""
    return CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def key_tuple(key: bytes) -> tuple[Any, ...] | None:
    """Return the tuple whose packing a key is, exactly; None for other keys, and for text that happens to be one.

    None, too, for what cannot be typed as a tuple: NaNs of unusual bits, and tuples that are very deep.
    """
    if _PRINTABLE.fullmatch(key):
        return None
    try:
        items = unpack(key)
        return items if _is_typable(items, _MOST_DEEP) and pack(items) == key else None
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def _is_typable(items: tuple[Any, ...], depth: int) -> bool:
    for item in items:
        kind = type(item)
        if kind is tuple:
            if depth == 0 or not _is_typable(item, depth - 1):
                return False
        elif kind is float:
            if item != item and pack((item,)) != _NAN:
                return False
        elif kind is SingleFloat and item.value != item.value and pack((item,)) != _SINGLE_NAN:
            return False
    return True


def shown_key(key: bytes) -> str:
    """Return a key as a tuple, ``('users', 42)``, if it is the packing of one, else in the notation of fdbcli."""
    if not key:
        return "''"
    items = key_tuple(key)
    return printable(key) if items is None else shown_tuple(items)


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
    if not text.lstrip().startswith("("):
        raise NotationError(
            f"a tuple begins with a parenthesis: ('users', 42), not {shortened(text)}"
        )
    node = _parsed(text.strip(), "a tuple is written as in Python, ('users', 42)")
    try:
        items = _element(node)
    except RecursionError:
        raise NotationError("the tuple is too deep") from None
    return items if isinstance(node, ast.Tuple) else (items,)


def parse_packed(text: str) -> bytes:
    """Return the packing of a tuple's text. Raises NotationError."""
    items = parse_tuple(text)
    try:
        return pack(items)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotationError(f"{shortened(text)[1:-1]} cannot be packed: {error}") from None


def parse_literal(text: str) -> str | bytes:
    """Return text or bytes as Python writes them: ``'a text'``, ``b'\\x00'``. Raises NotationError."""
    node = _parsed(text.strip(), "text is written as in Python, 'text' or b'bytes'")
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        return node.value
    raise NotationError(f"{shortened(text)} is no text or bytes as Python writes them")


def _parsed(text: str, advice: str) -> ast.expr:
    """Returns the expression of Python that a text is. Raises NotationError, with advice, for what is none."""
    _check_literals(text)
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = (
            f"column {error.offset} of {shortened(text)}: "
            if error.offset
            else f"{shortened(text)}: "
        )
        raise NotationError(f"{place}{error.msg}; {advice}") from None
    except (ValueError, MemoryError, RecursionError):
        raise NotationError(f"{shortened(text)} cannot be read; {advice}") from None


def _check_literals(text: str) -> None:
    for literal in _LITERAL.finditer(text):
        if literal.lastindex is None:
            return  # the parser says so
        # Of what stands before the quote no more than an error shows: a text may have any size.
        before = _PREFIX.search(text, max(0, literal.start() - _SHOWN_OF_TEXT), literal.start())
        prefix = before.group() if before else ""
        if prefix not in ("", "b", "B"):
            raise NotationError(
                f"column {literal.start() + 1} of {shortened(text)}: what stands before a quote is b, for bytes, not {prefix}"
            )
        known = _BYTES_ESCAPES if prefix else _TEXT_ESCAPES
        for escape in _LITERAL_ESCAPE.finditer(text, literal.start(), literal.end()):
            if escape[1] not in known:
                raise NotationError(
                    f"column {escape.start() + 1} of {shortened(text)}: {escape[0]} is no escape; a backslash is written "
                    "\\\\, any byte \\xNN"
                )


def shortened(text: str) -> str:
    """Returns a text as an error shows it."""
    more = "..." if len(text) > _SHOWN_OF_TEXT else ""
    return f"{text[:_SHOWN_OF_TEXT]!r}{more}"


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
        f"{shortened(ast.unparse(node))[1:-1]} is no element of a tuple; they are None, True, numbers, 'text', b'bytes', "
        "tuples, UUID('...'), SingleFloat(1.5), Versionstamp('...')"
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
