"""What objects of the package look like in a notebook: `_repr_html_` of all of them (fdb/_notebooks.py).

A picture is small whatever it shows, needs no script, takes its colours from the page around it, so that it is readable in dark
themes and light ones, and interprets nothing that was stored: every text goes through `_text`. Making one never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb._bulk.region import Region
from fdb._bulk.scan import AsyncScan, Scan
from fdb._display import glimpse
from fdb._display.directories import DirectoryNames
from fdb._display.notation import printable, shown_key
from fdb._display.places import shown_path
from fdb._display.values import shown_value
from fdb._errors import FDBError
from fdb._health import Ping
from fdb._keys import KEYS_END, KeySelector
from fdb._native import extension
from fdb._native.extension import KeyValue
from fdb._observing.collector import Collector
from fdb._range import FDBRange, Rows
from fdb._sources import TransactionSource
from fdb._status import Part, Status
from fdb.directory_impl import Directory, DirectoryPartition, DirectorySubspace, directory
from fdb.subspace_impl import Subspace

#: How many rows of a list or range are shown, and how many characters of a key or value.
MOST_ROWS = 20
_MOST_KEY = 200
_MOST_VALUE = 120
#: Of the rows of what has no number of its own (processes, messages).
_MOST_ENTRIES = 30

_LINE = "1px solid rgba(128,128,128,.4)"
_CELL = f"text-align:left;vertical-align:top;padding:2px 16px 2px 0;border:0;border-bottom:{_LINE}"
_CODE = (
    "font-family:ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere"
)
#: Of numbers beside each other: not broken, the table is scrolled.
_NUMBERS = f"{_CELL};white-space:nowrap"
_TABLE = "border-collapse:collapse;table-layout:auto;width:auto;border:0;margin:4px 0;color:inherit;background:transparent"
_QUIET = "opacity:.75"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def _text(shown: object) -> Markup:
    """Returns anything as text of a page; what is Markup already, as it is.

    Characters that cannot be seen, or change the direction of others, are shown as Python writes them.
    """
    if isinstance(shown, Markup):
        return shown
    visible = str(shown)
    if not visible.isprintable():
        visible = "".join(map(_visible, visible))
    return Markup(escape(visible))


def _visible(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape").decode()


def _code(shown: object) -> Markup:
    return Markup(f'<code style="{_CODE};background:none;color:inherit">{_text(shown)}</code>')


def _quiet(shown: object) -> Markup:
    return Markup(f'<span style="{_QUIET}">{_text(shown)}</span>')


def _picture(title: object, *parts: object) -> str:
    """Returns a whole picture: a title, and what is below it; empty parts are left out."""
    inside = "".join(f"<div>{_text(part)}</div>" for part in parts if part)
    return f'<div style="color:inherit;line-height:1.45"><div><b>{_text(title)}</b></div>{inside}</div>'


def _cells(tag: str, cells: Iterable[object], style: str) -> str:
    return "".join(f'<{tag} style="{style}">{_text(cell)}</{tag}>' for cell in cells)


def _table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    caption: str,
    style: str = _CELL,
) -> Markup:
    """Returns a table of texts in the font of code; `caption` says what it is to who cannot see it."""
    lines = "".join(
        f'<tr style="background:transparent">{_cells("td", row, style)}</tr>' for row in rows
    )
    top = "".join(
        f'<th scope="col" style="{style};font-weight:600">{_text(cell)}</th>' for cell in head
    )
    return Markup(
        f'<table style="{_TABLE};{_CODE}" aria-label="{_text(caption)}"><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>'
    )


def _facts(rows: Iterable[tuple[str, object]], caption: str) -> Markup:
    """Returns a table of names and what they are; those that are None are left out."""
    lines = "".join(
        f'<tr style="background:transparent"><th scope="row" style="{_CELL};font-weight:normal;{_QUIET}">{_text(name)}</th>'
        f'<td style="{_CELL}">{_text(value)}</td></tr>'
        for name, value in rows
        if value is not None
    )
    return (
        Markup(
            f'<table style="{_TABLE}" aria-label="{_text(caption)}"><tbody>{lines}</tbody></table>'
        )
        if lines
        else Markup()
    )


def _cut(shown: str) -> str:
    return shown if len(shown) <= _MOST_KEY else f"{shown[:_MOST_KEY]}…"


def _key(key: object) -> str:
    return _cut(shown_key(key) if isinstance(key, bytes) else repr(key))


def _bounds(begin: str, end: str, first: bytes | None, last: bytes | None) -> Markup:
    """Returns which keys a range has; `first` and `last` are its keys, where they are no selectors."""
    if first and last and first[:-1] == last[:-1] and (first[-1:], last[-1:]) == (b"\x00", b"\xff"):
        return Markup(f"in {_code(_key(first[:-1]))}")  # as subspaces say it
    return Markup(f"from {_code(begin)} to {_code(end)}")


def _value(value: object) -> str:
    if isinstance(value, bytes):
        return shown_value(value, "auto", _MOST_VALUE) or "''"
    return repr(value)


def _rows_table(rows: Sequence[KeyValue], names: DirectoryNames | None = None) -> Markup:
    """Returns a table of rows; keys are shown in their directories where these are given."""

    def key_of(row: KeyValue) -> str:
        return _cut(names.shown(row.key)) if names is not None else _key(row.key)

    cells = [(key_of(row), _value(row.value)) for row in rows]
    return _table(("key", "value"), cells, "rows") if rows else Markup()


def _failure(error: BaseException) -> Markup:
    """Returns an error as a line of a picture."""
    what = (
        f"{error.name}: {error}"
        if isinstance(error, FDBError)
        else f"{type(error).__name__}: {error}"
    )
    return Markup(f'<span role="alert">⚠ {_text(what)}</span>')


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number != 1 else f"1 {what.removesuffix('s')}"


# ---- rows ----


def _of_row(row: KeyValue) -> str:
    return _picture("KeyValue", _rows_table([row]))


def _of_rows(rows: Rows) -> str:
    shown = rows[:MOST_ROWS]
    more = f"the first {len(shown)} of them" if len(rows) > len(shown) else ""
    return _picture(_count(len(rows), "rows"), _rows_table(shown), _quiet(more) if more else "")


def _selector(selector: KeySelector) -> str:
    name = _SELECTORS.get((bool(selector.or_equal), selector.offset))
    key = _key(extension.key_bytes(selector.key))
    return repr(selector) if name is None else f"{name}{key}"


def _plain(selector: KeySelector) -> bytes | None:
    """Returns the key of a selector that is a bound as plain keys are."""
    is_plain = not selector.or_equal and selector.offset == 1
    return extension.key_bytes(selector.key) if is_plain else None


#: How the usual selectors are said: by `or_equal` and offset.
_SELECTORS = {
    (False, 1): "",
    (True, 1): "after ",
    (True, 0): "last up to ",
    (False, 0): "last before ",
}
_MORE_OF_RANGE = "More: for key, value in rows: …, rows.to_list(), rows.to_frame()"
_AWAIT_RANGE = (
    "Asynchronous: await rows gives a list, async for its rows, await rows.to_frame() a frame"
)


def _of_range(rows: FDBRange) -> str:
    begin, end = rows._begin, rows._end
    title = Markup(
        f"FDBRange {_bounds(_selector(begin), _selector(end), _plain(begin), _plain(end))}"
        f"{f', limit {rows._limit:,}' if rows._limit else ''}{', in reverse' if rows._reverse else ''}"
    )
    first = rows._first
    if glimpse.must_await(first._model) and (
        first._owes() & extension.UNSEEN or not first._ready()
    ):
        return _picture(title, _quiet(_AWAIT_RANGE))
    try:
        batch, _, more = glimpse.Deadline().wait(first)
    except (FDBError, RuntimeError) as error:
        return _picture(title, _failure(error))
    is_whole = not more and len(batch) <= MOST_ROWS
    number = _count(len(batch), "rows") if is_whole else f"the first {len(batch[:MOST_ROWS])} rows"
    return _picture(
        title,
        _rows_table(batch[:MOST_ROWS]),
        _quiet(number if is_whole else f"{number}. {_MORE_OF_RANGE}"),
    )


def _looked_into(
    source: Any, region: Region, names: DirectoryNames | None = None
) -> Sequence[object]:
    """Returns parts of a picture: the first rows of a region, or why there are none to be seen."""
    try:
        rows, more = glimpse.first_rows(source, region.begin, region.end, region.reverse, MOST_ROWS)
    except (FDBError, RuntimeError) as error:
        return (_failure(error),)
    number = f"the first {_count(len(rows), 'rows')}" if more else _count(len(rows), "rows")
    return _rows_table(rows, names), _quiet(number)


def _of_scan(scan: Any) -> str:
    whole = scan._whole
    kind = type(scan).__name__
    bounds = _bounds(_key(whole.begin), _key(whole.end), whole.begin, whole.end)
    title = Markup(f"{kind} {bounds}{', in reverse' if whole.reverse else ''}")
    if isinstance(scan, AsyncScan) or glimpse.must_await(scan._source._handle.model):
        note = "Asynchronous: async for key, value in scan: …, await scan.page(), await scan.to_frame()"
        return _picture(title, _quiet(note))
    if scan._is_closed:
        return _picture(title, _quiet("closed"))
    note = "These rows come next; to look takes none. for key, value in scan: …, scan.page(), scan.to_frame()"
    return _picture(title, *_looked_into(scan._source, scan._rest()), _quiet(note))


# ---- databases and directories ----


def _of_source(source: TransactionSource) -> str:
    kind = type(source).__name__
    title = Markup(f"{_text(kind)} {_code(source._which.strip())}")
    if source._closed:
        return _picture(title, _quiet("closed"))
    if glimpse.must_await(source._handle.model):
        note = "Asynchronous: await db.get_range(b'', limit=20), await fdb.directory.list(db), async for row in db.scan(…)"
        return _picture(title, _quiet(note))
    try:
        nodes = glimpse.tree(directory, source, depth=2)
    except Exception as error:
        return _picture(title, _failure(error))
    if nodes:
        return _picture(
            title, _tree_table(nodes), _quiet("fdb.directory.open(db, path) opens one of them")
        )
    return _picture(title, *_looked_into(source, Region(b"", KEYS_END, False)))


def _tree_table(nodes: Sequence[glimpse.Node]) -> Markup:
    return _table(("directory", "layer", "prefix"), map(_node_cells, nodes), "directories")


def _node_cells(node: glimpse.Node) -> tuple[object, object, object]:
    indent = f'<span style="padding-left:{node.depth * 1.6:g}em"></span>'
    if not node.name:
        return Markup(f"{indent}…"), "", ""
    name = shown_path((node.name,)) + ("/…" if node.more else "")
    return Markup(f"{indent}{_text(name)}"), node.layer, printable(node.prefix)


def _of_directory(shown: Directory) -> str:
    title = Markup(f"{type(shown).__name__} {_code(shown_path(shown.get_path()))}")
    facts: list[tuple[str, object]] = []
    if isinstance(shown, DirectorySubspace):
        facts.append(("layer", printable(shown.get_layer()) or None))
        facts.append(("prefix", _code(printable(shown.rawPrefix))))
    table = _facts(facts, "directory")
    source = shown._origin() if shown._origin is not None else None
    if source is None or source._closed:
        return _picture(
            title, table, _quiet("fdb.directory.list(db, path) gives the names of what is inside")
        )
    if glimpse.must_await(source._handle.model):
        return _picture(
            title,
            table,
            _quiet("Asynchronous: await directory.list(db), async for row in db.scan(directory)"),
        )
    return _picture(title, table, *_inside_of(shown, source))


def _inside_of(shown: Directory, source: Any) -> Sequence[object]:
    """Returns parts of a picture: the directories within one, and the first of its rows."""
    try:
        nodes = glimpse.tree(shown, source)
    except Exception as error:
        return (_failure(error),)
    parts: list[object] = [_tree_table(nodes) if nodes else _quiet("no directories inside")]
    if isinstance(shown, DirectorySubspace) and not isinstance(shown, DirectoryPartition):
        keys = shown.range()
        names = DirectoryNames([(shown.rawPrefix, shown.get_path())])
        parts += _looked_into(source, Region(keys.start, keys.stop, False), names)
    return parts


def _of_subspace(space: Subspace) -> str:
    title = Markup(f"{_text(type(space).__name__)} {_code(_key(space.rawPrefix))}")
    return _picture(
        title, _quiet("db.scan(subspace) gives its rows, subspace.unpack(key) the tuple of a key")
    )


# ---- what is measured ----


def _of_collector(collector: Collector) -> str:
    head, *rows, total = collector._table()
    table = _table(head, [*rows[:_MOST_ENTRIES], total], "transactions by function", _NUMBERS)
    left = len(rows) - _MOST_ENTRIES
    return _picture(
        f"Collector of {_count(collector.total.count, 'transactions')}",
        Markup(
            '<div style="overflow-x:auto" role="region" tabindex="0" aria-label="transactions by function">'
            f"{table}</div>"
        ),
        _quiet(f"{_count(left, 'functions')} not shown") if left > 0 else "",
    )


def _of_ping(ping: Ping) -> str:
    facts = ping._asdict()
    seconds = facts.pop("round_trip")
    others = ((name.replace("_", " "), value) for name, value in facts.items())
    return _picture("Ping", _facts([("round trip", f"{1000 * seconds:.3g} ms"), *others], "answer"))


def _of_part(part: Part) -> str:
    """Returns a part of a status document: what is said in it, and how its own parts are to be had."""
    return _picture(type(part).__name__, _facts(_said(part), type(part).__name__))


def _said(part: Part) -> Iterable[tuple[str, object]]:
    for name, value in part._known().items():
        if isinstance(value, Part):
            if value.raw:
                yield name, Markup(_facts(_said(value), name))
        elif isinstance(value, (tuple, dict)):
            if value:
                yield name, f"{len(value):,}"
        elif value is not None:
            yield (
                name,
                f"{value:,}"
                if isinstance(value, (int, float)) and not isinstance(value, bool)
                else value,
            )


def _of_status(status: Status) -> str:
    data, workload = status.data, status.workload
    facts: list[tuple[str, object]] = [
        ("available", _yes(status.available)),
        ("healthy", _yes(status.healthy)),
        ("data", data.description or data.state),
        ("recovery", status.recovery_state.name),
        ("locked", _yes(status.locked)),
        (
            "size",
            None if data.total_kv_size_bytes is None else f"{data.total_kv_size_bytes:,} bytes",
        ),
        ("redundancy", status.configuration.redundancy_mode),
        ("storage engine", status.configuration.storage_engine),
        ("commits", _hz(workload.transactions_committed.hz)),
        ("conflicts", _hz(workload.transactions_conflicted.hz)),
        ("limited by", status.qos.limited_by_description),
        ("coordinators", ", ".join(_coordinator(each) for each in status.coordinators) or None),
    ]
    processes = [
        (
            each.address,
            each.class_type,
            each.version,
            ", ".join(role.role or "?" for role in each.roles),
        )
        for each in list(status.processes.values())[:_MOST_ENTRIES]
    ]
    messages = [
        Markup(f"⚠ {_text(each.description or each.name)}")
        for each in (*status.client_messages, *status.messages)[:_MOST_ENTRIES]
    ]
    table = _table(("process", "class", "version", "roles"), processes, "processes")
    left = len(status.processes) - len(processes)
    return _picture(
        "Status",
        _facts(facts, "status"),
        *messages,
        table if processes else "",
        _quiet(f"{left:,} processes are not shown") if left else "",
        _quiet("status.raw is the whole document"),
    )


def _yes(flag: bool | None) -> str | None:
    return None if flag is None else "yes" if flag else "no"


def _hz(rate: float | None) -> str | None:
    return None if rate is None else f"{rate:,.3g} a second"


def _coordinator(each: Any) -> str:
    return f"{each.address}{' (not reachable)' if each.reachable is False else ''}"


# ---- the doors ----

#: What draws which objects: the first that fits.
_DRAWN: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (KeyValue, _of_row),
    (Rows, _of_rows),
    (FDBRange, _of_range),
    ((Scan, AsyncScan), _of_scan),
    ((Database, Tenant, AsyncDatabase, AsyncTenant), _of_source),
    (Directory, _of_directory),
    (Subspace, _of_subspace),
    (Collector, _of_collector),
    (Ping, _of_ping),
    (Status, _of_status),
    (Part, _of_part),
)


def html_of(shown: object) -> str:
    """Return an object as HTML. Blocks for a few seconds at most; of what fails on the way the error is shown."""
    try:
        for kind, draw in _DRAWN:
            if isinstance(shown, kind):
                return draw(shown)
        return _picture(type(shown).__name__, _code(repr(shown)))
    except Exception as error:  # a notebook would show a traceback of ours instead of the object
        return _picture(type(shown).__name__, _failure(error))


def text_of(shown: object) -> str:
    """Return an object as text for people: a row as its key and value are typed, a collector as its table."""
    if isinstance(shown, KeyValue):
        try:
            return f"{_key(shown.key)}: {_value(shown.value)}"
        except AttributeError:  # of a row without one of its parts
            return object.__repr__(shown)
    return str(shown)
