"""The commands that change what the shell stands in: transactions, options, the mode, the directory."""

from __future__ import annotations

import time

import fdb.directory_impl
from fdb._display.notation import printable
from fdb._display.places import shown_path
from fdb._shell.command import DIRECTORY, OPTION, Command
from fdb._shell.places import directory_path, require_directory
from fdb._shell.session import CommandError, Leave, Session
from fdb._shell.words import Word
from fdb._transaction import Transaction


def _begin(session: Session, words: list[Word]) -> None:
    if session.transaction is not None:
        raise CommandError("Already in transaction")
    session.begin()
    session.failed_lines = []
    session.write("Transaction started")


def _commit(session: Session, words: list[Word]) -> None:
    session.commit()


def _reset(session: Session, words: list[Word]) -> None:
    session.require_transaction()
    session.end()
    session.begin()
    session.write("Transaction reset")


def _rollback(session: Session, words: list[Word]) -> None:
    session.require_transaction()
    session.end()
    session.write("Transaction rolled back")


def _writemode(session: Session, words: list[Word]) -> None:
    state = words[0].name
    if state not in ("on", "off"):
        raise WRITEMODE.misuse()
    if state == "on" and session.read_only:
        raise CommandError("this shell was opened to read only")
    session.writes = state == "on"


def _option(session: Session, words: list[Word]) -> None:
    if not words:
        shown = session.options.shown()
        if not shown:
            session.write("There are no options enabled")
            return
        for line in ["", "Currently enabled options:", "", *shown, ""]:
            session.write(line)
        return
    if len(words) == 1:
        raise OPTION_COMMAND.misuse()
    state, name = words[0].name, words[1].name
    transaction = session.transaction
    if state == "on":
        argument = None
        if len(words) > 2:
            argument = words[2].text.encode() if words[2].data is None else words[2].data
        session.options.turn_on(name, argument, transaction.tr if transaction else None)
    elif state == "off":
        if transaction is not None:
            raise CommandError(
                "Cannot turn option off when using a transaction created with `begin'"
            )
        if len(words) > 2:
            raise CommandError("Cannot specify option argument when turning option off")
        session.options.turn_off(name)
    else:
        raise CommandError(f"Invalid option state `{state}': option must be turned `on' or `off'")
    whom = "current transaction" if transaction else "all transactions"
    session.write(f"Option {'enabled' if state == 'on' else 'disabled'} for {whom}")


def _show(session: Session, words: list[Word]) -> None:
    form = words[0].name
    if form not in ("raw", "tuples"):
        raise SHOW.misuse()
    session.raw = form == "raw"


def _cd(session: Session, words: list[Word]) -> None:
    path = directory_path(words[0], session.path) if words else ()
    session.read(lambda tr: require_directory(path, tr))
    session.path = path


def _pwd(session: Session, words: list[Word]) -> None:
    session.write(shown_path(session.path))


def _ls(session: Session, words: list[Word]) -> None:
    is_long = bool(words) and words[0].name == "-l"
    rest = words[1:] if is_long else words
    if len(rest) > 1:
        raise LS.misuse()
    path = directory_path(rest[0], session.path) if rest else session.path

    def read(tr: Transaction) -> list[tuple[str, str, bytes]]:
        require_directory(path, tr)
        layer = fdb.directory_impl.DirectoryLayer()
        found = []
        for name in layer.list(tr, path):
            if not is_long:
                found.append((name, "", b""))
                continue
            child = layer.open(tr, (*path, name))
            found.append((name, printable(child.get_layer()), child.rawPrefix))
        return found

    for name, layer, prefix in session.read(read):
        shown = shown_path((name,))[1:] + "/"
        if is_long:
            shown = f"{shown}  prefix `{printable(prefix)}'" + (
                f"  layer `{layer}'" if layer else ""
            )
        session.write(shown)


def _sleep(session: Session, words: list[Word]) -> None:
    try:
        seconds = float(words[0].name)
        if not 0 <= seconds < 1e9:
            raise ValueError
    except ValueError:
        raise SLEEP.misuse() from None
    time.sleep(seconds)


def _exit(session: Session, words: list[Word]) -> None:
    raise Leave


BEGIN = Command(
    "begin",
    "begin",
    "begin a new transaction",
    _begin,
    "By default, each command is a transaction of its own, which is committed for you, and tried again where that helps. "
    "After `begin' all commands are of one transaction, until `commit', `rollback' or the end of the shell. A star in the prompt "
    "shows that there is one.\n\n"
    "A transaction that has read has to be committed within five seconds of its first read. If it fails, nothing of it was written, "
    "and `retry' runs its lines again.",
)
COMMIT = Command(
    "commit",
    "commit",
    "commit the current transaction",
    _commit,
    "Any sets or clears executed after the start of the current transaction will be committed to the database. On success, "
    "the committed version number is displayed. If the commit fails, the error is displayed, the transaction is over, and "
    "`retry' runs its lines again.",
)
RESET = Command(
    "reset",
    "reset",
    "reset the current transaction",
    _reset,
    "Any sets or clears executed after the start of the active transaction will be discarded. It stays open.",
)
ROLLBACK = Command(
    "rollback",
    "rollback",
    "roll back the current transaction",
    _rollback,
    "The active transaction will be discarded, with any sets or clears executed since it was started.",
)
WRITEMODE = Command(
    "writemode",
    "writemode <on|off>",
    "enable or disable sets and clears",
    _writemode,
    "A shell begins with it off, so that a slip of the hand changes nothing. A shell that was opened to read only stays so.",
    least=1,
    most=1,
    arguments=(("on", "off"),),
)
OPTION_COMMAND = Command(
    "option",
    "option <on|off> <OPTION> [ARG]",
    "enable or disable an option of transactions",
    _option,
    "Without an active transaction the option holds for all commands and all transactions that `begin' opens later; with one, "
    "for that one alone, where it cannot be turned off again. Without parameters the options are listed that are on.\n\n"
    "For the options there are, type `help options'.",
    most=3,
    arguments=(("on", "off"), OPTION),
)
SHOW = Command(
    "show",
    "show <tuples|raw>",
    "show keys and values as tuples, or as fdbcli does",
    _show,
    "`show raw' is the notation of fdbcli for all keys and values, for eyes and scripts that are used to it.",
    least=1,
    most=1,
    arguments=(("tuples", "raw"),),
)
CD = Command(
    "cd",
    "cd [DIRECTORY]",
    "go to a directory, whose keys are then meant",
    _cd,
    "In a directory ('alice', 1) is a tuple of it, and ./events('a') one of a directory below; /app/users means the same as "
    "everywhere. Without DIRECTORY back to the root.",
    most=1,
    arguments=(DIRECTORY,),
)
PWD = Command("pwd", "pwd", "show which directory the shell stands in", _pwd)
LS = Command(
    "ls",
    "ls [-l] [DIRECTORY]",
    "list the directories in a directory",
    _ls,
    "With -l their prefixes and layers, too.",
    most=2,
    arguments=(DIRECTORY, DIRECTORY),
)
SLEEP = Command("sleep", "sleep <SECONDS>", "sleep for a period of time", _sleep, least=1, most=1)
EXIT = Command("exit", "exit", "exit the shell", _exit)
COMMANDS = (
    BEGIN,
    COMMIT,
    RESET,
    ROLLBACK,
    WRITEMODE,
    OPTION_COMMAND,
    SHOW,
    CD,
    PWD,
    LS,
    SLEEP,
    EXIT,
    EXIT.renamed("quit"),
)
