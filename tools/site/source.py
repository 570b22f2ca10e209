"""What the source says of a function or an attribute: its types as they are written there, and the docstring of attributes.

Annotations are taken as text, not evaluated: `KeyArgument` says more than what it stands for, and the program has no types in memory that are
there for checkers alone. For a module in C the stub beside it (.pyi) is its source.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pathlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
#: The module of the classes in C, which say of themselves that they are of `fdb` where programs see them.
_CLASSES_IN_C = "fdb._native.extension"
#: What readers know under other names: type variables of base classes, and bases without a public name.
_KNOWN_AS = {
    "_Read": "Value",
    "_Range": "FDBRange",
    "_Transaction": "Transaction",
    "SynchronousOperations": "Database | Tenant",
    "AsynchronousOperations": "AsyncDatabase | AsyncTenant",
    "RangePages": "Iterable[list[KeyValue]]",
    "_ListOfRows": "Rows",
    "STREAMING_MODE_ITERATOR": "StreamingMode.iterator",
    "STREAMING_MODE_WANT_ALL": "StreamingMode.want_all",
}


class Signature(NamedTuple):
    """The text of a function's parameters, in parentheses, and of what it returns."""

    parameters: str
    returns: str


class ModuleSource:
    """The functions and attributes of a module, by their qualified names."""

    def __init__(self, path: pathlib.Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.functions: dict[str, list[FunctionNode]] = {}
        #: The annotations of attributes.
        self.types: dict[str, str] = {}
        #: The docstrings of attributes.
        self.docstrings: dict[str, str] = {}
        #: The docstrings of classes, also of those that are there for type checkers alone.
        self.classes: dict[str, str] = {}
        #: What is assigned to names, as text.
        self.values: dict[str, str] = {}
        #: Where names come from that other modules define: a module, and the name there.
        self.imports: dict[str, tuple[str, str]] = {}
        self._read(ast.parse(self.text).body, "")

    def _read(self, body: list[ast.stmt], prefix: str) -> None:
        for place, node in enumerate(body):
            if isinstance(node, ast.ClassDef):
                self.classes[prefix + node.name] = ast.get_docstring(node) or ""
                self._read(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, FunctionNode):
                self.functions.setdefault(prefix + node.name, []).append(node)
                if any(ast.unparse(each) == "property" for each in node.decorator_list):
                    self.types.setdefault(prefix + node.name, text_of(node.returns))
                    self.docstrings.setdefault(prefix + node.name, ast.get_docstring(node) or "")
                if node.name == "__init__":
                    self._read_init(node, prefix)
            elif isinstance(node, (ast.If, ast.Try)):
                self._read(node.body, prefix)
                self._read(node.orelse, prefix)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self.imports.setdefault(
                        alias.asname or alias.name, (node.module or "", alias.name)
                    )
            else:
                self._read_attribute(node, body[place + 1 : place + 2], prefix)

    def _read_init(self, function: FunctionNode, prefix: str) -> None:
        parameters = {each.arg: each.annotation for each in _parameters(function.args)}
        for place, node in enumerate(function.body):
            if isinstance(getattr(node, "target", None), ast.Name):
                continue  # a variable of the function, with its type
            self._read_attribute(node, function.body[place + 1 : place + 2], prefix)
            # self.name = name
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                for name in _names(node):
                    annotation = parameters.get(node.value.id)
                    if annotation is not None:
                        self.types.setdefault(prefix + name, text_of(annotation))

    def _read_attribute(self, node: ast.stmt, following: list[ast.stmt], prefix: str) -> None:
        for name in _names(node):
            value = getattr(node, "value", None)
            if value is not None:
                self.values.setdefault(prefix + name, ast.unparse(value))
            if isinstance(node, ast.AnnAssign):
                self.types.setdefault(prefix + name, text_of(node.annotation))
            said = self._comment_above(node.lineno) or _string(following)
            if said:
                self.docstrings.setdefault(prefix + name, said)

    def _comment_above(self, number: int) -> str:
        found: list[str] = []
        for line in reversed(self.lines[: number - 1]):
            if not line.strip().startswith("#:"):
                break
            found.append(line.strip().removeprefix("#:").strip())
        return " ".join(reversed(found))


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _names(node: ast.stmt) -> list[str]:
    """Returns the names that a statement gives values: `name = ...`, or `self.name = ...`."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    found = []
    for target in targets:
        if isinstance(target, ast.Name):
            found.append(target.id)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            found += [target.attr] if target.value.id == "self" else []
    return found


def _string(statements: list[ast.stmt]) -> str:
    """Returns the text of a statement that is only a string."""
    for node in statements:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return inspect.cleandoc(node.value.value) if isinstance(node.value.value, str) else ""
    return ""


def text_of(annotation: ast.expr | None) -> str:
    """Returns an annotation as readers want it: without quotes around it, and with names that they know."""
    if annotation is None:
        return ""
    quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
    text = ast.literal_eval(annotation) if quoted else ast.unparse(annotation)
    return as_known(re.sub(r"^_Field\[(.*)\]$", r"\1", text))


def as_known(text: str) -> str:
    """Returns an expression with the names that readers know."""
    return re.sub(r"\b\w+\b", lambda name: _KNOWN_AS.get(name[0], name[0]), text)


@functools.cache
def source_of(module: str) -> ModuleSource | None:
    """Returns what stands in the source of a module; None for a module of others."""
    if module.partition(".")[0] not in ("fdb", "fdb_pytest"):
        return None
    path = pathlib.Path(str(importlib.import_module(module).__file__))
    if path.suffix != ".py":
        path = path.with_name(path.name.partition(".")[0] + ".pyi")
    return ModuleSource(path)


def origin_of(module: str, name: str) -> tuple[str, str]:
    """Returns the module that defines what a module has under a name, and its name there."""
    source = source_of(module)
    place = source.imports.get(name) if source is not None else None
    return origin_of(*place) if place is not None else (module, name)


def place_of(function: Any) -> tuple[str, str]:
    """Returns the module and the qualified name under which the source has a function."""
    owner = getattr(function, "__objclass__", None)  # of a method in C
    return module_of(owner) if owner is not None else function.__module__, function.__qualname__


def module_of(cls: type) -> str:
    """Returns the module that defines a class."""
    return _CLASSES_IN_C if cls.__module__ == "fdb" else cls.__module__


def attribute_said(cls: type, name: str) -> tuple[str, str]:
    """Returns the type and the docstring of an attribute, as the source of a class or of the first base that has them says."""
    type_, said = "", ""
    for base in cls.__mro__:
        source = source_of(module_of(base))
        if source is not None:
            type_ = type_ or source.types.get(f"{base.__qualname__}.{name}", "")
            said = said or source.docstrings.get(f"{base.__qualname__}.{name}", "")
    return type_, said


def nodes_of(function: Any) -> list[FunctionNode]:
    """Returns the definitions of a function that say its types: of one with overloads these, else itself."""
    function = getattr(function, "__func__", function)
    module, name = place_of(function)
    source = source_of(module)
    nodes = source.functions.get(name, []) if source is not None else []
    overloads = [node for node in nodes if _is_overload(node)]
    wrapped = getattr(function, "__wrapped__", None)
    if not overloads and wrapped is not None:
        return nodes_of(wrapped)
    return overloads or nodes[-1:]


def _is_overload(node: FunctionNode) -> bool:
    return any(ast.unparse(each) == "overload" for each in node.decorator_list)


def signatures_of(function: Any, bound: bool) -> list[Signature]:
    """Returns the signatures of a function; of a method without its first parameter."""
    found = []
    names = getattr(inspect.unwrap(function), "__globals__", {})
    for node in nodes_of(function):
        parameters = text_of_parameters(node.args, bound, names)
        returns = text_of(node.returns)
        if any(ast.unparse(each).endswith("contextmanager") for each in node.decorator_list):
            returns = re.sub(r"^Iterator\b", "AbstractContextManager", returns)
        found.append(Signature(parameters, returns))
    return found


def text_of_parameters(arguments: ast.arguments, bound: bool, names: Mapping[str, Any]) -> str:
    """Returns the parameters of a function, in parentheses; of a method without the first.

    `names` has the values of defaults that have private names.
    """
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = list(zip(positional, [*defaults, *arguments.defaults], strict=True))
    parts = [_text_of_parameter(each, default, names) for each, default in pairs]
    if arguments.posonlyargs:
        parts.insert(len(arguments.posonlyargs), "/")
    if bound:
        del parts[0]
        if parts[:1] == ["/"]:
            del parts[0]
    # *unwanted: NoReturn is there for an error text only.
    if arguments.vararg and text_of(arguments.vararg.annotation) != "NoReturn":
        parts.append("*" + _text_of_parameter(arguments.vararg, None, names))
    elif arguments.kwonlyargs:
        parts.append("*")
    for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parts.append(_text_of_parameter(each, value, names))
    if arguments.kwarg:
        parts.append("**" + _text_of_parameter(arguments.kwarg, None, names))
    return f"({', '.join(parts)})"


def _text_of_parameter(
    argument: ast.arg, default: ast.expr | None, names: Mapping[str, Any]
) -> str:
    text = argument.arg + (f": {text_of(argument.annotation)}" if argument.annotation else "")
    if default is None:
        return text
    value = as_known(ast.unparse(default))
    if value.startswith("_") and value in names:
        value = repr(names[value])
    return f"{text} = {value}" if argument.annotation else f"{text}={value}"


def is_typed(function: Any, bound: bool) -> bool:
    """Whether all parameters of a function and what it returns have types."""
    nodes = nodes_of(function)
    for node in nodes:
        arguments = node.args
        named = _parameters(arguments)[1 if bound else 0 :]
        named += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        if node.returns is None or any(each.annotation is None for each in named):
            return False
    return bool(nodes)
