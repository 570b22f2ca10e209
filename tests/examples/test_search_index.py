"""examples/search_index.py: what it finds, that it stays whole, and its commands on the guides."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import fdb
from fdb.testing import assert_retry_safe, assert_serializable
from helpers.paths import ROOT

WORDS = ("red", "green", "blue", "grey", "great")


@pytest.fixture
def module(example: Callable[[str], Any]) -> Any:
    return example("search_index")


@pytest.fixture
def index(module: Any, memory_db: fdb.Database) -> Any:
    return module.SearchIndex(memory_db)


def names(found: list[Any]) -> list[str]:
    return [each.name for each in found]


def test_what_is_found(index: Any, memory_db: fdb.Database) -> None:
    db = memory_db
    index.put(db, "rare", "Zebra, and much else that is in no other text at all")
    index.put(db, "often", "zebra zebra")
    index.put(db, "else", "a horse")
    assert names(index.find(db, "ZEBRA")) == ["often", "rare"]
    assert names(index.find(db, "zebra text")) == ["rare"]
    assert index.find(db, "zebra horse") == index.find(db, "unicorn") == index.find(db, "?") == []
    assert len(index.find(db, "zebra", limit=1)) == 1
    index.put(db, "often", "a horse")
    assert names(index.find(db, "horse")) == ["else", "often"]
    index.remove(db, "often")
    index.remove(db, "often")
    assert names(index.find(db, "horse")) == ["else"] and index.problems(db) == []


def test_words_that_begin_so(index: Any, memory_db: fdb.Database) -> None:
    index.put(memory_db, "a", "conflict commit conflicting coördinate")
    index.put(memory_db, "b", "conflict cone")
    complete = partial(index.complete, memory_db)
    assert complete("CON") == ["cone", "conflict", "conflicting"]
    assert complete("conflict") == ["conflict", "conflicting"]
    assert complete("co", limit=2) == ["commit", "cone"] and complete("coö") == ["coördinate"]
    assert complete("x") == []


def test_a_text_with_too_many_words(module: Any, index: Any, memory_db: fdb.Database) -> None:
    with pytest.raises(module.TooLarge, match="large has 20000 different words"):
        index.put(memory_db, "large", " ".join(map(str, range(20_000))))
    assert index.problems(memory_db) == [] and index.find(memory_db, "17") == []
    index.put(memory_db, "large", "x" * 200_000)
    assert index.complete(memory_db, "x") == ["x" * 50]


def test_an_index_that_is_not_whole_is_noticed(index: Any, memory_db: fdb.Database) -> None:
    index.put(memory_db, "a", "red green")
    del memory_db[index.words.pack(("red", "a"))]
    memory_db[index.words.pack(("blue", "a"))] = b""
    memory_db.add(index.totals[0], b"\x01")
    assert len(index.problems(memory_db)) == 3


def test_it_stays_whole(index: Any, memory_db: fdb.Database) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    with fdb.testing.faults(memory_db) as faults:
        faults.add("commit_unknown_result", probability=0.3)
        faults.add("not_committed", probability=0.1)
        for _ in range(60):
            name = rng.choice("abc")
            if rng.random() < 0.2:
                index.remove(memory_db, name)
            else:
                index.put(memory_db, name, " ".join(rng.choices(WORDS, k=5)))
    assert index.problems(memory_db) == []


def test_two_who_write_the_same_text(fdb_db: fdb.Database, module: Any) -> None:
    index = module.SearchIndex(fdb_db)
    index.put(fdb_db, "a", "red")
    assert_retry_safe(index.put, fdb_db, "a", "green")
    at_once = [partial(index.put, name="a", text=text) for text in ("blue", "grey")]
    assert_serializable(at_once, fdb_db, schedules=20, seed=1)


def test_the_commands(
    module: Any,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FDB_CLUSTER_FILE", f"file:{tmp_path}/search.fdb")
    monkeypatch.chdir(ROOT)
    guides = ["docs/guides/queues.md", "docs/guides/layers.md", "docs/guides/streams.md"]

    def tell(*command: str) -> str:
        assert module.main(list(command)) == 0
        return capsys.readouterr().out

    tell("add", *guides)
    first = tell("find", "fencing", "token").splitlines()[0]
    assert first.endswith("docs/guides/queues.md")
    assert "mailer" in tell("complete", "mail").split()
    tell("remove", *guides[:1])
    assert tell("find", "fencing", "token") == tell("check") == ""
