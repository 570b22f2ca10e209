"""The shell of a person: a prompt that completes, remembers, takes tuples over several lines, and never dies of a command.

Ctrl-C throws the line away, or interrupts the command that runs; Ctrl-D leaves. All of it runs in the thread that called, but
what Tab reads, which does so in another one lest the prompt stood still meanwhile.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import prompt_toolkit
from prompt_toolkit.application.current import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from fdb._blocking import Database
from fdb._display.notation import NotationError
from fdb._errors import FDBError
from fdb._shell.cluster_commands import availability
from fdb._shell.completion import offered
from fdb._shell.script import discarded, run_commands, said
from fdb._shell.session import CommandError, Leave, Session, count
from fdb._shell.words import UnfinishedError, split

#: Where tcgetattr has the flags of which echo is one.
_LOCAL_MODES = 3
#: Seconds that the greeting waits for the database.
_GREETING_PATIENCE = 2.0
_STYLE = Style.from_dict(
    {
        "prompt": "bold",
        "prompt.open": "bold ansiyellow",
        "bottom-toolbar": "noreverse fg:ansibrightblack",
        "bottom-toolbar.warn": "fg:ansiyellow",
    }
)


def run(session: Session, name: str, history: History, debug: bool = False) -> None:
    """Talk with a person until he leaves. `name` says which database it is."""
    session.ask = _ask
    with _interrupts(), _silent_keyboard():
        _greet(session, name)
        _converse(session, name, history, debug)


def _converse(session: Session, name: str, history: History, debug: bool) -> None:
    prompts: prompt_toolkit.PromptSession[str] = prompt_toolkit.PromptSession(
        history=history,
        completer=_Completer(session),
        complete_while_typing=False,
        complete_in_thread=True,
        multiline=Condition(_is_unfinished),
        prompt_continuation=lambda width, number, wraps: "." * (width - 1) + " ",
        key_bindings=_bindings(),
        bottom_toolbar=lambda: _toolbar(session, name),
        style=_STYLE,
        enable_history_search=True,
        enable_suspend=True,
    )
    while True:
        try:
            if not _run_line(session, _taken(prompts, lambda: _prompt(session)), debug):
                break
        except KeyboardInterrupt:
            # At the prompt it throws the line away; one that comes in time for nothing at all ends nothing.
            continue
        except EOFError:
            break
    lost = discarded(session)
    if lost:
        print(lost)


def _has_loop() -> bool:
    """Tells whether asyncio runs in this thread: then the prompt, which has a loop of its own, needs another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _greet(session: Session, name: str) -> None:
    print(f"Using {name}.\n")
    if isinstance(session.db, Database):
        try:
            print(availability(session.db.status(timeout=_GREETING_PATIENCE)) + "\n")
        except FDBError as error:
            print(f"The database does not answer: {said(error)}. Ctrl-C interrupts a command.\n")
        except KeyboardInterrupt:
            print()
    print("Welcome to the shell of fdb. For help, type `help'.")


def _run_line(session: Session, line: str, debug: bool) -> bool:
    """Carries out what was typed, up to the first command that fails; tells whether the shell goes on."""
    try:
        run_commands(session, line)
    except Leave:
        return False
    except KeyboardInterrupt as interrupt:
        # The terminal throws away what it has not shown yet, so that the cursor may stand anywhere.
        print()
        _complain(session, "interrupted" + _what_became(session, interrupt))
    except (CommandError, NotationError, FDBError) as error:
        if debug:
            traceback.print_exc()
        _complain(session, said(error))
    except BrokenPipeError:
        raise
    except Exception as error:
        # A mistake of this package must not cost a person the transaction that is open.
        if debug:
            traceback.print_exc()
        _complain(session, f"{type(error).__name__}: {said(error)}")
    return True


def _what_became(session: Session, interrupt: KeyboardInterrupt) -> str:
    if interrupt.args:
        return f": {interrupt}"
    return "; the transaction is still open" if session.transaction is not None else ""


def _complain(session: Session, text: str) -> None:
    sys.stdout.flush()
    print(f"ERROR: {text}", file=sys.stderr, flush=True)


@contextmanager
def _interrupts() -> Iterator[None]:
    """Has Ctrl-C interrupt commands as Python does, though the program that opened the shell may want something else of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if kept is None else kept)


@contextmanager
def _silent_keyboard() -> Iterator[None]:
    """Turns off the terminal's echo, so that what is typed while a command runs is seen at the prompt that takes it."""
    kept = termios.tcgetattr(sys.stdin)
    modes = list(kept)
    modes[_LOCAL_MODES] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, kept)


def _ask(question: str) -> bool:
    """Asks whether something shall be done. Anything but "y" and "yes" is a no."""
    try:
        answer = _taken(prompt_toolkit.PromptSession(), f"{question} [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _taken(prompts: prompt_toolkit.PromptSession[str], message: Any) -> str:
    """Returns what is typed at a prompt. Raises EOFError and KeyboardInterrupt as the keys say."""
    try:
        return prompts.prompt(message, in_thread=_has_loop())
    finally:
        # The prompt's event loop has asked that signals let system calls go on: Ctrl-C could not end a command's.
        signal.siginterrupt(signal.SIGINT, True)


# ---- the prompt ----


def _prompt(session: Session) -> FormattedText:
    style = "class:prompt.open" if session.transaction is not None else "class:prompt"
    return FormattedText([(style, session.prompt[:-1]), ("", " ")])


def _toolbar(session: Session, name: str) -> FormattedText:
    parts = [("class:bottom-toolbar", f" {name}")]
    if session.read_only:
        parts.append(("class:bottom-toolbar", "  read only"))
    elif session.writes:
        parts.append(("class:bottom-toolbar.warn", "  writemode on"))
    transaction = session.transaction
    if transaction is not None:
        lines = count(len(transaction.lines), "line")
        parts.append(("class:bottom-toolbar.warn", f"  transaction open: {lines}"))
    elif session.failed_lines:
        parts.append(("class:bottom-toolbar", "  `retry' runs the failed transaction again"))
    return FormattedText(parts)


def _is_unfinished() -> bool:
    """Tells whether Enter begins another line: within quotes or parentheses."""
    return is_unfinished(get_app().current_buffer.text)


def is_unfinished(text: str) -> bool:
    """Tell whether a text ends within quotes or parentheses."""
    try:
        split(text)
    except UnfinishedError:
        return True
    except NotationError:
        return False
    return False


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("escape", "enter")
    @bindings.add("escape", "c-j")  # what was typed ahead
    def accept(event: KeyPressEvent) -> None:
        """Ends a line that is not finished, to be told what is wrong with it."""
        event.current_buffer.validate_and_handle()

    return bindings


class _Completer(Completer):
    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        try:
            begun, words = offered(self._session, document.text_before_cursor)
        except Exception:  # a key that offers nothing is no reason to disturb the line
            return
        for word in words:
            yield Completion(word, start_position=-len(begun))
