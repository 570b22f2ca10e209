"""Reads our own C headers at the newest API version: functions and type definitions.

Not a C parser: it understands the regular style of these headers and refuses the rest.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re

API_VERSION = 740

_VERSION_TEST = re.compile(r"#if FDB_API_VERSION (<|>=) (\d+)")
_FUNCTION = re.compile(r"(?P<returns>.*?[\s*])(?P<name>fdb_\w+)\s*\((?P<parameters>.*)\)")
_NOISE = re.compile(r"\b(DLLEXPORT|WARN_UNUSED_RESULT)\s+")


@dataclasses.dataclass(frozen=True)
class Function:
    """One declaration; `returns` and `parameters` are C text."""

    returns: str
    name: str
    parameters: tuple[str, ...]


def _holds(directive: str) -> bool:
    """Whether the body of a conditional is visible to C at the newest API version."""
    version_test = _VERSION_TEST.fullmatch(directive)
    if version_test:
        relation, bound = version_test.group(1), int(version_test.group(2))
        return API_VERSION < bound if relation == "<" else bound <= API_VERSION
    return directive.startswith("#ifndef")


def _visible_statements(path: pathlib.Path) -> list[str]:
    """Returns the declarations that remain after comments and conditionals, one string each."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines: list[str] = []
    visible: list[bool] = []
    for line in text.replace("\\\n", " ").split("\n"):
        directive = line.strip()
        if not directive.startswith("#"):
            if all(visible):
                lines.append(line)
        elif directive.startswith("#if"):
            visible.append(_holds(directive))
        elif directive.startswith("#elif"):
            visible[-1] = False
        elif directive.startswith("#else"):
            visible[-1] = not visible[-1]
        elif directive.startswith("#endif"):
            visible.pop()
    return _split_statements(" ".join(lines))


def _split_statements(text: str) -> list[str]:
    """Splits C text at the semicolons outside of braces."""
    statements: list[str] = []
    depth = start = 0
    for position, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == ";" and depth == 0:
            statements.append(" ".join(text[start:position].split()))
            start = position + 1
    if depth or text[start:].strip():
        raise ValueError(f"unfinished declaration: {text[start : start + 80]!r}")
    return statements


def _split_parameters(text: str) -> tuple[str, ...]:
    """Splits a parameter list at its own commas, not those of a function pointer inside."""
    if text.strip() in ("", "void"):
        return ()
    parts: list[str] = []
    depth = start = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return tuple(parts)


def read_functions(path: pathlib.Path) -> list[Function]:
    """Returns every function that a header declares, in its order."""
    functions = []
    for statement in _visible_statements(path):
        if statement.startswith("typedef "):
            continue
        match = _FUNCTION.fullmatch(_NOISE.sub("", statement))
        if not match:
            raise ValueError(f"{path.name}: not a function: {statement!r}")
        parameters = _split_parameters(match.group("parameters"))
        functions.append(Function(match.group("returns").strip(), match.group("name"), parameters))
    return functions


def read_types(path: pathlib.Path) -> list[str]:
    """Returns every typedef that a header makes, in its order, without the final semicolon."""
    typedefs = _visible_statements(path)
    for statement in typedefs:
        if not statement.startswith("typedef "):
            raise ValueError(f"{path.name}: not a typedef: {statement!r}")
    return typedefs


def read_callbacks(path: pathlib.Path) -> list[str]:
    """Returns the typedefs of function pointers in a header of functions, without the final semicolon."""
    statements = _visible_statements(path)
    return [each for each in statements if each.startswith("typedef ") and "(*" in each]
