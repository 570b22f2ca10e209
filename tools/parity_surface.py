"""The public names of the `fdb` package that this interpreter imports, as data.

Run as a program (`python parity_surface.py API_VERSION public|complete|module`) it prints them as JSON;
tools/parity.py does that with the interpreter of each package that it compares. It opens the database
that FDB_CLUSTER_FILE names. For a package that cannot be run here there is
`of_source`. A surface maps a dotted name to an entry:

kind        class, method, property, attribute, function, value, instance or alias
signature   of a class or callable, or the repr of a value; "" where there is nothing to compare
bases       of a class: its public base classes
target      of an alias: the name under which the same object is listed
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import os
import pathlib
import pkgutil
import re
import sys
import types
from typing import Any

Entry = dict[str, Any]
Surface = dict[str, Entry]

#: Where an object that several modules have is listed: in the first of these.
_ORDER = ("fdb", "fdb.tuple", "fdb.subspace_impl", "fdb.directory_impl", "fdb.impl")
_NOT_PUBLIC = {"fdb.six", "fdb.embedded", "fdb.testing"}
_CONSTANTS = (int, float, str, bytes, tuple, dict)
_ADDRESS = re.compile(r"<([\w.]+) object at 0x[0-9a-f]+>")
#: Double-underscore names that programs use through an operator or a builtin.
_OPERATORS = set(
    "add aenter aexit aiter await bool bytes contains delitem enter eq exit ge getitem gt hash int iter "
    "le len lt mod mul ne next nonzero radd repr rmul setitem str sub".split()
)


def _is_operator(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name[2:-2] in _OPERATORS


def _is_listed(name: str) -> bool:
    return not name.startswith("_") or _is_operator(name)


def _ours(thing: Any) -> bool:
    """Whether a class or function comes from the package."""
    return str(getattr(thing, "__module__", "")).split(".")[0] == "fdb"


def _text_of(value: Any) -> str:
    if isinstance(value, dict):
        return f"dict of {len(value)}"
    if isinstance(value, str) and os.path.isabs(value):
        return "a path"
    if isinstance(value, enum.IntEnum):
        return int.__repr__(value)  # a plain int there
    if type(value).__name__ == "DirectoryLayer":  # here with a readable repr
        return f"<{type(value).__module__}.{type(value).__qualname__}>"
    return _ADDRESS.sub(r"<\1>", repr(value))


def signature_text(thing: Any, skip_first: bool = False) -> str:
    """Returns names, kinds and defaults of the parameters, without annotations.

    Not of those that nothing can be passed to, which are there for the text of the error.
    """
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(...)"
    parameters = list(signature.parameters.values())[1 if skip_first else 0 :]
    plain = []
    for parameter in parameters:
        if parameter.annotation == "NoReturn":
            continue
        default = parameter.default
        if default is not parameter.empty:
            default = _Default(_text_of(default))
        plain.append(parameter.replace(annotation=parameter.empty, default=default))
    return str(inspect.Signature(plain)).replace(" = ", "=")


class _Default:
    """Stands for a default value in the text of a signature."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _member(cls: type, name: str) -> Entry:
    raw = inspect.getattr_static(cls, name)
    if issubclass(cls, enum.IntEnum) and name in cls.__members__:
        raw = cls.__members__[name].value
    if isinstance(raw, (classmethod, staticmethod)):
        return {"kind": "method", "signature": signature_text(getattr(cls, name))}
    if _is_operator(name):
        return {"kind": "method", "signature": ""}
    if inspect.isroutine(raw):
        return {"kind": "method", "signature": signature_text(raw, skip_first=True)}
    if type(raw) is int:
        return {"kind": "value", "signature": repr(raw)}
    if inspect.isdatadescriptor(raw) or hasattr(raw, "__get__"):
        return {"kind": "property", "signature": ""}
    return {"kind": "attribute", "signature": ""}


def _members(cls: type, stop_at: set[type]) -> Surface:
    """The members that a class has not through one of the classes `stop_at`."""
    found: Surface = {}
    inherited = {base for stop in stop_at for base in stop.__mro__}
    for name in dir(cls):
        if not _is_listed(name):
            continue
        definer = next((base for base in cls.__mro__ if name in vars(base)), None)
        if definer is None or not _ours(definer) or definer in inherited:
            continue
        if not (_is_operator(name) and vars(definer)[name] is None):  # __hash__ = None
            found[name] = _member(cls, name)
    for base in cls.__mro__:
        if _ours(base) and base not in inherited:
            for name in _assigned_to_self(base):
                found.setdefault(name, {"kind": "attribute", "signature": ""})
    return found


def _assigned_to_self(cls: type) -> set[str]:
    """The public attributes that the methods of a class give to its instances."""
    path = getattr(sys.modules[cls.__module__], "__file__", "") or ""
    if not path.endswith(".py"):
        return set()
    tree = ast.parse(pathlib.Path(path).read_text(encoding="utf-8"))
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == cls.__name__]
    return set().union(*(_self_names(node) for node in nodes))


def _self_names(node: ast.ClassDef) -> set[str]:
    return {
        target.attr
        for target in ast.walk(node)
        if isinstance(target, ast.Attribute)
        and isinstance(target.ctx, ast.Store)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
        and not target.attr.startswith("_")
    }


class _Collector:
    """Lists the modules one after the other."""

    def __init__(self, complete: bool) -> None:
        #: Whether to list inherited members for every class, not only for the one that has them, and
        #: what a module does not export.
        self._complete = complete
        self._homes: dict[int, str] = {}
        self._public = {
            thing
            for name in modules()
            for short, thing in names_of(importlib.import_module(name)).items()
            if inspect.isclass(thing) and _ours(thing) and not short.startswith("_")
        }
        self.surface: Surface = {}

    def module(self, name: str) -> None:
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", None)
        for short, thing in sorted(names_of(module).items()):
            public = not short.startswith("_") or short == "__version__"
            if exported is not None and not self._complete:
                public = short in exported
            if not public or isinstance(thing, types.ModuleType):
                continue
            described = inspect.isclass(thing) or inspect.isroutine(thing)
            # A bound method of a builtin type, made by the module, says of no module that it is its.
            own = _ours(thing) or getattr(thing, "__module__", "") is None
            if own if described else self._is_value(thing):
                self._object(f"{name}.{short}", thing)

    @staticmethod
    def _is_value(thing: Any) -> bool:
        return _ours(type(thing)) or type(thing) in _CONSTANTS

    def _object(self, name: str, thing: Any) -> None:
        if type(thing) not in _CONSTANTS or isinstance(thing, dict):
            home = self._homes.setdefault(id(thing), name)
            if home != name:
                self.surface[name] = {"kind": "alias", "signature": "", "target": home}
                if not self._complete:
                    return
        if inspect.isclass(thing):
            self._class(name, thing)
        elif inspect.isroutine(thing):
            self._put(name, {"kind": "function", "signature": signature_text(thing)})
        elif _ours(type(thing)):
            self._instance(name, thing)
        else:
            self._put(name, {"kind": "value", "signature": _text_of(thing)})

    def _put(self, name: str, entry: Entry) -> None:
        self.surface[name] = {
            **entry,
            **self.surface.get(name, {}),
            "signature": entry["signature"],
        }

    def _class(self, name: str, cls: type) -> None:
        listed = set() if self._complete else self._listed_bases(cls)
        bases = sorted(base.__name__ for base in self._listed_bases(cls))
        self._put(name, {"kind": "class", "signature": signature_text(cls), "bases": bases})
        for short, entry in _members(cls, listed).items():
            self._put(f"{name}.{short}", entry)

    def _listed_bases(self, cls: type) -> set[type]:
        return {base for base in cls.__mro__[1:] if base in self._public}

    def _instance(self, name: str, thing: Any) -> None:
        home = self._homes.get(id(type(thing)))
        if home is not None:
            self._put(name, {"kind": "instance", "signature": f"instance of {home}"})
            return
        self._put(name, {"kind": "instance", "signature": ""})
        for short, entry in _members(type(thing), set()).items():
            value = getattr(thing, short, None)
            if type(value) is int:
                entry = {"kind": "value", "signature": repr(value)}
            if not _is_operator(short):
                self._put(f"{name}.{short}", entry)


def names_of(module: types.ModuleType) -> dict[str, Any]:
    """Returns the names of a module, with those that are loaded by their first use."""
    return {name: getattr(module, name) for name in (*vars(module), *dir(module))}


def modules() -> list[str]:
    """Returns the public modules of the package, in the order in which they are listed."""
    import fdb

    found = {
        f"fdb.{module.name}"
        for module in pkgutil.iter_modules(fdb.__path__)
        if not module.name.startswith("_")
    }
    rest = found - _NOT_PUBLIC - set(_ORDER)
    return [*_ORDER, *sorted(rest)]


def module_of(name: str) -> str:
    """Returns the module of a listed name."""
    parts = name.split(".")
    lower = {"impl", "tuple", "locality", "fdboptions", "apiversion"}
    is_module = len(parts) > 2 and (
        parts[1] in lower or parts[1].endswith(("_impl", "_management"))
    )
    return ".".join(parts[:2]) if is_module else "fdb"


def collect(complete: bool = False) -> Surface:
    """Returns the surface of the package; an API version must have been selected.

    A member that a class inherits from another listed class is listed there only, and of a module with
    `__all__` only that, unless `complete`.
    """
    collector = _Collector(complete)
    for name in modules():
        collector.module(name)
    return dict(sorted(collector.surface.items()))


def module_names() -> dict[str, str]:
    """Returns the public names of `fdb` itself with what they are: the part that API versions change."""
    import fdb.impl

    found = {}
    for name, thing in names_of(fdb).items():
        if name.startswith("_") and name != "__version__":
            continue
        if not isinstance(thing, types.ModuleType):
            callable_ = inspect.isfunction(thing) or (inspect.isclass(thing) and _ours(thing))
            found[name] = signature_text(thing) if callable_ else ""
        elif thing.__name__.startswith("fdb."):
            found[name] = "module"
    for name in ("Cluster", "create_cluster", "apiversion", "fdboptions"):  # perhaps lazy
        if name not in found and hasattr(fdb, name):
            thing = getattr(fdb, name)
            is_module = isinstance(thing, types.ModuleType)
            found[name] = "module" if is_module else signature_text(thing)
    transaction = fdb.impl.open().create_transaction()
    for name, thing, attribute in (
        ("Future", transaction.get_read_version(), "get"),
        ("FDBRange", transaction.get_range(b"", b"\xff"), "next"),
    ):
        if hasattr(thing, attribute):
            found[f"{name}.{attribute}"] = "()"
    return found


# ---- from source ----


def _arguments(node: ast.FunctionDef, skip_first: bool) -> str:
    a = node.args
    names = [*a.posonlyargs, *a.args]
    defaults: list[Any] = [None] * (len(names) - len(a.defaults)) + list(a.defaults)
    parts = [
        n.arg if d is None else f"{n.arg}={ast.unparse(d)}"
        for n, d in list(zip(names, defaults, strict=True))[1 if skip_first else 0 :]
    ]
    if a.vararg:
        parts.append("*" + a.vararg.arg)
    elif a.kwonlyargs:
        parts.append("*")
    for argument, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        parts.append(argument.arg + ("" if default is None else "=" + ast.unparse(default)))
    if a.kwarg:
        parts.append("**" + a.kwarg.arg)
    return f"({', '.join(parts)})"


def _class_in_source(name: str, node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Surface:
    found: Surface = {}
    private_bases = [
        classes[base.id]
        for base in node.bases
        if isinstance(base, ast.Name) and base.id.startswith("_") and base.id in classes
    ]
    for base in private_bases:
        found.update(_class_in_source(name, base, classes))
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and _is_listed(item.name):
            decorators = {ast.unparse(d) for d in item.decorator_list}
            is_property = "property" in decorators
            text = (
                ""
                if is_property or _is_operator(item.name)
                else _arguments(item, "staticmethod" not in decorators)
            )
            kind = "property" if is_property else "method"
            found[f"{name}.{item.name}"] = {"kind": kind, "signature": text}
        elif isinstance(item, (ast.Assign, ast.AnnAssign)):
            targets = item.targets if isinstance(item, ast.Assign) else [item.target]
            for target in targets:
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    found[f"{name}.{target.id}"] = {"kind": "attribute", "signature": ""}
    for short in _self_names(node):
        found.setdefault(f"{name}.{short}", {"kind": "attribute", "signature": ""})
    constructors = [i for i in node.body if isinstance(i, ast.FunctionDef) and i.name == "__init__"]
    text = _arguments(constructors[0], True) if constructors else ""
    found[name] = {"kind": "class", "signature": text}
    return found


def _options_in_source(tables: dict[str, dict[str, str]]) -> Surface:
    """What the official package makes of its option tables when it is imported."""
    found: Surface = {}
    owners = {
        "NetworkOption": "fdb.options",
        "DatabaseOption": "fdb.Database.options",
        "TransactionOption": "fdb.Transaction.options",
    }
    for table, owner in owners.items():
        for option, kind in tables[table].items():
            text = {"type(None)": "()", "type(0)": "(param)"}.get(kind, "(param=None)")
            found[f"{owner}.set_{option.lower()}"] = {"kind": "method", "signature": text}
    for mutation in tables["MutationType"]:
        for prefix in ("", "bit_"):
            for owner in ("fdb.Database", "fdb.Transaction"):
                name = f"{owner}.{prefix}{mutation.lower()}"
                found[name] = {"kind": "method", "signature": "(key, param)"}
    return found


def of_source(folder: pathlib.Path) -> Surface:
    """Returns what can be seen of a package in its source: to be compared with another such surface."""
    found: Surface = {}
    for path in sorted(folder.glob("*.py")):
        module = "fdb" if path.stem == "__init__" else f"fdb.{path.stem}"
        if module in _NOT_PUBLIC:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.stem == "fdboptions":
            found.update(_options_in_source(_tables(tree)))
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                entry = {"kind": "function", "signature": _arguments(node, False)}
                found[f"{module}.{node.name}"] = entry
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.update(_class_in_source(f"{module}.{node.name}", node, classes))
        if module == "fdb":
            for name in _exported(tree):
                found[f"fdb.{name}"] = {"kind": "alias", "signature": ""}
    return found


def _tables(tree: ast.Module) -> dict[str, dict[str, str]]:
    """Name of the table -> name of the option -> source of the type of its parameter."""
    return {
        node.targets[0].id: {
            key.value: ast.unparse(value.elts[2])
            for key, value in zip(node.value.keys, node.value.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(value, ast.Tuple)
        }
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Dict)
    }


def _exported(tree: ast.Module) -> list[str]:
    """The names that api_version() copies into the package: tuples of strings in its source."""
    return [
        element.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
        for element in node.value.elts
        if isinstance(element, ast.Constant) and isinstance(element.value, str)
    ]


def of_options(owner: str, options: Any) -> Surface:
    """Returns the methods of an object that holds options, as members of `owner`.options."""
    members = _members(type(options), set())
    return {f"{owner}.options.{name}": entry for name, entry in members.items()}


def with_options(complete: bool = False) -> Surface:
    """Returns `collect` and the options of databases and transactions."""
    import fdb.impl

    database = fdb.impl.open()
    return {
        **collect(complete),
        **of_options("fdb.Database", database.options),
        **of_options("fdb.Transaction", database.create_transaction().options),
    }


def main() -> None:
    import fdb

    what = sys.argv[2]
    fdb.api_version(int(sys.argv[1]))
    print(json.dumps(module_names() if what == "module" else with_options(what == "complete")))


if __name__ == "__main__":
    main()
