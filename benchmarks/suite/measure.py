"""Programs that measure, asked in rounds that alternate between them.

A `Worker` is a program that prepares itself once and then measures whenever it is asked; a `Fresh` one is started for each
sample, and a `Timed` program is its own sample. All give samples; `measure` takes a plan of a row and returns the row.
"""

from __future__ import annotations

import json
import resource
import select
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from suite.results import Column, Row, Target

SAMPLE_SECONDS = 300


class Failed(Exception):
    """A program did not measure; the text is what it printed."""


@dataclass(frozen=True)
class Sample:
    """What one operation took, and how many processors were at work."""

    amount: float
    processors: float = 0.0
    note: str = ""


class Source(Protocol):
    """Where the samples of a column come from."""

    def start(self) -> None:
        """Prepares; called once, before all samples."""

    def sample(self) -> Sample:
        """Measures. Raises Failed."""

    def stop(self) -> None:
        """Ends what `start` has begun."""


@dataclass
class Worker:
    """A program that says "ready", and for each line that it reads measures once and prints a line of JSON.

    The line is {"amount": seconds or bytes for one operation, "processors": at work meanwhile, "note": ...}. It ends
    when there is nothing more to read.
    """

    command: list[str]
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            cwd=self.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self._line()
        if line != "ready":
            raise self._failed(line)

    def sample(self) -> Sample:
        assert self.process is not None and self.process.stdin is not None
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._failed("it has ended") from None
        line = self._line()
        try:
            return Sample(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            raise self._failed(line) from None

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _line(self) -> str:
        assert self.process is not None and self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], SAMPLE_SECONDS)[0]:
            raise self._failed(f"it printed nothing for {SAMPLE_SECONDS} s")
        return self.process.stdout.readline().strip()

    def _failed(self, line: str) -> Failed:
        process, self.process = self.process, None
        assert process is not None
        process.kill()
        _, errors = process.communicate()
        return Failed(f"{' '.join(self.command)}\n{line}\n{errors}".strip())


@dataclass
class Fresh:
    """A worker that is started for each sample: what a process does for the first time."""

    worker: Worker

    def start(self) -> None:
        pass

    def sample(self) -> Sample:
        self.worker.start()
        try:
            return self.worker.sample()
        finally:
            self.worker.stop()

    def stop(self) -> None:
        pass


@dataclass(frozen=True)
class Known:
    """An amount that needs no measuring."""

    amount: float

    def start(self) -> None:
        pass

    def sample(self) -> Sample:
        return Sample(self.amount)

    def stop(self) -> None:
        pass


@dataclass
class Timed:
    """A program whose whole run is the sample, less what another run takes, for one of its operations."""

    command: list[str]
    empty: list[str]
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    operations: int = 1
    times: int = 1  # of which a sample is the median

    def start(self) -> None:
        pass

    def sample(self) -> Sample:
        found = []
        for _ in range(self.times):
            wall, cpu = run_whole(self.command, self.environment, self.directory)
            empty, empty_cpu = run_whole(self.empty, self.environment, self.directory)
            found.append((wall - empty, cpu - empty_cpu))
        seconds = max(statistics.median(wall for wall, _ in found), 1e-9)
        processor = max(statistics.median(cpu for _, cpu in found), 0.0)
        return Sample(seconds / self.operations, processor / seconds)

    def stop(self) -> None:
        pass


def run_whole(
    command: list[str],
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> tuple[float, float]:
    """Runs a program; returns seconds on the wall, and of processors. Raises Failed."""
    begin, cpu = time.perf_counter(), _processor_seconds_of_children()
    done = subprocess.run(
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=SAMPLE_SECONDS,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return seconds, _processor_seconds_of_children() - cpu


def _processor_seconds_of_children() -> float:
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass
class Plan:
    """A row that is to be measured: its columns with their sources. See `suite.results.Row` for the rest."""

    subject: str
    name: str
    sources: dict[str, Source]
    unit: str = "s"
    limit: str | None = None
    targets: tuple[Target, ...] = ()
    bound: str = ""
    most_rounds: int = 1 << 30
    warmed: bool = True  # a first sample of each column is thrown away
    waits: bool = False  # for what is no work of a processor, or for several: only the clock on the wall sees it


def measure(
    plan: Plan,
    rounds: int,
    progress: Callable[[str], None] = lambda text: None,
    processor_time: bool = False,
) -> Row:
    """Measures all columns of a row in rounds; which one begins changes from round to round. Raises Failed.

    A first sample of each column is thrown away, unless the plan says otherwise: it warms up caches and pools.
    With `processor_time` a time is what all threads of the program were at work, not what the clock on the wall says,
    unless the plan waits.
    """
    columns = {name: Column() for name in plan.sources}
    started: list[Source] = []
    try:
        for name, source in plan.sources.items():
            progress(f"{plan.subject}: {plan.name}: {name}")
            started.append(source)
            source.start()
            if plan.warmed:
                source.sample()
        names = list(plan.sources)
        for turn in range(min(rounds, plan.most_rounds)):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                sample = plan.sources[name].sample()
                timed = processor_time and plan.unit == "s" and not plan.waits
                factor = sample.processors if timed and sample.processors > 0 else 1.0
                columns[name].amounts.append(sample.amount * factor)
                columns[name].processors.append(sample.processors)
                columns[name].note = sample.note
    finally:
        for source in started:
            source.stop()
    return Row(plan.subject, plan.name, columns, plan.unit, plan.limit, plan.targets, plan.bound)
