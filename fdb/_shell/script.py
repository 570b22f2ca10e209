"""Commands without a person: `--exec "a; b"`, and the lines of stdin. The first that fails ends it."""

from __future__ import annotations

from collections.abc import Iterable

from fdb._display.notation import NotationError, visible
from fdb._errors import FDBError
from fdb._shell.commands import execute
from fdb._shell.session import CommandError, Leave, Session, text_of
from fdb._shell.words import UnfinishedError, comment_or_nothing, split

#: Lines that a command may go on over: one that is never closed is not to take in the whole script.
MOST_LINES = 200
_WRITES = ("set", "clear", "clearrange")


class ScriptError(Exception):
    """A command of a script has failed: one line that says which and why. Nothing behind it was run."""


def run_text(session: Session, text: str) -> None:
    """Run commands that semicolons or line ends divide, each shown before it is run if there are several, as fdbcli does.

    A transaction that is open at the end is thrown away; if it would have written, that is an error. Raises ScriptError.
    """
    try:
        run_commands(session, text)
        _require_end(session)
    except Leave:
        _require_end(session)
    except (CommandError, NotationError, FDBError) as error:
        raise ScriptError(said(error)) from error
    finally:
        discarded(session)


def run_commands(session: Session, text: str) -> None:
    """Run commands as `run_text` does. Raises as `execute`, and UnfinishedError; then nothing behind it was run."""
    commands = split(text)
    for words in commands:
        if len(commands) > 1:
            session.write(f">>> {text_of(words)}")
        execute(session, words)


def run_lines(session: Session, lines: Iterable[str]) -> None:
    """Run the commands of lines, of which one may go on in the next where it ends within quotes or parentheses.

    Lines that are empty or begin with # are skipped. A transaction that is open at the end is thrown away; if it would have
    written, that is an error. Raises ScriptError, with the number of the line.
    """
    begun, first = "", 0
    try:
        for number, line in enumerate(lines, 1):
            if not begun and comment_or_nothing(line):
                continue
            first = first if begun else number
            begun += line if line.endswith("\n") else line + "\n"
            try:
                commands = split(begun)
            except UnfinishedError:
                if number - first >= MOST_LINES:
                    raise
                continue
            begun = ""
            for words in commands:
                execute(session, words)
        if begun:
            split(begun)
        _require_end(session)
    except Leave:
        _require_end(session)
    except (CommandError, NotationError, FDBError) as error:
        raise ScriptError(f"line {first}: {said(error)}") from error
    finally:
        discarded(session)


def _require_end(session: Session) -> None:
    """Raises ScriptError if the transaction that is open at the end of a script would have written."""
    transaction = session.transaction
    if transaction is not None and any(line.words[0].name in _WRITES for line in transaction.lines):
        raise ScriptError(discarded(session))


def said(error: Exception) -> str:
    """Return what one line says of an error of a command."""
    if isinstance(error, FDBError):
        return f"{error.description} ({error.code})"
    return visible(" ".join(str(error).split()))


def discarded(session: Session) -> str:
    """End the transaction that is open, if there is one, and return a line about what is thrown away, "" for nothing."""
    transaction = session.transaction
    if transaction is None:
        return ""
    lines = [line.text for line in transaction.lines]
    session.end()
    shown = "; ".join(lines[:3]) + ("; ..." if len(lines) > 3 else "")
    return f"The open transaction was not committed: {shown or 'it had no lines'}"
