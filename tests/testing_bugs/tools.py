"""The tools that bugs are searched with: each says whether it finds one in a program."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Sequence
from typing import Any

import fdb
import fdb.embedded
from fdb.testing import faults
from fdb.testing._content import read_all
from fdb.testing._plain import plain, raised
from fdb.testing._retry_safe import RetryUnsafe, assert_retry_safe
from fdb.testing._serializable import NotSerializable, assert_serializable
from testing_bugs.bug import RETRY_SAFE, SERIALIZABLE, Bug, Function, Program
from testing_bugs.catalogue import fill

#: Says what was found, "" for nothing.
Tool = Callable[[Bug, Program, int], str]


def by_assert_serializable(bug: Bug, program: Program, seed: int, schedules: int = 100) -> str:
    """Runs the functions at the same time; one that is alone, beside itself."""
    with _Database(bug) as db:
        functions = [*program.make()]
        if len(functions) == 1:
            functions *= 2
        try:
            checked = assert_serializable(functions, db, seed=seed, schedules=schedules)
            if inspect.iscoroutine(checked):
                asyncio.run(checked)
        except NotSerializable as failure:
            return str(failure)
    return ""


def by_assert_retry_safe(bug: Bug, program: Program, seed: int) -> str:
    """Runs each function under every fault. There is no chance in it."""
    with _Database(bug) as db:
        for function in program.make():
            try:
                checked = assert_retry_safe(function, db)
                if inspect.iscoroutine(checked):
                    asyncio.run(checked)
            except RetryUnsafe as failure:
                return str(failure)
    return ""


def by_random_faults(bug: Bug, program: Program, seed: int) -> str:
    """The functions one after the other, in a database with the standard mix of faults, and a look at what came of it."""
    with _Database(bug) as db:
        functions = program.make()
        with faults(db, seed=seed, rules="on"):
            results = [_result_of(function, db) for function in functions]
        return _complaint(db, program, results)


def by_threads(bug: Bug, program: Program, seed: int) -> str:
    """The control: the functions in threads that begin together, and a look at what came of it."""
    with _Database(bug) as db:
        functions = program.make()
        begin = threading.Barrier(len(functions))
        results: list[Any] = [None] * len(functions)

        def run(number: int, function: Function) -> None:
            begin.wait()
            results[number] = _result_of(function, db)

        threads = [
            threading.Thread(target=run, args=(number, function))
            for number, function in enumerate(functions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return _complaint(db, program, results)


TOOLS: dict[str, Tool] = {
    RETRY_SAFE: by_assert_retry_safe,
    SERIALIZABLE: by_assert_serializable,
    "random faults": by_random_faults,
    "threads, without the kit": by_threads,
}


class _Database:
    """A fresh database with the rows of a bug, of the event model that the bug needs."""

    def __init__(self, bug: Bug) -> None:
        self._bug = bug
        self._name = fdb.embedded.unique()

    def __enter__(self) -> Any:
        db = fdb.open(self._name)
        fill(db, self._bug)
        return fdb.open(self._name, event_model="asyncio") if self._bug.is_asyncio else db

    def __exit__(self, *_: object) -> None:
        fdb.embedded.drop(self._name)


def _result_of(function: Function, db: Any) -> Any:
    try:
        result = function(db)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
    except Exception as error:
        return raised(error)
    return plain(result)


def _complaint(db: Any, program: Program, results: Sequence[Any]) -> str:
    try:
        held = program.holds(read_all(db), results)
    except Exception as error:  # what is not there cannot be looked at
        return repr(error)
    return "" if held else "the rows or results are not as they should be"
