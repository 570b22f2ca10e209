"""fdb/_waiting/: a signal handler that interrupts the start of the thread for callbacks."""

from __future__ import annotations

from helpers.processes import RunPython


def test_callbacks_of_a_signal_handler(run_python: RunPython) -> None:
    """It comes before each line in turn, and so once in the middle of the start, with the lock taken."""
    done = run_python(
        """
        import queue, signal, sys
        import fdb
        from fdb._waiting import callbacks
        fdb.api_version(740)
        signal.alarm(50)
        db = fdb.open("memory:")
        called = queue.SimpleQueue()

        def stop_at(number, action):
            left = [number]
            def trace(frame, event, argument):
                if not frame.f_code.co_filename.endswith("/fdb/_waiting/callbacks.py"):
                    return None
                if event == "line":
                    left[0] -= 1
                    if left[0] == 0:
                        action()
                return trace
            return trace

        for line in range(1, 1000):
            callbacks.dispatcher.reset()  # the next callback starts a thread
            watches = [db.set_and_watch(b"k%d" % number, b"%d" % line) for number in range(2)]
            interrupted = []
            def handler():
                interrupted.append(line)
                watches[1].on_ready(lambda _: called.put("handler"))
            sys.settrace(stop_at(line, handler))
            watches[0].on_ready(lambda _: called.put("interrupted"))
            sys.settrace(None)
            for number in range(2):
                db[b"k%d" % number] = b"changed"
            expected = {"interrupted", "handler"} if interrupted else {"interrupted"}
            assert {called.get(timeout=30) for _ in expected} == expected
            if not interrupted:
                break
        print("lines", line - 1)
        """
    )
    assert done.returncode == 0 and int(done.stdout.split()[1]) > 5
