"""The public names: what the package promises, which the reference has to document.

Public is what a public module gives without an underscore (or says in `__all__`), with the attributes of classes; of a class that has a public
base only what is its own, since the rest is public there. What functions give out that has no name of its own is public where it is got
(`RETURNED`). The fixtures for pytest are public, too: their names are what tests name, without a module.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any, NamedTuple

from source import module_of, source_of

import fdb
import fdb_pytest

MODULES = (
    *("fdb", "fdb.tuple", "fdb.embedded", "fdb.testing", "fdb.layers", "fdb.telemetry", "fdb.locality"),
    *("fdb.tenant_management", "fdb.directory_impl", "fdb.subspace_impl", "fdb.fdboptions", "fdb.impl"),
    "fdb.apiversion",
)  # fmt: skip
#: Classes without a public name whose members programs use: where they get them.
RETURNED = {
    "fdb.Collector.total": "fdb._observing.collector.Statistics",
    "fdb.Collector.total.elapsed": "fdb._observing.histogram.Histogram",
    "fdb.Database.observers": "fdb._observing.observers.Observers",
    "fdb.options": "fdb._generated.options.NetworkOptions",
    "fdb.Database.options": "fdb._generated.options.DatabaseOptions",
    "fdb.Transaction.options": "fdb._generated.options.TransactionOptions",
    "fdb.predicates": "fdb._errors.ErrorPredicates",
    "fdb.Database.attempts()": "fdb._attempt_loops.Attempt",
    "fdb.Status.client_messages": "fdb._status.StatusMessage",
    "fdb.Status.configuration": "fdb._status.Configuration",
    "fdb.Status.coordinators": "fdb._status.Coordinator",
    "fdb.Status.data": "fdb._status.Data",
    "fdb.Status.fault_tolerance": "fdb._status.FaultTolerance",
    "fdb.Status.latency_probe": "fdb._status.LatencyProbe",
    "fdb.Status.processes": "fdb._status.Process",
    "fdb.Status.processes.roles": "fdb._status.Role",
    "fdb.Status.qos": "fdb._status.Throttling",
    "fdb.Status.recovery_state": "fdb._status.Recovery",
    "fdb.Status.workload": "fdb._status.Workload",
    "fdb.Status.workload.reads": "fdb._status.Rate",
}
#: What modules import for themselves.
_BORROWED = ("annotations", "Final", "OptionTable")


class PublicName(NamedTuple):
    """A public name: what it names, and the class that has it, if it is an attribute."""

    path: str
    thing: Any
    owner: type | None
    #: The path under which it is documented: its own, or that of another name for the same.
    documented: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def group(self) -> str:
        """What kind of name it is, where many are alike and are documented together."""
        if self.path != self.documented:
            return "other names"
        if self.owner is None:
            return ""
        if self.owner is fdb.ErrorCode:
            return "error codes"
        if self.name.startswith("set_") and "options" in self.path.split("."):
            return "options"
        if _definer(self.owner, self.name).__module__ == "fdb._bytes_methods":
            return "methods of bytes"
        return ""


def public_names() -> list[PublicName]:
    """Returns all public names, those of the API version 740."""
    if not fdb.is_api_version_selected():
        fdb.api_version(740)
    found: list[PublicName] = []
    known: dict[int, str] = {}
    for module in [importlib.import_module(name) for name in MODULES]:
        for name in _names_of(module):
            thing, path = getattr(module, name), f"{module.__name__}.{name}"
            if inspect.ismodule(thing):
                continue
            shared = isinstance(thing, (int, str)) or path in RETURNED
            documented = path if shared else known.setdefault(id(thing), path)
            found.append(PublicName(path, thing, None, documented))
    classes = {each.path: each.thing for each in found if inspect.isclass(each.thing) and each.path == each.documented}  # fmt: skip
    for path, cls in classes.items():
        found += _members(path, cls, {*classes.values()} - {cls})
    for name, thing in vars(fdb_pytest).items():
        if is_fixture(thing) and not name.startswith("_"):
            found.append(PublicName(name, thing, None, name))
    for path, place in RETURNED.items():
        module_name, _, name = place.rpartition(".")
        found += _members(path, getattr(importlib.import_module(module_name), name), set())
    return sorted(found)


def is_fixture(thing: Any) -> bool:
    """Whether something is a fixture of pytest."""
    return hasattr(thing, "_get_wrapped_function")


def _names_of(module: Any) -> list[str]:
    names = getattr(module, "__all__", None) or [
        name for name in dir(module) if not name.startswith("_") and name not in _BORROWED
    ]
    return sorted(names)


def _definer(cls: type, name: str) -> type:
    return next((base for base in cls.__mro__ if name in vars(base)), cls)


def _members(path: str, cls: type, others: set[type]) -> list[PublicName]:
    """Returns the attributes of a class that no public base of it has."""
    bases = [base for base in cls.__mro__[1:] if base in others]
    found = []
    for name in sorted({*dir(cls), *_instance_attributes(cls)}):
        definer = _definer(cls, name)
        own = definer is cls or not any(hasattr(base, name) for base in bases)
        if name.startswith("_") or not own or not definer.__module__.startswith("fdb"):
            continue
        if definer is cls and any(name in _instance_attributes(base) for base in bases):
            if name not in vars(cls):
                continue
        thing = inspect.getattr_static(cls, name, None)
        main = _same_as(name, thing, cls)
        found.append(PublicName(f"{path}.{name}", thing, cls, f"{path}.{main}"))
    return found


def _same_as(name: str, thing: Any, cls: type) -> str:
    """Returns the name that an attribute is only another name for, or its own name."""
    said = re.match(
        r"(?:The same as|Old name of) `?(\w+)`?\.(?:\s|$)", getattr(thing, "__doc__", None) or ""
    )
    if said and hasattr(cls, said[1]):
        return said[1]
    function_name = getattr(thing, "__name__", name)
    return function_name if function_name != name and hasattr(cls, function_name) else name


def _instance_attributes(cls: type) -> set[str]:
    """Returns the attributes that the source of a class and its bases declares, or sets when an object is made."""
    found = set()
    for base in cls.__mro__:
        source = source_of(module_of(base))
        prefix = f"{base.__qualname__}."
        for name in {*source.types, *source.docstrings} if source is not None else ():
            if name.startswith(prefix) and "." not in name.removeprefix(prefix):
                found.add(name.removeprefix(prefix))
    return found
