"""fdb/_layers.py under forks and signals: operations that are interrupted, or inherited, at any line.

A trace function stops an operation at one line after the other, so that no luck is needed.
"""

from __future__ import annotations

import os

import pytest

from helpers.processes import RunPython

HARNESS = """
    import asyncio, os, signal, sys, threading
    import fdb
    fdb.api_version(740)
    fdb.directory  # Python itself does not bear a fork while another thread loads a module
    FILES = ("/fdb/_layers.py", "/functools.py")

    def stop_at(number, action):
        # A trace function that calls `action` before a line is run: of those run, the one of this number.
        seen = set()
        def trace(frame, event, argument):
            if not frame.f_code.co_filename.endswith(FILES):
                return None
            if event == "line" and (place := (frame.f_code, frame.f_lineno)) not in seen:
                seen.add(place)
                if len(seen) == number:
                    action()
            return trace
        return trace

    def blocking(db, path):
        return fdb.directory.create_or_open(db, path)

    def awaited(db, path):
        return asyncio.run(fdb.directory.create_or_open(db, path))

    MODEL = {mode!r}
    OPERATION = awaited if MODEL == "asyncio" else blocking
    db = fdb.open("memory:parent", event_model=MODEL)
"""


def program(mode: str | None, text: str) -> str:
    return HARNESS.format(mode=mode) + text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("mode", [None, "asyncio"])
def test_a_fork_while_another_thread_is_in_an_operation(
    run_python: RunPython, mode: str | None
) -> None:
    done = run_python(
        program(
            mode,
            """
    def child():
        signal.alarm(30)  # ends a child that hangs
        db = fdb.open("memory:child", event_model=MODEL)
        OPERATION(db, ("a", "b"))
        try:
            blocking(shared, ("x",))
        except RuntimeError as error:
            assert "forked" in str(error), error
        else:
            raise AssertionError("an inherited transaction works")

    for line in range(1, 1000):
        reached, go_on = threading.Event(), threading.Event()
        shared = db.create_transaction()
        def work():
            def stop():
                reached.set()
                go_on.wait()
            sys.settrace(stop_at(line, stop))
            if MODEL is None:
                blocking(shared, ("n", str(line)))
            else:
                OPERATION(db, ("n", str(line)))
            sys.settrace(None)
        worker = threading.Thread(target=work)
        worker.start()
        while worker.is_alive() and not reached.wait(0.001):
            pass
        if not reached.is_set():
            break
        pid = os.fork()
        if pid == 0:
            try:
                child()
                os._exit(0)
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0, f"forked at line event {line}"
        go_on.set()
        worker.join()
    print("lines", line - 1)
    """,
        ),
        timeout=240,
    )
    assert done.returncode == 0 and int(done.stdout.split()[1]) > 5


def test_a_signal_handler_in_the_middle_of_an_operation(run_python: RunPython) -> None:
    """It may operate on another transaction; on the interrupted one it works or is told why not."""
    done = run_python(
        program(
            None,
            """
    signal.alarm(50)
    refused = worked = 0
    for line in range(1, 1000):
        interrupted = []
        shared = db.create_transaction()
        def handler():
            global refused, worked
            interrupted.append(line)
            blocking(fdb.open("memory:other"), ("h", str(line)))
            try:
                blocking(shared, ("s", str(line)))
                worked += 1
            except RuntimeError as error:
                assert "begun within another" in str(error), error
                refused += 1
        sys.settrace(stop_at(line, handler))
        blocking(shared, ("m", str(line)))
        sys.settrace(None)
        if not interrupted:
            break
    print("lines", line - 1, refused, worked)
    """,
        ),
    )
    assert done.returncode == 0
    lines, refused, worked = map(int, done.stdout.split()[1:])
    assert lines == refused + worked and refused > 0 and worked > 0
