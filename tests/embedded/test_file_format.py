"""docs/explanation/file-format.md: what it says, read by a program that knows nothing but that page and SQLite."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shutil
import sqlite3
import struct
from collections.abc import Iterator

import pytest

import fdb
import fdb.embedded
import fdb.tenant_management
from helpers.paths import ROOT, TESTS
from helpers.processes import RunPython

DOCUMENT = ROOT / "docs" / "explanation" / "file-format.md"
#: Files of earlier versions, each with what is in it beside it; tests/data/make_file.py makes them.
KEPT = sorted((TESTS / "data").glob("*.fdb"))


def _crc_table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table


CRC_TABLE = _crc_table()


def crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@contextlib.contextmanager
def looked_into(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        yield connection


def pairs(connection: sqlite3.Connection) -> list[tuple[bytes, bytes]]:
    big = dict(connection.execute("SELECT id, v FROM big"))
    rows = connection.execute("SELECT k, v FROM kv ORDER BY k").fetchall()
    used = [v for _, v in rows if isinstance(v, int)]
    assert sorted(used) == sorted(big), "each long value belongs to one key"
    assert all(len(big[v]) > 1000 if isinstance(v, int) else len(v) <= 1000 for _, v in rows)
    return [(k, big[v] if isinstance(v, int) else v) for k, v in rows]


def check_by_the_page(connection: sqlite3.Connection) -> None:
    """Checks all checksums and totals."""
    meta = dict(connection.execute("SELECT name, value FROM meta ORDER BY name"))
    lines = {name: value.hex() if name == "id" else value for name, value in meta.items()}
    checksum = lines.pop("checksum")
    assert checksum == crc32c("".join(f"{n}={v}\n" for n, v in sorted(lines.items())).encode())
    assert meta["format"] == 1 and len(meta["id"]) == 16

    leaves = connection.execute("SELECT * FROM leaves ORDER BY k").fetchall()
    rows = pairs(connection)
    together = 0
    position = 0
    for index, (first, keys, size, checksum, own) in enumerate(leaves):
        after = leaves[index + 1][0] if index + 1 < len(leaves) else None
        text = b""
        begin = position
        while position < len(rows) and (after is None or rows[position][0] < after):
            key, value = rows[position]
            assert key >= first
            text += struct.pack("<QQ", len(key), len(value)) + key + value
            position += 1
        assert (keys, size) == (position - begin, len(text) - 16 * keys)
        assert checksum == crc32c(text)
        assert own == crc32c(first + struct.pack("<QQI", keys, size, checksum))
        together ^= own
    assert position == len(rows)
    totals = [len(leaves), sum(leaf[1] for leaf in leaves), sum(leaf[2] for leaf in leaves)]
    assert [meta["leaves"], meta["keys"], meta["bytes"]] == totals
    assert meta["leaves_checksum"] == together


def _number(record: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = record[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


def changes(record: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """The changes of a log record: key and value, or begin and end of a range that was cleared."""
    at = 20
    while at < len(record):
        head, at = _number(record, at)
        key, at = record[at : at + head // 2], at + head // 2
        size, at = _number(record, at)
        value, at = record[at : at + size], at + size
        yield key, value, bool(head & 1)


def replayed(connection: sqlite3.Connection) -> dict[bytes, bytes]:
    """What the database holds: kv, and the log over it."""
    data = dict(pairs(connection))
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    before = None
    for version, record in connection.execute("SELECT version, record FROM log ORDER BY version"):
        checksum, previous, synced = struct.unpack_from("<IQQ", record)
        assert checksum == crc32c(struct.pack("<Q", version) + record[4:])
        if version <= meta["base"]:
            continue
        assert previous <= meta["base"] if before is None else previous == before
        assert synced <= previous
        before = version
        for key, value, is_clear in changes(record):
            if is_clear:
                data = {k: v for k, v in data.items() if not key <= k < value}
            else:
                data[key] = value
    assert meta["log_end"] <= (before or meta["base"])
    assert (before or meta["base"]) <= meta["lease"]
    return data


def everything(db: fdb.Database) -> dict[bytes, bytes]:
    """All pairs with the system's that are stored, which begin at ff."""
    tr = db.create_transaction()
    tr.options.set_read_system_keys()
    tr.options.set_read_lock_aware()
    return {bytes(row.key): bytes(row.value) for row in tr.get_range(b"", b"\xff\xff")}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A closed file with a bit of everything."""
    path = tmp_path_factory.mktemp("format") / "app.fdb"
    with fdb.open(f"file:{path}?sync=off") as db:
        for number in range(26, 1026):
            db[fdb.tuple.pack(("user", number))] = b"name of %d" % number
        for size in (0, 1, 1000, 1001, 100_000):
            db[fdb.tuple.pack(("blob", size))] = b"b" * size
        fdb.tenant_management.create_tenant(db, b"one")
        db.open_tenant(b"one")[b"k"] = b"v"
    return path


def test_the_header_of_the_file(path: pathlib.Path) -> None:
    content = path.read_bytes()
    assert content[68:72] == b"fdbE"
    with looked_into(path) as connection:
        for pragma, wanted in (("application_id", 0x66646245), ("user_version", 1)):
            assert connection.execute(f"PRAGMA {pragma}").fetchone() == (wanted,)
        assert connection.execute("PRAGMA page_size").fetchone() == (4096,)


def test_the_tables_are_those_of_the_page(path: pathlib.Path) -> None:
    section = DOCUMENT.read_text().partition("| table | column | |")[2].partition("\n\n")[0]
    told: dict[str, list[str]] = {}
    table = ""
    for line in section.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        table = cells[0].strip("`") or table
        told.setdefault(table, []).append(cells[1].split()[0].strip("`"))
    with looked_into(path) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in tables
            if not table.startswith("sqlite_")
        }
        names = {row[0] for row in connection.execute("SELECT name FROM meta")}
    assert found == told
    section = DOCUMENT.read_text().partition("The names in `meta`:")[2].partition("### ")[0]
    assert names == set(re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\|([^|]+)\|", section))))


def test_checksums_and_content(path: pathlib.Path) -> None:
    with looked_into(path) as connection:
        check_by_the_page(connection)
        found = replayed(connection)
    with fdb.open(f"file:{path}?mode=ro") as db:
        assert found == everything(db)
    assert len(found) >= 1000


def test_a_file_after_a_crash(tmp_path: pathlib.Path, run_python: RunPython) -> None:
    path = tmp_path / "app.fdb"
    run_python(
        f"""
        import fdb, os, struct
        fdb.api_version(740)
        db = fdb.open("file:{path}?sync=off")
        for number in range(100):
            db[b"%03d" % number] = b"v" * 100 * number
        db.clear_range(b"03", b"04")
        db.add(b"000", b"ab")
        tr = db.create_transaction()
        tr.set_versionstamped_key(b"stamp" + bytes(10) + struct.pack("<L", 5), b"")
        tr.commit().wait()
        os._exit(0)
        """
    )
    shutil.copytree(tmp_path, tmp_path / "copy")
    with contextlib.closing(sqlite3.connect(tmp_path / "copy" / "app.fdb")) as connection:
        check_by_the_page(connection)
        found = replayed(connection)
        assert connection.execute("SELECT count(*) FROM log").fetchone()[0] > 100
    with fdb.open(f"file:{path}?mode=ro") as db:
        wanted = everything(db)
    assert {k: v for k, v in wanted.items() if k < b"\xff"} == {
        k: v for k, v in found.items() if k < b"\xff"
    }
    assert len(found) > 90


def queries() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


@pytest.mark.parametrize("query", queries())
def test_the_queries_of_the_page(query: str, path: pathlib.Path) -> None:
    with looked_into(path) as connection:
        rows = connection.execute(query).fetchall()
    assert rows or "FROM log" in query


def test_the_queries_find_what_they_say(path: pathlib.Path) -> None:
    users, one, longest = (
        next(q for q in queries() if part in q) for part in ("FF'", "k = x'", "DESC LIMIT 10")
    )
    with looked_into(path) as connection:
        assert len(connection.execute(users).fetchall()) == 1000
        assert connection.execute(one).fetchall() == [(b"name of 26".hex().upper(),)]
        key, size = connection.execute(longest).fetchall()[0]
    assert (fdb.tuple.unpack(bytes.fromhex(key)), size) == (("blob", 100_000), 100_000)


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_files_of_earlier_versions(kept: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Opened to be read, then opened to be written, with what they had and versions that ascend."""
    wanted = json.loads(kept.with_suffix(".json").read_text())
    rows = {bytes.fromhex(key): bytes.fromhex(value) for key, value in wanted["rows"].items()}
    path = tmp_path / "app.fdb"
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{kept}{suffix}", f"{path}{suffix}")
    assert fdb.embedded.check(path).problems == ()
    for mode in ("ro", "rw"):
        with fdb.open(f"file:{path}?mode={mode}") as db:
            assert everything(db) == rows
            assert db.create_transaction().get_read_version().wait() >= wanted["read_version"]
            tenants = fdb.tenant_management.list_tenants(db, b"", b"\xff", 10).to_list()
            assert [bytes(row.key) for row in tenants] == [b"tenant 0", b"tenant 1000"]
            assert db.open_tenant(b"tenant 1000")[b"key"] == b"value 1000"
    with fdb.open(f"file:{path}?sync=off") as db:
        tr = db.create_transaction()
        tr.set_versionstamped_key(b"stamped" + bytes(10) + struct.pack("<L", 7), b"now")
        tr.commit().wait()
        assert [row.value for row in db[b"stamped":b"stampee"]] == [b"0", b"1000", b"now"]


def test_there_is_a_file_of_this_format() -> None:
    assert len(KEPT) > 0
