"""fdb/_waiting/model.py: every event model keeps the contract, and the choice of one loads no other."""

from __future__ import annotations

import pytest

from fdb._startup.opening import model_named
from fdb._waiting.model import EventModel
from fdb._waiting.threads import DEBUG, THREADS, model_for_handle
from helpers.processes import RunPython

NAMES = [None, "debug", "gevent", "asyncio"]
CONTRACT = {name for name in vars(EventModel) if not name.startswith("_")}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_all_of_the_contract(name: str | None) -> None:
    if name == "gevent":
        pytest.importorskip("gevent")
    model = model_named(name)
    assert {"name", "must_await", "strand", "before_blocking", "wait", "wait_any"} <= CONTRACT
    assert [member for member in CONTRACT if not hasattr(model, member)] == []
    assert model.name == name
    assert model.must_await == (name == "asyncio")
    assert model is model_named(name)
    # Nothing is in the way of a thread that runs no loop.
    model.before_blocking()
    assert not model.in_loop()
    assert model.strand() == model.strand()


def test_handles_keep_no_model_for_threads() -> None:
    assert model_for_handle(THREADS) is None
    assert model_for_handle(DEBUG) is DEBUG


@pytest.mark.parametrize("name", [None, "debug"])
def test_models_that_block_threads_load_no_other(run_python: RunPython, name: str | None) -> None:
    done = run_python(
        f"""
        import sys
        import fdb
        fdb.api_version(740)
        assert fdb.open("memory:", event_model={name!r})[b"k"] is None
        print([m for m in ("asyncio", "gevent", "fdb._waiting.asyncio_model") if m in sys.modules])
        """
    )
    assert done.stdout == "[]\n"
