"""Asking before something is destroyed."""

from __future__ import annotations

import select
import signal
import socket
import sys
import threading

import click


def confirm(what: str, yes: bool) -> None:
    """Ask whether to do something that cannot be undone, unless `yes` says so already.

    `what` is the question without its mark: "Clear 12 rows". Raises click.UsageError where nobody can be asked, and
    click.ClickException, exit code 1, after a no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}? There is no terminal to ask at: --yes says so")
    if not ask(f"{what}?"):
        raise click.ClickException("nothing was done")


def ask(question: str) -> bool:
    """Ask a person at the terminal; Enter alone is a no. Raises click.Abort for Ctrl-D, and KeyboardInterrupt."""
    while True:
        print(f"{question} [y/N]: ", end="", file=sys.stderr, flush=True)
        line = _line()
        if not line:
            print(file=sys.stderr)
            raise click.Abort
        answer = line.strip().lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("", "n", "no"):
            return False
        print("Error: invalid input", file=sys.stderr)


def _line() -> str:
    """Returns the next line of stdin; Ctrl-C ends the wait.

    That would be lost if it came just before the blocking read: so a socket, which signals write into, is waited for, too.
    """
    if threading.current_thread() is not threading.main_thread():
        return sys.stdin.readline()
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        kept = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            while True:
                ready, _, _ = select.select([sys.stdin, reader], [], [])
                if sys.stdin in ready:
                    return sys.stdin.readline()
                reader.recv(1)  # a signal whose handler lets us go on
        finally:
            signal.set_wakeup_fd(kept)
