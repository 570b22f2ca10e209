"""The directives of the reference: names, types and docstrings are taken from the package, and stand in no page a second time.

    ```{api} fdb.Database
    ```

is a public name with its signatures and docstring; of a class all public members follow, those of its bases without a name of their own, too. Lines
in it are options, one on each line: `:not-made:` for a class that programs do not make themselves, `:members: a b` for these members alone, `:without: a b`
for all but these, `:overloads: 1 3` for some of the signatures. A part of a class may stand elsewhere on the page, as `{api-members} fdb.Database` with the same options.

    ```{same-as} fdb.Tenant fdb.Database
    ```

lists the members of one class that are as those of another, with links to them. `{other-names} fdb.impl` lists the names of a module, or a class, that are
only other names for what is documented elsewhere. `{type-name} fdb._types.KeyArgument` is a name
that stands in signatures and in no public module. `{error-codes}`, `{options} fdb.Transaction.options` and `{bytes-methods} fdb.impl.FutureString` are tables of
what is many and alike; `{fields} fdb.Status.data` is one of what objects without a public name have.

Everything is built as reStructuredText, since docstrings are, with plain backticks: names in them become links where they name something.
"""

from __future__ import annotations

import abc
import builtins
import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from described import Described
from docutils import nodes
from docutils.parsers.rst import directives
from links import as_rst, by_path, meant, paths_of_classes
from public_names import PublicName
from source import Signature, signatures_of, source_of
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import find_pending_xref_condition

import fdb

#: What the language calls, which is shown where it has a docstring.
_OPERATORS = ("__getitem__", "__setitem__", "__delitem__", "__iter__", "__aiter__", "__await__", "__call__")  # fmt: skip


def named(path: str) -> PublicName:
    """Returns a public name. Raises ValueError for what is none."""
    try:
        return by_path()[path]
    except KeyError:
        raise ValueError(f"{path} is no public name") from None


def members_of(path: str) -> list[PublicName]:
    """Returns the public names of a class, or of what is found under a path: its attributes."""
    return [each for each in by_path().values() if each.path.rpartition(".")[0] == path]


def directive(described: Described, name: str, signatures: list[Signature]) -> list[str]:
    """Returns the lines of the directive for a name, without what members it has."""
    begin = f".. py:{described.kind}:: "
    texts = [
        name + each.parameters + (f" -> {each.returns}" if each.returns else "")
        for each in signatures or [Signature("", "")]
    ]
    lines = [begin + texts[0], *(" " * len(begin) + text for text in texts[1:])]
    lines += [f"   {flag}" for flag in described.flags]
    return [*lines, "", *indented(described_text(described)), ""]


def base_classes(thing: Any) -> str:
    """Returns a sentence that names the public classes that a class is derived from, and exceptions of Python; empty if there are none."""
    if not inspect.isclass(thing):
        return ""
    known = paths_of_classes()
    names: list[str] = []
    seen: set[type] = set()
    for base in thing.__mro__[1:]:
        if base in seen:
            continue
        if base in known:
            names.append(f":py:obj:`{base.__name__} <{known[base]}>`")
        elif base.__module__ == "builtins" and base not in (object, Exception, BaseException):
            names.append(f"``{base.__name__}``")
        else:
            continue
        seen.update(base.__mro__)
    return f"Base classes: {', '.join(names)}." if names else ""


def described_text(described: Described) -> str:
    """Returns the docstring of a name as reStructuredText."""
    return as_rst(described.docstring, described.public.path, described.parameters)


def indented(text: str) -> list[str]:
    """Returns the lines of a text as those of a directive."""
    return textwrap.indent(text, "   ").splitlines()


def member_lines(each: PublicName) -> list[str]:
    """Returns the lines that show an attribute within its class, or what is found under a path."""
    described = Described(each)
    within_class = inspect.isclass(named(each.path.rpartition(".")[0]).thing)
    return directive(described, each.name if within_class else each.path, described.signatures)


def operator_lines(cls: type) -> list[str]:
    """Returns the lines that show what the language calls of a class, but for what it has of a public base."""
    lines: list[str] = []
    bases = [base for base in cls.__mro__[1:] if base in paths_of_classes()]
    for name in _OPERATORS:
        if name not in vars(cls) and any(hasattr(base, name) for base in bases):
            continue
        function = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
        if inspect.isfunction(function) and function.__doc__:
            public = PublicName(f"{cls.__module__}.{cls.__qualname__}.{name}", function, cls, "")
            described = Described(public)
            lines += [*directive(described, name, described.signatures[:2])]
    return lines


class _Generated(SphinxDirective, abc.ABC):
    """A directive whose content is made as reStructuredText."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        source = "\n".join(["```{eval-rst}", *self.lines(), "```"])
        return self.parse_text_to_nodes(source, allow_section_headings=False)

    @abc.abstractmethod
    def lines(self) -> list[str]:
        """Returns the lines of reStructuredText."""


class Api(_Generated):
    """Documents a public name and the attributes that it has."""

    option_spec = {
        "not-made": directives.flag,
        "members": directives.unchanged,
        "without": directives.unchanged,
        "overloads": directives.unchanged,
    }

    def lines(self) -> list[str]:
        path = self.arguments[0]
        described = Described(named(path))
        signatures = described.signatures
        if "overloads" in self.options:
            signatures = [signatures[int(each) - 1] for each in self.options["overloads"].split()]
        if inspect.isclass(described.thing):
            signatures = [] if "not-made" in self.options else [described.constructor]
        lines = directive(described, path, signatures)
        lines += [*indented(base_classes(described.thing)), ""]
        members = self.member_lines(path, described.thing)
        return lines + (
            indented("\n".join(members)) if inspect.isclass(described.thing) else members
        )

    def member_lines(self, path: str, thing: Any) -> list[str]:
        """Returns the lines of the members that the options ask for."""
        lines: list[str] = []
        for each in self.chosen(path):
            lines += member_lines(each)
        if inspect.isclass(thing) and "members" not in self.options:
            lines += operator_lines(thing)
        return lines

    def chosen(self, path: str) -> list[PublicName]:
        """Returns the members that the options ask for."""
        without = self.options.get("without", "").split()
        found = {each.name: each for each in members_of(path) if each.name not in without}
        if "members" in self.options:
            return [found[name] for name in self.options["members"].split()]
        return [each for each in found.values() if not each.group]


class ApiMembers(Api):
    """Documents attributes of what is documented elsewhere: a part of those of a class, or those of what is found under a path."""

    def lines(self) -> list[str]:
        path = self.arguments[0]
        thing = named(path).thing
        members = self.member_lines(path, thing)
        if not inspect.isclass(thing):
            return members
        return [
            f".. py:class:: {path}",
            "   :no-index:",
            "",
            *indented("\n".join(members)),
        ]


class TypeName(_Generated):
    """Documents a name that is in no public module, and stands in signatures: what it is for is the content, or the docstring of a class."""

    has_content = True

    def lines(self) -> list[str]:
        module, _, name = self.arguments[0].rpartition(".")
        source = source_of(module)
        said = "\n".join(self.content)
        if source is not None and name in source.classes:
            head = [f".. py:class:: {name}"]
            said = said or source.classes[name].partition("\n\n")[0]
        elif source is not None and name in source.values:
            head = [f".. py:type:: {name}", f"   :canonical: {type_text(source.values[name])}"]
        else:
            raise self.error(f"{self.arguments[0]} is no name of a type")
        return [*head, "", *indented(as_rst(said, f"fdb.{name}", set()))]


def type_text(value: str) -> str:
    """Returns the text of a type, without the quotes around names that are defined later."""
    return value if "Literal" in value else re.sub(r"'([^']*)'", r"\1", value)


class SameAs(_Generated):
    """Lists the members of a class that are as those of another."""

    def lines(self) -> list[str]:
        path, other = self.arguments
        there = {each.name for each in members_of(other)}
        same = [each for each in members_of(path) if each.name in there]
        return names_listed([(each.path, f"{other}.{each.name}") for each in same])


class OtherNames(_Generated):
    """Lists the names of a module or class that are other names for what is documented elsewhere."""

    def lines(self) -> list[str]:
        found = [each for each in members_of(self.arguments[0]) if each.path != each.documented]
        if not found:
            raise self.error(f"{self.arguments[0]} has no other names")
        return names_listed([(each.path, each.documented) for each in found])


def names_listed(pairs: list[tuple[str, str]]) -> list[str]:
    """Returns a list of names that have places of their own here, with what they are."""
    rows = [(f":public-name:`{path}`", f":py:obj:`{other}`") for path, other in pairs]
    return table("", ("Name", "The same as"), rows)


def table(widths: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Returns a table: the widths of its columns, in percent, if they are not alike, their heads and the rows below."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        *([f"   :widths: {widths}"] if widths else []),
        "",
    ]
    for first, *rest in [head, *rows]:
        lines += [f"   * - {first}", *(f"     - {cell}" for cell in rest)]
    return lines


class BytesMethods(_Generated):
    """Lists the methods of bytes that a class has."""

    def lines(self) -> list[str]:
        found = [each for each in members_of(self.arguments[0]) if each.group == "methods of bytes"]
        return [" ".join(f":public-name:`{each.path}`" for each in found)]


class Fields(_Generated):
    """A table of the attributes of objects that have no class with a public name."""

    def lines(self) -> list[str]:
        rows: list[tuple[str, ...]] = []
        for each in members_of(self.arguments[0]):
            described = Described(each)
            said = " ".join(described_text(described).split())
            rows.append((f":public-name:`{each.path}`", f"``{described.type}``", said))
        return table("35 20 45", ("Attribute", "Type", "What it is"), rows)


class ErrorCodes(_Generated):
    """A table of the error codes."""

    required_arguments = 0

    def lines(self) -> list[str]:
        rows: list[tuple[str, ...]] = []
        for code in fdb.ErrorCode:
            said = escaped(str(fdb.FDBError(code).description))
            rows.append((str(int(code)), f":public-name:`fdb.ErrorCode.{code.name}`", said))
        return table("10 40 50", ("Code", "Name", "Description"), rows)


def escaped(text: str) -> str:
    """Returns a text that means nothing in reStructuredText."""
    return re.sub(r"([\\*`_|])", r"\\\1", text)


class Options(_Generated):
    """A table of options: how each is set, and what it is for."""

    def lines(self) -> list[str]:
        rows: list[tuple[str, ...]] = []
        for each in members_of(self.arguments[0]):
            said, _, parameter = (inspect.getdoc(each.thing) or "").partition("param: ")
            annotation = signatures_of(each.thing, bound=True)[0].parameters.strip("()")
            type_ = annotation.partition(": ")[2].partition(" = ")[0]
            about = f"{type_}: {parameter.strip().rstrip('.')}" if parameter else type_
            taken = escaped(" ".join(about.split())) or "none"
            rows.append((f":public-name:`{each.path}`", taken, escaped(" ".join(said.split()))))
        return table("35 15 50", ("Method", "Parameter", "What it does"), rows)


def public_name(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, *args: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """A role: the place of a public name that stands in a table."""
    public = named(text)
    node = nodes.literal(text, public.name, classes=["py"], ids=[text])
    inliner.document.note_explicit_target(node)
    domain = inliner.document.settings.env.get_domain("py")
    domain.note_object(text, "method" if callable(public.thing) else "attribute", text)
    return [node], []


def link_names(app: Sphinx, document: nodes.document) -> None:
    """Makes a link of the first mention of each public name on a page.

    A word without a module is one if it is a class, and the page is not about another package, which may have a class of that name.
    """
    seen: set[str] = set()
    from_others = "/from-" in app.env.docname
    for literal in [*document.findall(nodes.literal)]:
        text = literal.astext()
        place = meant(text, "fdb")
        if place is None or place in seen or literal.get("ids") or _is_within_link(literal):
            continue
        is_class = text[0].isupper() and not from_others
        if not (is_class or text.startswith(("fdb.", "db.", "tr."))):
            continue
        seen.add(place)
        reference = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=place, refexplicit=True, refdoc=app.env.docname
        )  # fmt: skip
        literal.replace_self(reference)
        reference += literal


def _is_within_link(node: Any) -> bool:
    while node is not None:
        if isinstance(node, (nodes.reference, nodes.title, addnodes.pending_xref, addnodes.desc)):
            return True
        node = node.parent
    return False


def outdated(app: Sphinx, env: Any, *changes: set[str]) -> list[str]:
    """Has the reference read anew each time: what it says stands in the package."""
    return [name for name in env.found_docs if name.startswith("reference/")]


def without_links_of_builtins(app: Sphinx, doctree: nodes.document) -> None:
    """Has `bytes` and `set` in a type or text be those of Python, and no attribute that happens to be called so."""
    for node in [*doctree.findall(addnodes.pending_xref)]:
        if node["refdomain"] == "py" and hasattr(builtins, node["reftarget"]):
            shown = find_pending_xref_condition(node, "*") or node
            node.replace_self(shown.children)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    kinds = {
        "api": Api,
        "api-members": ApiMembers,
        "same-as": SameAs,
        "type-name": TypeName,
        "other-names": OtherNames,
        "bytes-methods": BytesMethods,
        "fields": Fields,
        "error-codes": ErrorCodes,
        "options": Options,
    }
    for name, kind in kinds.items():
        app.add_directive(name, kind)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-read", link_names)
    app.add_role("public-name", public_name)
    app.connect("doctree-read", without_links_of_builtins)
    return {"parallel_read_safe": True}
