"""The programs of docs/guides/observing.md run one after the other, also while commits fail."""

from __future__ import annotations

from typing import Any

import pytest

import fdb
from fdb.testing import faults
from helpers.pages import blocks_of, is_like
from helpers.paths import ROOT

PAGE = ROOT / "docs" / "guides" / "observing.md"


@pytest.mark.parametrize("rules", ["", "not_committed:p=0.2;commit_unknown_result:p=0.1;seed=7"])
def test_the_page(
    rules: str,
    memory_db: fdb.Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("opentelemetry")
    monkeypatch.setattr("fdb.open", lambda name: memory_db)
    scope: dict[str, Any] = {"__name__": "__main__"}
    blocks = [block.text for block in blocks_of("docs/guides/observing.md", "python")]
    assert len(blocks) == 4
    with faults(memory_db, rules=rules):
        exec(compile(blocks[0], f"{PAGE}, block 0", "exec"), scope)
        table = capsys.readouterr().out
        for number, block in enumerate(blocks[1:], 1):
            exec(compile(block, f"{PAGE}, block {number}", "exec"), scope)
    (shown_table,) = blocks_of("docs/guides/observing.md", "text")
    assert "__main__.deposit" in table
    assert rules or is_like(shown_table.text, table), table
    shown = capsys.readouterr().out
    assert "took up to" in shown
    assert int(memory_db[b"bob"] or b"0") >= 5


def test_the_table_has_every_part() -> None:
    text = PAGE.read_text()
    parts = [name for name in fdb.TransactionEvent.__annotations__ if name != "kind"]
    assert [name for name in parts if f"`{name}`" not in text] == []
