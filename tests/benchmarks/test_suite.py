"""The suite of benchmarks: every row of work runs, with tiny counts, and what it makes of the results is right."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time
import types

import pytest
from measured import rows_of
from subjects import SUBJECTS
from suite import pages, table
from suite.measure import Failed, Fresh, Plan, Timed, Worker, measure
from suite.places import Places
from suite.results import Column, Results, Row, Target, shown
from work.bench import processor_seconds

from helpers.paths import ROOT

BENCHMARKS = ROOT / "benchmarks"
TINY = "0.002"
MODULES = sorted(
    path.stem
    for path in (BENCHMARKS / "work").glob("*.py")
    if "\nROWS = Rows()\n" in path.read_text()
)
STORES = [("embedded", "lmdb"), ("embedded", "sqlite3"), ("durable", "lmdb")]


def worker(*arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / "measured.py"), "--scale", TINY, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def measured(module: str, package: str, directory: pathlib.Path) -> None:
    """Measures each row of a module once."""
    place = ("--database", f"{directory}?400") if module == "durable" else ()
    lines = worker(*place, "--package", package, "--once", module).splitlines()
    samples = [json.loads(line) for line in lines if line != "ready"]
    assert lines.count("ready") == len(samples) == len(rows_of(module).made) > 0
    assert all(sample["amount"] > 0 or sample["note"] for sample in samples)


@pytest.mark.parametrize("module", MODULES)
def test_every_row_of_work_measures(module: str, tmp_path: pathlib.Path) -> None:
    measured(module, "ours", tmp_path)


@pytest.mark.parametrize(("module", "store"), STORES)
def test_every_row_measures_the_stores_beside_it(
    module: str, store: str, tmp_path: pathlib.Path
) -> None:
    pytest.importorskip(store)
    measured(module, store, tmp_path)


def sources(plans: list[Plan]) -> list[Worker]:
    found = [source for plan in plans for source in plan.sources.values()]
    found = [source.worker if isinstance(source, Fresh) else source for source in found]
    return [source for source in found if isinstance(source, Worker)]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_subjects_name_rows_that_there_are(
    subject: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setattr(Places, "build", lambda self, program: BENCHMARKS / f"{program}.c")
    monkeypatch.setenv("FDB_CLUSTER_FILE", "fdb.cluster")
    plans = SUBJECTS[subject](Places(lambda: "python", large=True, directory=tmp_path))
    assert plans and len({plan.name for plan in plans}) == len(plans)
    for plan in plans:
        assert plan.subject == subject
        assert plan.limit is None or plan.limit in plan.sources
        against = [target.against for target in plan.targets if target.against is not None]
        assert set(against) <= set(plan.sources), plan.name
    for source in sources(plans):
        *_, module, row = source.command
        if source.command[0].endswith(".c"):
            assert f'{{"{row}", ' in pathlib.Path(source.command[0]).read_text(), source.command
        else:
            assert row in rows_of(module).made, source.command


def test_a_cluster_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FDB_CLUSTER_FILE", raising=False)
    with pytest.raises(Failed, match="FDB_CLUSTER_FILE names no cluster"):
        SUBJECTS["cluster"](Places())


@pytest.mark.parametrize("program", ["loops", "memory"])
def test_every_loop_in_c_measures(program: str, tmp_path: pathlib.Path) -> None:
    places = Places(scale=float(TINY))
    text = (BENCHMARKS / f"{program}.c").read_text()
    rows = [line.split('"')[1] for line in text.splitlines() if line.startswith('    {"')]
    assert len(rows) > 5
    if program == "memory" and sys.platform != "linux":
        pytest.skip("it reads /proc")
    for row in rows:
        if "1e7" not in row:
            plan = Plan("subject", row, {"ours": places.c(program, row)}, warmed=False)
            assert len(measure(plan, 1).columns["ours"].amounts) == 1


# ---- measuring -----------------------------------------------------------------------------


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


ANSWERING = """
import sys
import types
print("ready", flush=True)
for number, _ in enumerate(sys.stdin):
    print('{"amount": %d, "processors": 0.5, "note": "n"}' % number, flush=True)
"""


def test_a_row_is_measured_in_rounds_after_a_first_sample_that_does_not_count() -> None:
    plan = Plan("s", "n", {"ours": Worker(program(ANSWERING)), "C": Worker(program(ANSWERING))})
    row = measure(plan, 3)
    assert row.columns["ours"].amounts == row.columns["C"].amounts == [1, 2, 3]
    assert row.columns["ours"].note == "n" and row.columns["ours"].at_work == 0.5
    row = measure(plan, 3, processor_time=True)
    assert row.columns["ours"].amounts == [0.5, 1.0, 1.5]
    plan.waits = True
    assert measure(plan, 3, processor_time=True).columns["ours"].amounts == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    ["raise SystemExit('it is broken')", "print('ready'); raise SystemExit('it is broken')"],
)
def test_a_program_that_ends_is_an_error_with_its_text(text: str) -> None:
    with pytest.raises(Failed, match="it is broken"):
        measure(Plan("s", "n", {"ours": Worker(program(text))}), 2)


def test_whole_runs_are_measured_and_fail_with_their_text() -> None:
    assert measure(
        Plan("s", "n", {"ours": Timed(program("import time; time.sleep(0.2)"), program("pass"))}),
        1,
    ).columns["ours"].amounts > [0.1]
    with pytest.raises(Failed, match="it is broken"):
        Timed(program("raise SystemExit('it is broken')"), program("pass")).sample()


def test_what_a_row_starts_counts_as_its_work() -> None:
    before, own = processor_seconds(), time.process_time()
    subprocess.run([sys.executable, "-c", "sum(range(1_000_000))"], check=True)
    assert processor_seconds() - before > time.process_time() - own + 0.005


# ---- results -------------------------------------------------------------------------------


def a_row(**changed: object) -> Row:
    columns = {
        "ours": Column([2e-6, 1e-6, 3e-6], [1.0, 1.0, 1.0]),
        "official": Column([8e-6]),
        "C loop": Column([1e-6]),
        "other": Column([4e-6]),
    }
    targets = (
        Target("official", least=4),
        Target("C loop", most=1.5),
        Target(most=1e-3),
        Target("missing", least=1),
    )
    row = Row("binding", "get", columns, limit="C loop", targets=targets, bound="the machine")
    for name, value in changed.items():
        setattr(row, name, value)
    return row


def test_targets_are_ratios_to_a_column_or_amounts() -> None:
    row = a_row()
    values = [target.value(row.columns) for target in row.targets]
    assert values == [pytest.approx(4), pytest.approx(2), pytest.approx(2e-6), None]
    assert [target.reached(row.columns) for target in row.targets] == [True, False, True, None]
    assert [target.text("s") for target in row.targets] == [
        "4 times as fast as official",
        "at most 1.5 of C loop",
        "at most 1.00 ms",
        "not slower than missing",
    ]


def test_results_are_the_same_after_json() -> None:
    results = Results([a_row()], {"processor": "fast"}, {"rounds": 3})
    again = Results.from_json(results.as_json())
    assert again == results
    assert json.loads(results.as_json())["rows"][0]["targets"][0]["reached"] is True


@pytest.mark.parametrize("text", ["[]", '{"format": 0}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not results"):
        Results.from_json(text)


def test_the_spread_is_half_the_distance_of_the_quartiles() -> None:
    assert Column([1.0, 2.0, 3.0, 4.0, 5.0]).spread == pytest.approx(1 / 3)
    assert Column([1.0, 9.0]).spread == 0


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (1.5, "s", "1.50 s"),
        (0.0123, "s", "12.3 ms"),
        (456e-9, "s", "456 ns"),
        (1e-10, "s", "0.10 ns"),
        (2_500, "B", "2.50 kB"),
        (116, "B", "116 B"),
        (12_345, "instructions", "12,345"),
    ],
)
def test_amounts_have_a_fitting_unit(amount: float, unit: str, text: str) -> None:
    assert shown(amount, unit) == text


# ---- tables and pages ----------------------------------------------------------------------


def test_a_table_of_markdown_shows_medians_ratios_targets_and_bounds() -> None:
    text = table.markdown([a_row()])
    assert (
        "| get | 2.00 µs ±25% | 8.00 µs | 4.00x | C loop: 1.00 µs<br>other: 4.00 µs | 2.00<br>0.50 |"
        in text
    )
    assert "4 times as fast as official: reached (4.00)" in text
    assert "at most 1.5 of C loop: missed (2.00)" in text
    assert "not slower than missing: not measured (-)" in text
    share = "the engine and its C API take 50% of it, as the C loop shows"
    assert f"the machine; {share}; 1.0 processors at work" in text
    heading, rule, *lines = text.splitlines()
    assert {line.count("|") for line in (heading, rule, *lines)} == {heading.count("|")}


def test_columns_that_nobody_has_are_left_out() -> None:
    text = table.markdown([a_row(columns={"ours": Column([1.0])}, targets=())])
    assert "official" not in text and "beside" not in text


def test_a_line_for_a_terminal() -> None:
    assert "4.00x   C loop 1.00 µs, ours 2.00; other 4.00 µs, ours 0.50" in table.line(a_row())


def test_a_part_of_a_page_is_replaced_and_nothing_else(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- begin x: written by w -->\nold\n<!-- end x -->\nb\n")
    pages.replace(page, "x", "new\n", writer="w")
    wanted = "a\n<!-- begin x: written by w -->\n\nnew\n\n<!-- end x -->\nb\n"
    assert page.read_text() == wanted
    with pytest.raises(ValueError, match="no part"):
        pages.replace(page, "y", "new")


def test_pictures_are_made(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    from suite import plot

    plot.bars(tmp_path / "bars.png", "subject", [a_row()])
    plot.curves(tmp_path / "curves.png", "title", ("x", "y"), {"a": [(1, 2), (10, 3)]})
    for name in ("bars.png", "curves.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def runner() -> types.ModuleType:
    """benchmarks/run.py, whose name others have, too."""
    spec = importlib.util.spec_from_file_location("benchmarks_run", BENCHMARKS / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_that_fails_is_reported_and_the_others_are_kept(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, fine = Worker(program("raise SystemExit('it is broken')")), Worker(program(ANSWERING))
    plans = [Plan("s", "bad", {"ours": broken}), Plan("s", "good", {"ours": fine})]
    monkeypatch.setitem(SUBJECTS, "s", lambda places: plans)
    output = tmp_path / "new" / "results.json"
    run = runner()
    assert run.main(["s", "--rounds", "2", "--output", str(output)]) == 1
    assert [row.name for row in Results.from_json(output.read_text()).rows] == ["good"]
    printed = capsys.readouterr()
    assert "it is broken" in printed.err and "good" in printed.out
    assert run.main(["s", "--row", "good", "--rounds", "2", "--json"]) == 0
    assert Results.from_json(capsys.readouterr().out).options["rounds"] == 2


@pytest.mark.parametrize(
    "argv", [["--keep"], ["binding", "--keep"], ["queue", "--keep", "--row", "push"]]
)
def test_only_whole_subjects_of_their_own_file_are_kept(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        runner().main(argv)
    assert "--keep takes whole subjects, of " in capsys.readouterr().err


@pytest.mark.parametrize("text", [ANSWERING, "raise SystemExit('it is broken')"])
def test_a_run_without_failures_is_kept(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        SUBJECTS, "queue", lambda places: [Plan("queue", "n", {"ours": Worker(program(text))})]
    )
    run, written = runner(), []
    monkeypatch.setattr(run.kept, "keep", written.append)
    failed = run.main(["queue", "--keep", "--rounds", "2"])
    assert failed == (text != ANSWERING)
    assert [results.subjects() for results in written] == ([] if failed else [["queue"]])


@pytest.mark.parametrize("name", ["run", "growth", "instructions"])
def test_programs_find_what_they_import(name: str) -> None:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--help"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
