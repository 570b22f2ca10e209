"""What the commands of a shell work on: a database, perhaps a tenant of it, a directory, a transaction that is open.

A session knows neither terminals nor scripts: it is given commands as words, and a function that takes what they print.
Every command is one transaction, which is tried again where that helps, unless `begin` has opened one. Of that the session
keeps the lines: when it fails, `retry` runs them again. To be used by one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fdb._blocking import Database, Tenant
from fdb._display.notation import printable, visible
from fdb._display.places import Path, shown_path
from fdb._display.values import shown_value
from fdb._errors import FDBError, predicates
from fdb._policy import Retry
from fdb._shell.options import OptionChoices
from fdb._shell.places import Base
from fdb._shell.words import Word
from fdb._transaction import Transaction

#: Options whose value is shown and kept nowhere.
SECRETS = ("AUTHORIZATION_TOKEN",)
#: Errors of a commit that leave open whether it took place, beside those that predicates knows: it was not waited for to
#: its end.
_CUT_SHORT = (1025, 1031)
_UNKNOWN = "it is not known whether this was written"
#: Rows that are read in one transaction, where more are wanted than a transaction has the time for.
PAGE = 1000


class CommandError(Exception):
    """A command that cannot be carried out: one line that says what and what to do."""


class Leave(Exception):  # noqa: N818
    """The command that leaves the shell."""


@dataclass(slots=True)
class Line:
    """A command that was carried out in a transaction."""

    words: list[Word]
    #: The directory that the shell stood in.
    path: Path
    printed: list[str]

    @property
    def text(self) -> str:
        """The command as it was typed."""
        return text_of(self.words)


class OpenTransaction:
    """A transaction that `begin` has opened, and what was done in it."""

    def __init__(self, tr: Transaction) -> None:
        self.tr = tr
        self.began = time.monotonic()
        self.lines: list[Line] = []

    def keep(self, words: list[Word], path: Path, printed: list[str]) -> None:
        """Note a command that was carried out."""
        self.lines.append(Line(words, path, printed))

    def give_time(self, seconds: float) -> None:
        """Lets the next command wait so long for the database; a person may have thought for a while before."""
        passed = time.monotonic() - self.began
        self.tr.options.set_timeout(max(1, int((passed + seconds) * 1000)))


class Session:
    """The state of a shell."""

    def __init__(
        self,
        db: Database | Tenant,
        *,
        write: Callable[[str], None] = print,
        ask: Callable[[str], bool] | None = None,
        timeout: float = 10.0,
        read_only: bool = False,
        raw: bool = False,
    ) -> None:
        """`write` takes what commands print, a line each; `ask` puts a question to a person, None where there is none."""
        self.db = db
        self.timeout = timeout
        self.read_only = read_only
        #: Whether keys and values are shown in the notation of fdbcli alone.
        self.raw = raw
        self.ask = ask
        #: Whether commands may change the database.
        self.writes = False
        self.tenant: Tenant | None = None
        self.tenant_name = b""
        #: The directory that the shell stands in.
        self.path: Path = ()
        self.transaction: OpenTransaction | None = None
        #: What was done in the last transaction that failed.
        self.failed_lines: list[Line] = []
        self.options = OptionChoices()
        self._write = write
        #: What the command that runs has printed.
        self.printed: list[str] = []

    # ---- what a person sees ----

    @property
    def prompt(self) -> str:
        """``fdb> ``, with the tenant, the directory and a star while a transaction is open: ``fdb[t]:/app*> ``."""
        tenant = f"[{printable(self.tenant_name)}]" if self.tenant is not None else ""
        path = f":{shown_path(self.path)}" if self.path else ""
        return f"fdb{tenant}{path}{'*' if self.transaction else ''}> "

    def write(self, line: str = "") -> None:
        """Print a line of an answer."""
        self.printed.append(line)
        self._write(line)

    def shown_key(self, key: bytes, base: Base) -> str:
        """Return a key as this session shows keys."""
        return printable(key) if self.raw else base.shown(key)

    def shown_value(self, value: bytes) -> str:
        """Return a value as this session shows values."""
        return printable(value) if self.raw else shown_value(value)

    # ---- what commands do ----

    @property
    def source(self) -> Any:
        """What transactions are made of: the database, or the tenant in use."""
        return self.db if self.tenant is None else self.tenant

    def read(self, act: Callable[[Transaction], Any]) -> Any:
        """Run a function that only reads, in the transaction that is open or in one of its own, and return its result."""
        if self.transaction is not None:
            self.transaction.give_time(self.timeout)
            return act(self.transaction.tr)
        return self._run(act, read_only=True)

    def change(
        self,
        act: Callable[[Transaction], None],
        on_retry: Callable[[Retry], None] | None = None,
    ) -> None:
        """Run a function that writes. In a transaction of its own it is committed, and the version is printed.

        `on_retry` is told of each attempt that has failed.
        """
        self.require_writes()
        if self.transaction is not None:
            self.transaction.give_time(self.timeout)
            act(self.transaction.tr)
            return
        last: list[Transaction] = []

        def attempt(tr: Transaction) -> None:
            last[:] = [tr]
            act(tr)

        try:
            self._run(attempt, read_only=False, on_retry=on_retry)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_UNKNOWN) from None
        except FDBError as error:
            if may_be_committed(error):
                self.write(_UNKNOWN.capitalize())
            raise
        self._tell_version(last[0])

    def require_writes(self) -> None:
        """Raise CommandError if this shell does not write now."""
        if not self.writes:
            raise CommandError(
                "this shell was opened to read only"
                if self.read_only
                else "writemode must be enabled to set or clear keys in the database: type `writemode on'"
            )

    def _run(
        self,
        act: Callable[[Transaction], Any],
        read_only: bool,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> Any:
        def attempt(tr: Transaction) -> Any:
            self.options.apply(tr)
            return act(tr)

        return self.source.run(
            attempt, timeout=self.timeout, read_only=read_only, on_retry=on_retry
        )

    def rows(self, begin: bytes, end: bytes, limit: int | None = None) -> Iterator[Any]:
        """Give out the rows of a range, page by page: in the open transaction, or each page in one of its own."""
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            found = self._page(begin, end, size)
            yield from found
            if len(found) < size:
                return
            begin = found[-1].key + b"\x00"
            left = None if left is None else left - len(found)

    def _page(self, begin: bytes, end: bytes, size: int) -> list[Any]:
        rows: list[Any] = self.read(lambda tr: list(tr.get_range(begin, end, limit=size)))
        return rows

    # ---- the transaction that is open ----

    def begin(self) -> None:
        """Open a transaction."""
        tr = self.source.create_transaction()
        self.options.apply(tr)
        self.transaction = OpenTransaction(tr)

    def commit(self) -> None:
        """Commit it and print the version. Raises FDBError, and keeps the lines for `retry`."""
        transaction = self.require_transaction()
        transaction.give_time(self.timeout)
        try:
            transaction.tr.commit().wait()
        except FDBError as error:
            self.give_up(is_known=not may_be_committed(error))
            raise
        except KeyboardInterrupt:
            self.give_up(is_known=False)
            raise
        self.end()
        self._tell_version(transaction.tr)

    def require_transaction(self) -> OpenTransaction:
        """Return the transaction that is open. Raises CommandError if there is none."""
        if self.transaction is None:
            raise CommandError("No active transaction")
        return self.transaction

    def end(self) -> None:
        """Forget the transaction that is open; nothing of it that is not committed will be."""
        self.transaction = None
        self.options.end()

    def give_up(self, *, is_known: bool) -> None:
        """End the transaction that has failed, keep its lines for `retry`, and say what became of it.

        `is_known` tells whether it is certain that nothing of it was committed.
        """
        self.failed_lines = self.require_transaction().lines
        self.end()
        if not is_known:
            self.write(f"{_UNKNOWN.capitalize()}: look before you `retry'")
            return
        lines = count(len(self.failed_lines), "line")
        again = f"; `retry' runs {lines} of it again" if self.failed_lines else ""
        self.write(f"Rolling back current transaction: nothing of it was written{again}")

    def _tell_version(self, tr: Transaction) -> None:
        version = tr.get_committed_version()
        self.write(f"Committed ({version})" if version >= 0 else "Nothing to commit")


def count(number: int, what: str) -> str:
    """Return a number with what it is of: ``1 row``, ``1,000 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def may_be_committed(error: FDBError) -> bool:
    """Tell whether a commit that failed so may have taken place."""
    return error.code in _CUT_SHORT or predicates.is_maybe_committed(error)


def text_of(words: list[Word]) -> str:
    """Return a command as it was typed, in one line, without a secret that it has."""
    shown = [word.text for word in words]
    if any(word.name.upper() in SECRETS for word in words):
        shown[-1] = "(not shown)"
    return visible(" ".join(" ".join(shown).split("\n")))
