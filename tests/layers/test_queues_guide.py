"""The programs of docs/guides/queues.md are run while everything goes wrong, and do what the page says."""

from __future__ import annotations

import asyncio

import pytest

import fdb
import fdb.testing
from helpers.layers import calm, in_trouble, seeds
from helpers.pages import blocks_of
from helpers.threads import in_threads

ONE = (1).to_bytes(8, "little")


@pytest.fixture(scope="module")
def page():
    """The names of each program of the chapters on queues and leases, and the texts of the page."""
    programs, texts = {}, []
    for block in blocks_of("docs/guides/queues.md", "python", "text"):
        text, name = block.text, block.file
        if name is None:
            texts.append(text)
            continue
        programs[name] = {"__name__": name}
        exec(compile(text, f"docs/guides/queues.md:{name}", "exec"), programs[name])
    return programs, texts


def test_mails_are_sent_once(page):
    program = page[0]["mailer.py"]
    names = [f"user{number}" for number in range(10)]
    for seed in seeds(2):
        with in_trouble(seed) as db:
            program["main"](db, names)
            calm(db)
            sent = {
                program["sent"].unpack(row.key)[0]: row.value for row in db[program["sent"].range()]
            }
            assert sent == dict.fromkeys(names, ONE), f"seed {seed}"
            assert program["mails"].counts(db) == (0, 0, 0, 0)


def test_mails_of_tasks(page):
    program = page[0]["mailer_async.py"]
    for seed in seeds(2):
        sent = []

        async def send(text, sent=sent):
            sent.append(text)
            return len(sent) < 3

        # What it remembers of recent claims is of another database, in which items have the same versions.
        program["mails"] = fdb.layers.Queue(("mails",))
        with in_trouble(seed, "asyncio") as db:
            asyncio.run(program["main"](db, [b"a", b"b", b"c"], send))
        assert sent == [b"a", b"b", b"c"], f"seed {seed}"


def test_dead_letters(page, capsys):
    programs, texts = page
    with fdb.testing.temporary_database() as db:
        programs["dead_letters.py"]["main"](db)
    assert capsys.readouterr().out in texts


def test_one_writes_the_report_at_a_time(page):
    program = page[0]["leader.py"]
    for seed in seeds(2):
        with in_trouble(seed) as db:
            in_threads(3, lambda number, db=db: program["write_report"](db, f"p{number}", 4))
            tokens = {row.value for row in calm(db)[program["report"].range()]}
        assert len(tokens) == 1, f"seed {seed}: lines of two holders"
