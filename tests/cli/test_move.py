"""`fdb copy`, `fdb export`, `fdb import` as they are typed: what they do, say, refuse and ask."""

from __future__ import annotations

import io
import json
import sys

import pytest

import fdb
import fdb.tuple
from fdb import tenant_management
from fdb._cli import move
from fdb._cli.main import run
from fdb._dump import source as sources
from fdb._dump import work as works
from helpers.terminal import Terminal

ROWS = [(fdb.tuple.pack(("users", number)), b"v%d" % number) for number in range(30)]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("FDB_CLUSTER_FILE", raising=False)
    with fdb.open(A) as db:
        db.write_in_batches(ROWS)


A, B = "file:a.fdb?sync=off", "file:b.fdb?sync=off"


def rows_of(name):
    with fdb.open(name) as db:
        return db[b"":b"\xff"]


def does(capsys, *arguments):
    """Runs a command that succeeds; returns what it says as JSON, and its notes."""
    code = run([*arguments, "--format", "json"])
    output = capsys.readouterr()
    assert code == 0, output.err
    return json.loads(output.out), output.err.splitlines()


def fails(capsys, code, *arguments):
    """Runs a command that fails; returns its one line."""
    assert run(arguments) == code
    output = capsys.readouterr()
    assert output.out == "" and output.err.splitlines()[-1].startswith("error: ")
    return output.err.splitlines()[-1]


def test_a_copy(capsys):
    found, notes = does(capsys, "copy", A, B, "--verify")
    assert rows_of(B) == ROWS and notes == []
    assert found["read_at"] == "one version" and found["version"] > 0
    assert (found["rows"], found["rows_verified"]) == (30, 30)
    line = fails(capsys, 1, "copy", A, B)
    assert "the target is not empty, its first key is ('users', 0): --merge" in line
    found, notes = does(capsys, "copy", A, B, "--merge")
    assert found["rows"] == 30 and "rows_verified" not in found


def test_a_copy_says_it_as_text(capsys):
    assert run(["copy", A, B, "--from", "('users', 1)", "--to", "('users', 3)"]) == 0
    assert capsys.readouterr().out.split("\n") == [
        "read at  one version",
        "rows     2",
        "bytes    22",
        "",
    ]
    assert rows_of(B) == ROWS[1:3]


def test_a_directory_goes_into_the_one_of_the_same_name(capsys):
    with fdb.open(A) as db, fdb.open(B) as other:
        space = fdb.directory.create(db, ("app", "users"), b"layer")
        db[space["k"]] = b"v"
        fdb.directory.create(db, ("app", "users", "inner"))
        fdb.directory.create(other, ("something",))
    found, notes = does(capsys, "copy", A, B, "--within", "/app/users", "--verify")
    assert found["rows"] == found["rows_verified"] == 1
    assert notes == [
        "note: the rows of the directories in /app/users are not among them (--recursive): 'inner'"
    ]
    with fdb.open(B) as other:
        there = fdb.directory.open(other, ("app", "users"))
        assert there.get_layer() == b"layer" and other[there["k"]] == b"v"
    does(capsys, "copy", A, A, "--within", "/app/users", "--into", "('old',)")
    assert rows_of(A)[-1].value and (fdb.tuple.pack(("old", "k")), b"v") in rows_of(A)


def test_directories_in_directories(capsys):
    with fdb.open(A) as db:
        for path in (("app",), ("app", "users"), ("app", "users", "inner")):
            db[fdb.directory.create(db, path)["k"]] = path[-1].encode()
    found, _ = does(capsys, "copy", A, B, "--within", "/app", "--recursive", "--verify")
    assert found["rows"] == found["rows_verified"] == 3 and found["version"] is None
    does(capsys, "copy", A, B, "--within", "/app/users", "--into", "/old", "--recursive")
    with fdb.open(B) as db:
        for path, value in (
            (("app", "users", "inner"), b"inner"),
            (("old",), b"users"),
            (("old", "inner"), b"inner"),
        ):
            assert db[fdb.directory.open(db, path)["k"]] == value
    _, notes = does(capsys, "copy", A, B, "--within", "/app", "--recursive", "--resume")
    assert notes == ["note: an earlier run had done all of it"]
    line = fails(capsys, 1, "copy", A, B, "--merge")
    assert "/app" in line and "have prefixes that do not go together: copy directories" in line
    assert "goes with --within" in fails(capsys, 2, "copy", A, B, "--recursive")


def test_a_database_that_does_not_answer(capsys, monkeypatch):
    def ping(db, timeout):
        raise fdb.FDBError(1031)

    does(capsys, "-C", A, "export", "x.jsonl")
    monkeypatch.setattr(fdb.Database, "ping", ping)
    for arguments in (
        ("copy", A, B),
        ("-C", A, "export", "y.jsonl"),
        ("-C", A, "import", "x.jsonl"),
    ):
        assert "does not answer within 10 s: `fdb doctor` says" in fails(capsys, 1, *arguments)


def test_tenants(capsys):
    for name, tenant in ((A, b"t"), (B, b"u")):
        with fdb.open(name) as db:
            tenant_management.create_tenant(db, tenant)
    with fdb.open(A) as db:
        db.open_tenant(b"t")[b"k"] = b"v"
    does(capsys, "copy", A, B, "--tenant", "t", "--target-tenant", "u", "--verify")
    with fdb.open(B) as db:
        assert db.open_tenant(b"u")[b"":b"\xff"] == [(b"k", b"v")]
    for arguments in (("copy", A, "file:c.fdb"), ("-C", A, "export", "x.jsonl")):
        assert "take those of each by --tenant" in fails(capsys, 1, *arguments)
    assert does(capsys, "copy", A, "file:c.fdb", "--from", "''")[0]["rows"] == 31
    assert "the tenant nobody" in fails(capsys, 1, "copy", A, B, "--tenant", "nobody")
    does(capsys, "-C", "file:c.fdb", "export", "x.jsonl")
    for arguments in (("copy", "file:c.fdb", B), ("-C", B, "import", "x.jsonl")):
        line = fails(capsys, 1, *arguments, "--replace", "--yes")
        assert "the target has tenants, whose rows --replace would remove" in line
    with fdb.open(B) as db:
        assert db.open_tenant(b"u")[b"":b"\xff"] == [(b"k", b"v")]


def test_what_is_read_is_left_as_it_was(capsys, tmp_path):
    before = (tmp_path / "a.fdb").read_bytes()
    does(capsys, "copy", "file:a.fdb", B)
    does(capsys, "-C", "file:a.fdb", "export", "x.jsonl")
    assert (tmp_path / "a.fdb").read_bytes() == before
    there = sorted(tmp_path.iterdir())
    for arguments in (("copy", "file:no", "file:c.fdb"), ("-C", "file:no", "export", "y.jsonl")):
        assert "there is no file" in fails(capsys, 1, *arguments)
    assert sorted(tmp_path.iterdir()) == there


def test_a_copy_within_a_file(capsys):
    does(capsys, "copy", "file:a.fdb", "file:./a.fdb", "--within", "('users',)", "--into", "in")
    assert len(rows_of("file:a.fdb")) == 60


def test_layers_are_in_files(capsys):
    with fdb.open(A) as db:
        fdb.directory.create(db, ("app",), b"of app")
        db[fdb.directory.create(db, ("app", "users"), b"of users")["k"]] = b"v"
    does(capsys, "-C", A, "export", "x.fdbrows", "--within", "/app/users")
    does(capsys, "-C", B, "import", "x.fdbrows", "--verify")
    with fdb.open(B) as db:
        assert db[fdb.directory.open(db, ("app", "users"), b"of users")["k"]] == b"v"
        assert fdb.directory.open(db, ("app",)).get_layer() == b"of app"


def test_what_a_pipe_lacks_is_said(capsys, monkeypatch):
    with fdb.open(A) as db:
        fdb.directory.create(db, ("app", "users"))
        db[fdb.directory.open(db, ("app",)).key()] = b"v"
    assert run(["-C", A, "export", "-", "--within", "/app"]) == 0
    assert "the directories in /app are not among them: 'users'" in capsys.readouterr().err
    several = property(lambda self: None, lambda self, version: None)
    monkeypatch.setattr(sources.Source, "version", several, raising=False)
    assert run(["-C", A, "export", "-"]) == 0
    note = "note: read at several versions; nobody else had the database open\n"
    assert capsys.readouterr().err == note


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.fdbrows", "x.fdbrows.gz"])
def test_there_and_back(capsys, name):
    found, _ = does(capsys, "-C", A, "export", name, "--verify")
    assert (found["file"], found["rows"], found["rows_verified"]) == (name, 30, 30)
    assert does(capsys, "-C", B, "import", name, "--check")[0]["rows"] == 30
    assert rows_of(B) == []
    found, _ = does(capsys, "-C", B, "import", name, "--verify")
    assert (found["rows"], found["rows_verified"]) == (30, 30) and found["version"] > 0
    assert rows_of(B) == ROWS
    assert (
        "x.jsonl" in name
        or "('users" not in (line := fails(capsys, 1, "import", "-C", B, name))
        or line
    )
    assert "is there already: --yes replaces it" in fails(capsys, 1, "-C", A, "export", name)
    does(capsys, "-C", A, "export", name, "--yes", "--within", "('users', 3)")
    assert does(capsys, "-C", B, "import", name, "--check")[0]["rows"] == 1


def test_a_file_is_checked_without_a_database(capsys, monkeypatch):
    does(capsys, "-C", A, "export", "x.jsonl")
    for tenant in ((), ("--tenant", "t")):
        name = fdb.embedded.unique()
        tenant_management.create_tenant(fdb.open(name), b"t")
        line = fails(capsys, 2, "-C", name, *tenant, "import", "x.jsonl")
        assert "would be gone when the command ends" in line
        fdb.embedded.drop(name)
    monkeypatch.setattr(move, "open_database", None)
    assert does(capsys, "import", "x.jsonl", "--check")[0]["rows"] == 30


def test_pipes(capsys, monkeypatch):
    assert run(["-C", A, "export", "-", "--within", "('users',)"]) == 0
    text = capsys.readouterr().out
    header, *rows, trailer = [json.loads(line) for line in text.splitlines()]
    assert header["place"] == "('users',)" and trailer["rows"] == len(rows) == 30
    assert rows[3] == {"key": "\\x02users\\x00\\x15\\x03", "value": "v3"}

    class Input:
        buffer = io.BytesIO(text.encode())

    monkeypatch.setattr(sys, "stdin", Input())
    assert does(capsys, "-C", B, "import", "-")[0]["file"] == "standard input"
    assert rows_of(B) == ROWS


def test_rows_are_removed_after_a_question(capsys, monkeypatch):
    does(capsys, "-C", A, "export", "x.jsonl")
    with fdb.open(B) as db:
        db[b"\x01"] = b"precious"
    arguments = ("-C", B, "import", "x.jsonl", "--replace")
    line = fails(capsys, 2, *arguments)
    assert (
        r"remove all rows of the target from \x01 up to \xff? There is no terminal to ask at"
        in line
    )
    assert rows_of(B) == [(b"\x01", b"precious")]
    does(capsys, *arguments, "--yes", "--verify")
    assert rows_of(B) == ROWS


def test_interrupted_and_resumed(capsys, monkeypatch):
    monkeypatch.setattr(sources, "_ROWS", 5)
    monkeypatch.setattr(sources, "MOST_ROWS", 10)
    monkeypatch.setattr(works, "SAVE_EVERY", 0)
    write, calls = move.copying.Target.write, []

    def write_once(self, *arguments):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(move.copying.Target, "write", write_once)
        assert run(["copy", A, B]) == 130
        lines = capsys.readouterr().err.split("\n")
        assert [line for line in lines if line] == [
            "note: the target has the rows so far: --resume goes on",
            "error: interrupted",
        ]
    assert rows_of(B) == ROWS[:10]
    assert "--resume goes on where an earlier run ended" in fails(capsys, 1, "copy", A, B)
    found, _ = does(capsys, "copy", A, B, "--resume", "--verify")
    assert (found["rows"], found["rows_of_earlier_runs"], found["rows_verified"]) == (30, 10, 30)
    assert found["read_at"].startswith("several versions; what was written meanwhile")
    _, notes = does(capsys, "copy", A, B, "--resume")
    assert notes == ["note: an earlier run had done all of it"]


def test_an_interrupted_export(capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(
            "fdb._dump.writer.PartFile.publish",
            lambda self: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        assert run(["-C", A, "export", "x.jsonl"]) == 130
    assert capsys.readouterr().err.splitlines()[0] == (
        "note: x.jsonl.part has the rows so far: --resume goes on"
    )
    assert does(capsys, "-C", A, "export", "x.jsonl", "--resume")[0]["rows_of_earlier_runs"] == 30


@pytest.mark.parametrize(
    ("code", "arguments", "text"),
    [
        (2, ("-C", A, "copy", A, B), "copy names both databases itself: leave out -C"),
        (2, ("copy", A, "memory:x"), "memory:x would be gone when the command ends"),
        (2, ("copy", A, B, "--within", "x", "--from", "y"), "--within is a range of its own"),
        (2, ("copy", A, B, "--merge", "--replace"), "--merge keeps what --replace removes"),
        (2, ("copy", A, B, "--snapshot", "--resume"), "which --snapshot refuses"),
        (2, ("copy", A, B, "--within", "('x'"), "was never closed"),
        (1, ("copy", A, B, "--within", "/none"), "there is no directory /none"),
        (1, ("copy", A, B, "--from", "b", "--to", "a"), "the range begins behind its end"),
        (1, ("copy", A, A), "source and target are the same rows: name another place"),
        (2, ("copy", A), "missing argument 'TARGET'"),
        (2, ("-C", A, "export", "x.txt"), "does not say in which form"),
        (2, ("-C", A, "export", "./a.fdb", "--as", "jsonl", "--yes"), "the database itself"),
        (2, ("-C", A, "export", "-", "--resume"), "neither resumed nor verified"),
        (1, ("-C", A, "export", "none/x.jsonl"), "No such file or directory: none/x.jsonl.part"),
        (1, ("-C", A, "import", "none"), "No such file or directory: none"),
        (1, ("-C", A, "import", "bad"), "bad: line 1 is no JSON: Expecting value at column 1"),
    ],
)
def test_what_is_refused(capsys, tmp_path, code, arguments, text):
    (tmp_path / "bad").write_text("x\n")
    assert text in fails(capsys, code, *arguments)
    assert not (tmp_path / "b.fdb").exists() or rows_of(B) == []


def test_an_export_with_another_end_than_its_form(capsys):
    assert does(capsys, "-C", A, "export", "x.txt", "--as", "binary")[0]["rows"] == 30
    assert does(capsys, "-C", B, "import", "x.txt")[0]["rows"] == 30


def test_one_version_is_insisted_on_of_what_others_can_change(capsys, monkeypatch):
    rules = "short_range:rows=5;transaction_too_old:at=read,nth=4"
    monkeypatch.setattr(sources, "_ROWS", 5)
    monkeypatch.setattr(sources, "MOST_ROWS", 5)
    # A file is nobody else's meanwhile: it needs no version.
    with fdb.open(A) as db:
        with fdb.testing.faults(db, seed=1, rules=rules):
            found, _ = does(capsys, "-C", A, "export", "x.jsonl", "--snapshot")
        assert found["read_at"] == "several versions; nobody else had the database open"
        monkeypatch.setattr(move, "is_embedded", lambda source: False)
        with fdb.testing.faults(db, seed=1, rules=rules):
            line = fails(capsys, 1, "-C", A, "export", "y.jsonl", "--snapshot")
        assert "took longer than the five seconds" in line
        with fdb.testing.faults(db, seed=1, rules=rules):
            line = fails(capsys, 1, "copy", A, B, "--snapshot")
        assert "took longer than the five seconds" in line and 0 < len(rows_of(B)) < 30
        with fdb.testing.faults(db, seed=1, rules=rules):
            assert run(["-C", A, "export", "-", "--snapshot"]) == 1
        assert "took longer than the five seconds" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["copy", "export", "import"])
def test_help_has_an_example(capsys, command):
    assert run([command, "--help"]) == 0
    assert f"fdb {'-C' if command != 'copy' else 'copy'}" in capsys.readouterr().out


def test_the_question_on_a_terminal(tmp_path):
    with fdb.open(B) as db:
        db[b"k"] = b"precious"
    command = [sys.executable, "-m", "fdb", "copy", A, B, "--replace", "--verify"]
    for answer, shown in (("n\r", "error: nothing was done"), ("y\r", r"rows verified +30")):
        with Terminal(command, cwd=tmp_path, rows=30, columns=100) as terminal:
            terminal.expect(r"Remove all rows of the target from k up to \\xff\? \[y/N\]:")
            terminal.type(answer)
            terminal.expect(shown)
            assert terminal.wait() == (answer == "n\r")
        assert rows_of(B) == ([(b"k", b"precious")] if answer == "n\r" else ROWS)
