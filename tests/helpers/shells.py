"""A shell without a person, for tests of its commands: they are given as text, and what they print comes as lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import fdb
from fdb._shell.commands import execute
from fdb._shell.session import Session
from fdb._shell.words import split


class Shell:
    """A session and what it has printed."""

    def __init__(self, db: fdb.Database | fdb.Tenant, *, read_only: bool = False) -> None:
        self.printed: list[str] = []
        self.session = Session(db, write=self.printed.append, read_only=read_only)
        self.session.writes = not read_only
        self.db = db

    def run(self, text: str) -> list[str]:
        """Runs commands; returns what they have printed, without empty lines. Raises what they raise."""
        del self.printed[:]
        for words in split(text):
            execute(self.session, words)
        return [line for line in self.printed if line]


@pytest.fixture
def shell(memory_name: str) -> Iterator[Shell]:
    """A shell on a fresh embedded database, with writemode on."""
    with fdb.open(memory_name) as db:
        yield Shell(db)
