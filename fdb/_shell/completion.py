"""What the key Tab offers: commands, options, tenants, directories, and keys as they are in the database.

What is offered is read when Tab is pressed, in transactions of their own that end after a fraction of a second: a database that
does not answer offers nothing. Of keys with a common beginning only the next element of the tuple is offered, so that ever
more of a key comes, and no more than some of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import fdb.directory_impl
from fdb._display.notation import NotationError, key_tuple, parse_tuple, shown_element
from fdb._display.places import Path, Place, parse_path, shown_path
from fdb._errors import FDBError
from fdb._keys import strinc
from fdb._shell import options
from fdb._shell.cluster_commands import tenant_names
from fdb._shell.command import COMMAND, DIRECTORY, KEY, OPTION, TENANT
from fdb._shell.commands import COMMANDS, TOPICS
from fdb._shell.places import directory_path
from fdb._shell.session import CommandError, Session
from fdb._shell.words import UnfinishedError, Word, last_command, split, typed
from fdb._transaction import Transaction
from fdb.tuple import pack

#: How many are offered, and how many rows are looked at for them.
MOST_OFFERED, MOST_READ = 30, 60
#: Seconds for one Tab.
PATIENCE = 0.5
_NODES = 0xFE
_RELATIVE = re.compile(r"\.\.?(/|$)")


def offered(session: Session, text: str) -> tuple[str, list[str]]:
    """Return the beginning of the word that stands at the end of a text, and the words it may become.

    Blocks for half a second at most; what cannot be read is not offered.
    """
    begun = ""
    try:
        words, begun = last_command(text)
        found = [word for word in _candidates(session, words, begun) if _goes_on(begun, word)]
    except (FDBError, NotationError, CommandError):
        return begun, []
    return begun, sorted(set(found))[:MOST_OFFERED]


def _goes_on(begun: str, word: str) -> bool:
    """Tells whether a word begins as was typed, with blanks or without."""
    return word.replace(" ", "").startswith(begun.replace(" ", ""))


def _candidates(session: Session, words: list[Word], begun: str) -> Iterator[str]:
    if not words:
        yield from (name for name, command in COMMANDS.items() if not command.is_alias)
        return
    command = COMMANDS.get(words[0].name)
    if command is None:
        return
    position = len(words) - 1
    if position >= len(command.arguments):
        return
    kind = command.arguments[position]
    if isinstance(kind, tuple):
        yield from kind
    else:
        yield from _BY_KIND[kind](session, begun)


def _read(session: Session, act: Callable[[Transaction], Any]) -> Any:
    """Reads in a transaction of its own, which sees nothing of the one that is open and adds no conflicts to it."""

    def attempt(tr: Transaction) -> Any:
        session.options.apply(tr)
        return act(tr)

    return session.source.run(attempt, timeout=PATIENCE, retry_limit=2, read_only=True)


# ---- directories ----


def _directories(session: Session, begun: str) -> Iterator[str]:
    parent, _, name = begun.rpartition("/")
    shown = f"{parent}/" if parent or begun.startswith("/") else ""
    path = _directory(session, parent or ("/" if begun.startswith("/") else "."))
    for child in _children(session, path):
        offer = shown_path((child,))[1:]
        if offer.startswith(name):
            yield f"{shown}{offer}"


def _directory(session: Session, text: str) -> Path:
    return session.path if text == "." else directory_path(Word(text, None), session.path)


def _children(session: Session, path: Path) -> list[str]:
    def read(tr: Transaction) -> list[str]:
        layer = fdb.directory_impl.DirectoryLayer()
        return list(layer.list(tr, path)) if not path or layer.exists(tr, path) else []

    found: list[str] = _read(session, read)
    return found


# ---- keys ----


def _keys(session: Session, begun: str) -> Iterator[str]:
    is_path = begun.startswith("/") or (bool(session.path) and _RELATIVE.match(begun))
    if is_path and not re.search(r"[(:]", begun):
        yield from _directories(session, begun)
        return
    if not begun:
        yield from (f"/{name}" for name in _root_names(session))
    if is_path:
        _, behind = parse_path(begun if begun.startswith("/") else f"/{begun}")
        before = begun[: len(begun) - len(behind)]
        path = _directory(session, before)
    else:
        before, behind, path = "", begun, session.path
    prefix = _prefix(session, path)
    if behind.startswith("("):
        yield from (before + offer for offer in _tuples(session, prefix, behind))
    elif behind.startswith(":"):
        yield from (f"{before}:{offer}" for offer in _raw_keys(session, prefix, behind[1:]))
    else:
        yield from _raw_keys(session, prefix, behind)
        if not behind:
            yield from _tuples(session, prefix, "(")


def _root_names(session: Session) -> list[str]:
    return [shown_path((name,))[1:] for name in _children(session, ())]


def _prefix(session: Session, path: Path) -> bytes:
    if not path:
        return b""
    begin: bytes
    begin, _ = _read(session, Place("", path, b"", False).range)
    return begin


def _raw_keys(session: Session, prefix: bytes, begun: str) -> Iterator[str]:
    """Yields the keys that are no tuples, and begin as a word does."""
    try:
        commands = split(begun) if begun else []
    except UnfinishedError:
        return
    data = commands[0][0].data if commands else b""
    if data is None:
        return
    end = strinc(prefix + data) if prefix + data else b"\xff"
    for row in _read(session, lambda tr: list(tr.get_range(prefix + data, end, limit=MOST_READ))):
        rest = bytes(row.key)[len(prefix) :]
        # The rows of directory layers are offered to who has typed the beginning of one.
        if rest and key_tuple(rest) is None and (begun or rest[0] != _NODES):
            yield typed(rest)


def _tuples(session: Session, prefix: bytes, begun: str) -> Iterator[str]:
    """Yields tuples with one element more than those that are whole in the text."""
    whole, comma = _whole_elements(begun)
    shown = begun[: comma + 1] + (" " if whole else "")
    before = prefix + pack(whole)
    first = before + _beginning(begun[comma + 1 :].strip())

    def read(tr: Transaction) -> list[tuple[Any, ...]]:
        return list(_next_elements(tr, prefix, len(whole), first, before + b"\xff"))

    for items in _read(session, read):
        closing = ", " if len(items) > len(whole) + 1 else ")" if whole else ",)"
        yield f"{shown}{shown_element(items[len(whole)])}{closing}"


def _next_elements(
    tr: Transaction, prefix: bytes, depth: int, begin: bytes, end: bytes
) -> Iterator[tuple[Any, ...]]:
    """Yields a tuple for each value of the element behind the first ones, jumping over the others with that value."""
    for _ in range(MOST_READ):
        found = list(tr.get_range(begin, end, limit=1))
        if not found:
            return
        key = bytes(found[0].key)
        items = key_tuple(key[len(prefix) :])
        if items is None or len(items) <= depth:
            begin = key + b"\x00"
            continue
        yield items
        begin = prefix + pack(items[: depth + 1]) + b"\xff"


def _beginning(text: str) -> bytes:
    """Returns how the packing of an element begins whose text does so, as far as that is known: of texts and bytes."""
    if text[:1] in ("'", '"'):
        return b"\x02" + text[1:].encode("utf-8", "ignore")
    if text[:2] in ("b'", 'b"'):
        return b"\x01" + text[2:].encode("utf-8", "ignore")
    return b""


def _whole_elements(begun: str) -> tuple[tuple[Any, ...], int]:
    """Returns the elements of an unfinished tuple before its last comma, and where that is (the parenthesis, if none)."""
    for found in reversed(list(re.finditer(",", begun))):
        try:
            return parse_tuple(f"{begun[: found.start()]},)"), found.start()
        except NotationError:
            continue
    return (), 0


# ---- the rest ----


def _tenants(session: Session, begun: str) -> Iterator[str]:
    yield from (typed(name) for name in tenant_names(session, b"", MOST_READ))


def _options(session: Session, begun: str) -> Iterator[str]:
    yield from options.names()
    yield from (name.lower() for name in options.names())


def _commands(session: Session, begun: str) -> Iterator[str]:
    yield from (name for name, command in COMMANDS.items() if not command.is_alias)
    yield from ("options", *TOPICS)


_BY_KIND: dict[str, Callable[[Session, str], Iterator[str]]] = {
    KEY: _keys,
    DIRECTORY: _directories,
    TENANT: _tenants,
    OPTION: _options,
    COMMAND: _commands,
}
