"""fdb/_dump/spans.py: which rows are meant, and under which keys they go into the target."""

from __future__ import annotations

import pytest

import fdb
import fdb.tuple
from fdb._display.notation import NotationError
from fdb._dump.parts import DumpError
from fdb._dump.spans import (
    Span,
    layers_of,
    moved,
    prefix_in,
    require_apart,
    require_one_tree,
    span_of,
    subdirectories,
    with_subdirectories,
)

APP = ("app", "users")


@pytest.fixture
def other():
    name = fdb.embedded.unique()
    yield fdb.open(name)
    fdb.embedded.drop(name)


def test_ranges_and_places(memory_db):
    assert span_of(memory_db, None, None, None) == Span(b"", b"\xff")
    assert span_of(memory_db, None, "a", "b\\x00") == Span(b"a", b"b\x00")
    assert span_of(memory_db, None, "a", "\\xff\\xff") == Span(b"a", b"\xff")
    key = fdb.tuple.pack(("a",))
    assert span_of(memory_db, "('a',)", None, None) == Span(key, key + b"\xff", key, "('a',)")
    assert span_of(memory_db, "b'x'", None, None) == Span(b"x", b"y", b"x", "b'x'")
    space = fdb.directory.create(memory_db, APP)
    prefix = space.key()
    assert span_of(memory_db, "/app/users", None, None) == Span(
        prefix, fdb.strinc(prefix), prefix, "/app/users"
    )
    with pytest.raises(DumpError, match="begins behind its end: b is greater than a"):
        span_of(memory_db, None, "b", "a")
    with pytest.raises(DumpError, match="the keys of the system"):
        span_of(memory_db, "\\xff\\x02", None, None)
    with pytest.raises(NotationError, match="no directory /none"):
        span_of(memory_db, "/none", None, None)


def test_directories_within():
    name = fdb.embedded.unique()
    with fdb.open(name) as db:
        fdb.directory.create(db, APP)
        assert subdirectories(db, "/app") == ["users"]
        assert subdirectories(db, "/app/users") == []
        assert subdirectories(db, "/app('x',)") == subdirectories(db, "raw") == []


@pytest.mark.parametrize(
    ("span", "prefix", "result"),
    [
        (Span(b"", b"\xff"), b"", (b"", b"\xff")),
        (Span(b"", b"\xff"), b"p", (b"p", b"p\xff")),
        (Span(b"a", b"c"), b"p", (b"pa", b"pc")),
        (Span(b"ax", b"b", b"ax"), b"p", (b"p", b"q")),
        (Span(b"ax", b"ay", b"ax"), b"", (b"", b"\xff")),
        (Span(b"t", b"t\xff", b"t"), b"p", (b"p", b"p\xff")),
        (Span(b"t", b"u", b"t"), b"\xfe\xff", (b"\xfe\xff", b"\xff")),
    ],
)
def test_under_another_prefix(span, prefix, result):
    goal = span.under(prefix)
    assert (goal.begin, goal.end) == result
    assert span.under(span.prefix) is span
    # Whatever lies in the span lies in the other one.
    for key in (span.begin, span.begin + b"\x00", span.begin + b"\xfe"):
        if span.begin <= key < span.end:
            ((there, _),) = moved([(key, b"")], span, goal)
            assert goal.begin <= there < goal.end


def test_rows_are_moved():
    rows = [(b"pa", b"1"), (b"pb", b"2")]
    span = Span(b"p", b"q", b"p")
    assert moved(rows, span, span.under(b"new")) == [(b"newa", b"1"), (b"newb", b"2")]
    assert moved(rows, span, span) is rows
    with pytest.raises(DumpError, match="one of the system's: give --into"):
        moved([(b"p\xff\x02", b"")], span, span.under(b""))


def test_the_same_place_in_another_database(memory_db, other):
    source = fdb.directory.create(memory_db, APP, b"layer")
    fdb.directory.create(other, ("something", "else"))
    span = span_of(memory_db, "/app/users", None, None)
    prefix = prefix_in(other, None, span, layers_of(memory_db, span.place))
    made = fdb.directory.open(other, APP)
    assert made.key() == prefix and made.get_layer() == b"layer"
    assert prefix_in(other, None, span, layers_of(memory_db, span.place)) == prefix  # there by now
    assert source.key() == span.prefix
    everything = Span(b"", b"\xff")
    assert prefix_in(other, None, everything) == b""
    assert prefix_in(other, "p", everything) == b"p"
    assert prefix_in(other, "", span) == b""
    key = prefix_in(other, "/new/place('a', 1)", span)
    assert key == fdb.directory.open(other, ("new", "place")).pack(("a", 1))
    assert fdb.directory.open(other, ("new", "place")).get_layer() == b""


def test_partitions_are_not_made(memory_db, other):
    fdb.directory.create(memory_db, ("part",), b"partition")
    with pytest.raises(NotationError, match="is a partition"):
        span_of(memory_db, "/part", None, None)
    fdb.directory.create(memory_db, ("part", "inside"))
    span = span_of(memory_db, "/part/inside", None, None)
    with pytest.raises(DumpError, match="^/part would have to be a partition: make it"):
        prefix_in(other, None, span, layers_of(memory_db, span.place))
    assert not fdb.directory.exists(other, ("part",))
    fdb.directory.create(other, ("part",), b"partition")
    prefix = prefix_in(other, None, span, layers_of(memory_db, span.place))
    assert fdb.directory.open(other, ("part", "inside")).key() == prefix


def test_directories_above_have_their_layers(memory_db, other):
    fdb.directory.create(memory_db, ("app",), b"of app")
    fdb.directory.create(memory_db, APP, b"of users")
    span = span_of(memory_db, "/app/users", None, None)
    prefix_in(other, "/elsewhere/users", span, layers_of(memory_db, span.place))
    assert fdb.directory.open(other, ("elsewhere",)).get_layer() == b""
    prefix_in(other, None, span, layers_of(memory_db, span.place))
    assert fdb.directory.open(other, ("app",), b"of app").list(other) == ["users"]
    assert fdb.directory.open(other, APP, b"of users").exists(other)


def test_rows_are_not_copied_onto_themselves(memory_db, other):
    everything, some = Span(b"", b"\xff"), Span(b"a", b"b")
    require_apart(memory_db, everything, other, everything, False)
    require_apart(memory_db, Span(b"b", b"c"), memory_db, some, False)
    for same, source in ((False, memory_db), (True, other)):
        with pytest.raises(DumpError, match="are the same rows: name another place with --into"):
            require_apart(memory_db, everything, source, some, same)


def test_directories_and_all_below_them(memory_db):
    for path in (("a",), ("a", "x y"), ("a", "b", "c"), ("d",)):
        fdb.directory.create_or_open(memory_db, path)
    assert with_subdirectories(memory_db, "/a", None) == [
        (place, place) for place in ("/a", "/a/b", "/a/b/c", "/a/'x y'")
    ]
    assert with_subdirectories(memory_db, "/a/b", "/new")[1] == ("/a/b/c", "/new/c")
    for within, into in (("/a(1,)", None), ("raw", None), ("/a", "raw"), ("/", None)):
        with pytest.raises(DumpError, match="is no directory, which --recursive needs"):
            with_subdirectories(memory_db, within, into)
    fdb.directory.create(memory_db, ("a", "part"), b"partition")
    with pytest.raises(DumpError, match="/a/part is a partition, which is copied with the whole"):
        with_subdirectories(memory_db, "/a", None)


def test_trees_of_directories_that_cannot_be_one(memory_db, other):
    manual = fdb.DirectoryLayer(allow_manual_prefixes=True)
    everything = Span(b"", b"\xff")
    manual.create(memory_db, ("a",), None, b"\x15\x01")
    require_one_tree(memory_db, everything, other)
    manual.create(other, ("a",), None, b"\x15\x01")
    manual.create(other, ("c",), None, b"\x15\x03")
    require_one_tree(memory_db, everything, other)
    manual.create(memory_db, ("b",), None, b"\x15\x03")
    with pytest.raises(DumpError, match="/b of the source and /c of the target have prefixes"):
        require_one_tree(memory_db, everything, other)
    manual.remove(memory_db, ("b",))
    manual.create(memory_db, ("c",), None, b"\x15\x04")
    with pytest.raises(DumpError, match="/c of the source and /c of the target have prefixes"):
        require_one_tree(memory_db, everything, other)
    require_one_tree(memory_db, Span(b"", b"\xfe"), other)
    require_one_tree(memory_db, Span(b"p", b"q", b"p"), other)
