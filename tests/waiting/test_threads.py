"""fdb/_waiting/ and native/shim/wait.c: blocking waits, Ctrl-C, and the debug model."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from helpers.processes import RunPython
from helpers.stubs import BuildStub

#: A program is interrupted while it waits, twice, and then goes on.
_INTERRUPTED = """
    import os, signal, sys, threading, time
    import fdb
    fdb.api_version(740)
    library = fdb.ClientLibrary({path!r})
    db = library.open("x", event_model={model!r})
    tr = db.create_transaction()

    def blocked():
        {wait}

    for sender in (lambda: os.kill(os.getpid(), signal.SIGINT),
                   lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)):
        sent = []
        def send():
            time.sleep(0.2)
            sent.append(time.monotonic())
            sender()
        threading.Thread(target=send).start()
        try:
            blocked()
        except KeyboardInterrupt:
            late = time.monotonic() - sent[0]
            assert late < 2, late
            print("interrupted")
        assert tr[b"delay:20"] == b"delay:20"
        assert tr[b"delay:20"].wait() == b"delay:20"
"""


@pytest.mark.parametrize("model", [None, "debug"])
@pytest.mark.parametrize(
    "wait",
    [
        "tr[b'never'].wait()",
        "tr[b'never'].block_until_ready()",
        "tr[b'never'].present()",
        "fdb.Future.wait_for_any(tr[b'never'], tr[b'never2'])",
        "db.get(b'never')",
    ],
)
def test_interrupts(
    run_python: RunPython, build_stub: BuildStub, model: str | None, wait: str
) -> None:
    outcome = run_python(_INTERRUPTED.format(path=build_stub(), model=model, wait=wait))
    assert outcome.stdout == "interrupted\ninterrupted\n"


def test_another_signal_handler_may_raise_or_not(
    run_python: RunPython, build_stub: BuildStub
) -> None:
    outcome = run_python(
        f"""
        import signal, fdb
        fdb.api_version(740)
        tr = fdb.ClientLibrary({build_stub()!r}).open("x").create_transaction()
        seen = []
        signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        assert tr[b"delay:1000"] == b"delay:1000"
        assert len(seen) >= 3
        def stop(*_):
            raise TimeoutError
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, stop)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            tr[b"never"].wait()
        except TimeoutError:
            print("stopped")
        """
    )
    assert outcome.stdout == "stopped\n"


def test_an_interrupted_wait_leaves_the_future_usable(
    run_python: RunPython, build_stub: BuildStub
) -> None:
    outcome = run_python(
        f"""
        import os, signal, threading, fdb
        fdb.api_version(740)
        tr = fdb.ClientLibrary({build_stub()!r}).open("x").create_transaction()
        value = tr[b"delay:2000"]
        for _ in range(3):
            try:
                threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
                value.wait()
            except KeyboardInterrupt:
                print("interrupted")
        print(value)
        """
    )
    assert outcome.stdout == "interrupted\n" * 3 + "b'delay:2000'\n"


def test_debug(stub_library: fdb.ClientLibrary) -> None:
    tr = stub_library.open("x", event_model="debug").create_transaction()
    started = time.monotonic()
    assert tr[b"delay:50"] == b"delay:50"
    assert time.monotonic() - started >= 0.04
    assert fdb.Future.wait_for_any(tr[b"never"], tr[b"delay:10"]) == 1


def test_models_live_side_by_side(database_name: str, test_prefix: bytes) -> None:
    threads, debug = fdb.open(database_name), fdb.open(database_name, event_model="debug")
    watch = debug.set_and_watch(test_prefix, b"1")
    other = threads.set_and_watch(test_prefix, b"2")
    watch.wait()
    debug[test_prefix] = b"3"
    other.wait()
    threads.clear(test_prefix)


@pytest.mark.parametrize("patched", [False, True])
@pytest.mark.parametrize("forked", [False, True])
def test_an_interrupt_that_reaches_another_thread(
    run_python: RunPython, build_stub: BuildStub, patched: bool, forked: bool
) -> None:
    """The main thread notices, also where gevent has replaced what identifies threads."""
    if patched:
        pytest.importorskip("gevent")
    outcome = run_python(
        f"""
        import os, signal, time, _thread
        start, ident = _thread.start_new_thread, _thread.get_ident
        if {patched}:
            from gevent import monkey
            monkey.patch_all()
            sleep = monkey.get_original("time", "sleep")
        else:
            sleep = time.sleep
        import fdb
        fdb.api_version(740)
        if {forked} and os.fork():
            status = os.wait()[1]
            os._exit(os.waitstatus_to_exitcode(status))
        tr = fdb.ClientLibrary({build_stub()!r}).open("x").create_transaction()
        sent = []

        def send():
            sleep(0.3)
            sent.append(time.monotonic())
            signal.pthread_kill(ident(), signal.SIGINT)
            sleep(30)

        start(send, ())
        try:
            tr[b"delay:20000"].wait()
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - sent[0] < 5, flush=True)
        os._exit(0)
        """
    )
    assert outcome.returncode == 0 and outcome.stdout == "interrupted True\n"


OPERATION_CANCELLED = 1101

#: Longer than a machine may have no time for a thread.
_LATE_SECONDS = 30.0

#: What is late, and how a thread waits for it.
_LATE_ANSWERS: dict[str, tuple[Callable[[fdb.Transaction], Any], Callable[[Any], Any]]] = {
    "value": (lambda tr: tr[b"k"], lambda future: future.wait()),
    "bytes": (lambda tr: tr[b"k"], bytes),
    "presence": (lambda tr: tr[b"k"], lambda future: future.present()),
    "key": (
        lambda tr: tr.get_key(fdb.KeySelector.first_greater_or_equal(b"k")),
        lambda future: future.wait(),
    ),
    "page": (lambda tr: tr.get_range_page(b"a", b"z"), lambda future: future.wait()),
    "version": (lambda tr: tr.get_read_version(), lambda future: future.wait()),
    "commit": (lambda tr: tr.commit(), lambda future: future.wait()),
    "any": (lambda tr: tr[b"k"], lambda future: fdb.Future.wait_for_any(future)),
    "readiness": (lambda tr: tr[b"k"], lambda future: future.block_until_ready()),
}


@pytest.mark.parametrize("name", _LATE_ANSWERS)
def test_a_late_answer_does_not_hold_the_interpreter(memory_name: str, name: str) -> None:
    """While a thread waits another one runs, which cancels what it waits for."""
    db = fdb.open(memory_name)
    fdb.embedded.set_latency(db)
    db.create_transaction().get_read_version().wait()  # the network runs
    fdb.embedded.set_latency(db, _LATE_SECONDS, _LATE_SECONDS)
    ask, use = _LATE_ANSWERS[name]
    tr = db.create_transaction()
    tr[b"other"] = b""
    future = ask(tr)
    began, errors, ended = threading.Event(), [], []

    def wait() -> None:
        began.set()
        try:
            use(future)
        except fdb.FDBError as error:
            errors.append(error.code)
        ended.append(True)

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=wait)
    # Nothing takes the lock of the interpreter from the thread before it gives that up to wait.
    sys.setswitchinterval(4 * _LATE_SECONDS)
    try:
        thread.start()
        began.wait()
        assert not ended, errors
    finally:
        sys.setswitchinterval(interval)
        future.cancel()
        thread.join()
    assert errors == ([] if name in ("any", "readiness") else [OPERATION_CANCELLED])
