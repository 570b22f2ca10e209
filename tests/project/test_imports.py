"""The plan of fdb/: who imports whom, read from the sources, with what is imported for type checkers and in functions.

Three rules, each with planted offenders below: no circle, no import of an upper layer, no import inside a function but those
of `IN_FUNCTIONS`.
"""

from __future__ import annotations

import ast
import fnmatch
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from helpers.paths import ROOT

#: From bottom to top. A module may import those of its own layer and of the lower ones; the longest pattern that fits
#: says which it is in.
LAYERS: dict[str, tuple[str, ...]] = {
    # They import nothing but each other.
    "leaves": (
        "fdb._version",
        "fdb._types",
        "fdb._typing",
        "fdb._times",
        "fdb._errors",
        "fdb._error_text",
        "fdb._notebooks",
        "fdb._generated.errors",
        "fdb._generated.error_codes",
    ),
    "the doors to C": ("fdb._native", "fdb._native.*"),
    # Their parameters are converted in C; what sets them is handed in.
    "options": ("fdb._option_setter", "fdb._generated", "fdb._generated.options"),
    "event models": ("fdb._waiting", "fdb._waiting.*"),
    "start-up": ("fdb._startup", "fdb._startup.*"),
    # A data layer that the client API builds on: the name of a tenant may be a tuple.
    "tuples": ("fdb.tuple", "fdb._tuple", "fdb._tuple.*"),
    "client API": ("fdb._*", "fdb.impl"),
    "data layers": (
        "fdb._layers",
        "fdb.subspace_impl",
        "fdb.directory_impl",
        "fdb._directory",
        "fdb._directory.*",
        "fdb.locality",
        "fdb.tenant_management",
        "fdb._flows",
        "fdb.layers",
        "fdb.layers.*",
        "fdb._display.places",
        "fdb._dump",
        "fdb._dump.*",
        "fdb._display.directories",
    ),
    "public face": (
        "fdb",
        "fdb.apiversion",
        "fdb.fdboptions",
        "fdb.embedded",
        "fdb.embedded.*",
        "fdb.telemetry",
        "fdb.testing",
        "fdb.testing.*",
        "fdb.__main__",
        "fdb._display.html",
        "fdb._browse",
        "fdb._browse.*",
        "fdb._cli",
        "fdb._cli.*",
        "fdb._doctor",
        "fdb._doctor.*",
        "fdb._shell",
        "fdb._shell.*",
    ),
}
ORDER = list(LAYERS)

#: Layers that never reach C themselves, and the one file that imports the cffi module.
WITHOUT_C = ("tuples", "data layers")
CFFI = "fdb._native._cffi"
CFFI_DOOR = "fdb._native.library"

#: (module, what it imports inside a function) -> why it does not at its top.
IN_FUNCTIONS: dict[tuple[str, str], str] = {
    ("fdb._browse", "fdb._browse.page"): "starlette and uvicorn need not be installed",
    ("fdb", "contextlib"): "slow to load, and for forks while a module is loaded only",
    ("fdb", "importlib"): "for names that are loaded on their first use",
    ("fdb", "importlib.import_module"): "modules that an API version has, or that few programs use",
    (
        "fdb._waiting.callbacks",
        "threading",
    ): "slow to load, and for callbacks that have to wait only",
    ("fdb.__main__", "fdb._doctor.command_line"): "for the doctor, where the rest is broken",
    ("fdb.__main__", "fdb._cli.main"): "its libraries need not be installed",
    ("fdb._cli.main", "importlib.import_module"): "--help loads no command",
    ("fdb._cli.output", "rich.cells"): "slow to load, and for terminals only",
    ("fdb._cli.output", "rich.console"): "slow to load, and for terminals only",
    ("fdb._cli.output", "rich.table"): "slow to load, and for terminals only",
    ("fdb._cli.output", "rich.text"): "slow to load, and for terminals only",
    ("fdb._cli.progress", "rich.console"): "slow to load, and for terminals only",
    ("fdb._cli.progress", "rich.progress"): "slow to load, and for terminals only",
    ("fdb._startup.locate", "warnings"): "slow to load, and seldom needed",
    ("fdb._native.process", "traceback"): "slow to load, and seldom needed",
    ("fdb._waiting.timed", "asyncio"): "slow to load, and not needed in a blocking program",
    ("fdb._waiting.timed", "gevent"): "an optional dependency",
    ("fdb._waiting.timed", "gevent.event"): "an optional dependency",
    ("fdb._async", "fdb._bulk.scan"): "few programs have so many rows",
    ("fdb._async", "fdb._bulk.work"): "few programs have so many rows",
    ("fdb._async", "fdb._bulk.write"): "few programs have so many rows",
    ("fdb._async", "fdb._flow_requests"): "for what takes several transactions only",
    ("fdb._blocking", "fdb._bulk.scan"): "few programs have so many rows",
    ("fdb._blocking", "fdb._bulk.work"): "few programs have so many rows",
    ("fdb._blocking", "fdb._bulk.write"): "few programs have so many rows",
    ("fdb._blocking", "fdb._flow_requests"): "for what takes several transactions only",
    ("fdb._frames", "importlib.import_module"): "pandas and polars need not be installed",
    ("fdb._range", "fdb._frames"): "few programs want frames",
    ("fdb._bulk.scan", "fdb._frames"): "few programs want frames",
    ("fdb._range", "itertools"): "a start loads none of it, and few programs want pages",
    ("fdb._open", "fdb._async"): "programs without asyncio need none of it",
    ("fdb._blocking", "fdb._attempt_loops"): "for programs that write such loops",
    ("fdb._async", "fdb._attempt_loops"): "for programs that write such loops",
    ("fdb._open", "fdb._policy"): "programs without a policy need none of it",
    ("fdb._open", "fdb._governed"): "programs without a policy need none of it",
    ("fdb._retry", "fdb._policy"): "programs without a policy need none of it",
    ("fdb._retry", "fdb._governed"): "programs without a policy need none of it",
    ("fdb._retry", "functools"): "slow to load, and for programs with functions to decorate only",
    ("fdb._retry", "inspect"): "slow to load, and most functions are plain",
    (
        "fdb._observing.opentelemetry_exporter",
        "opentelemetry",
    ): "opentelemetry-api need not be installed",
    ("fdb._sources", "fdb._observing.observers"): "most programs observe nothing",
    ("fdb._sources", "fdb.tuple"): "the names of most tenants are no tuples",
    ("fdb._startup.cluster_names", "re"): "slow to load, and for the text of an error alone",
    ("fdb._startup.opening", "fdb._waiting.asyncio_model"): "asyncio is slow to load",
    ("fdb._startup.opening", "fdb._waiting.gevent_model"): "gevent need not be installed",
    ("fdb._causality", "fdb._governed"): "for programs with sessions or policies only",
    ("fdb._causality", "fdb._policy"): "for programs with sessions or policies only",
    ("fdb._blocking", "fdb._health"): "few programs ask how the database is",
    ("fdb._async", "fdb._health"): "few programs ask how the database is",
    ("fdb._layers", "asyncio"): "slow to load, and in use already where a loop runs",
    ("fdb._startup.locate", "ctypes.util"): "slow to load, and the last resort of the search",
    ("fdb._startup.locate", "tempfile"): "slow to load, and for forked children only",
    ("fdb.embedded.progress", "rich.console"): "rich need not be installed",
    ("fdb.embedded.progress", "rich.progress"): "rich need not be installed",
    ("fdb.testing._serializable", "hypothesis"): "Hypothesis need not be installed",
    ("fdb._shell.opening", "fdb._shell.history"): "prompt_toolkit need not be installed",
    ("fdb._shell.opening", "fdb._shell.prompt"): "prompt_toolkit need not be installed",
    ("fdb._tuple.pure", "uuid"): "slow to load, and for tuples with a UUID only",
}


class Import(NamedTuple):
    """One import of a module, wherever in the file it stands."""

    importer: str
    imported: str
    in_function: bool
    line: int

    def __str__(self) -> str:
        return f"{self.importer} (line {self.line}) imports {self.imported}"


def sources(root: pathlib.Path) -> dict[str, pathlib.Path]:
    """Returns the files of the package below `root` by module; the stub for what is made of C."""
    found: dict[str, pathlib.Path] = {}
    for path in sorted([*root.glob("fdb/**/*.pyi"), *root.glob("fdb/**/*.py")]):
        parts = path.relative_to(root).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[module] = path
    return found


def imports_of(module: str, path: pathlib.Path, modules: set[str]) -> Iterator[Import]:
    """Yields every import of a file. That a package is loaded before its modules is not one."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]

    def visit(node: ast.AST, in_function: bool) -> Iterator[Import]:
        for name in _imported_by(node, package, modules):
            yield Import(module, name, in_function, getattr(node, "lineno", 0))
        inside = in_function or isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        )
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(ast.parse(path.read_text(), str(path)), False)


def _imported_by(node: ast.AST, package: str, modules: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*above, *([base] if base else [])])
        names = {f"{base}.{alias.name}" for alias in node.names}
        yield from sorted({name if name in modules else base for name in names})
    elif isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called in ("__import__", "import_module", "importlib.import_module"):
            argument = node.args[0] if node.args else None
            constant = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            yield argument.value if constant else called  # type: ignore[union-attr]


def all_imports(root: pathlib.Path = ROOT) -> list[Import]:
    """Returns the imports of the whole package, without those from `__future__`."""
    files = sources(root)
    return [
        found
        for module, path in files.items()
        for found in imports_of(module, path, set(files))
        if found.imported != "__future__"
    ]


def layer_of(module: str) -> str:
    """Returns the layer that a module of the package belongs to."""
    fitting = [
        (len(pattern), layer)
        for layer, patterns in LAYERS.items()
        for pattern in patterns
        if fnmatch.fnmatchcase(module, pattern)
    ]
    if not fitting:
        raise LookupError(f"{module} is in no layer of LAYERS: say where it belongs")
    return max(fitting)[1]


def upward(imports: list[Import]) -> list[str]:
    """Says which imports go against the layers."""
    found = []
    for each in imports:
        if each.imported != "fdb" and not each.imported.startswith("fdb."):
            continue
        lower, upper = layer_of(each.importer), layer_of(each.imported)
        if ORDER.index(upper) > ORDER.index(lower):
            found.append(f"{each}: {lower} must not know {upper}")
        elif lower in WITHOUT_C and upper == "the doors to C":
            found.append(f"{each}: {lower} reach C through the client API only")
        elif each.imported == CFFI and each.importer != CFFI_DOOR:
            found.append(f"{each}: only {CFFI_DOOR} does")
    return found


def circles(imports: list[Import]) -> list[str]:
    """Returns a shortest way round for every set of modules that import each other."""
    graph: dict[str, set[str]] = {}
    for each in imports:
        graph.setdefault(each.importer, set()).add(each.imported)
    found: list[str] = []
    seen: set[str] = set()
    for start in sorted(graph):
        way = _way_back(graph, start)
        if way is not None and not seen.intersection(way):
            found.append(" -> ".join(way))
        seen.update(way or ())
    return found


def _way_back(graph: dict[str, set[str]], start: str) -> list[str] | None:
    ways = [[start]]
    reached: set[str] = set()
    for way in ways:
        for following in sorted(graph.get(way[-1], ())):
            if following == start:
                return [*way, start]
            if following not in reached:
                reached.add(following)
                ways.append([*way, following])
    return None


def in_functions(imports: list[Import]) -> list[str]:
    """Says which imports stand in a function without a reason."""
    return [
        f"{each} inside a function"
        for each in imports
        if each.in_function and (each.importer, each.imported) not in IN_FUNCTIONS
    ]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return all_imports()


def test_nobody_imports_an_upper_layer(imports: list[Import]) -> None:
    assert upward(imports) == []


def test_there_is_no_circle(imports: list[Import]) -> None:
    assert circles(imports) == []


def test_imports_stand_at_the_top_of_their_file(imports: list[Import]) -> None:
    assert in_functions(imports) == []


def test_the_exceptions_are_in_use() -> None:
    present = {(each.importer, each.imported) for each in all_imports() if each.in_function}
    assert {*IN_FUNCTIONS} <= present


def test_every_module_has_a_layer() -> None:
    files = sources(ROOT)
    assert {"fdb", "fdb._native.extension", "fdb._native._cffi", "fdb._tuple.codec"} <= {*files}
    assert {layer_of(module) for module in files} == {*LAYERS}
    with pytest.raises(LookupError, match="fdb.novelty is in no layer"):
        layer_of("fdb.novelty")


# ---- the rules find what they are for ----

CLEAN = {
    "__init__.py": "from fdb._transaction import Transaction",
    "_native/__init__.py": "",
    "_native/library.py": "from fdb._native._cffi import ffi",
    "_native/_cffi.pyi": "ffi: object",
    "_native/extension.pyi": "",
    "_waiting/model.py": "from fdb._native import extension",
    "_transaction.py": "from fdb._native.extension import KeyValue\nfrom fdb._waiting import model",
    "locality.py": "from fdb._transaction import Transaction",
}


def planted(tmp_path: pathlib.Path, **files: str) -> list[Import]:
    """Returns the imports of a small package in order, with some files added or replaced."""
    for name, text in {**CLEAN, **files}.items():
        path = tmp_path / "fdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"from __future__ import annotations\n{text}\n")
    return all_imports(tmp_path)


def test_a_package_in_order_passes(tmp_path: pathlib.Path) -> None:
    found = planted(tmp_path)
    assert len(found) == 6
    assert (upward(found), circles(found), in_functions(found)) == ([], [], [])


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("_waiting/model.py", "import fdb._transaction", "event models must not know client API"),
        ("_waiting/model.py", "from fdb import _transaction", "must not know client API"),
        ("_waiting/model.py", "from .. import _transaction", "must not know client API"),
        ("_waiting/model.py", "from .._transaction import X", "must not know client API"),
        (
            "_waiting/model.py",
            "if TYPE_CHECKING:\n    from fdb._transaction import X",
            "must not know client API",
        ),
        (
            "_waiting/model.py",
            "class C:\n    async def f(self):\n        import fdb._startup.client",
            "event models must not know start-up",
        ),
        ("_native/extension.pyi", "from fdb._values import Value", "the doors to C must not know"),
        ("_transaction.py", "from fdb import locality", "client API must not know data layers"),
        ("_errors.py", "from fdb import _native", "leaves must not know the doors to C"),
        ("_startup/client.py", "from fdb import Database", "start-up must not know public face"),
        ("locality.py", "from fdb._native import extension", "data layers reach C through"),
        ("_tuple/pure.py", "from fdb._native import library", "tuples reach C through"),
        ("_transaction.py", "from fdb._native._cffi import lib", "only fdb._native.library does"),
    ],
)
def test_an_import_of_an_upper_layer_is_found(
    tmp_path: pathlib.Path, name: str, text: str, complaint: str
) -> None:
    (found,) = upward(planted(tmp_path, **{name: text}))
    assert complaint in found


def test_a_circle_is_found(tmp_path: pathlib.Path) -> None:
    files = {
        "_range.py": "if TYPE_CHECKING:\n    from fdb._watch import Watch",
        "_watch.py": "def wait():\n    from fdb import _retry",
        "_retry.py": "from fdb._range import FDBRange",
        "_values.py": "import fdb._values",
    }
    assert circles(planted(tmp_path, **files)) == [
        "fdb._range -> fdb._watch -> fdb._retry -> fdb._range",
        "fdb._values -> fdb._values",
    ]


def test_a_circle_through_a_stub_is_found(tmp_path: pathlib.Path) -> None:
    found = planted(tmp_path, **{"_native/extension.pyi": "from fdb.locality import X"})
    assert circles(found) == [
        "fdb._native.extension -> fdb.locality -> fdb._transaction -> fdb._native.extension"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    import fdb._watch",
        "async def f():\n    if True:\n        import tempfile",
        "class C:\n    def f(self):\n        from fdb import _watch",
        "def f():\n    class C:\n        import os",
        "def f(name):\n    return importlib.import_module(name)",
        "f = lambda: __import__('tempfile')",
    ],
)
def test_an_import_inside_a_function_is_found(tmp_path: pathlib.Path, text: str) -> None:
    (found,) = in_functions(planted(tmp_path, **{"_range.py": text, "_watch.py": ""}))
    assert found.startswith("fdb._range (line ") and found.endswith("inside a function")
