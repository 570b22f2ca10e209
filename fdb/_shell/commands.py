"""All commands of the shell, how one is found and carried out, and `help`."""

from __future__ import annotations

import textwrap

from fdb._errors import FDBError
from fdb._shell import cluster_commands, data_commands, options, state_commands
from fdb._shell.command import COMMAND, Command
from fdb._shell.session import CommandError, Session, count
from fdb._shell.words import Word

_WIDTH = 80


def execute(session: Session, words: list[Word]) -> None:
    """Carry out one command.

    Raises CommandError, NotationError or FDBError (a transaction that is open has then ended if it was an FDBError, as it
    cannot go on), and Leave for the command that leaves the shell. KeyboardInterrupt comes through.
    """
    command = find(words[0].name)
    command.check(words[1:])
    transaction, path = session.transaction, session.path
    session.printed = []
    try:
        command.run(session, words[1:])
    except FDBError:
        if transaction is not None and session.transaction is transaction:
            session.give_up(is_known=True)
        raise
    if command.is_kept and transaction is not None:
        transaction.keep(words, path, session.printed)


def find(name: str) -> Command:
    """Return a command by its name. Raises CommandError."""
    command = COMMANDS.get(name)
    if command is None:
        raise CommandError(f"Unknown command `{name}'. Try `help'?")
    return command


def _retry(session: Session, words: list[Word]) -> None:
    if session.transaction is not None:
        raise CommandError("Already in transaction")
    lines = session.failed_lines
    if not lines:
        raise CommandError("there is no transaction that has failed")
    stands_in = session.path
    session.begin()
    transaction = session.require_transaction()
    differs = 0
    try:
        for line in lines:
            session.write(f">>> {line.text}")
            session.path = line.path
            execute(session, line.words)
            differs += transaction.lines[-1].printed != line.printed
    except BaseException:
        session.end()
        session.failed_lines = lines
        raise
    finally:
        session.path = stands_in
    session.failed_lines = []
    what = (
        f"{count(differs, 'line')} read other data than before"
        if differs
        else "All that was read is as before"
    )
    session.write(f"{what}; the transaction is open: `commit' or `rollback'")


def _help(session: Session, words: list[Word]) -> None:
    topic = words[0].name if words else "help"
    if topic == "help":
        lines = _overview()
    elif topic == "options":
        lines = ["", "The options that `option' can set:", ""]
        for name in options.names():
            lines += _wrapped(f"{name} - {options.description(name)}")
        lines.append("")
    elif topic in TOPICS:
        lines = ["", *TOPICS[topic].strip("\n").split("\n"), ""]
    else:
        lines = _about(topic)
    for line in lines:
        session.write(line)


def _overview() -> list[str]:
    lines = ["", "List of commands:", ""]
    for name, command in sorted(COMMANDS.items()):
        if not command.is_alias:
            lines += [f" {name}:", f"      {command.summary}"]
    lines += ["", "For information on a specific command, type `help <command>'."]
    for topic in ("keys", "values", "escaping", "options"):
        lines.append(f"For information on {topic}, type `help {topic}'.")
    return [*lines, ""]


def _about(name: str) -> list[str]:
    command = COMMANDS.get(name)
    if command is None:
        raise CommandError(f"I don't know anything about `{name}'")
    lines = ["", command.usage, "", f"{command.summary[0].upper()}{command.summary[1:]}."]
    for part in filter(None, command.details.split("\n\n")):
        lines += ["", *_wrapped(part)]
    return [*lines, ""]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


TOPICS = {
    "keys": r"""
A key is typed as a tuple, in a directory, or in the notation of fdbcli:

  ('users', 42)           the tuple, packed
  /app/users              the prefix of a directory
  /app/users('alice', 1)  a tuple in a directory
  /app/users:raw\x00      bytes in a directory
  'it is text'            text, as Python writes it; b'\x00' bytes
  hello\x00               anything else: see `help escaping'

After `cd /app/users' a key is one of that directory: ('alice', 1) and raw\x00
come after its prefix, ./events('a') is in a directory below it and ../other
in one beside it; what begins with a slash is as before.

A key that begins with a slash, a parenthesis or a quote is typed "/like this".
""",
    "values": r"""
A value is typed as

  ('EUR', 12)             a tuple, packed
  {"amount": 12}          JSON, an object or an array: taken as it is
  'it is text'            text, as Python writes it; b'\x00' bytes
  hello\x00               anything else: see `help escaping'

Values are shown in the same forms: JSON and tuples as such where a value seems
to be one. `show raw' shows all of them in the notation of fdbcli.
""",
    "escaping": r"""
Blanks divide words, and semicolons divide commands. To have one in a word,
put the word in quotation marks ("hello world"), a backslash before it
(hello\ world), or write it as a hexadecimal byte (hello\x20world).

A quotation mark in a word has a backslash before it (\"), and so has a
backslash (\\).

Any byte can be written as two hexadecimal digits after \x: \x0a\x00\x00\x00 is
the number 10 in 32 bits, little-endian.

Keys and values are shown with bytes that are not printable written this way.
""",
}
_TOPIC_NAMES = ("options", *TOPICS)
RETRY = Command(
    "retry",
    "retry",
    "run the lines of the transaction that has failed again",
    _retry,
    "A transaction fails when others have changed what it had read, or when more than five seconds have passed since. Its lines "
    "are run again in a new one, which stays open, and you are told whether they read anything else than before. "
    "If it is not known whether the failed one was committed (1021), look first: it may have been.",
)
HELP = Command(
    "help",
    "help [TOPIC]",
    "get help about a topic or command",
    _help,
    most=1,
    arguments=(COMMAND,),
)
COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *data_commands.COMMANDS,
        *state_commands.COMMANDS,
        *cluster_commands.COMMANDS,
        RETRY,
        HELP,
    )
}
