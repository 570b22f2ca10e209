"""`file:` databases and processes: who may have a file open, who frees it, and what an end of a process leaves behind."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import fdb
from helpers.file_programs import END_SECONDS, line_of, output_of, program, put, rows_of
from helpers.paths import ROOT
from helpers.processes import surroundings_removed

IN_USE = 1529


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "app.fdb")


HOLDER = """
db = fdb.open(name)
db[b"k"] = b"of the holder"
say("open")
sys.stdin.read()
"""


# ---- one process at a time ------------------------------------------------------------------------


def test_a_file_that_another_process_has_open(path: str) -> None:
    with program(HOLDER, path) as holder:
        assert line_of(holder) == "open"
        for name in (f"file:{path}", f"file:{path}?mode=ro"):
            with pytest.raises(fdb.FDBError) as refused:
                fdb.open(name)
            assert refused.value.code == IN_USE
            assert path in str(refused.value)


def test_the_death_of_a_process_frees_its_file(path: str) -> None:
    with program(HOLDER, path) as holder:
        assert line_of(holder) == "open"
        holder.kill()
        holder.wait(END_SECONDS)
    assert rows_of(path) == {b"k": b"of the holder"}


def test_what_a_killed_program_has_committed_is_folded_after_the_next_opening(path: str) -> None:
    """It changes rows of the table, which are read while its log is replayed."""
    put(path, k="before", other="here")
    with program(HOLDER, path) as holder:
        assert line_of(holder) == "open"
    for _ in range(3):  # each closes the file, and so folds
        assert rows_of(path) == {b"k": b"of the holder", b"other": b"here"}


def test_closing_frees_the_file(path: str) -> None:
    put(path, k="here")
    with fdb.open(f"file:{path}") as db:
        assert output_of("say(refused())", path) == f"{IN_USE}\n"
        assert db[b"k"] == b"here"
    assert output_of("say(fdb.open(name)[b'k'])", path) == "b'here'\n"


def test_many_processes_one_gets_it(path: str) -> None:
    """They start together; each that is let in adds one, and no two are in at the same time."""
    code = """
    sys.stdin.readline()
    while True:
        try:
            db = fdb.open(name)
            break
        except fdb.FDBError as error:
            assert error.code == 1529, error
    inside = os.open(path + "-inside", os.O_CREAT | os.O_EXCL)
    db.add(b"count", (1).to_bytes(8, "little"))
    os.unlink(path + "-inside")
    db.close()
    """
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(program(code, path)) for _ in range(4)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            assert process.wait(END_SECONDS) == 0
    assert rows_of(path) == {b"count": (4).to_bytes(8, "little")}


def test_readers_of_a_file_that_nobody_writes(path: str) -> None:
    put(path, k="here")
    reader = """
    db = fdb.open(name + "?mode=ro")
    say(db[b"k"])
    sys.stdin.read()
    """
    with program(reader, path) as first, program(reader, path) as second:
        assert [line_of(first), line_of(second)] == ["b'here'"] * 2
        with fdb.open(f"file:{path}?mode=ro") as db:
            assert db[b"k"] == b"here"
        with pytest.raises(fdb.FDBError) as refused:
            fdb.open(f"file:{path}")
        assert refused.value.code == IN_USE


# ---- two copies of the engine in one process ---------------------------------------------------------


def test_two_libraries_in_one_process(path: str) -> None:
    """A lock of the kind that belongs to a process would let the second one in."""
    code = """
    import fdb.embedded
    other = fdb.ClientLibrary(os.path.join(fdb.embedded.libdir(), "libfdb_c.so"))
    db = fdb.open(name)
    db[b"k"] = b"first"
    try:
        say(other.open(name)[b"k"])
    except fdb.FDBError as error:
        say(error.code)
    db.close()
    second = other.open(name)
    say(second[b"k"])
    say(refused())
    second.close()
    say(fdb.open(name)[b"k"])
    """
    assert output_of(code, path) == f"{IN_USE}\nb'first'\n{IN_USE}\nb'first'\n"


# ---- forks ------------------------------------------------------------------------------------------


def test_a_forked_child_and_the_file_of_its_parent(path: str) -> None:
    """An inherited handle raises; the file is the parent's until that closes it, then the child's."""
    code = """
    db = fdb.open(name)
    db[b"k"] = b"parent"
    to_child, from_parent = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            db[b"k"]
        except RuntimeError as error:
            say("before the process forked" in str(error))
        say(refused())
        from_child = os.open(path + "-asked", os.O_CREAT)
        os.read(to_child, 1)
        own = fdb.open(name)
        say(own[b"k"])
        own[b"k"] = b"child"
        os._exit(0)
    while not os.path.exists(path + "-asked"):
        time.sleep(0.001)
    db[b"more"] = b"parent"
    db.close()
    os.write(from_parent, b"x")
    say(wait_for_end_of(child))
    say(fdb.open(name)[b"k"], fdb.open(name)[b"more"])
    """
    printed = output_of(code, path).splitlines()
    assert printed == ["True", f"{IN_USE}", "b'parent'", "0", "b'child' b'parent'"]


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_end_of_a_parent_frees_the_file_although_its_child_lives(path: str, end: str) -> None:
    code = f"""
    db = fdb.open(name)
    db[b"k"] = b"parent"
    child = os.fork()
    if child == 0:
        say("child")
        sys.stdin.read()
        os._exit(0)
    {end}
    """
    with program(code, path) as parent:
        assert line_of(parent) == "child"
        parent.wait(END_SECONDS)
        assert rows_of(path) == {b"k": b"parent"}


def test_a_child_forked_while_commits_are_running(path: str) -> None:
    """The parent's threads go on; what the child does or leaves undone changes nothing in the file."""
    code = """
    db = fdb.open(name)
    stop = threading.Event()
    counts = [0] * 4

    def work(number):
        while not stop.is_set():
            db[b"%d/%06d" % (number, counts[number])] = b"x" * 100
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(counts))]
    for thread in threads:
        thread.start()
    for _ in range(10):
        reached = sum(counts) + 20
        while sum(counts) < reached:
            time.sleep(0.001)
        child = os.fork()
        if child == 0:
            ok = refused() == 1529
            os._exit(0 if ok else 1)
        assert wait_for_end_of(child) == 0
    stop.set()
    for thread in threads:
        thread.join()
    db.close()
    found = [len(fdb.open(name).get_range_startswith(b"%d/" % n)) for n in range(len(counts))]
    say(found == counts, found, counts)
    """
    assert output_of(code, path).startswith("True ")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_take_turns(tmp_path: pathlib.Path, method: str) -> None:
    path = str(tmp_path / "app.fdb")
    main = tmp_path / "main.py"
    main.write_text(
        textwrap.dedent(
            """
            import multiprocessing, sys
            import fdb
            fdb.api_version(740)

            def add(path):
                with fdb.open("file:" + path) as db:
                    db.add(b"count", (1).to_bytes(8, "little"))
                    return bytes(db[b"count"])

            if __name__ == "__main__":
                path, method = sys.argv[1:]
                add(path)
                with multiprocessing.get_context(method).Pool(1, maxtasksperchild=1) as pool:
                    for _ in range(3):
                        pool.apply(add, (path,))
                print(int.from_bytes(add(path), "little"))
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(main), path, method],
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        env={**surroundings_removed(os.environ), "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "5\n", done.stderr


# ---- ends of a process ------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "os._exit(0)", "raise SystemExit", "del db"])
def test_a_process_that_ends_with_an_open_database(path: str, end: str) -> None:
    code = f"""
    db = fdb.open(name)
    for number in range(100):
        db[b"%02d" % number] = b"x"
    {end}
    """
    assert output_of(code, path) == ""
    assert len(rows_of(path)) == 100


def test_a_process_that_ends_with_commits_in_flight(path: str) -> None:
    """Daemon threads commit until the interpreter is gone; what they were told is there."""
    code = """
    db = fdb.open(name)
    out = os.open(path + "-acknowledged", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    begun = threading.Semaphore(0)

    def work(thread):
        number = 0
        while True:
            key = b"%d/%06d" % (thread, number)
            db[key] = b"x"
            os.write(out, key + b"\\n")
            number += 1
            begun.release()

    for thread in range(4):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    for _ in range(50):
        begun.acquire()
    """
    for _ in range(3):
        assert output_of(code, path) == ""
        acknowledged = pathlib.Path(path + "-acknowledged").read_bytes().split()
        assert len(acknowledged) >= 50
        assert set(acknowledged) <= rows_of(path).keys()


def test_ctrl_c_during_commits(path: str) -> None:
    """It is answered, and the program may go on with the database."""
    code = """
    db = fdb.open(name)
    number = 0
    interrupts = 0
    while interrupts < 5:
        db[b"%06d" % number] = b"x"
        number += 1
        try:
            say("ready")
            while True:
                db[b"%06d" % number] = b"x"
                number += 1
        except KeyboardInterrupt:
            interrupts += 1
    rows = len(db[:])
    say(number <= rows <= number + interrupts)
    """
    with program(code, path) as process:
        for _ in range(5):
            assert line_of(process) == "ready"
            process.send_signal(signal.SIGINT)
        assert line_of(process) == "True"
        assert process.wait(END_SECONDS) == 0
    assert rows_of(path)


def test_a_process_that_is_killed_while_it_makes_the_file(tmp_path: pathlib.Path) -> None:
    """Before the file is a database it is nothing, whenever the kill comes: the next one who opens it makes it."""
    code = """
    say("opening")
    fdb.open(name)[b"k"] = b"here"
    """
    for number in range(30):
        path = str(tmp_path / str(number))
        with program(code, path) as process:
            assert line_of(process) == "opening"
            time.sleep(0.001 * number)
            process.kill()
            process.wait(END_SECONDS)
        assert rows_of(path) in ({}, {b"k": b"here"})
