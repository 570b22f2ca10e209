"""What the reference says of a public name: its kind, its signatures or type, and its docstring."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from typing import Any

from public_names import PublicName, is_fixture
from source import (
    Signature,
    attribute_said,
    is_typed,
    module_of,
    nodes_of,
    origin_of,
    signatures_of,
    source_of,
    text_of_parameters,
)


class Described:
    """A public name as the reference shows it."""

    def __init__(self, public: PublicName) -> None:
        self.public = public
        self.thing = _function_of(public.thing)

    @property
    def kind(self) -> str:
        """The directive of Sphinx that shows it."""
        thing = self.thing
        if inspect.isclass(thing):
            return "exception" if issubclass(thing, BaseException) else "class"
        if self.public.owner is None:
            is_function = inspect.isroutine(thing) and not is_fixture(self.public.thing)
            return "function" if is_function else "data"
        if isinstance(thing, (staticmethod, classmethod)) or inspect.isroutine(thing):
            return "method"
        return "property" if isinstance(thing, property) else "attribute"

    @property
    def flags(self) -> list[str]:
        """Options of the directive."""
        found = [kind for kind in (staticmethod, classmethod) if isinstance(self.thing, kind)]
        flags = [f":{kind.__name__}:" for kind in found]
        if self.kind in ("function", "method"):
            is_async = any(isinstance(node, ast.AsyncFunctionDef) for node in nodes_of(self.thing))
            is_async = is_async or _is_coroutine(self.thing, self.public.owner)
            return flags + ([":async:"] if is_async else [])
        return flags + (
            [f":type: {self.type}"]
            if self.kind in ("data", "attribute", "property") and self.type
            else []
        )

    @property
    def signatures(self) -> list[Signature]:
        """The signatures of a function; none of what is not called."""
        bound = self.kind == "method" and not isinstance(self.thing, staticmethod)
        if self.kind not in ("function", "method"):
            return []
        found = signatures_of(self.thing, bound)
        return (
            [Signature(each.parameters, "None") for each in found]
            if _is_atomic(self.thing)
            else found
        )

    @property
    def parameters(self) -> set[str]:
        """The names of its parameters."""
        made = self.thing.__init__ if inspect.isclass(self.thing) else self.thing
        try:
            return {*inspect.signature(getattr(made, "__func__", made)).parameters}
        except (TypeError, ValueError):
            return set()

    @property
    def constructor(self) -> Signature:
        """How an object of a class is made."""
        for name in ("__init__", "__new__"):
            function = inspect.getattr_static(self.thing, name)
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function) and source_of(function.__module__) is not None:
                found = signatures_of(function, bound=True)
                if found:
                    return Signature(found[0].parameters, "")
        source = source_of(module_of(self.thing))
        nodes = source.functions.get(f"{self.thing.__qualname__}.__new__") if source else None
        text = (
            text_of_parameters(nodes[0].args, bound=True, names={})
            if nodes
            else _of_fields(self.thing)
        )
        return Signature(text, "")

    @property
    def type(self) -> str:
        """The type of an attribute, a property or an object, as text; empty if there is none."""
        public, thing = self.public, self.thing
        if is_fixture(public.thing):
            returns = signatures_of(thing, bound=False)[0].returns
            return re.sub(r"^Iterator\[(.*)\]$", r"\1", returns)
        if isinstance(thing, (property, functools.cached_property)):
            function = thing.fget if isinstance(thing, property) else thing.func
            found = signatures_of(function, bound=True)
            return found[0].returns if found else ""
        if public.owner is not None:
            type_ = attribute_said(public.owner, public.name)[0]
            return (
                type_
                or _type_in_c(thing)
                or ("" if hasattr(thing, "__get__") else type(thing).__name__)
            )
        module, name = origin_of(*public.path.rsplit(".", 1))
        source = source_of(module)
        annotation = source.types.get(name, "") if source is not None else ""
        annotation = re.sub(r"^Final(?:\[(.*)\])?$", r"\1", annotation)
        return annotation or ("" if inspect.isroutine(thing) else type(thing).__name__)

    @property
    def docstring(self) -> str:
        """The docstring; of a class with that of its constructor. Empty if there is none."""
        public, thing = self.public, self.thing
        if inspect.isclass(thing):
            made = vars(thing).get("__init__")
            # Without what object says of its own, which getdoc would find.
            own = made.__doc__ if inspect.isfunction(made) else None
            parts = [inspect.getdoc(thing), own and inspect.cleandoc(own)]
            return "\n\n".join(part for part in parts if part)
        if public.group == "methods of bytes":
            return inspect.getdoc(getattr(bytes, public.name)) or ""
        if isinstance(thing, (staticmethod, classmethod, property)) or inspect.isroutine(thing):
            return inspect.getdoc(getattr(thing, "__func__", thing)) or ""
        if public.owner is not None:
            said = attribute_said(public.owner, public.name)[1]
            return said or (
                inspect.getdoc(thing) or "" if inspect.isgetsetdescriptor(thing) else ""
            )
        module, name = origin_of(*public.path.rsplit(".", 1))
        source = source_of(module)
        return source.docstrings.get(name, "") if source is not None else ""

    @property
    def is_typed(self) -> bool:
        """Whether all of it has types."""
        thing = self.thing
        if inspect.isclass(thing):
            made = inspect.getattr_static(thing, "__init__")
            own = (
                inspect.isfunction(made)
                and source_of(made.__module__) is not None
                and bool(nodes_of(made))
            )
            return is_typed(made, bound=True) if own else True
        if self.kind in ("function", "method"):
            bound = self.kind == "method" and not isinstance(thing, staticmethod)
            return is_typed(getattr(thing, "__func__", thing), bound)
        return bool(self.type)


def _function_of(thing: Any) -> Any:
    """Returns the function of a fixture of pytest, anything else as it is."""
    return thing._get_wrapped_function() if is_fixture(thing) else thing


def _is_atomic(function: Any) -> bool:
    return getattr(function, "__qualname__", "").startswith("AtomicOperations.")


def _is_coroutine(function: Any, owner: type | None) -> bool:
    """Whether a method that databases of all event models share returns a coroutine in this class."""
    return _is_atomic(function) and owner is not None and owner.__name__.startswith("Async")


def _type_in_c(thing: Any) -> str:
    """Returns the type of an attribute of a class in C, as its stub says it: a property there."""
    owner = getattr(thing, "__objclass__", None)
    found = (
        signatures_of(thing, bound=True)
        if owner is not None and hasattr(thing, "__qualname__")
        else []
    )
    return found[0].returns if found else ""


def _of_fields(cls: type) -> str:
    """Returns the parameters of a class whose constructor is made from its fields."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (ValueError, TypeError):
        return ""
    texts = []
    for each in parameters:
        annotation = "" if each.annotation is each.empty else f": {each.annotation}"
        default = "" if each.default is each.empty else f" = {each.default!r}"
        texts.append(f"{each.name}{annotation}{default}")
    return f"({', '.join(texts)})"
