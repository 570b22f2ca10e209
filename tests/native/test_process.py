"""fdb/_native/process.py: forks, and the end of the interpreter."""

from __future__ import annotations

import pytest

from helpers.processes import RunPython
from helpers.stubs import BuildStub

_CHILD = """
    import os, sys, traceback
    def in_child(function):
        child = os.fork()
        if child == 0:
            try:
                function()
            except SystemExit:
                raise
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            sys.exit(0)  # with the exit handlers
        assert os.waitpid(child, 0)[1] == 0
    def refused(call):
        try:
            call()
        except RuntimeError as error:
            return str(error)
        raise SystemExit("not refused")
"""


def test_a_child_must_not_touch_what_it_inherited(run_python: RunPython) -> None:
    outcome = run_python(
        _CHILD
        + """
    import fdb, gc
    fdb.api_version(740)
    db = fdb.open("memory:fork")
    db[b"k"] = b"v"
    tr = db.create_transaction()
    value, watch, pending = tr[b"k"], db.set_and_watch(b"k", b"v"), tr.get_versionstamp()
    value.wait()
    tenant = db.open_tenant(b"t")
    def child():
        global tr, watch, pending
        for call in (lambda: db[b"k"], lambda: tr[b"k"], lambda: tr.set(b"a", b"b"), watch.wait,
                     pending.is_ready, tr.commit, tr.get_versionstamp, db.create_transaction,
                     lambda: tenant[b"k"], lambda: watch.on_ready(print)):
            text = refused(call)
            assert "before the process forked" in text and "spawn" in text, text
        assert value == b"v"  # had arrived
        watch.cancel()
        db.close()
        del tr, watch, pending
        gc.collect()
    in_child(child)
    assert db[b"k"] == b"v" and tr[b"k"] == b"v"
    db[b"k"] = b"changed"
    watch.wait()
    """
    )
    assert outcome.returncode == 0


def test_a_child_may_open_embedded_databases(run_python: RunPython) -> None:
    outcome = run_python(
        _CHILD
        + """
    import fdb, threading
    fdb.api_version(740)
    db = fdb.open("memory:fork")
    db[b"k"] = b"v"
    def grandchild():
        assert fdb.open("memory:fork")[b"k"] is None
    def child():
        mine = fdb.open("memory:fork")
        assert mine is not db
        assert mine[b"k"] is None
        mine[b"k"] = b"child"
        watch = mine.set_and_watch(b"w", b"1")
        threading.Timer(0.05, mine.set, (b"w", b"2")).start()
        watch.wait()
        called = threading.Event()
        mine.create_transaction()[b"k"].on_ready(lambda _: called.set())
        assert called.wait(5)
        in_child(grandchild)
        assert mine[b"k"] == b"child"
    for _ in range(3):
        in_child(child)
    assert db[b"k"] == b"v"
    """
    )
    assert outcome.returncode == 0


def test_a_child_may_open_what_its_parent_did_not(
    run_python: RunPython, build_stub: BuildStub
) -> None:
    outcome = run_python(
        _CHILD
        + f"""
    import fdb
    fdb.api_version(740)
    library = fdb.ClientLibrary({build_stub()!r})
    fdb.open("memory:")[b"k"] = b"v"
    def child():
        db = library.open("x")
        assert db[b"delay:10"] == b"delay:10"
    in_child(child)
    def late():
        text = refused(lambda: library.open("x"))
        assert "used before this process was forked" in text and "only after forking" in text, text
    library.open("x")
    in_child(late)
    """
    )
    assert outcome.returncode == 0


def test_callbacks_and_loops_work_in_a_child(run_python: RunPython) -> None:
    outcome = run_python(
        _CHILD
        + """
    import asyncio, threading, fdb
    fdb.api_version(740)
    def use(name):
        db = fdb.open(name)
        done = threading.Event()
        watch = db.set_and_watch(b"w", b"1")
        watch.on_ready(lambda _: done.set())
        db[b"w"] = b"2"
        assert done.wait(5)
        adb = fdb.open(name, event_model="asyncio")
        async def main():
            watch = await adb.set_and_watch(b"w", b"1")
            asyncio.get_running_loop().call_later(0.01, db.set, b"w", b"2")
            await watch
        asyncio.run(main())
    use("memory:a")
    in_child(lambda: use("memory:a"))
    """
    )
    assert outcome.returncode == 0


def test_multiprocessing(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import multiprocessing, fdb
        fdb.api_version(740)
        db = fdb.open("memory:")
        db[b"k"] = b"v"
        def work(i):
            mine = fdb.open("memory:")
            mine[b"k"] = b"%d" % i
            return mine[b"k"]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(work, range(8)) == [b"%d" % i for i in range(8)]
        assert db[b"k"] == b"v"
        """
    )
    assert outcome.returncode == 0


_BUSY = """
    import sys, threading, time
    import fdb
    fdb.api_version(740)
    db = fdb.open("memory:") if {embedded} else fdb.ClientLibrary({path!r}).open("x")
    transactions = [db.create_transaction() for _ in range(50)]
    for tr in transactions:
        tr[b"k"] = b"v"
    pending = [tr.watch(b"never") for tr in transactions]
    for future in pending[:10]:
        future.on_ready(lambda future: None)
    def wait():
        pending[0].wait()
    def write():
        while True:
            db[b"t"] = b"x"
            db[b"t"]
    for target in (wait, wait, write, write):
        threading.Thread(target=target, daemon=True).start()
    class Late:
        def __del__(self):
            self.future.cancel()
            self.tr.reset()
    late = Late()
    late.future, late.tr = pending[1], transactions[1]
    sys.late = late
    time.sleep({seconds})
"""


@pytest.mark.parametrize("embedded", [True, False])
def test_a_busy_program_ends_cleanly(
    run_python: RunPython, build_stub: BuildStub, embedded: bool
) -> None:
    for seconds in (0, 0.01, 0.05):
        outcome = run_python(
            _BUSY.format(embedded=embedded, path=build_stub(), seconds=seconds), timeout=30
        )
        assert outcome.returncode == 0
        assert outcome.stderr == ""


def test_ending_by_an_exception_or_exit(run_python: RunPython) -> None:
    begin = "import fdb; fdb.api_version(740); db = fdb.open('memory:'); w = db.set_and_watch(b'k', b'v');"
    assert run_python(begin + "raise SystemExit(3)").returncode == 3
    assert run_python(begin + "1 // 0").returncode == 1
    assert run_python(begin + "import os; os._exit(4)").returncode == 4


def test_exit_handlers_of_the_program_may_use_the_database(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import atexit, fdb
        fdb.api_version(740)
        def last():
            db[b"k"] = b"last"
            print(db[b"k"])
        db = fdb.open("memory:")
        atexit.register(last)
        """
    )
    assert outcome.stdout == "b'last'\n"


def test_use_after_the_end_is_an_error_and_no_crash(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import atexit
        def last():
            try:
                db[b"k"]
            except RuntimeError as error:
                print(error)
        atexit.register(last)  # before fdb registers its own, so called after it
        import fdb
        fdb.api_version(740)
        db = fdb.open("memory:")
        """
    )
    assert "the interpreter is exiting" in outcome.stdout and outcome.returncode == 0
