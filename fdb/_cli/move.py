"""`fdb copy`, `fdb export`, `fdb import`: rows from one place to another, checked, and gone on with after an interruption."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from fdb._cli.confirm import confirm
from fdb._cli.errors import Failure
from fdb._cli.options import (
    database_options,
    format_option,
    open_database,
    open_tenant,
    select_api_version,
    settings_of,
    yes_option,
)
from fdb._cli.output import record
from fdb._cli.progress import showing
from fdb._dump import copying, exporting, importing
from fdb._dump.databases import is_embedded, name_of
from fdb._dump.forms import FORMS, JSON_LINES, form_of_name
from fdb._dump.reader import STANDARD, DumpFile
from fdb._dump.source import SeveralVersions
from fdb._dump.spans import prefix_in, require_apart, span_of, subdirectories
from fdb._dump.state import State, default_folder
from fdb._dump.work import Outcome, Rules, Target
from fdb._dump.writer import standard_output
from fdb._startup.cluster_names import place_of

Command = TypeVar("Command", bound=Callable[..., Any])

#: Seconds that a transaction may take, with its retries: one that moves rows is larger than others.
_TIMEOUT = 60.0
_MEMORY = "memory:"


def _source_options(command: Command) -> Command:
    """Says which rows of the source are meant, and whether they have to be of one version."""
    for option in (
        click.option(
            "--snapshot", is_flag=True, help="Fail rather than take rows of several versions."
        ),
        click.option("--to", "end", metavar="KEY", help="The key behind the last one."),
        click.option("--from", "begin", metavar="KEY", help="The first key."),
        click.option(
            "--within", metavar="PLACE", help="A directory, tuple or prefix: rows in it alone."
        ),
    ):
        command = option(command)
    return command


def _target_options(command: Command) -> Command:
    """Says where rows go, and what may happen to what is there."""
    for option in (
        click.option(
            "--state",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder where it is noted how far this has come. Default: that of the user.",
        ),
        click.option("--verify", is_flag=True, help="Read both sides afterwards, and compare."),
        click.option("--resume", is_flag=True, help="Go on where an earlier run was interrupted."),
        click.option(
            "--replace", is_flag=True, help="Remove what is in the target's range first; asks."
        ),
        click.option(
            "--merge", is_flag=True, help="Keep other rows of a target that is not empty."
        ),
        click.option(
            "--into",
            metavar="PLACE",
            help="The place in the target, a directory is made. Default: the same place.",
        ),
    ):
        command = option(command)
    return command


@click.command(
    epilog="Examples: fdb copy fdb.cluster file:copy.fdb --verify; "
    "fdb copy file:a.fdb file:b.fdb --within /shop/orders --into /old/orders"
)
@click.argument("source")
@click.argument("target")
@_source_options
@_target_options
@click.option("--tenant", metavar="NAME", help="The tenant of the source whose rows are meant.")
@click.option("--target-tenant", metavar="NAME", help="The tenant of the target they go into.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="After which a transaction has failed.",
)
@yes_option
@format_option
@click.pass_context
def copy(context: click.Context, /, source: str, target: str, **options: Any) -> None:
    """Copy rows from the database SOURCE into the database TARGET.

    Both are cluster files, file:PATH or memory:NAME?from=PATH. All rows but those of the system are copied, or those of
    a range, or of a place with the same place in the target. The target must have no rows there. It is safe to kill it:
    --resume goes on.
    """
    _check_options(options)
    settings = settings_of(context)
    _refuse_memory(target)
    from_db, to_db = _open_both(source, target, options["timeout"])
    from_rows, to_rows = from_db, to_db
    if (name := options["tenant"] or settings.tenant) is not None:
        from_rows = open_tenant(from_db, name)
    if (name := options["target_tenant"]) is not None:
        to_rows = open_tenant(to_db, name)
    span = span_of(from_rows, options["within"], options["begin"], options["end"])
    names = name_of(from_rows), name_of(to_rows)
    goal = span.under(prefix_in(to_rows, options["into"], span, from_rows))
    require_apart(from_rows, span, to_rows, goal, names[0] == names[1])
    state = _state(options["state"], "copy", *names, repr(span), repr(goal))
    work = Target(to_rows, goal, _rules(options), state)
    with (
        showing("copy", "bytes") as report,
        showing("verify") as verifying,
        _explained(options, "the target has the rows so far", lambda: work.standing.rows),
    ):
        outcome = copying.copy(
            from_rows,
            span,
            work,
            snapshot=options["snapshot"] and not is_embedded(from_rows),
            verify=options["verify"],
            may_have_more=options["merge"],
            report=report,
            verifying=verifying,
        )
    _tell_of_subdirectories(from_rows, options["within"])
    _print(options["format"], outcome, {"read_at": _consistency(outcome, from_rows)})


@click.command(
    epilog="Examples: fdb -C fdb.cluster export shop.jsonl.gz --within /shop; "
    "fdb -C file:a.fdb export - | head"
)
@database_options(_TIMEOUT)
@click.argument("file")
@_source_options
@click.option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    help="The form of the file. Default: by its name, *.jsonl or *.fdbrows, with .gz compressed.",
)
@click.option("--verify", is_flag=True, help="Read file and database afterwards, and compare.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run was interrupted.")
@click.option("--yes", "-y", is_flag=True, help="Replace a file of this name.")
@format_option
def export(db: Any, file: str, **options: Any) -> None:
    """Write the rows of a database into FILE, - for standard output.

    The file has another name, FILE.part, until it is whole. It is safe to kill it: --resume goes on.
    """
    _check_options(options)
    form, compress = _form(file, options["form"])
    span = span_of(db, options["within"], options["begin"], options["end"])
    header = exporting.header_of(span, name_of(db))
    snapshot = options["snapshot"] and not is_embedded(db)
    if file == STANDARD:
        if options["resume"] or options["verify"]:
            raise click.UsageError("standard output can be neither resumed nor verified")
        writer = standard_output(form, compress)
        with _explained(options):
            writer.begin(header)
            outcome = exporting.export(db, span, writer, snapshot=snapshot)
        _tell(outcome)
        return
    with (
        showing("export", "bytes") as report,
        showing("verify") as verifying,
        _explained(
            options, f"{file}.part has the rows so far", lambda: os.path.exists(f"{file}.part")
        ),
    ):
        outcome = exporting.export_file(
            db,
            span,
            file,
            form,
            compress,
            header,
            resume=options["resume"],
            overwrite=options["yes"],
            snapshot=snapshot,
            verify=options["verify"],
            report=report,
            verifying=verifying,
        )
    _tell_of_subdirectories(db, options["within"])
    _print(options["format"], outcome, {"file": file, "read_at": _consistency(outcome, db)})


@click.command(
    name="import",
    epilog="Examples: fdb -C fdb.cluster import shop.jsonl.gz --verify; "
    "fdb -C file:b.fdb import rows.jsonl --into /new --merge",
)
@database_options(_TIMEOUT)
@click.argument("file")
@_target_options
@click.option("--check", "only_check", is_flag=True, help="Check the file alone; write nothing.")
@yes_option
@format_option
def import_(db: Any, file: str, only_check: bool, **options: Any) -> None:
    """Read the rows of FILE, - for standard input, into a database.

    The whole file is checked before anything is written. Rows go where they came from, a directory's into the directory
    of the same name. The target must have no rows there. It is safe to kill it: --resume goes on.
    """
    _check_options(options)
    with DumpFile(file) as dump:
        with showing("check", "bytes") as report:
            survey = dump.survey(report)
        span = importing.span_of(survey)
        if only_check:
            _print(options["format"], Outcome(survey.rows, survey.size), {"file": dump.name})
            return
        name = name_of(db)
        if name.startswith(_MEMORY):
            _refuse_memory(name)
        goal = span.under(prefix_in(db, options["into"], span))
        content = f"{survey.rows} rows of {survey.size} bytes, {survey.crc:08x}"
        state = _state(options["state"], "import", content, name, repr(goal))
        work = Target(db, goal, _rules(options), state)
        with (
            showing("import") as report,
            showing("verify") as verifying,
            _explained(options, "the target has the rows so far", lambda: work.standing.rows),
        ):
            outcome = importing.load(
                dump,
                survey,
                work,
                verify=options["verify"],
                may_have_more=options["merge"],
                report=report,
                verifying=verifying,
            )
    _print(options["format"], outcome, {"file": dump.name})


def _check_options(options: dict[str, Any]) -> None:
    """Raises UsageError for options that exclude each other."""
    if options.get("within") is not None and (options["begin"], options["end"]) != (None, None):
        raise click.UsageError("--within is a range of its own: give it, or --from and --to")
    if options.get("merge") and options.get("replace"):
        raise click.UsageError("--merge keeps what --replace removes: give one of them")
    if options.get("snapshot") and options["resume"]:
        raise click.UsageError("what is resumed is of several versions, which --snapshot refuses")


def _refuse_memory(target: str) -> None:
    if target.startswith(_MEMORY):
        raise click.UsageError(
            f"{target} would be gone when the command ends: copy into a file:PATH, which "
            "memory:NAME?from=PATH loads"
        )


def _open_both(source: str, target: str, timeout: float) -> tuple[Any, Any]:
    """Opens both; the API version is one that the library of a cluster has, if one of them is a cluster."""
    for cluster in sorted((source, target), key=lambda name: place_of(os.fsencode(name)).embedded):
        select_api_version(cluster)
    return open_database(source, timeout), open_database(target, timeout)


def _form(file: str, wanted: str | None) -> tuple[str, bool]:
    named, compress = form_of_name(file)
    form = wanted or named or (JSON_LINES if file == STANDARD else None)
    if form is None:
        raise click.UsageError(
            f"the name {file} does not say in which form it is to be: *.jsonl, *.fdbrows, or --as"
        )
    return form, compress


def _state(folder: Path | None, *identity: str) -> State:
    return State(default_folder() if folder is None else folder, *identity)


def _rules(options: dict[str, Any]) -> Rules:
    return Rules(
        options["merge"],
        options["replace"],
        options["resume"],
        lambda what: confirm(what, options["yes"]),
    )


@contextlib.contextmanager
def _explained(
    options: dict[str, Any], left: str = "", is_left: Callable[[], Any] = lambda: False
) -> Iterator[None]:
    """Says what is left behind by what is interrupted, and what a failure for --snapshot means."""
    try:
        yield
    except SeveralVersions as error:
        raise Failure(
            "reading took longer than the five seconds that a version of the database lasts: without --snapshot the rows "
            "are of several versions; a file: database is read undisturbed, and `fdb backup` copies one as it is"
        ) from error
    except (Exception, KeyboardInterrupt):
        if is_left():
            click.echo(f"note: {left}: --resume goes on", err=True)
        raise


def _consistency(outcome: Outcome, source: Any) -> str:
    """Says of which versions the rows are; nobody else can have written into an embedded database meanwhile."""
    if outcome.version is not None or not outcome.rows:
        return "one version"
    if is_embedded(source) and not outcome.earlier:
        return "several versions; nobody else had the database open"
    return "several versions; what was written meanwhile may be there in part"


def _tell_of_subdirectories(source: Any, within: str | None) -> None:
    names = [] if within is None else subdirectories(source, within)
    if names:
        click.echo(
            f"note: the rows of the directories in {within} are not among them: {', '.join(map(repr, names))}",
            err=True,
        )


def _tell(outcome: Outcome) -> None:
    for note in dict.fromkeys(outcome.notes):
        click.echo(f"note: {note}", err=True)


def _print(form: str, outcome: Outcome, more: dict[str, Any]) -> None:
    _tell(outcome)
    fields: dict[str, Any] = {**more, "rows": outcome.rows, "bytes": outcome.size}
    if form != "text":
        fields["version"] = outcome.version
    if outcome.earlier:
        fields["rows_of_earlier_runs"] = outcome.earlier
    if outcome.verified is not None:
        fields["rows_verified"] = outcome.verified
    record(form, fields)
