"""What commands on rows share: which rows are meant, and how they are shown."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from fdb._blocking import SynchronousOperations
from fdb._cli.errors import Failure
from fdb._cli.output import JSONText
from fdb._display.directories import DirectoryNames
from fdb._display.notation import NotationError, escaped, key_tuple, printable, shown_tuple
from fdb._display.places import Place
from fdb._display.values import VALUE_FORMS, shown_value
from fdb.directory_impl import DirectoryError

Command = TypeVar("Command", bound=Callable[..., Any])
Bounds = tuple[bytes, bytes]

#: What would break a line of rows, and how it is written there.
_BREAKS = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def bound_options(command: Command) -> Command:
    """Give a command --from and --to, as its arguments `first` and `last`: texts, or None."""
    for option in (
        click.option(
            "--to", "last", metavar="KEY", help="The first key that is not meant any more."
        ),
        click.option("--from", "first", metavar="KEY", help="The first key that is meant."),
    ):
        command = option(command)
    return command


def form_option(help_text: str) -> Callable[[Command], Command]:
    """Give a command --as, as its argument `form`."""
    return functools.partial(_with_form, help_text)


def _with_form(help_text: str, command: Command) -> Command:
    return click.option(
        "--as",
        "form",
        type=click.Choice(VALUE_FORMS),
        default="auto",
        show_default=True,
        help=help_text,
    )(command)


def bounds_of(
    db: SynchronousOperations, place: str | None, first: str | None, last: str | None
) -> Bounds:
    """Return the keys of a place that lie between two others: the begin, and the end, which is not among them.

    Blocks if there is a directory in what was typed. Raises NotationError, click.UsageError if the two bounds are the
    wrong way round or not in the place.
    """
    begin, end = (b"", b"\xff") if place is None else Place.parse(place).range(db)
    lower, upper = begin, end
    if first is not None:
        lower = Place.parse(first).key(db)
    if last is not None:
        upper = Place.parse(last).key(db)
    if lower > upper:
        behind = last or place or "the last key"
        raise click.UsageError(f"{first or place} comes behind {behind}: nothing is between")
    if not begin <= lower <= upper <= end:
        outside = first if not begin <= lower <= end else last
        raise click.UsageError(
            f"{outside} is not in {place or 'what is stored'}: type keys of a directory with its path, as /a/b('x')"
        )
    return lower, upper


def quoted(text: str) -> str:
    """Return a text as an argument of a command in a shell; with the double quotes that people use, where they do."""
    if "'" in text and not any(each in text for each in '"$`\\!'):
        return f'"{text}"'
    return shlex.quote(text)


class Shown:
    """How keys and values of a database are shown: keys in their directories."""

    def __init__(self, db: SynchronousOperations, form: str, asked: str) -> None:
        """`form` is one of `options.FORMATS`, `asked` that of values. Reads the directories. Blocks."""
        self._form = form
        self._asked = asked
        try:
            self._names = DirectoryNames.load(db)
        except DirectoryError:
            # Of a version that cannot be read here: the keys can be, and are shown without.
            self._names = DirectoryNames()

    def key(self, key: bytes) -> str:
        """Return a key as it can be typed."""
        return self._names.shown(key)

    def fields(self, key: bytes, value: bytes | None) -> dict[str, Any]:
        """Return the fields of a row for a Listing: for people "key" and "value", else all that is known."""
        if self._form == "text":
            fields: dict[str, Any] = {"key": self.key(key)}
            if value is not None:
                fields["value"] = self.line(value)
            return fields
        fields = key_fields(key, self.key(key))
        if value is not None:
            fields.update(value_fields(value, self._asked))
        return fields

    def line(self, value: bytes) -> str:
        """Return a value in one line; as if nothing was asked for where it has not that form."""
        try:
            text = shown_value(value, self._asked)
        except NotationError:
            text = shown_value(value)
        if any(each in text for each in "\n\r\t"):
            text = "".join(_BREAKS.get(each, each) for each in text)
        return text


def key_fields(key: bytes, shown: str) -> dict[str, Any]:
    """Return what JSON says of a key: its bytes, as it is shown, and its tuple if it is one."""
    fields = {"key": printable(key), "shown": shown}
    items = key_tuple(key)
    if items is not None:
        fields["tuple"] = shown_tuple(items)
    return fields


def value_fields(value: bytes, form: str) -> dict[str, Any]:
    """Return what JSON says of a value in a form: "auto" is its bytes. One that has not that form says "form": "auto"."""
    if form == "auto":
        return {"value": escaped(value)}
    try:
        shown = shown_value(value, form)
    except NotationError:
        return {"value": escaped(value), "form": "auto"}
    if form == "json":
        return {"value": JSONText(shown)}
    return {"value": int(shown) if form == "int" else shown}


def require_form(value: bytes, form: str) -> str:
    """Return one value in a form. Raises Failure if it has not that form."""
    try:
        return shown_value(value, form)
    except NotationError as error:
        raise Failure(f"{error}; --as bytes shows any") from None
