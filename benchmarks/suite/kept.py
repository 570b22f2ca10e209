"""The results that the pages are made from, kept beside the programs that measure.

`results.json` is the last full run. A subject that a full run leaves out has a file of its own, `results-SUBJECT.json`.
"""

from __future__ import annotations

from pathlib import Path

from suite.results import Results

HERE = Path(__file__).resolve().parents[1]
FULL = HERE / "results.json"


def file_of(subject: str, directory: Path = HERE) -> Path:
    return directory / f"results-{subject}.json"


def keep(results: Results, directory: Path = HERE) -> list[Path]:
    """Writes each subject of a run into its file; returns these."""
    written = []
    for subject in results.subjects():
        path = file_of(subject, directory)
        alone = Results(results.of(subject), results.machine, results.options)
        path.write_text(alone.as_json())
        written.append(path)
    return written


def kept(full: Path = FULL) -> dict[str, Results]:
    """Returns the results of each subject: those of a full run, and what lies beside it."""
    found = {}
    for path in (full, *sorted(full.parent.glob("results-*.json"))):
        results = Results.from_json(path.read_text())
        found.update(dict.fromkeys(results.subjects(), results))
    return found
