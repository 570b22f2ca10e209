"""The commands that read and write keys: get, set, clear, clearrange, getrange, getrangekeys, count, getestimatedsize."""

from __future__ import annotations

from typing import Any, NamedTuple

from fdb._cli.seen import Unknown, seen
from fdb._display.values import parse_value
from fdb._shell.command import KEY, Command
from fdb._shell.places import Base, base_of, parsed
from fdb._shell.session import CommandError, Session, count
from fdb._shell.words import Word
from fdb._transaction import Transaction

_DEFAULT_LIMIT = 25
_MOST_DIGITS = 9
_SYSTEM_KEYS, _END_OF_SYSTEM_KEYS = b"\xff", b"\xff\xff"
_NOTATION = "For the forms that keys have, type `help keys'."
_NOTATIONS = "For the forms that keys and values have, type `help keys' and `help values'."


class Range(NamedTuple):
    """A range that a command names."""

    begin: bytes
    end: bytes
    base: Base


def _key(session: Session, word: Word, tr: Any) -> tuple[bytes, Base]:
    place = parsed(word, session.path)
    return place.key(tr), base_of(place, session.path, tr)


def _range(session: Session, words: list[Word], tr: Any) -> Range:
    """Returns the range of `[BEGINKEY] [ENDKEY]`; without an end it is all that begins with the first key."""
    word = words[0] if words else Word('""', b"")
    place = parsed(word, session.path)
    if place.path == ():
        raise CommandError('the root / has no range; "" is the beginning of all keys')
    base = base_of(place, session.path, tr)
    if len(words) > 1:
        return Range(place.key(tr), parsed(words[1], session.path).key(tr), base)
    begin, end = place.range(tr)
    return Range(begin, _END_OF_SYSTEM_KEYS if begin == _SYSTEM_KEYS else end, base)


def _get(session: Session, words: list[Word]) -> None:
    def read(tr: Transaction) -> tuple[str, bytes | None]:
        key, base = _key(session, words[0], tr)
        value = tr.get(key)
        return session.shown_key(key, base), bytes(value) if value.present() else None

    key, value = session.read(read)
    session.write(
        f"`{key}': not found" if value is None else f"`{key}' is `{session.shown_value(value)}'"
    )


def _set(session: Session, words: list[Word]) -> None:
    word = words[1]
    value = parse_value(word.text) if word.data is None else word.data

    def write(tr: Transaction) -> None:
        tr.set(_key(session, words[0], tr)[0], value)

    session.change(write)


def _clear(session: Session, words: list[Word]) -> None:
    session.change(lambda tr: tr.clear(_key(session, words[0], tr)[0]))


def _clearrange(session: Session, words: list[Word]) -> None:
    place = parsed(words[0], session.path)
    if len(words) == 1 and place.path is None and not place.is_tuple:
        raise CommandError(
            f"Usage: {CLEARRANGE.usage}; without ENDKEY for a tuple or a directory only"
        )
    session.require_writes()
    found = session.read(lambda tr: _range(session, words, tr))
    if session.ask is None or session.transaction is not None:
        # There is nobody, or somebody who has opened a transaction to think about it.
        session.change(lambda tr: tr.clear_range(found.begin, found.end))
        return
    before = session.read(lambda tr: seen(tr, found.begin, found.end))
    if before.rows and not session.ask(_question(words, before.number)):
        session.write("Nothing was cleared")
        return
    result = Unknown()

    def clear(tr: Transaction) -> None:
        # Who was asked clears what he was asked about. After an unknown result it may be gone: by the attempt before.
        now = seen(tr, found.begin, found.end)
        if now != before and (now.rows or not result.is_unknown):
            raise CommandError(f"there are other rows now: {result.said}")
        tr.clear_range(found.begin, found.end)

    session.change(clear, on_retry=result.note)


def _question(words: list[Word], number: str) -> str:
    first = " ".join(words[0].text.split("\n"))
    if len(words) == 1:
        return f"Clear {number} under {first}?"
    return f"Clear {number} from {first} on, before {words[1].text}?"


def _limit(words: list[Word]) -> int:
    if len(words) < 3:
        return _DEFAULT_LIMIT
    digits = words[2].name
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        raise CommandError(f"bad limit {digits!r}: it is a number of up to {_MOST_DIGITS} digits")
    return int(digits)


def _show_range(session: Session, words: list[Word], with_values: bool) -> None:
    limit = _limit(words)
    found = session.read(lambda tr: _range(session, words[:2], tr))
    session.write()
    session.write(f"Range limited to {limit} keys")
    for row in session.rows(found.begin, found.end, limit):
        key = session.shown_key(row.key, found.base)
        session.write(
            f"`{key}' is `{session.shown_value(row.value)}'" if with_values else f"`{key}'"
        )
    session.write()


def _getrange(session: Session, words: list[Word]) -> None:
    _show_range(session, words, with_values=True)


def _getrangekeys(session: Session, words: list[Word]) -> None:
    _show_range(session, words, with_values=False)


def _count(session: Session, words: list[Word]) -> None:
    found = session.read(lambda tr: _range(session, words, tr))
    if session.transaction is not None or session.options.current():
        number = sum(1 for _ in session.rows(found.begin, found.end))
    else:
        number = session.source.count((found.begin, found.end))
    session.write(count(number, "row"))


def _getestimatedsize(session: Session, words: list[Word]) -> None:
    def read(tr: Transaction) -> int:
        found = _range(session, words, tr)
        return int(tr.get_estimated_range_size_bytes(found.begin, found.end).wait())

    session.write(f"{session.read(read)} bytes")


_RANGE = (
    "If ENDKEY is left out, the range is of all keys that begin with BEGINKEY: of a tuple, the tuple and the longer ones that "
    "begin with it; of a directory, all that is in it. If BEGINKEY is left out, too, it is of all keys, or those of the "
    "directory that the shell stands in. "
)
_PAGES = (
    "More than 1000 rows are read in several transactions, unless `begin' has opened one: then rows that are "
    "written meanwhile may be among them. "
)
GET = Command(
    "get",
    "get <KEY>",
    "fetch the value for a given key",
    _get,
    f"Displays the value of KEY in the database, or `not found' if KEY is not present.\n\n{_NOTATION}",
    least=1,
    most=1,
    arguments=(KEY,),
    is_kept=True,
)
SET = Command(
    "set",
    "set <KEY> <VALUE>",
    "set a value for a given key",
    _set,
    f"If KEY is not already present in the database, it will be created.\n\n{_NOTATIONS}",
    least=2,
    most=2,
    arguments=(KEY,),
    is_kept=True,
)
CLEAR = Command(
    "clear",
    "clear <KEY>",
    "clear a key from the database",
    _clear,
    f"Clear succeeds even if the key is not present, but may fail because of conflicts.\n\n{_NOTATION}",
    least=1,
    most=1,
    arguments=(KEY,),
    is_kept=True,
)
CLEARRANGE = Command(
    "clearrange",
    "clearrange <BEGINKEY> [ENDKEY]",
    "clear a range of keys from the database",
    _clearrange,
    "All keys from BEGINKEY on and before ENDKEY are cleared. Without ENDKEY, which a tuple or a directory only may be, all that "
    "begins with it. A person is asked first, and told how many rows there are, and nothing is cleared if there are others by the "
    "time of the answer; in a transaction that `begin' has "
    f"opened, `commit' is the answer.\n\n{_NOTATION}",
    least=1,
    most=2,
    arguments=(KEY, KEY),
    is_kept=True,
)
GETRANGE = Command(
    "getrange",
    "getrange [BEGINKEY] [ENDKEY] [LIMIT]",
    "fetch key/value pairs in a range of keys",
    _getrange,
    "Displays up to LIMIT keys and values, 25 if it is left out, for keys from BEGINKEY on and before ENDKEY. "
    f"{_RANGE}{_PAGES}\n\n{_NOTATION}",
    most=3,
    arguments=(KEY, KEY),
    is_kept=True,
)
GETRANGEKEYS = Command(
    "getrangekeys",
    "getrangekeys [BEGINKEY] [ENDKEY] [LIMIT]",
    "fetch keys in a range of keys",
    _getrangekeys,
    f"As getrange, without the values.\n\n{_NOTATION}",
    most=3,
    arguments=(KEY, KEY),
    is_kept=True,
)
COUNT = Command(
    "count",
    "count [BEGINKEY] [ENDKEY]",
    "count the rows in a range of keys",
    _count,
    f"{_RANGE}Any number of rows is counted, in as many transactions as that takes.\n\n{_NOTATION}",
    most=2,
    arguments=(KEY, KEY),
    is_kept=True,
)
GETESTIMATEDSIZE = Command(
    "getestimatedsize",
    "getestimatedsize [BEGINKEY] [ENDKEY]",
    "estimate the bytes in a range of keys",
    _getestimatedsize,
    f"{_RANGE}\n\n{_NOTATION}",
    most=2,
    arguments=(KEY, KEY),
    is_kept=True,
)
COMMANDS = (
    GET,
    SET,
    CLEAR,
    CLEARRANGE,
    GETRANGE,
    GETRANGEKEYS,
    GETRANGEKEYS.renamed("getkeys"),
    COUNT,
    GETESTIMATEDSIZE,
)
