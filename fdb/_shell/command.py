"""What a command of the shell is, and how its words are taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from fdb._shell.session import CommandError, Session
from fdb._shell.words import Word

#: What completion offers for an argument.
KEY, DIRECTORY, TENANT, OPTION, COMMAND = "key", "directory", "tenant", "option", "command"


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A command: what it does, and what `help` says of it."""

    name: str
    #: How it is typed: ``get <KEY>``.
    usage: str
    #: Half a line for the list of commands.
    summary: str
    #: What it does with a session and the words behind its name.
    run: Callable[[Session, list[Word]], None]
    #: What `help` says besides.
    details: str = ""
    #: The fewest and the most words behind its name; None for any number.
    least: int = 0
    most: int | None = 0
    #: What completion offers, argument by argument: kinds as above, or words themselves.
    arguments: tuple[str | tuple[str, ...], ...] = ()
    #: Whether a transaction keeps it among its lines, for `retry`.
    is_kept: bool = False
    #: Whether it is left out of the list of commands: another name of one that is there.
    is_alias: bool = False

    def check(self, words: list[Word]) -> None:
        """Raise CommandError, with the usage, if there are too few words or too many."""
        if len(words) < self.least or (self.most is not None and len(words) > self.most):
            raise self.misuse()

    def misuse(self) -> CommandError:
        """Return the error of a command that was typed in another way."""
        return CommandError(f"Usage: {self.usage}")

    def renamed(self, name: str) -> Command:
        """Return it under another name."""
        usage = self.usage.replace(self.name, name, 1)
        return dataclasses.replace(self, name=name, usage=usage, is_alias=True)
