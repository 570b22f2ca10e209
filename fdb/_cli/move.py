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
    CLUSTER_HELP,
    Seconds,
    database_options,
    format_option,
    open_database,
    open_tenant,
    select_api_version,
    settings_of,
    yes_option,
)
from fdb._cli.output import record
from fdb._cli.progress import Report, showing
from fdb._dump import copying, exporting, importing
from fdb._dump.databases import database_of, has_tenants, is_embedded, name_of
from fdb._dump.forms import FORMS, JSON_LINES, form_of_name
from fdb._dump.reader import STANDARD, DumpFile
from fdb._dump.source import SeveralVersions
from fdb._dump.spans import (
    Span,
    layers_of,
    prefix_in,
    require_apart,
    require_one_tree,
    span_of,
    subdirectories,
    with_subdirectories,
)
from fdb._dump.state import State, default_folder
from fdb._dump.work import Outcome, Rules, Target
from fdb._dump.writer import standard_output
from fdb._errors import FDBError
from fdb._startup.cluster_names import place_of
from fdb._startup.embedded_names import FILE

Command = TypeVar("Command", bound=Callable[..., Any])

#: Seconds that a transaction may take, with its retries: one that moves rows is larger than others.
_TIMEOUT = 60.0
#: And until a database must have answered at all.
_PATIENCE = 10
_TIMED_OUT = 1031
_MEMORY = "memory:"
_LEFT = "the target has the rows so far"


def _late_database_options(command: Command) -> Command:
    """The options of `database_options`, for a command that need not open a database."""
    for option in (
        click.option(
            "--timeout",
            type=Seconds(),
            metavar="SECONDS",
            help=f"After which a transaction has failed; default {_TIMEOUT:g}.",
        ),
        click.option("--tenant", metavar="NAME", help="The tenant whose data is meant."),
        click.option("-C", "--cluster", metavar="STRING", help=CLUSTER_HELP),
    ):
        command = option(command)
    return command


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
    epilog="Example: fdb copy fdb.cluster file:copy.fdb --verify; "
    "fdb copy file:a.fdb file:b.fdb --within /shop/orders --into /old/orders"
)
@click.argument("source")
@click.argument("target")
@_source_options
@_target_options
@click.option("--tenant", metavar="NAME", help="The tenant of the source whose rows are meant.")
@click.option("--target-tenant", metavar="NAME", help="The tenant of the target they go into.")
@click.option("--recursive", is_flag=True, help="Copy the directories in --within, too.")
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help=f"After which a transaction has failed; default {_TIMEOUT:g}.",
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
    if settings_of(context).cluster is not None:
        raise click.UsageError("copy names both databases itself: leave out -C")
    _refuse_memory(target)
    rows_of = _open_both(context, source, target, options)
    within, into = options["within"], options["into"]
    pairs: list[tuple[Any, Any]] = [(within, into)]
    if options["recursive"]:
        if within is None or options["snapshot"]:
            raise click.UsageError("--recursive goes with --within, and not with --snapshot")
        pairs = with_subdirectories(rows_of[0], within, into)
    outcome: Outcome | None = None
    for each in pairs:
        done = _copy(*rows_of, *each, options)
        if outcome is None:
            outcome = done
        else:
            outcome.add(done)
    assert outcome is not None
    if not options["recursive"]:
        _tell_of_subdirectories(rows_of[0], within, " (--recursive)")
    _print(options["format"], outcome, {"read_at": _consistency(outcome, rows_of[0])})


def _copy(
    source: Any, target: Any, within: str | None, into: str | None, options: dict[str, Any]
) -> Outcome:
    """Copies the rows of one place or range."""
    span = _span(source, within, options)
    names = name_of(source), name_of(target)
    goal = span.under(prefix_in(target, into, span, layers_of(source, span.place)))
    require_apart(source, span, target, goal, names[0] == names[1])
    if options["merge"]:
        require_one_tree(source, span, target)
    _refuse_tenants(target, goal, options)
    state = _state(options["state"], "copy", *names, repr(span), repr(goal))
    work = Target(target, goal, _rules(options), state)
    work.prepare()
    with (
        _bar("copy", options) as report,
        _explained(_LEFT, work.is_begun),
    ):
        return copying.copy(
            source,
            span,
            work,
            snapshot=options["snapshot"] and not is_embedded(source),
            verify=options["verify"],
            may_have_more=options["merge"],
            report=report,
        )


@click.command(
    epilog="Example: fdb -C fdb.cluster export shop.jsonl.gz --within /shop; "
    "fdb -C file:a.fdb export - | head"
)
@database_options(_TIMEOUT, reads=True)
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
    _require_answer(db)
    form, compress = _form(file, options["form"])
    _refuse_itself(db, file)
    span = _span(db, options["within"], options)
    header = exporting.header_of(span, name_of(db), layers_of(db, span.place))
    snapshot = options["snapshot"] and not is_embedded(db)
    if file == STANDARD:
        if options["resume"] or options["verify"]:
            raise click.UsageError("standard output can be neither resumed nor verified")
        writer = standard_output(form, compress)
        with _explained():
            writer.begin(header)
            outcome = exporting.export(db, span, writer, snapshot=snapshot)
        _tell_of_subdirectories(db, options["within"])
        _tell(outcome)
        if outcome.version is None and outcome.rows:
            click.echo(f"note: read at {_consistency(outcome, db)}", err=True)
        return
    with (
        _bar("export", options) as report,
        _explained(f"{file}.part has the rows so far", lambda: os.path.exists(f"{file}.part")),
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
        )
    _tell_of_subdirectories(db, options["within"])
    _print(options["format"], outcome, {"file": file, "read_at": _consistency(outcome, db)})


@click.command(
    name="import",
    epilog="Example: fdb -C fdb.cluster import shop.jsonl.gz --verify; "
    "fdb -C file:b.fdb import rows.jsonl --into /new --merge",
)
@click.argument("file")
@_late_database_options
@_target_options
@click.option("--check", "only_check", is_flag=True, help="Check the file alone; write nothing.")
@yes_option
@format_option
@click.pass_context
def import_(
    context: click.Context, /, file: str, only_check: bool, cluster: str | None, **options: Any
) -> None:
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
        db = _opened(context, cluster, options["tenant"], options["timeout"])
        _refuse_memory(name_of(database_of(db)))
        name = name_of(db)
        goal = span.under(
            prefix_in(db, options["into"], span, survey.header.layers if survey.header else ())
        )
        _refuse_tenants(db, goal, options)
        content = f"{survey.rows} rows of {survey.size} bytes, {survey.crc:08x}"
        state = _state(options["state"], "import", content, name, repr(goal))
        work = Target(db, goal, _rules(options), state)
        if options["verify"]:
            importing.require_order(dump, survey)
        work.prepare()
        with (
            _bar("import", options) as report,
            _explained(_LEFT, work.is_begun),
        ):
            outcome = importing.load(
                dump,
                survey,
                work,
                verify=options["verify"],
                may_have_more=options["merge"],
                report=report,
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


def _open_both(
    context: click.Context, source: str, target: str, options: dict[str, Any]
) -> tuple[Any, Any]:
    """Opens both; the API version is one that the library of a cluster has, if one of them is a cluster."""
    places = {name: place_of(os.fsencode(name)) for name in (source, target)}
    for cluster in sorted(places, key=lambda name: places[name].embedded):
        select_api_version(cluster)
    timeout = options["timeout"]
    # One file has one set of options in a process: that of a copy within it is there to write.
    reads = places[source].identity != places[target].identity
    from_rows = _opened(context, source, options["tenant"], timeout, reads=reads, makes=False)
    to_db = open_database(target, timeout or settings_of(context).timeout or _TIMEOUT)
    _require_answer(to_db)
    name = options["target_tenant"]
    return from_rows, to_db if name is None else open_tenant(to_db, name)


def _opened(
    context: click.Context,
    cluster: str | None,
    tenant: str | None,
    timeout: float | None,
    *,
    reads: bool = False,
    makes: bool = True,
) -> Any:
    """Opens what the options of a command, or those before it, say; `reads` and `makes` as for `database_options`."""
    settings = settings_of(context)
    database = open_database(
        cluster or settings.cluster,
        timeout or settings.timeout or _TIMEOUT,
        reads=reads,
        makes=makes,
    )
    _require_answer(database)
    name = tenant or settings.tenant
    return database if name is None else open_tenant(database, name)


def _span(source: Any, within: str | None, options: dict[str, Any]) -> Span:
    """Returns the rows that are meant. Raises Failure if that would be the rows of tenants without the tenants."""
    begin, end = options["begin"], options["end"]
    if (within, begin, end) == (None, None, None) and has_tenants(source):
        raise Failure(
            "the database has tenants, which would not be taken along with their rows: take those of each by --tenant; "
            "--from '' takes all rows as they are, without the tenants"
        )
    return span_of(source, within, begin, end)


def _refuse_tenants(target: Any, goal: Span, options: dict[str, Any]) -> None:
    """Raises Failure where --replace would remove the rows of tenants, too, which lie among those of their database."""
    if options["replace"] and not goal.prefix and has_tenants(target):
        raise Failure(
            "the target has tenants, whose rows --replace would remove: name a place with --into, or a tenant of the target"
        )


def _refuse_itself(source: Any, file: str) -> None:
    """Raises UsageError for the file of the database itself, which --yes would replace."""
    if name_of(database_of(source)) == f"{os.fsdecode(FILE)}{os.path.realpath(file)}":
        raise click.UsageError(f"{file} is the database itself: name another file")


def _require_answer(source: Any) -> None:
    """Raises Failure for a database that cannot be reached: long before a transaction times out."""
    database = database_of(source)
    try:
        database.ping(_PATIENCE)
    except FDBError as error:
        if error.code != _TIMED_OUT:
            raise
        raise Failure(
            f"{database!r} does not answer within {_PATIENCE} s: `fdb doctor` says what may be wrong"
        ) from error


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


def _bar(what: str, options: dict[str, Any]) -> contextlib.AbstractContextManager[Report]:
    """Shows how far it is; what is verified passes by once more."""
    return showing(f"{what}, then verify" if options["verify"] else what, "bytes")


@contextlib.contextmanager
def _explained(left: str = "", is_left: Callable[[], Any] = lambda: False) -> Iterator[None]:
    """Says what is left behind by what is interrupted, and what a failure for --snapshot means."""
    try:
        yield
    except SeveralVersions as error:
        if is_left():
            click.echo(f"note: {left}: --resume without --snapshot goes on", err=True)
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


def _tell_of_subdirectories(source: Any, within: str | None, way: str = "") -> None:
    names = [] if within is None else subdirectories(source, within)
    if names:
        click.echo(
            f"note: the rows of the directories in {within} are not among them{way}: {', '.join(map(repr, names))}",
            err=True,
        )


def _tell(outcome: Outcome) -> None:
    if outcome.was_done:
        click.echo("note: an earlier run had done all of it", err=True)
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
