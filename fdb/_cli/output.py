"""What commands print: rows and records, for people, scripts and programs.

On a terminal rows are a table, in a pipe lines with tabs between the fields, never cut. As JSON they are one array that is
written as it comes, so that what was interrupted does not parse, or (jsonl) a line for each.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Any

from fdb._display.notation import CONTROL, printable, visible

#: So many rows are laid out together on a terminal.
_ROWS_TOGETHER = 200
#: What JSON takes in its texts as it is, and a stream that has no such characters does not.
_BEYOND_ASCII = re.compile("[^\x00-\x7e]")

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_ENCODE_INDENTED = json.JSONEncoder(ensure_ascii=False, indent=2).encode


class JSONText(str):
    """A text that is JSON already: it is printed as it is, whatever Python would make of its numbers."""


def json_value(value: Any) -> Any:
    """Return a value as JSON can have it: bytes in the notation of fdbcli, tuples as arrays."""
    if isinstance(value, bytes):
        return printable(value)
    if isinstance(value, Mapping):
        return {str(name): json_value(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(each) for each in value]
    return value


def json_line(value: Any) -> str:
    """Return a value as one line of JSON."""
    if isinstance(value, Mapping) and any(isinstance(each, JSONText) for each in value.values()):
        fields = (f"{_json(str(name))}: {_json(each)}" for name, each in value.items())
        return f"{{{', '.join(fields)}}}"
    return _json(value)


def _json(value: Any, encode: Callable[[Any], str] = _ENCODE) -> str:
    if isinstance(value, JSONText):
        text = value.replace("\n", " ").replace("\r", " ")
    else:
        text = encode(json_value(value))
    if text.isascii() and "\x7f" not in text:
        return text
    # What would do something to a terminal stands in JSON's texts alone: elsewhere it is no JSON.
    return (CONTROL if _is_unicode() else _BEYOND_ASCII).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found.group())[1:-1]


def _is_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


class Listing:
    """Prints rows as they come. A context manager: what is left is printed at its end, if that is no exception."""

    def __init__(self, form: str, columns: Sequence[str], out: IO[str] | None = None) -> None:
        """`form` is one of `options.FORMATS`; `columns` are the fields that a person sees, in order."""
        self._form = form
        self._columns = columns
        self._out = sys.stdout if out is None else out
        self._waiting: list[Sequence[str]] = []
        self._has_header = False
        #: How many rows there have been.
        self.count = 0

    def __enter__(self) -> Listing:
        return self

    def row(self, **fields: Any) -> None:
        """Print a row; fields that are no columns are for JSON."""
        self.count += 1
        if self._form == "jsonl":
            print(json_line(fields), file=self._out)
        elif self._form == "json":
            print("[" if self.count == 1 else ",", file=self._out)
            print(f" {json_line(fields)}", end="", file=self._out)
        else:
            values = [fields.get(column) for column in self._columns]
            if not self._out.isatty():
                # Numbers without commas, for what reads them.
                plain = (str(each) if type(each) is int else _text(each) for each in values)
                print("\t".join(plain), file=self._out)
                return
            texts = [_text(each) for each in values]
            self._waiting.append(texts)
            if len(self._waiting) >= _ROWS_TOGETHER:
                self._print_table()

    def flush(self) -> None:
        """Print what waits to be laid out together: before something is waited for."""
        if self._waiting:
            self._print_table()
        self._out.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._waiting and kind in (None, KeyboardInterrupt):
            self._print_table()
        if self._form == "json" and kind is None:
            print("\n]" if self.count else "[]", file=self._out)

    def _print_table(self) -> None:
        from rich.cells import cell_len
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(
            box=None, pad_edge=False, show_header=not self._has_header, header_style="bold"
        )
        width, height = shutil.get_terminal_size()
        left = width
        for index, column in enumerate(self._columns):
            title = column.replace("_", " ")
            wanted = max(cell_len(text) for text in (title, *(row[index] for row in self._waiting)))
            # The last column has what the others leave: it is what may be long.
            last = index == len(self._columns) - 1
            room = max(min(wanted, left if last else width // len(self._columns)), 1)
            table.add_column(title, no_wrap=True, overflow="ellipsis", width=room)
            left -= room + 2
        for texts in self._waiting:
            table.add_row(*map(Text, texts))
        Console(file=self._out, width=width, height=height).print(table)
        self._has_header = True
        self._waiting.clear()


def record(form: str, fields: Mapping[str, Any], out: IO[str] | None = None) -> None:
    """Print one thing with its fields: a line for each, or a JSON object."""
    place = sys.stdout if out is None else out
    if form == "text":
        width = max(map(len, fields), default=0)
        for name, value in fields.items():
            print(f"{name.replace('_', ' '):{width}}  {_text(value)}".rstrip(), file=place)
    elif form == "json":
        lines = [
            f"  {_json(name)}: " + _json(value, _ENCODE_INDENTED).replace("\n", "\n  ")
            for name, value in fields.items()
        ]
        print("\n".join(["{", ",\n".join(lines), "}"]), file=place)
    else:
        print(json_line(fields), file=place)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return printable(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return visible(str(value))
