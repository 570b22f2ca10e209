"""docs/guides/streams.md: its programs run as they stand there, and under faults."""

from __future__ import annotations

import contextlib
import io

import fdb
import fdb.testing
from helpers.layers import RULES, seeds
from helpers.pages import blocks_of

PROGRAM = "\n".join(block.text for block in blocks_of("docs/guides/streams.md", "python"))
PRINTED = """\
b'ann wants tea'
b'ben wants rice'
2 and then b'cas wants salt'
b'dan wants figs'
[5, 5, 5, 5]
[b'ann wants tea', b'ben wants rice', b'cas wants salt', b'dan wants figs']
events are gone
b'eve wants oil'
b'tick'
"""


def test_the_programs_print_what_they_should_whatever_goes_wrong(monkeypatch):
    opened = fdb.open
    for seed in (None, *seeds(2)):
        name = fdb.embedded.unique()
        with opened(name) as db:
            db.options.set_transaction_max_retry_delay(2)
            if seed is not None:
                fdb.testing.faults(db, seed=seed, rules=RULES)
            monkeypatch.setattr(
                fdb, "open", lambda _, event_model=None, name=name: opened(name, event_model)
            )
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(PROGRAM, "docs/guides/streams.md", "exec"), {})
            monkeypatch.setattr(fdb, "open", opened)
            assert printed.getvalue() == PRINTED, f"seed {seed}"
        fdb.embedded.drop(name)
