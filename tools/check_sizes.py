"""Checks that what is written by hand stays small enough to read: run by `make lint`.

    python tools/check_sizes.py [FOLDER]        FOLDER: another tree of the same shape (for tests)

A file has at most 500 lines, a function 60 (with its docstring, without decorators and comments before it), a class
35 methods, public and private.  C++ in engine/, C in native/ and tests/, and Python everywhere.  Generated files,
which say so in their first line, may be of any size.

Not methods: what is only declared as deleted or defaulted, friends, and the signatures of an overloaded function in
Python.  A method that is declared in the class and defined elsewhere counts once, inherited ones do not.
"""

from __future__ import annotations

import ast
import pathlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tree_sitter
import tree_sitter_c
import tree_sitter_cpp

ROOT = pathlib.Path(__file__).resolve().parent.parent

MOST_LINES = 500
MOST_FUNCTION_LINES = 60
MOST_METHODS = 35

FOLDERS = ["benchmarks", "docs", "engine", "examples", "fdb", "native", "shims", "tests", "tools"]
#: What a build leaves in these folders.
BUILT = {"__pycache__", "build", "lib", "include"}


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    length: int


@dataclass(frozen=True)
class Class:
    name: str
    line: int
    methods: int


#: What a file consists of, and the numbers of the lines that its parser could not read.
Contents = Iterator[Function | Class | int]


# ---- Python ----------------------------------------------------------------------------------


def _is_overload(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        getattr(decorator, "id", getattr(decorator, "attr", None)) == "overload"
        for decorator in function.decorator_list
    )


def python_contents(source: bytes) -> Contents:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(node.name, node.lineno, length)
        elif isinstance(node, ast.ClassDef):
            methods = [
                member
                for member in node.body
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
                and not _is_overload(member)
            ]
            yield Class(node.name, node.lineno, len(methods))


# ---- C and C++ -------------------------------------------------------------------------------

C = tree_sitter.Language(tree_sitter_c.language())
CPP = tree_sitter.Language(tree_sitter_cpp.language())

CLASSES = {"class_specifier", "struct_specifier", "union_specifier"}
#: What may hold the members of a class besides its body.
AROUND_MEMBERS = {"template_declaration"}
DECLARATIONS = {"function_definition", "field_declaration", "declaration"}
DECLARATORS = {"pointer_declarator", "reference_declarator", "parenthesized_declarator"}
FUNCTIONS = {"function_declarator", "operator_cast"}
WITHOUT_CODE = {"default_method_clause", "delete_method_clause"}


DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def _without_directives(source: bytes) -> bytes:
    """Returns the source with empty lines for those of the preprocessor, which no grammar can place."""
    return DIRECTIVE.sub(lambda match: b"\n" * match[0].count(b"\n"), source)


def _text(node: tree_sitter.Node | None) -> str:
    return "" if node is None or node.text is None else " ".join(node.text.decode().split())


def _function_declarator(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Returns the part of a declaration with the name and the parameters, if it declares a function."""
    declarator = node.child_by_field_name("declarator")
    while declarator is not None:
        inner = declarator.child_by_field_name("declarator")
        is_function = declarator.type in FUNCTIONS
        # int (*name)(int) is a pointer, int (*name(int))(int) a function that returns one.
        if is_function and (inner is None or inner.type != "parenthesized_declarator"):
            return declarator
        if not is_function and declarator.type not in DECLARATORS:
            return None
        declarator = inner if inner is not None else declarator.named_child(0)
    return None


def _name(function: tree_sitter.Node) -> str:
    declarator = _function_declarator(function)
    name = declarator and declarator.child_by_field_name("declarator")
    # Where macros stand around it, its beginning has to do.
    return _text(name) or _text(function).partition("{")[0].rstrip()


def _is_method(member: tree_sitter.Node) -> bool:
    if member.type not in DECLARATIONS or _function_declarator(member) is None:
        return False
    return not any(child.type in WITHOUT_CODE for child in member.children)


def _methods(members: tree_sitter.Node) -> int:
    return sum(
        _methods(member) if member.type in AROUND_MEMBERS else _is_method(member)
        for member in members.children
    )


def _c_contents(node: tree_sitter.Node, *, in_function: bool = False) -> Contents:
    line = node.start_point.row + 1
    length = node.end_point.row + 2 - line
    if node.type == "function_definition":
        yield Function(_name(node), line, length)
        in_function = True
    elif node.type == "lambda_expression":
        yield Function("lambda", line, length)
    elif node.type in CLASSES and (body := node.child_by_field_name("body")) is not None:
        yield Class(_text(node.child_by_field_name("name")), line, _methods(body))
    elif node.is_missing and node.type == "}" or node.is_error and not in_function:
        # A macro that the grammar does not know does no harm; one brace too many makes functions disappear.
        if node.is_missing or b"{" in (node.text or b"") or b"}" in (node.text or b""):
            yield line
    for child in node.children:
        yield from _c_contents(child, in_function=in_function)


def c_contents(source: bytes) -> Contents:
    yield from _c_contents(tree_sitter.Parser(C).parse(_without_directives(source)).root_node)


def cpp_contents(source: bytes) -> Contents:
    yield from _c_contents(tree_sitter.Parser(CPP).parse(_without_directives(source)).root_node)


READERS: dict[str, Callable[[bytes], Contents]] = {
    ".py": python_contents,
    ".pyi": python_contents,
    ".c": c_contents,
    ".h": cpp_contents,
    ".cc": cpp_contents,
}


# ---- the tree --------------------------------------------------------------------------------


def offences(name: str, source: bytes) -> Iterator[str]:
    """Yields what is too big in a file, and where its contents cannot be told."""
    lines = source.splitlines()
    if lines and b"Generated by " in lines[0]:
        return
    if len(lines) > MOST_LINES:
        yield f"{name}: {len(lines)} lines, at most {MOST_LINES}"
    for found in READERS[pathlib.PurePath(name).suffix](source):
        match found:
            case Function(function, line, length) if length > MOST_FUNCTION_LINES:
                yield f"{name}:{line}: {function}: {length} lines, at most {MOST_FUNCTION_LINES}"
            case Class(of, line, methods) if methods > MOST_METHODS:
                yield f"{name}:{line}: {of}: {methods} methods, at most {MOST_METHODS}"
            case int(line):
                yield f"{name}:{line}: cannot be parsed, so nothing in it is checked for sure"


def files(root: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields the files that may be written by hand, in order."""
    yield from sorted(root.glob("*.py"))
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            if path.suffix in READERS and not BUILT.intersection(parts) and path.is_file():
                yield path


def main(arguments: list[str]) -> int:
    root = pathlib.Path(arguments[0]) if arguments else ROOT
    found = [
        offence
        for path in files(root)
        for offence in offences(path.relative_to(root).as_posix(), path.read_bytes())
    ]
    print("\n".join(found) if found else "sizes: nothing is too big")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
