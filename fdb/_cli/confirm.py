"""Asking before something is destroyed."""

from __future__ import annotations

import sys

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
    if not click.confirm(f"{what}?", err=True):
        raise click.ClickException("nothing was done")
