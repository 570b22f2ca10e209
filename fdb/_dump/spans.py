"""Which rows are meant, and under which keys they go into the target: ranges, places, directories."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import fdb.directory_impl
from fdb._bulk.work import is_same
from fdb._directory.store import PARTITION_LAYER
from fdb._display.directories import read_directories
from fdb._display.places import Place, shown_path
from fdb._dump.parts import DumpError, Row, behind
from fdb._keys import KEYS_END

#: Where the directory layer keeps what it knows.
_DIRECTORIES = b"\xfe"


@dataclasses.dataclass(frozen=True)
class Span:
    """The keys with begin <= key < end, and what they have in common that another place may replace."""

    begin: bytes
    end: bytes
    prefix: bytes = b""
    #: The place as it was written, "" for a range of keys.
    place: str = ""

    def under(self, prefix: bytes) -> Span:
        """Returns the same span with another prefix."""
        if prefix == self.prefix:
            return self
        cut = len(self.prefix)
        begin = prefix + self.begin[cut:] if self.begin.startswith(self.prefix) else prefix
        if self.end.startswith(self.prefix):
            end = prefix + self.end[cut:]
        else:
            end = behind(prefix)
        return Span(begin, min(end, KEYS_END), prefix)

    def overlaps(self, other: Span) -> bool:
        """Whether there are keys in both."""
        return self.begin < other.end and other.begin < self.end


def span_of(db: Any, within: str | None, begin: str | None, end: str | None) -> Span:
    """Returns the span of a place, or between two; of everything if there is neither.

    Blocks if a place is in a directory. Raises NotationError and DumpError.
    """
    if within is None:
        first = b"" if begin is None else Place.parse(begin).key(db)
        last = KEYS_END if end is None else min(Place.parse(end).key(db), KEYS_END)
        if first > last:
            raise DumpError(f"the range begins behind its end: {begin} is greater than {end}")
        return Span(first, last)
    place = Place.parse(within)
    prefix = place.key(db)
    first, last = place.range(db)
    if first >= KEYS_END:
        raise DumpError("the keys of the system, which begin with \\xff, are never taken")
    return Span(first, min(last, KEYS_END), prefix, within)


def subdirectories(db: Any, place: str) -> list[str]:
    """Returns the names of the directories in a directory, whose rows lie elsewhere; none if it is no directory."""
    parsed = Place.parse(place)
    if parsed.path is None or parsed.rest:
        return []
    return list(fdb.directory_impl.DirectoryLayer().list(db, parsed.path))


def with_subdirectories(db: Any, within: str, into: str | None) -> list[tuple[str, str]]:
    """Returns the directory `within` and all below it, each with its place in the target. Blocks.

    Raises DumpError for what is no directory, and for partitions: they hold keys with their prefix in them.
    """
    top = Place.parse(within)
    goal = top if into is None else Place.parse(into)
    for place in (top, goal):
        if not place.path or place.rest:
            raise DumpError(f"{place.text} is no directory, which --recursive needs")
    layers: Any = fdb.directory_impl.DirectoryLayer()
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        names = waiting.pop()
        path = (*(top.path or ()), *names)
        if layers.open(db, path).get_layer() == PARTITION_LAYER:
            raise DumpError(
                f"{shown_path(path)} is a partition, which is copied with the whole database only"
            )
        found.append((shown_path(path), shown_path((*(goal.path or ()), *names))))
        waiting += [(*names, name) for name in reversed(layers.list(db, path))]
    return found


def prefix_in(
    target: Any, into: str | None, span: Span, layers_there: Sequence[bytes] = ()
) -> bytes:
    """Returns the prefix that replaces that of the span in the target.

    `into` is the place there; None is the same place as in the source, which for a directory is the one of the same
    name. Directories that are not there are made, with `layers_there`: see `layers_of`. Blocks.
    Raises NotationError and DumpError.
    """
    text = span.place if into is None else into
    if not text:
        return span.prefix if into is None else b""
    place = Place.parse(text)
    if not place.path:
        return place.key(target)
    layers: Any = fdb.directory_impl.DirectoryLayer()
    if layers.exists(target, place.path):
        found: bytes = place.key(target)
        return found
    came_from = Place.parse(span.place).path if span.place else None
    # In the same place the directories above it are those of the source, too.
    above = len(place.path) - 1 if place.path == came_from else 0
    for path in (*(place.path[: depth + 1] for depth in range(above)), place.path):
        if layers.exists(target, path):
            continue
        depth = -1 if path == place.path else len(path) - 1
        layer = next(iter(layers_there[depth:]), b"")
        if layer == PARTITION_LAYER:
            raise DumpError(
                f"{shown_path(path)} would have to be a partition: make it, or name a directory inside"
            )
        layers.create(target, path, layer or None)
    made: bytes = layers.open(target, place.path).key()
    return made + place.rest


def layers_of(source: Any, place: str) -> tuple[bytes, ...]:
    """Returns the layer of each directory in the path of a place, from the top on; none if it has no path, or no layers."""
    path = Place.parse(place).path if place else None
    layers: Any = fdb.directory_impl.DirectoryLayer()
    paths = [path[: depth + 1] for depth in range(len(path))] if path else []
    found = tuple(layers.open(source, each).get_layer() for each in paths)
    return found if any(found) else ()


def require_one_tree(source: Any, span: Span, target: Any) -> None:
    """Raises DumpError if two trees of directories cannot be one: when a span that has them is copied into another database.

    With the same prefix for two of them their rows would be mixed; with two prefixes for the same path those in the
    target would be lost. Blocks.
    """
    if span.prefix or span.end <= _DIRECTORIES:
        return
    there = read_directories(target).records
    by_prefix = {each.prefix: each.path for each in there}
    by_path = {each.path: each.prefix for each in there}
    for each in read_directories(source).records:
        path = by_prefix.get(each.prefix, each.path)
        if path != each.path or by_path.get(path, each.prefix) != each.prefix:
            raise DumpError(
                f"{shown_path(each.path)} of the source and {shown_path(path)} of the target have prefixes that do not go "
                "together: copy directories with --within"
            )


def moved(rows: Sequence[Row], span: Span, target: Span) -> Sequence[Row]:
    """Returns rows of the span as they are to be written. DumpError for what would be a key of the system."""
    if span.prefix == target.prefix:
        return rows
    cut, prefix = len(span.prefix), target.prefix
    fresh = [(prefix + key[cut:], value) for key, value in rows]
    if not prefix and max(key for key, _ in fresh) >= KEYS_END:
        raise DumpError(
            "without its prefix a key would be one of the system's: give --into a place"
        )
    return fresh


def require_apart(source: Any, span: Span, target: Any, goal: Span, is_same_database: bool) -> None:
    """Raises DumpError if rows would be read where they are written."""
    if (is_same_database or is_same(source, target)) and span.overlaps(goal):
        raise DumpError("source and target are the same rows: name another place with --into")
