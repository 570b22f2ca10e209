"""fdb/_browse/rows.py: pages of rows, forward and back, while rows come and go."""

from __future__ import annotations

import random

import pytest

import fdb
from browse.asking import asked, refused
from fdb._browse.rows import row, rows
from fdb._browse.trees import NameCache
from helpers.databases import fill


def keys_of(answer):
    return [bytes.fromhex(each["key"]["hex"]) for each in answer["rows"]]


def get(session, **given):
    return rows(session, NameCache(), asked(**given))


def numbered(*numbers):
    return [b"%03d" % number for number in numbers]


@pytest.fixture
def filled(session):
    fill(session.db, [(b"%03d" % number, b"v%d" % number) for number in range(25)])
    return session


@pytest.mark.parametrize("reverse", ["0", "1"])
def test_pages_forward_and_back(filled, reverse):
    expected = numbered(*range(25))
    if reverse == "1":
        expected.reverse()
    first = get(filled, limit="10", reverse=reverse)
    assert keys_of(first) == expected[:10] and first["previous"] is None
    second = get(filled, limit="10", reverse=reverse, from_=first["next"])
    assert keys_of(second) == expected[10:20]
    third = get(filled, limit="10", reverse=reverse, from_=second["next"])
    assert keys_of(third) == expected[20:] and third["next"] is None
    back = get(filled, limit="10", reverse=reverse, from_=third["previous"])
    assert back["rows"] == second["rows"]
    again = get(filled, limit="10", reverse=reverse, from_=back["previous"])
    assert again["rows"] == first["rows"]
    assert again["previous"] is None and again["next"] == first["next"]


def test_a_page_whose_rows_fill_it_has_no_next(filled):
    whole = get(filled, limit="25")
    assert len(whole["rows"]) == 25 and whole["next"] is None and whole["previous"] is None


@pytest.mark.parametrize("seed", range(4))
def test_walking_while_rows_come_and_go(session, seed):
    """Every row that stays is met in each direction, in order, once."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    db, reverse = session.db, chance.choice("01")
    staying = {b"s%04d" % chance.randrange(10_000) for _ in range(60)}
    fill(db, [(key, b"") for key in staying])

    def disturb():
        for _ in range(chance.randrange(6)):
            key = b"s%04d" % chance.randrange(10_000)
            if key not in staying:
                db[key] = b"new"
        for key, value in db[b"":b"\xff"]:
            if value and chance.random() < 0.5:
                del db[key]

    at, met = "", []
    for direction in ("next", "previous"):
        walked = []
        while at is not None:
            page = get(session, limit="7", reverse=reverse, from_=at)
            rows = keys_of(page)
            walked += rows if direction == "next" else rows[::-1]
            at = page[direction]
            disturb()
        met.append([key for key in walked if key in staying])
        # Back from behind the last row.
        at = f"p{b'z'.hex()}" if reverse == "0" else "p"
    forward, back = met
    order = sorted(staying, reverse=reverse == "1")
    assert forward == order
    # The first page is filled from its begin, so what it shows may have been met already.
    assert list(dict.fromkeys(back))[: len(order) - 7] == order[::-1][: len(order) - 7]
    assert set(back) == staying


def test_what_is_left_behind_a_continuation_is_gone(filled):
    first = get(filled, limit="10")
    del filled.db[b"010":b"\xff"]
    nothing = get(filled, limit="10", from_=first["next"])
    assert nothing["rows"] == [] and nothing["next"] is None
    assert keys_of(get(filled, limit="10", from_=nothing["previous"])) == numbered(*range(10))


def test_a_page_at_a_key(filled):
    page = get(filled, at="012", limit="2")
    assert keys_of(page) == numbered(12, 13)
    assert keys_of(get(filled, limit="2", from_=page["previous"])) == numbered(10, 11)
    assert keys_of(get(filled, at="012", limit="2", reverse="1")) == numbered(12, 11)
    beyond = get(filled, at="x", limit="2")
    assert beyond["rows"] == []
    assert keys_of(get(filled, limit="2", from_=beyond["previous"])) == numbered(23, 24)
    assert keys_of(get(filled, at="000", limit="2", begin_hex=b"02".hex())) == numbered(20, 21)


def test_within_a_tuple_a_directory_and_bounds(session):
    users = fdb.directory.create_or_open(session.db, ("app", "users"))
    fill(session.db, [(users.pack(("a", n)), b"") for n in range(3)])
    fill(session.db, [(users.pack(("b",)), b""), (fdb.tuple.pack(("a", 1)), b"")])
    found = get(session, within="/app/users")["rows"]
    assert [each["key"]["shown"] for each in found] == [
        "/app/users('a', 0)",
        "/app/users('a', 1)",
        "/app/users('a', 2)",
        "/app/users('b',)",
    ]
    assert found[1]["key"]["tuple"] == ["'a'", "1"] and found[1]["key"]["types"] == ["text", "int"]
    assert found[1]["key"]["path"] == ["app", "users"]
    assert len(get(session, within="/app/users('a')")["rows"]) == 3
    assert [each["key"]["shown"] for each in get(session, within="('a',)")["rows"]] == ["('a', 1)"]
    begin, end = users.pack(("a", 1)), users.pack(("a", 2))
    some = get(session, within="/app/users", begin_hex=begin.hex(), end_hex=end.hex())
    assert keys_of(some) == [begin]
    assert some["range"]["begin_hex"] == begin.hex()


def test_large_values_make_short_pages(session):
    for number in range(40):
        session.db[b"%02d" % number] = bytes(100_000)
    first = get(session, limit="1000")
    assert 10 < len(first["rows"]) < 30 and first["next"]
    assert len(keys_of(get(session, limit="1000", from_=first["next"]))) + len(first["rows"]) == 40
    assert first["rows"][0]["value"]["cut"] and len(first["rows"][0]["value"]["shown"]) <= 201


def test_long_keys_make_short_pages_too(session):
    start = bytes(9_990)
    for number in range(100):
        session.db[start + b"%02d" % number] = b""
    first = get(session)
    assert 10 < len(first["rows"]) < 60 and first["next"]
    key = first["rows"][0]["key"]
    assert key["hex"] == (start + b"00").hex() and key["tuple"] is None
    session.db[start] = b""
    first = get(session)["rows"][0]["key"]
    assert len(first["tuple"]) == len(first["types"]) == 100
    whole = row(session, NameCache(), asked(key_hex=start.hex()))["key"]
    assert len(whole["tuple"]) == 9_990 and whole["shown"] == first["shown"]


def test_one_row(session):
    key = fdb.tuple.pack(("a", None, True, 1.5, b"x", ("in",)))
    session.db[key] = b'{"a": "\xc3\xa4"}'
    answer = row(session, NameCache(), asked(key_hex=key.hex()))
    assert answer["key"]["types"] == ["text", "null", "bool", "float", "bytes", "tuple"]
    assert answer["value"]["forms"]["json"] == '{"a": "ä"}'
    assert bytes.fromhex(answer["value"]["hex"]) == b'{"a": "\xc3\xa4"}'
    assert refused(row, session, NameCache(), asked(key_hex="00"))[0] == 404
    for key in (b"\xff", b"\xff\xff/status/json"):
        assert refused(row, session, NameCache(), asked(key_hex=key.hex()))[0] == 400


@pytest.mark.parametrize(
    "given",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"limit": "9" * 400},
        {"reverse": "2"},
        {"from_": "x00"},
        {"from_": "n0"},
        {"from_": "n" + b"\xff\xff".hex()},
        {"within": "('a',,)"},
        {"within": "\\x"},
        {"within": "/no/such"},
        {"within": "x" * 60_000},
        {"at": "('a'"},
        {"begin_hex": "0"},
        {"begin_hex": "00" * 10_001},
        {"tenant": "\\q"},
        {"begin_hex": "ffff"},
    ],
    ids=str,
)
def test_refused(session, given):
    assert refused(get_with, session, given)[0] == 400


def get_with(session, given):
    from fdb._browse.requests import refusal_of

    try:
        get(session, **given)
    except Exception as error:
        raise refusal_of(error) from None
