"""The group of all commands: which there are, loaded by their first use, and how each ends."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import traceback
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from fdb._cli.errors import FAILURE, INTERRUPTED, USAGE, exit_code, one_line
from fdb._cli.options import Seconds, Settings
from fdb._version import __version__

#: Command -> (module and name, what it does), by what people want; `fdb --help` loads none of them.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Look": {
        "shell": (
            "fdb._cli.shell:shell",
            "An interactive prompt: transactions, tuples, directories.",
        ),
        "browse": ("fdb._cli.browse:browse", "A page in the browser, on this machine only."),
        "tree": ("fdb._cli.tree:tree", "The directories, with layers, prefixes and sizes."),
        "get": ("fdb._cli.data:get", "Print the value of a key."),
        "range": ("fdb._cli.data:range_", "Print the rows of a range."),
        "count": ("fdb._cli.data:count", "Count the rows of a range."),
        "watch": ("fdb._cli.watch:watch", "Print each change of a key."),
    },
    "Change": {
        "set": ("fdb._cli.data:set_", "Set a key."),
        "clear": ("fdb._cli.clear:clear", "Clear a key or a range."),
    },
    "Move": {
        "copy": ("fdb._cli.move:copy", "Copy rows from a database into another."),
        "export": ("fdb._cli.move:export", "Write rows into a file."),
        "import": ("fdb._cli.move:import_", "Read the rows of a file into a database."),
    },
    "Operate": {
        "status": ("fdb._cli.status:status", "How the database is."),
        "ping": ("fdb._cli.ping:ping", "Whether the database answers, and how quickly."),
        "bench": ("fdb._cli.bench:bench", "A quick load, and what it measured."),
        "doctor": ("fdb._cli.doctor:doctor", "What is installed here, and what is wrong with it."),
    },
    "Files": {
        "check": ("fdb._cli.files:check", "Read all of a database file and look for damage."),
        "backup": ("fdb._cli.files:backup", "Write a database file into a new one, consistently."),
        "compact": ("fdb._cli.files:compact", "Make a database file as small as its data allows."),
        "info": ("fdb._cli.files:info", "What a database file is, and how much is in it."),
    },
}
_EXAMPLES = "Example: "
_PLACES = {name: found for part in COMMANDS.values() for name, found in part.items()}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _PLACES:
            return None
        module, _, name = _PLACES[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        if not any(option.name == "debug" for option in command.params):
            command.params.append(_debug_option())
            command.epilog = _laid_out(command.epilog or "")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completes the names of commands without loading them, and options."""
        names = [
            CompletionItem(name, help=text)
            for name, (_, text) in _PLACES.items()
            if name.startswith(incomplete)
        ]
        return [*names, *super(click.Group, self).shell_complete(ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for part, commands in COMMANDS.items():
            with formatter.section(part):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])


def _laid_out(epilog: str) -> str:
    """Gives each example of the end of a help a line of its own: "... Example: fdb get a; fdb get b"."""
    text, _, examples = epilog.partition(_EXAMPLES)
    lines = [f"  {line}" for line in re.split(r"; (?=fdb )", examples)]
    return "\n".join([text.rstrip(), "", "\b", _EXAMPLES.rstrip(), *lines]).lstrip()


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        help="Show the traceback of an error.",
        callback=_set_debug,
    )


def _set_debug(context: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Settings).debug = True


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_laid_out(
        "Exit codes: 0, 1 after a failure, 2 for wrong usage, 130 after Ctrl-C. "
        "Example: fdb -C file:shop.fdb range \"('orders',)\" --limit 10"
    ),
)
@click.option("-C", "--cluster", metavar="STRING", help="As of each command: the database.")
@click.option("--tenant", metavar="NAME", help="As of each command: the tenant.")
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help="As of each command: after which a transaction has failed.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="fdb")
@click.pass_context
def cli(
    context: click.Context,
    cluster: str | None,
    tenant: str | None,
    timeout: float | None,
    debug: bool,
) -> None:
    """Look into FoundationDB databases: clusters, files, memory."""
    settings = context.ensure_object(Settings)
    settings.cluster, settings.tenant, settings.timeout = cluster, tenant, timeout
    settings.debug = settings.debug or debug


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code. What goes wrong is one line on stderr."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    settings = Settings()
    try:
        code = cli.main(
            None if arguments is None else list(arguments),
            prog_name=_program_name(),
            standalone_mode=False,
            obj=settings,
        )
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return USAGE
    except (Exception, KeyboardInterrupt) as error:
        return _report(error, settings.debug)


def _open_streams() -> None:
    """Opens what the process was started without, as by `>&-`: else a database would be in the place of a stream."""
    # In their order: a file that is opened gets the lowest number that is free.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def _program_name() -> str:
    name = os.path.basename(sys.argv[0])
    return "python -m fdb" if name == "__main__.py" else name


def _report(error: BaseException, debug: bool) -> int:
    code = exit_code(error)
    if isinstance(error, BrokenPipeError):
        # Nobody reads any more: not even the flush at the end of the process must complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code
    if debug and code in (FAILURE, USAGE, INTERRUPTED):
        traceback.print_exception(error)
    print(f"error: {one_line(error)}", file=sys.stderr)
    return code
