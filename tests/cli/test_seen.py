"""fdb/_cli/seen.py: what a person was asked about, and whether it is still that."""

from __future__ import annotations

import fdb
from fdb._cli.seen import Unknown, seen


def test_ranges_are_the_same_if_their_rows_are(memory_db: fdb.Database) -> None:
    def look() -> object:
        return memory_db.run(seen, b"a", b"b")

    empty = look()
    memory_db[b"a1"] = b"x"
    one = look()
    assert str(empty) == "0 rows (0 bytes)" and str(one) == "1 row (3 bytes)" and look() == one
    for key, value in ((b"a1", b"y"), (b"a2", b"x")):
        del memory_db[b"a":b"b"]
        memory_db[key] = value
        assert look() != one and str(look()) == str(one)
    del memory_db[b"a":b"b"]
    memory_db[b"a1"] = b"x"
    assert look() == one


def test_what_became_of_rows() -> None:
    result = Unknown()
    assert result.said == "nothing was cleared"
