"""docs/guides/layers.md: its programs run as they stand there, and under faults."""

from __future__ import annotations

import contextlib
import io

import fdb
import fdb.testing
from helpers.layers import RULES, seeds
from helpers.pages import blocks_of

PROGRAM = "\n".join(block.text for block in blocks_of("docs/guides/layers.md", "python"))
PRINTED = """\
1 3
3000004 b'\\x89PNG'
b'wuff wuff '
[BlobVersion(number=1, size=5), BlobVersion(number=2, size=6)] b'first'
('bob',)
('ada',) b'{"email": "ada@x", "towns": ["London"]}'
('bob',) b'{"email": "bob@x", "towns": ["London", "Bath"]}'
('ada@x',) belongs to ('ada',)
"""


def test_the_programs_print_what_they_should_whatever_goes_wrong(monkeypatch):
    opened = fdb.open
    for seed in (None, *seeds(3)):
        with fdb.testing.temporary_database() as db:
            db.options.set_transaction_max_retry_delay(2)
            if seed is not None:
                fdb.testing.faults(db, seed=seed, rules=RULES)
            monkeypatch.setattr(fdb, "open", lambda name, db=db: db if name == "memory:" else None)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(PROGRAM, "docs/guides/layers.md", "exec"), {})
            monkeypatch.setattr(fdb, "open", opened)
            assert printed.getvalue() == PRINTED, f"seed {seed}"
