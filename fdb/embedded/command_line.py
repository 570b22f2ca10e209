"""The command line of the embedded engine: `python -m fdb.embedded`."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import fdb
import fdb.embedded
from fdb.embedded.progress import shown

Report: TypeAlias = fdb.embedded.CheckReport | fdb.embedded.CompactReport | fdb.embedded.FileInfo

_DESCRIPTION = "Tools for the databases in files, and where the embedded engine's own files are."
_EPILOG = "Exit status: 0, 1 after an error or when a check finds problems, 2 for wrong arguments."


def parser() -> argparse.ArgumentParser:
    """Returns what reads the arguments."""
    top = argparse.ArgumentParser(
        prog="python -m fdb.embedded", description=_DESCRIPTION, epilog=_EPILOG
    )
    top.add_argument("--libdir", action="store_true", help="print the directory of libfdb_c")
    top.add_argument("--includedir", action="store_true", help="print the directory for -I")
    tools = top.add_subparsers(dest="tool", title="tools", metavar="TOOL")
    backup = _tool(tools, "backup", _backup, "write a database file into a new one, consistently")
    backup.add_argument("source", metavar="SOURCE", help="path of a database file")
    backup.add_argument(
        "target", metavar="TARGET", help="path of the new file; nothing may be there"
    )
    for name, work, text in (
        ("check", _check, "read all of a database file and look for damage"),
        ("compact", _compact, "make a database file as small as its data allows"),
        ("info", _info, "say what a database file is and how much is in it"),
    ):
        _tool(tools, name, work, text).add_argument("path", metavar="PATH", help="path of the file")
    return top


def _tool(
    tools: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    work: Callable[[argparse.Namespace], Report],
    text: str,
) -> argparse.ArgumentParser:
    tool = tools.add_parser(name, help=text, description=f"Tool: {text}.", epilog=_EPILOG)
    tool.add_argument("--json", action="store_true", help="print the report as JSON")
    tool.set_defaults(work=work)
    return tool


def _backup(arguments: argparse.Namespace) -> Report:
    with shown("backup") as progress:
        return fdb.embedded.backup(arguments.source, arguments.target, progress=progress)


def _check(arguments: argparse.Namespace) -> Report:
    with shown("check") as progress:
        return fdb.embedded.check(arguments.path, progress=progress)


def _compact(arguments: argparse.Namespace) -> Report:
    with shown("compact") as progress:
        return fdb.embedded.compact(arguments.path, progress=progress)


def _info(arguments: argparse.Namespace) -> Report:
    return fdb.embedded.info(arguments.path)


def lines_of(report: Report) -> Iterator[str]:
    """Yields the lines that show a report to people: `fdb check` and the like show the same."""
    fields = dataclasses.asdict(report)
    fields.pop("problems", None)
    width = max(map(len, fields))
    for name, value in fields.items():
        amount = isinstance(value, int) and not isinstance(value, bool)
        yield f"{name.replace('_', ' '):{width}}  {f'{value:,}' if amount else value}"
    for problem in getattr(report, "problems", ()):
        yield f"problem: {problem}"


def _print_report(report: Report, as_json: bool) -> None:
    if as_json:
        print(json.dumps(dataclasses.asdict(report), indent=2))
    else:
        for line in lines_of(report):
            print(line)


def _run(arguments: argparse.Namespace) -> int:
    """Runs a tool, and prints its report or its error; returns the exit status."""
    fdb.api_version(fdb.LATEST_API_VERSION)
    try:
        report = arguments.work(arguments)
    except (fdb.FDBError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"error: {arguments.tool} was interrupted", file=sys.stderr)
        return 1
    _print_report(report, arguments.json)
    return 0 if getattr(report, "ok", True) else 1


def _print_paths(arguments: argparse.Namespace) -> int:
    try:
        if arguments.libdir:
            print(fdb.embedded.libdir())
        if arguments.includedir:
            print(fdb.embedded.includedir())
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the command line asks for; returns the exit status."""
    top = parser()
    arguments = top.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")  # a path need not be valid text
    wants_paths = arguments.libdir or arguments.includedir
    if arguments.tool and wants_paths:
        top.error("give a tool, or --libdir and --includedir")
    if arguments.tool:
        return _run(arguments)
    if wants_paths:
        return _print_paths(arguments)
    top.error("give a tool (backup, check, compact, info), --libdir or --includedir")
