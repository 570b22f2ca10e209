"""Pages of rows, as `fdb.browse` answers them, and the start of `fdb browse`; beside the reads alone, and an import of its libraries."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fdb
from work.bench import PREFIX, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
#: Rows of a database in memory, in a file, and of a page.
NUMBER, IN_FILE, PAGE = 1_000_000, 10_000, 100
VALUE = b'{"name": "somebody", "balance": 1234, "open": true}'
LIBRARIES = "import click, rich, starlette.applications, uvicorn"
TURNS = 20
SECONDS = 60
#: How many rows of a thousand lie before those that are asked for.
PLACES = {"first": 0, "middle": 500, "last": 999}


def key(number: int) -> bytes:
    return PREFIX + fdb.tuple.pack((number,))


def fill(db: Any, count: int) -> int:
    db.write_in_batches((key(number), VALUE) for number in range(count))
    return count


def asked(host: str, path: str) -> Any:
    """Returns what a page answers; the connection is one for each question, as `http.client` has it."""
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {text!r}")
    return json.loads(text)


def position(number: int) -> str:
    """The continuation behind the row before this one, as pages give it."""
    return f"&from=n{key(number).hex()}" if number else ""


def pages(bench: Bench, place: int) -> Round:
    db = bench.db
    count = fill(db, bench.count(NUMBER))
    page = fdb.browse(db)
    bench.closing.append(page.close)
    _, _, host, token, _ = page.url.split("/")
    first = count * place // 1000

    def measured() -> Sample:
        with timed(TURNS) as sample:
            for turn in range(TURNS):
                number = first + turn * PAGE % max(count - first, 1) if first else 0
                found = asked(host, f"/{token}/api/rows?limit={PAGE}{position(number)}")
                assert found["rows"]
        return sample

    return measured


def reads(bench: Bench, place: int) -> Round:
    db = bench.db
    count = fill(db, bench.count(NUMBER))
    first = count * place // 1000

    def measured() -> Sample:
        with timed(TURNS) as sample:
            for turn in range(TURNS):
                number = first + turn * PAGE % max(count - first, 1) if first else 0
                tr = db.create_transaction()
                assert tr.snapshot.get_range(key(number), b"\xff", PAGE + 1).to_list()
        return sample

    return measured


def add(name: str, place: int) -> None:
    ROWS.add(f"{name} page")(lambda bench: pages(bench, place))
    ROWS.add(f"{name} read")(lambda bench: reads(bench, place))


for _name, _place in PLACES.items():
    add(_name, _place)


@ROWS.add("start")
def start(bench: Bench) -> Round:
    """From the start of `fdb browse` to the answer with the first page of a file."""
    directory = tempfile.TemporaryDirectory()
    bench.closing.append(directory.cleanup)
    database = f"file:{Path(directory.name) / 'bench.fdb'}"
    with fdb.open(database) as db:
        fill(db, bench.count(IN_FILE))
    command = [sys.executable, "-m", "fdb", "-C", database, "browse"]

    def measured() -> Sample:
        with timed(1) as sample, subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            found = None
            while found is None:
                line = process.stdout.readline().decode()
                if not line:
                    raise RuntimeError(f"{' '.join(command)} has ended")
                found = re.search(r"http://([^/]+)/([^/\s]+)/", line)
            assert asked(found[1], f"/{found[2]}/api/rows?limit={PAGE}")["rows"]
            process.kill()
        return sample

    return measured


def program(text: str) -> Callable[[Bench], Round]:
    def row(bench: Bench) -> Round:
        def measured() -> Sample:
            with timed(1) as sample:
                subprocess.run([sys.executable, "-c", text], check=True)
            return sample

        return measured

    return row


ROWS.add("libraries")(program(LIBRARIES))
