"""Writes a database file that later versions have to be able to open, and what is in it beside it.

    python tests/data/make_file.py NAME

makes tests/data/NAME.fdb and NAME.json. Run it when the format changes, under a new name; a file that is kept is never
made anew. The file is that of a program that was killed: some of its commits are in the table, some in the log alone.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def fill(db: object, first: int) -> None:
    """Commits a bit of everything; the second time, over what the first one left."""
    import fdb
    import fdb.tenant_management
    import fdb.tuple

    assert isinstance(db, fdb.Database)
    for begin in range(first, first + 300, 50):
        tr = db.create_transaction()
        for number in range(begin, begin + 50):
            tr[fdb.tuple.pack(("user", number))] = b"name of %d" % number
        tr.commit().wait()
    tr = db.create_transaction()
    for size in (0, 1, 1000, 1001, 20_000):
        tr[fdb.tuple.pack(("blob", first, size))] = bytes([first % 251]) * size
    tr[b""] = b"the empty key"
    tr[b"\x00"] = b"\x00"
    tr[b"long" * 2000] = b"a long key"
    tr[b"\xfe" * 20] = b"high"
    tr.commit().wait()
    db.add(b"counter", (7).to_bytes(8, "little"))
    db.clear_range(fdb.tuple.pack(("user", first + 100)), fdb.tuple.pack(("user", first + 150)))
    tr = db.create_transaction()
    tr.set_versionstamped_key(b"stamped" + bytes(10) + struct.pack("<L", 7), b"%d" % first)
    tr.set_versionstamped_value(b"stamp %d" % first, bytes(10) + struct.pack("<L", 0))
    tr.commit().wait()
    fdb.tenant_management.create_tenant(db, b"tenant %d" % first)
    db.open_tenant(b"tenant %d" % first)[b"key"] = b"value %d" % first


def write(path: str, first: int, killed: bool) -> None:
    """Opens the file, fills it, and ends one way or the other. Prints the read version and all pairs as JSON."""
    import fdb

    fdb.api_version(740)
    db = fdb.open(f"file:{path}?sync=off")
    fill(db, first)
    tr = db.create_transaction()
    tr.options.set_read_system_keys()
    rows = {row.key.hex(): row.value.hex() for row in tr.get_range(b"", b"\xff\xff")}
    print(json.dumps({"read_version": tr.get_read_version().wait(), "rows": rows}), flush=True)
    if killed:
        os._exit(0)
    db.close()


def main(name: str) -> None:
    """Makes the two files."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "app.fdb")
        for first, killed in ((0, False), (1000, True)):
            command = [sys.executable, __file__, "--write", path, str(first), str(int(killed))]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for suffix in ("", "-wal"):
            shutil.copyfile(path + suffix, HERE / f"{name}.fdb{suffix}")
    content = json.dumps(json.loads(said), indent=0, sort_keys=True)
    (HERE / f"{name}.json").write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1")
    else:
        main(sys.argv[1])
