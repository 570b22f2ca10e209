"""`fdb.shell(db)`, and how a shell begins: with a person at a terminal, or with commands from elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from fdb._blocking import Database, Tenant
from fdb._shell.script import ScriptError, run_lines
from fdb._shell.session import Session

_NEEDS = "the shell needs prompt_toolkit; install the extra: pip install 'foundationdb-cffi[cli]'"


def shell(db: Database | Tenant, *, read_only: bool = False, timeout: float | None = None) -> None:
    """Open the shell of `fdb shell` on a database or tenant of this program, and return when the person has left.

    It is how to look into a `memory:` database, which other processes do not see. Where stdin is no terminal its lines are
    run as commands, up to the first that fails. `timeout` is how many seconds a command may wait for the database: by default
    as long as the defaults of `db` say, or 10.

    Raises TypeError for anything else, such as an AsyncDatabase; RuntimeError for a command of stdin that failed; ImportError
    that says what to install where the extra `cli` is missing.
    """
    if not isinstance(db, (Database, Tenant)):
        raise TypeError(
            f"shell() takes a Database or a Tenant, not {type(db).__name__}; open the database for a "
            "program that blocks, without event_model='asyncio'"
        )
    session = Session(db, timeout=patience(db, timeout), read_only=read_only)
    if not sys.stdin.isatty():
        try:
            run_lines(session, sys.stdin)
        except ScriptError as error:
            raise RuntimeError(str(error)) from error
        return
    talk(session, name_of(db), keeps_history=True)


def patience(db: Any, timeout: float | None) -> float:
    """Return how many seconds a command may take."""
    if timeout is not None:
        return timeout
    defaults = db.defaults
    return 10.0 if defaults is None or defaults.timeout is None else float(defaults.timeout)


def name_of(db: Any) -> str:
    """Return how the greeting calls a database or tenant."""
    kind, _, which = repr(db).strip("<>").partition(" ")
    return f"{kind.lower()} {which}".strip()


def talk(session: Session, name: str, keeps_history: bool, debug: bool = False) -> None:
    """Talk with the person at the terminal. Raises ImportError that says what to install."""
    try:
        from fdb._shell import history, prompt
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "prompt_toolkit":
            raise
        raise ImportError(_NEEDS, name=error.name) from None
    path = history.default_path() if keeps_history else None
    prompt.run(session, name, history.PrivateHistory(path), debug)
