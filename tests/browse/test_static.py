"""fdb/_browse/static/: the files that the browser gets, by what is in them, and the small functions among them."""

from __future__ import annotations

import json
import random
import re

import pytest

import fdb
import fdb.embedded
from fdb._browse import browse
from fdb._browse.app import STATIC

FILES = sorted(path for path in STATIC.iterdir() if path.suffix in (".js", ".css", ".html", ".svg"))
SCRIPTS = [path for path in FILES if path.suffix == ".js"]

#: What would take a text for markup or for a program.
INTERPRETING = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc"
    r"|createContextualFragment|setHTML|setAttribute\(\"(?:on|style)"
)
ADDRESS = re.compile(r"(?:https?:)?//[\w.]+")


def test_no_text_is_taken_for_markup_or_a_program():
    for path in SCRIPTS:
        assert INTERPRETING.search(path.read_text()) is None, path.name
    page = (STATIC / "index.html").read_text()
    assert re.search(r"\son\w+=|style=|javascript:", page) is None
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]


def test_nothing_comes_from_elsewhere():
    for path in FILES:
        text = (
            re.sub(r"(?m)(?<!:)//.*$", "", path.read_text())
            if path.suffix == ".js"
            else path.read_text()
        )
        assert set(ADDRESS.findall(text)) <= {"http://www.w3.org"}, path.name
        assert "@import" not in text and "url(" not in text, path.name


def test_every_file_is_used_and_there():
    page = (STATIC / "index.html").read_text()
    asked_for = set(re.findall(r'(?:href|src)="([\w.]+)"', page))
    for path in SCRIPTS:
        asked_for |= set(re.findall(r'from "\./([\w.]+)"', path.read_text()))
    assert asked_for | {"index.html"} == {path.name for path in FILES}
    assert {path.name for path in STATIC.iterdir()} == {path.name for path in FILES}


def test_every_id_that_a_script_asks_for_is_there_once():
    page = (STATIC / "index.html").read_text()
    ids = re.findall(r'\bid="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    for path in SCRIPTS:
        asked_for = set(re.findall(r'\$\("([\w-]+)"\)', path.read_text()))
        assert asked_for <= set(ids), path.name


def test_files_are_short():
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 500, path.name


@pytest.fixture(scope="module")
def functions(chromium_browser):
    """Calls a function of a module: `functions("notation.js", "pieces", text)`."""
    name = fdb.embedded.unique()
    with fdb.open(name) as db, browse(db) as page, chromium_browser.new_context() as context:
        window = context.new_page()
        window.goto(page.url)

        def call(module, function, *given):
            script = "([m, f, given]) => import(m).then(found => found[f](...given))"
            return window.evaluate(script, [page.url + module, function, given])

        yield call
    fdb.embedded.drop(name)


def kinds(pieces):
    return [(piece["kind"], piece["text"]) for piece in pieces if piece["kind"] != "space"]


def test_the_pieces_of_a_tuple(functions):
    text = (
        "('a\\'(', b'\\x00', -7, 2.5e-3, inf, None, UUID('00-1'), Versionstamp('ab', 1), (True,))"
    )
    pieces = [
        piece for piece in kinds(functions("notation.js", "pieces", text)) if piece[0] != "mark"
    ]
    assert pieces == [
        ("text", "'a\\'('"),
        ("bytes", "b'\\x00'"),
        ("number", "-7"),
        ("number", "2.5e-3"),
        ("number", "inf"),
        ("constant", "None"),
        ("special", "UUID('00-1')"),
        ("special", "Versionstamp('ab', 1)"),
        ("constant", "True"),
    ]


def test_any_text_comes_out_as_it_went_in(functions):
    seed = random.randrange(2**32)
    print("seed", seed)
    chosen = random.Random(seed)
    alphabet = "ab'\"\\()[]{},: \n-0.9eEinfnanTrueNoneUUID\x00\u2028é日😀"
    texts = ["".join(chosen.choices(alphabet, k=chosen.randrange(40))) for _ in range(60)]
    for text in texts:
        pieces = functions("notation.js", "pieces", text)
        assert "".join(piece["text"] for piece in pieces) == text
        assert all(piece["text"] for piece in pieces)


def test_a_text_of_many_pieces_is_whole(functions):
    text = "[" + "1," * 20
    pieces = functions("notation.js", "pieces", text, 10)
    assert len(pieces) == 11 and pieces[-1]["kind"] == "other"
    assert "".join(piece["text"] for piece in pieces) == text


def test_a_name_that_turns_round_what_is_shown(functions):
    assert (
        functions("notation.js", "plain", "a \u202ebc\n\u2028é日😀")
        == r"a \u{202e}bc\u{a}\u{2028}é日😀"
    )


def test_json_is_indented_and_stays_the_same(functions):
    document = {"a": [1, {}, [], {"b": None}], "c,:{": 'x"\\', "n": 12345678901234567890}
    text = functions("notation.js", "indented", json.dumps(document))
    assert json.loads(text) == document
    assert text.splitlines()[:4] == ["{", '  "a": [', "    1,", "    {},"]
    assert functions("notation.js", "indented", '"only"') == '"only"'


def test_a_hex_dump(functions):
    data = bytes(range(60, 80))
    lines = functions("notation.js", "hexDump", data.hex(), 16)
    assert lines[0] == ["00000", data[:16].hex(" "), data[:16].decode()]
    assert lines[1][0] == "00010" and lines[1][1].rstrip() == data[16:].hex(" ")
    assert functions("notation.js", "hexDump", "007f41", 8)[0][2] == "··A"


def test_the_bytes_of_a_notation(functions):
    assert functions("notation.js", "bytesOf", "a\\x00\\\\\\xff") == [97, 0, 92, 255]


@pytest.mark.parametrize(
    ("top", "marks"),
    [
        (0, [0, 1]),
        (1, [0, 0.5, 1]),
        (7, [0, 5, 10]),
        (950, [0, 500, 1000]),
        (0.003, [0, 0.001, 0.002, 0.003]),
    ],
)
def test_the_marks_of_an_axis(functions, top, marks):
    assert functions("plot.js", "ticks", top) == marks


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_999, "100 kB"),
        (999_900, "1.0 MB"),
        (5e12, "5.0 TB"),
        (2e15, "2000 TB"),
    ],
)
def test_sizes_for_people(functions, size, text):
    assert functions("dom.js", "size", size) == text


def test_addresses_are_read_and_written(functions):
    route = functions(
        "route.js", "read", "#/data?within=%2Fa%3F%26b&row=00&limit=7&reverse=x&view=live"
    )
    assert route["within"] == "/a?&b" and route["row"] == "00" and route["view"] == "data"
    assert route["limit"] == "100" and route["reverse"] == ""
    written = functions("route.js", "link", {"from": "n00"}, route)
    assert functions("route.js", "read", written) == {**route, "from": "n00"}
