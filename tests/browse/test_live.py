"""fdb/_browse/live.py: what goes on, once a second, to whoever looks on."""

from __future__ import annotations

import json

import fdb
from fdb._browse import live
from fdb._browse.live import _Sampler
from fdb._status import Status
from helpers.waiting import wait_until


def test_transactions_of_the_program_are_counted_and_the_page_s_are_not(session, memory_db):
    sampler = _Sampler(session)
    try:
        session.read(session.db, lambda tr: tr[b"k"].value)
        memory_db[b"k"] = b"before anybody looked on"
        first = sampler.sample()
        assert first["source"] == "process" and first["started"] is first["latency"] is None
        session.read(session.db, lambda tr: tr[b"k"].value)
        quiet = sampler.sample()
        assert quiet["started"] == 0 and quiet["latency"] is None
        for _ in range(3):
            memory_db[b"k"] = b"v"
        memory_db.get(b"k")
        busy = sampler.sample()
    finally:
        sampler.close()
    assert busy["started"] > 0 and busy["committed"] > 0 and busy["failed"] == 0
    assert busy["committed"] >= busy["started"] * 0.7
    assert busy["latency"]["p99"] >= busy["latency"]["median"] > 0
    assert busy["read_version"] >= quiet["read_version"]
    assert busy["versions_per_second"] is not None and busy["round_trip"] > 0


def test_another_database_does_not_count(session):
    sampler = _Sampler(session)
    try:
        sampler.sample()
        with fdb.open("memory:of-somebody-else") as other:
            other[b"k"] = b"v"
        assert sampler.sample()["started"] == 0
    finally:
        sampler.close()


def test_a_cluster_s_rates_are_those_of_its_document(session, monkeypatch):
    document = {
        "cluster": {
            "workload": {"transactions": {"started": {"hz": 5.0}, "committed": {"hz": 4.0}}},
            "latency_probe": {"commit_seconds": 0.25},
        }
    }
    sampler = _Sampler(session)
    asked = []
    monkeypatch.setattr(type(session), "status", lambda _: asked.append(1) or Status(document))
    sampler.close()
    sampler._is_embedded = False
    first, second = sampler.sample(), sampler.sample()
    assert first["source"] == "cluster" and first["started"] == 5 and first["committed"] == 4
    assert first["conflicted"] is None and first["probe"]["commit"] == 250
    assert second["started"] == 5 and len(asked) == 1


def test_the_stream(memory_db, serve, client):
    page = serve(memory_db)
    with client(page).stream("GET", "api/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        event = json.loads(next(lines).removeprefix("data: "))
        assert event["read_version"] > 0
        page.close()
        assert all(line == "" or line.startswith("data: ") for line in lines)


def test_an_unreachable_database_is_an_event(session, monkeypatch):
    def fails(*_, **__):
        raise fdb.FDBError(1031)

    sampler = _Sampler(session)
    try:
        monkeypatch.setattr(type(session), "read", fails)
        event = sampler.sample()
    finally:
        sampler.close()
    assert event["code"] == 1031 and event["error"]


def test_who_goes_away_is_no_viewer_any_more(memory_db, serve, client, monkeypatch):
    page = serve(memory_db)
    monkeypatch.setattr(live, "_MOST_STREAMS", 1)
    with client(page).stream("GET", "api/live") as stream:
        lines = stream.iter_lines()  # which ends the stream when it goes
        assert next(lines).startswith("data: ")
        assert client(page).get("api/live").status_code == 503
    wait_until(lambda: page._live._task is None)
    assert not page._live._viewers
    with client(page).stream("GET", "api/live") as stream:
        assert next(stream.iter_lines()).startswith("data: ")


def test_a_fault_of_ours_ends_no_stream(session, monkeypatch, caplog):
    sampler = _Sampler(session)
    try:
        monkeypatch.setattr(sampler, "_process", lambda now: 1 / 0)
        event = sampler.sample()
    finally:
        sampler.close()
    assert "fault" in event["error"] and "ZeroDivisionError" in caplog.text
