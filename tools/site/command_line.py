"""Writes docs/reference/command-line.md from what the commands say of themselves: `python tools/site/command_line.py`.

Of all that is on the page only the introduction stands here. `tests/site/test_command_line.py` fails while the page is another than this would write.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import click

from fdb._cli.main import COMMANDS, cli

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "command-line.md"
_INTRODUCTION = """\
# The command line

All commands of `fdb`, with their arguments and options, as `fdb COMMAND --help` has them.
[The guide](../guides/command-line.md) shows them at work, and how keys and values are typed.

```console
$ pip install 'foundationdb-cffi[cli]'
```

`python -m fdb` is the same as `fdb`. Exit codes: 0, 1 after a failure, 2 for wrong usage, 130 after Ctrl-C.
What `-C` takes stands in [what names a database](database-strings.md). Options that all commands have may stand
before the name of the command, too.
"""
#: What every command has.
_EVERYWHERE = {"--debug", "--help"}


def page() -> str:
    """Returns the page."""
    context = click.Context(cli, info_name="fdb", **cli.context_settings)
    parts = [_INTRODUCTION, *_table(cli, context)]
    for part, commands in COMMANDS.items():
        parts += [f"\n## {part}\n"]
        for name in commands:
            command = cli.get_command(context, name)
            assert command is not None
            parts += _described(command, click.Context(command, info_name=name, parent=context))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    text, _, examples = (command.epilog or "").partition("Example:")
    usage = context.command.collect_usage_pieces(context)
    yield f"\n### fdb {command.name}\n"
    yield f"```text\n{' '.join([context.command_path, *usage])}\n```\n"
    yield _paragraphs(command.help or "")
    yield _paragraphs(text)
    yield from _table(command, context)
    lines = [line.strip() for line in examples.splitlines() if line.strip(" \b")]
    if lines:
        yield "\n```text\n" + "\n".join(lines) + "\n```\n"


def _paragraphs(text: str) -> str:
    """Returns a text of click's as Markdown: paragraphs, of which one that begins with \\b keeps its lines."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.lstrip().startswith("\b"):
            lines = paragraph.strip(" \b\n").splitlines()
            found += ["```text\n" + "\n".join(lines) + "\n```"] if lines else []
        elif paragraph:
            found.append(_escaped(" ".join(paragraph.split())))
    return "\n\n".join(found) + "\n"


def _table(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yields a table of the options of a command."""
    records = [
        param.get_help_record(context)
        for param in command.get_params(context)
        if command is cli or not {*param.opts} & _EVERYWHERE
    ]
    # What an argument is stands in the text of its command.
    rows = [record for record in records if record is not None and record[1]]
    if rows:
        yield "| option | what it says |"
        yield "|---|---|"
        for name, text in rows:
            cell = name.replace("|", "\\|")
            yield f"| `{cell}` | {_escaped(re.sub('  +', ' ', text))} |"
        yield ""


def _escaped(text: str) -> str:
    """Returns a text that Markdown shows as it is."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
