"""fdb/_typing.py: what a program loads, and what stands in for `typing` while it runs."""

from __future__ import annotations

import typing

import pytest

import fdb
from fdb import _typing
from helpers.processes import RunPython

#: Modules of the standard library that take long to load and that a start can do without.
UNWANTED = (
    "asyncio",
    "contextlib",
    "ctypes",
    "enum",
    "inspect",
    "random",
    "re",
    "tempfile",
    "traceback",
    "typing",
    "uuid",
    "warnings",
)
#: Those that functions to decorate need.
UNWANTED_BEFORE = ("collections", "functools", "itertools", "threading")
#: Our own, for programs that use what is in them.
ON_USE = (
    "_async",
    "_directory",
    "_display",
    "_frames",
    "_layers",
    "directory_impl",
    "embedded",
    "locality",
    "testing",
    "tuple",
)


def test_what_a_start_does_not_load(run_python: RunPython) -> None:
    outcome = run_python(
        f"""
        import sys
        before = set(sys.modules)
        import fdb
        fdb.api_version(740)
        db = fdb.open("memory:")
        db[b"key"] = b"value"
        assert not (set(sys.modules) - before) & {{*{UNWANTED_BEFORE!r}}}

        @fdb.transactional
        def increment(tr, key):
            tr.add(key, b"1")

        increment(db, b"counter")
        assert db[b"counter"] == b"1"
        loaded = set(sys.modules) - before
        unwanted = loaded & {{*{UNWANTED!r}, *("fdb." + name for name in {ON_USE!r})}}
        assert not unwanted, unwanted
        """
    )
    assert outcome.returncode == 0


def test_names_that_are_loaded_on_use(run_python: RunPython) -> None:
    outcome = run_python(
        f"""
        import fdb
        assert "directory" in dir(fdb) and "locality" not in dir(fdb)
        assert not hasattr(fdb, "locality") and not hasattr(fdb, "no_such_name")
        fdb.api_version(740)
        assert "locality" in dir(fdb)
        for name in {ON_USE!r}:
            assert getattr(fdb, name, None) is not None or name.startswith("_"), name
        assert fdb.directory is fdb.directory_impl.directory
        assert fdb.Subspace is fdb.subspace_impl.Subspace
        """
    )
    assert outcome.returncode == 0


def test_a_fork_waits_for_what_another_thread_loads(run_python: RunPython) -> None:
    """In the child nobody would finish that: it would wait for the lock of the module for ever."""
    outcome = run_python(
        """
        import os, threading
        from importlib.machinery import SourceFileLoader
        import fdb
        fdb.api_version(740)
        inside, forks = threading.Event(), threading.Event()

        execute = SourceFileLoader.exec_module

        def execute_late(loader, module):
            if module.__name__ == "fdb._directory.store":  # which fdb.directory_impl loads
                inside.set()
                assert forks.wait(60)
            execute(loader, module)

        SourceFileLoader.exec_module = execute_late
        thread = threading.Thread(target=lambda: fdb.directory)
        thread.start()
        assert inside.wait(60)
        os.register_at_fork(before=forks.set)  # runs before the hook of the package
        child = os.fork()
        if child == 0:
            os._exit(fdb.directory is not fdb.directory_impl.directory)
        thread.join()
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    assert outcome.returncode == 0


def test_type_checkers_see_the_real_names() -> None:
    """What a checker takes from `typing` is what there is at run time, so that both have every name."""
    assert not _typing.TYPE_CHECKING
    for name in ("Any", "Concatenate", "Generic", "Literal", "NoReturn", "ParamSpec", "Protocol"):
        assert hasattr(typing, name) and hasattr(_typing, name), name
    for name in ("SupportsIndex", "TypeVar", "cast", "overload"):
        assert hasattr(typing, name) and hasattr(_typing, name), name


def test_classes_take_types_in_brackets() -> None:
    hint = fdb.Future[bytes]
    assert typing.get_origin(hint) is fdb.Future
    assert typing.get_args(hint) == (bytes,)

    class Mine(fdb.Future[bytes]):
        pass

    assert Mine.__mro__[1] is fdb.Future
    variable = typing.TypeVar("variable")
    assert fdb.Future[variable][int] == fdb.Future[int]


def test_hints_of_public_functions_can_be_looked_at() -> None:
    assert typing.get_type_hints(fdb.Transaction.commit)["return"] is fdb.FutureVoid
    assert typing.get_type_hints(fdb.TransactionRead.get_key)["return"] is fdb.Key


def test_stand_ins_do_nothing() -> None:
    assert repr(_typing.TypeVar("T", bound=int)) == "~T"
    assert _typing.cast("int", "text") == "text"

    def function() -> None: ...

    assert _typing.overload(function) is function


@pytest.mark.parametrize("base", [_typing.Generic, _typing.Protocol])
def test_bases_add_nothing(base: type) -> None:
    class Slotted(base[int]):  # type: ignore[misc, valid-type]
        __slots__ = ()

    assert not hasattr(Slotted(), "__dict__")
