"""fdb/_waiting/gevent_model.py: greenlets block, the hub goes on. Each test has its own interpreter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpers.processes import RunPython
from helpers.stubs import BuildStub

pytest.importorskip("gevent")


_PATCHED = """
    import gevent.monkey
    gevent.monkey.patch_all()
"""
_OPEN = """
    import gevent, fdb
    fdb.api_version(740)
    db = fdb.ClientLibrary({path!r}).open("x", event_model="gevent")
    tr = db.create_transaction()
"""


@pytest.fixture(params=["patched", "unpatched"])
def program(request: pytest.FixtureRequest, build_stub: BuildStub) -> Callable[[str], str]:
    """Puts the beginning before a program: with gevent's own patching and without."""
    patch = _PATCHED if request.param == "patched" else ""
    return lambda code: patch + _OPEN.format(path=build_stub()) + code


def test_a_thousand_greenlets(run_python: RunPython, program: Callable[[str], str]) -> None:
    outcome = run_python(
        program(
            """
    ticks = []
    def tick():
        while True:
            ticks.append(1)
            gevent.sleep(0.005)
    ticker = gevent.spawn(tick)
    def work(i):
        key = b"delay:%d" % (100 + i % 50)
        assert db[key] == key
        assert tr[key].value == key
        return i
    greenlets = [gevent.spawn(work, i) for i in range(1000)]
    gevent.joinall(greenlets, raise_error=True)
    assert [g.value for g in greenlets] == list(range(1000))
    assert len(ticks) >= 5, len(ticks)
    ticker.kill()
            """
        )
    )
    assert outcome.returncode == 0


def test_waiting_for_any_and_callbacks(
    run_python: RunPython, program: Callable[[str], str]
) -> None:
    outcome = run_python(
        program(
            """
    assert fdb.Future.wait_for_any(tr[b"never"], tr[b"delay:20"]) == 1
    seen = []
    tr[b"delay:10"].on_ready(lambda future: seen.append(future.value))
    withdrawn = tr[b"delay:10"]
    withdrawn.add_done_callback(seen.append)
    assert withdrawn.remove_done_callback(seen.append) == 1
    # A callback has its own greenlet, so it may even wait.
    tr[b"delay:10"].on_ready(lambda future: seen.append(tr[b"delay:20"].value))
    while len(seen) < 2:
        gevent.sleep(0.01)
    assert seen == [b"delay:10", b"delay:20"], seen
    assert [row.key for row in tr[b"slow-begin":b"z"]] == [b"row%d" % i for i in range(7)]
            """
        )
    )
    assert outcome.returncode == 0


def test_killing_a_greenlet_and_timeouts(
    run_python: RunPython, program: Callable[[str], str]
) -> None:
    outcome = run_python(
        program(
            """
    waiting = gevent.spawn(lambda: tr[b"never"].wait())
    gevent.sleep(0.02)
    waiting.kill()
    assert isinstance(waiting.value, gevent.GreenletExit)
    try:
        with gevent.Timeout(0.05):
            tr[b"never"].wait()
    except gevent.Timeout:
        print("timed out")
    future = tr[b"never"]
    gevent.spawn_later(0.02, future.cancel)
    try:
        future.wait()
    except fdb.FDBError as error:
        print(error.code)
    assert tr[b"delay:5"] == b"delay:5"
            """
        )
    )
    assert outcome.stdout == "timed out\n1101\n"


def test_two_greenlets_wait_for_one_future(
    run_python: RunPython, program: Callable[[str], str]
) -> None:
    outcome = run_python(
        program(
            """
    future = tr[b"delay:30"]
    greenlets = [gevent.spawn(lambda: bytes(future)) for _ in range(10)]
    gevent.joinall(greenlets, raise_error=True)
    assert [g.value for g in greenlets] == [b"delay:30"] * 10
            """
        )
    )
    assert outcome.returncode == 0


def test_nothing_is_watched_when_nothing_waits(
    run_python: RunPython, program: Callable[[str], str]
) -> None:
    """gevent still notices a program in which nothing can happen any more."""
    outcome = run_python(
        program(
            """
    assert tr[b"delay:5"] == b"delay:5"
    try:
        gevent.event.Event().wait()
    except gevent.exceptions.LoopExit:
        print("noticed")
            """
        )
    )
    assert outcome.stdout == "noticed\n"


def test_several_hubs(run_python: RunPython, build_stub: BuildStub) -> None:
    outcome = run_python(
        _OPEN.format(path=build_stub())
        + """
    import threading
    results = []
    def work():
        greenlets = [gevent.spawn(lambda: db[b"delay:20"]) for _ in range(20)]
        gevent.joinall(greenlets, raise_error=True)
        results.extend(g.value for g in greenlets)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [b"delay:20"] * 80
        """
    )
    assert outcome.returncode == 0


def test_beside_the_other_models(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import gevent, fdb
        fdb.api_version(740)
        green = fdb.open("memory:both", event_model="gevent")
        plain = fdb.open("memory:both")
        watch = green.set_and_watch(b"k", b"1")
        gevent.spawn_later(0.02, plain.set, b"k", b"2")
        watch.wait()
        assert green[b"k"] == plain[b"k"] == b"2"
        """
    )
    assert outcome.returncode == 0


def test_an_interrupt(run_python: RunPython, program: Callable[[str], str]) -> None:
    outcome = run_python(
        program(
            """
    import os, signal
    gevent.spawn_later(0.1, os.kill, os.getpid(), signal.SIGINT)
    try:
        tr[b"never"].wait()
    except KeyboardInterrupt:
        print("interrupted")
    assert tr[b"delay:5"] == b"delay:5"
            """
        )
    )
    assert outcome.stdout == "interrupted\n"
