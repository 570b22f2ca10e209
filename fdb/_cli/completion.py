"""What a shell completes of keys: the paths of directories, if the database answers at once."""

from __future__ import annotations

from typing import Any

import click

from fdb._cli.options import open_database, open_tenant
from fdb._display.directories import read_directories
from fdb._display.places import shown_path

#: Seconds after which nothing is completed: somebody waits at a prompt.
_PATIENCE = 1.0
#: A shell shows no more than so many.
_MOST = 200


def complete_place(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the paths of directories that begin with what was typed; none for what is no path.

    Whatever fails - no such database, no answer within a second - completes nothing. Writes nothing, nor makes a file.
    """
    if not begun.startswith("/"):
        return []
    try:
        database = open_database(_said(context, "cluster"), _PATIENCE, reads=True)
        tenant = _said(context, "tenant")
        source = database if tenant is None else open_tenant(database, tenant)
        records = read_directories(source).records
    except Exception:
        return []
    paths = [shown_path(record.path) for record in records]
    # A shell would take quotes and blanks apart.
    plain = [
        path for path in paths if path.startswith(begun) and not any(c in path for c in "'\" ")
    ]
    return plain[:_MOST]


def _said(context: click.Context, name: str) -> Any:
    """Returns an option of the command, or what was said before the command's name."""
    above = context.parent.params if context.parent is not None else {}
    return context.params.get(name) or above.get(name)
