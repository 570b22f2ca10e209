"""docs/guides/from-fauna.md: its programs run, and every name of the two drivers' documentation is on the page."""

from __future__ import annotations

import re
from typing import Any

import pytest

import fdb
import fdb.layers
from fdb.testing import faults
from helpers.pages import blocks_of
from helpers.paths import ROOT

PAGE = ROOT / "docs" / "guides" / "from-fauna.md"
TEXT = PAGE.read_text()
BLOCKS = [block.text for block in blocks_of("docs/guides/from-fauna.md", "python")]
NAMES = (
    # fauna, for FQL v10
    "Client FAUNA_ENDPOINT FAUNA_SECRET fql QuerySuccess FaunaException ServiceError QueryStats QueryOptions query data stats "
    "compute_ops read_ops write_ops max_attempts max_backoff query_timeout client_buffer_timeout http_idle_timeout "
    "http_connect_timeout http_pool_timeout http_read_timeout http_write_timeout DefaultClientBufferTimeout "
    "DefaultIdleConnectionTimeout DefaultHttpConnectTimeout DefaultHttpPoolTimeout DefaultHttpReadTimeout "
    "DefaultHttpWriteTimeout QueryTimeoutError NetworkError ConnectTimeout PoolTimeout ReadTimeout WriteTimeout ThrottlingError "
    "paginate pageSize stream toStream changesOn StreamOptions start_ts status_events add update remove close to_dict "
    "from_result Collection Product "
    # faunadb, v4
    "FaunaClient secret domain scheme port timeout observer pool_connections pool_maxsize RequestResult Subscription ping scope "
    "new_session_client get_last_txn_time sync_last_txn_time get_query_timeout query_timeout_ms timeout_millis last_txn_time "
    "session counter on_start on_error on_version on_history history_rewrite start FaunaError UnexpectedError "
    "raise_for_status_code Ref SetRef FaunaTime Native to_fauna_json HTTPBasicAuth API_VERSION start_time end_time "
    "response_raw response_content status_code response_headers"
).split()


@pytest.mark.parametrize("rules", ["", "not_committed:p=0.2;commit_unknown_result:p=0.1;seed=7"])
def test_the_programs(
    rules: str,
    memory_db: fdb.Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Under faults the sums may be higher: an increment is no function that may run twice."""
    name = memory_db._which.strip(" '")
    opened = fdb.open
    monkeypatch.setattr("fdb.open", lambda _, **how: opened(name, **how))
    scope: dict[str, Any] = {"__name__": "program"}
    assert len(BLOCKS) == 9
    with faults(memory_db, rules=rules):
        for number, block in enumerate(BLOCKS):
            if rules and "assert add" in block:
                block = re.sub(r"^assert .*== \d+$", "", block, flags=re.MULTILINE)
            if rules and "retry_limit=2, max_retry_delay" in block:
                continue  # which may run out of its two retries
            exec(compile(block, f"{PAGE}, block {number}", "exec"), scope)
    shown = capsys.readouterr().out
    assert "1009 3 " in shown and "Add event: {'name': 'Rex'}" in shown
    assert "program.add committed" in shown and "True healthy" in shown


def test_every_name_is_there() -> None:
    assert [name for name in NAMES if not re.search(rf"\b{name}\b", TEXT)] == []


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXT)
    assert links and all((PAGE.parent / link).is_file() for link in links)
