"""Links to public names: from docstrings, and from what pages have between backticks.

A name means what it means to a reader: in a docstring an attribute of the class or a name of the module first, then one of `fdb`; `db.scan` and
`tr.watch` are methods of a database and a transaction. What names nothing stays as it is.
"""

from __future__ import annotations

import functools
import inspect
import re

from public_names import PublicName, public_names

#: Names that examples give to objects.
_OBJECTS = {"db": "fdb.Database", "tr": "fdb.Transaction"}
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*(?:\(\))?")
_TICKS = re.compile(r"(?<![`:\w])`([^`]+)`(?!`)")
#: A line at the margin that is no item of a list, and behind an empty one an indented line.
_PROGRAM = re.compile(r"(^(?![-*] |\s|$).*\n)\n(?=    \S)", re.MULTILINE)
#: What the generated docstrings of options and atomic operations say of their parameter.
_PARAMETER = re.compile(r"^param: ", re.MULTILINE)
_PAGE = re.compile(r"\bdocs/([\w/-]+)\.md\b")
#: What reStructuredText takes for an address.
_ADDRESS = re.compile(r"\bfile:(?=\S)")


@functools.cache
def by_path() -> dict[str, PublicName]:
    """Returns the public names by their paths."""
    return {each.path: each for each in public_names()}


@functools.cache
def paths_of_classes() -> dict[type, str]:
    return {each.thing: each.path for each in by_path().values() if inspect.isclass(each.thing) and each.path == each.documented}  # fmt: skip


def place_of(path: str) -> str | None:
    """Returns the path under which a public name is documented, be it one that its class has of a base; None if it is none."""
    if path in by_path():
        return path
    owner, _, name = path.rpartition(".")
    cls = by_path()[owner].thing if owner in by_path() else None
    for base in getattr(cls, "__mro__", ()):
        inherited = f"{paths_of_classes().get(base)}.{name}"
        if inherited in by_path():
            return inherited
    return None


def meant(text: str, *within: str) -> str | None:
    """Returns the place of the public name that a text means, somewhere within these paths; None if it means none."""
    if not _NAME.fullmatch(text):
        return None
    name = text.removesuffix("()")
    first, dot, rest = name.partition(".")
    if first in _OBJECTS:
        return place_of(_OBJECTS[first] + dot + rest) if dot else None
    candidates = [f"{path}.{name}" for path in within if path]
    found = (place_of(candidate) for candidate in [name, *candidates])
    return next((place for place in found if place is not None), None)


def as_rst(docstring: str, path: str, parameters: set[str]) -> str:
    """Returns the docstring of a public name as reStructuredText, with its links, and what is indented in it as programs."""
    owner = path.rpartition(".")[0]

    def linked(found: re.Match[str]) -> str:
        text = found[1]
        place = None if text in parameters else meant(text, path, owner, owner.rpartition(".")[0], "fdb")  # fmt: skip
        # A word alone is a type, a keyword or an argument more often than one of the names of fdb.
        if place is None or (text.islower() and place == f"fdb.{text}"):
            return f"``{text}``"
        return f":py:obj:`{text} <{place}>`"

    parts = re.split(r"(``.+?``|`[^`]+`)", docstring)
    parts[::2] = [_ADDRESS.sub(r"file\:", _PAGE.sub(r":doc:`/\1`", part)) for part in parts[::2]]
    parts[::2] = [_PARAMETER.sub("``param``: ", part) for part in parts[::2]]
    text = "".join(_TICKS.sub(linked, part) for part in parts)
    return _PROGRAM.sub(r"\1\n::\n\n", text)
