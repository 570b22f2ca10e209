"""The files of the package: whose they are, whether they are all there, and whether `import fdb` finds them."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.machinery
import os
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from fdb._doctor.finding import Finding, ok, problem, warning

#: The folder of the package that this module is part of.
PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
DISTRIBUTION = "foundationdb-cffi"
OFFICIAL = "foundationdb"

_EXTENSIONS = ("_native/_cffi", "_native/extension", "_tuple/codec")
_REINSTALL = f"python -m pip install --force-reinstall --no-deps {DISTRIBUTION}"
#: How many names a line shows.
_SHOWN = 3


class _File(NamedTuple):
    """A file as it was noted when it was installed."""

    name: str
    #: As "sha256"; both are "" where nothing was noted.
    algorithm: str
    #: In URL-safe base 64, without padding.
    digest: str


def findings(package: str = PACKAGE, path: list[str] | None = None) -> Iterator[Finding]:
    """Looks at the files in the folder of the package, with `path` for sys.path."""
    places = sys.path if path is None else path
    owners = list(_owners(package, places))
    yield _one_owner(package, owners)
    yield from _complete(package, owners)
    yield from _extensions(package)
    yield from _others(package, places)


def _owners(package: str, places: list[str]) -> Iterator[metadata.Distribution]:
    """Yields the distributions that have installed files into the folder, each name once."""
    seen = set()
    for each in metadata.distributions(path=places):
        if any(True for _ in _files(each, package)) and _name(each) not in seen:
            seen.add(_name(each))
            yield each


def _name(distribution: metadata.Distribution) -> str:
    found = distribution.metadata["Name"] or "a distribution without a name"
    return re.sub(r"[-_.]+", "-", found).lower()


def _files(distribution: metadata.Distribution, package: str) -> Iterator[_File]:
    """Yields the files of a distribution that belong into the folder, there or not.

    `distribution.files` leaves out those that are not there, from Python 3.12 on.
    """
    top = os.path.basename(package)
    if os.path.realpath(str(distribution.locate_file(top))) != package:
        return
    try:
        rows = list(csv.reader((distribution.read_text("RECORD") or "").splitlines()))
    except (OSError, ValueError, csv.Error):
        return  # a list that cannot be read, which pip complains of
    for row in rows:
        if len(row) > 1 and row[0].startswith(f"{top}/"):
            mode, _, digest = row[1].partition("=")
            yield _File(row[0], mode, digest)


def _called(distribution: metadata.Distribution) -> str:
    return f"{_name(distribution)} {distribution.version}"


def _one_owner(package: str, owners: list[metadata.Distribution]) -> Finding:
    names = [_name(each) for each in owners]
    others = [name for name in names if name != DISTRIBUTION]
    if not others:
        return ok("distributions", f"no other distribution has files in {package}")
    found = " and ".join(sorted(_called(each) for each in owners))
    lines = [f"python -m pip uninstall --yes {' '.join(others)}", _REINSTALL]
    if OFFICIAL in others:
        lines.append(
            "if another package requires foundationdb, install the stand-in for it (docs/guides/from-official.md)"
        )
    text = f"{found} have files in one folder, {package}"
    if len(owners) == 1:
        text = f"the files in {package} are of {found}, not of {DISTRIBUTION}"
    return problem("distributions", text, "\n".join(lines))


def _complete(package: str, owners: list[metadata.Distribution]) -> Iterator[Finding]:
    """Compares the files with what was noted when they were installed; says nothing of a source tree."""
    for each in owners:
        if _name(each) != DISTRIBUTION:
            continue
        noted = [file for file in _files(each, package) if file.digest]
        wrong = [trouble for file in noted if (trouble := _trouble(each, file))]
        if wrong:
            more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            text = (
                f"files of {_called(each)} are not as installed: {', '.join(wrong[:_SHOWN])}{more}"
            )
            yield problem("package-files", text, _REINSTALL)
        elif noted:
            yield ok("package-files", f"all {len(noted)} files of {_called(each)} are as installed")


def _trouble(distribution: metadata.Distribution, file: _File) -> str | None:
    """Returns the name of a file and what is wrong with it; None if nothing is."""
    if file.algorithm not in hashlib.algorithms_available:
        return None
    try:
        with open(str(distribution.locate_file(file.name)), "rb") as opened:
            digest = hashlib.new(file.algorithm, opened.read()).digest()
    except FileNotFoundError:
        return f"{file.name} (missing)"
    except OSError as error:
        return f"{file.name} ({error.strerror})"
    shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return None if shown == file.digest else f"{file.name} (changed)"


def _extensions(package: str) -> Iterator[Finding]:
    """Says which C extensions this Python cannot load for want of a file."""
    for extension in _EXTENSIONS:
        stem = os.path.join(package, extension)
        suffixes = importlib.machinery.EXTENSION_SUFFIXES
        if any(os.path.exists(stem + suffix) for suffix in suffixes):
            continue
        folder, name = os.path.split(stem)
        built = sorted(_built(folder, name))
        module = "fdb." + extension.replace("/", ".")
        there = f"; there is {', '.join(built)}" if built else ""
        text = f"{module} was not built for this Python ({suffixes[0].lstrip('.')}){there}"
        tree = os.path.exists(os.path.join(os.path.dirname(package), "setup.py"))
        yield problem("extensions", text, "make setup" if tree else _REINSTALL)


def _built(folder: str, name: str) -> Iterator[str]:
    if os.path.isdir(folder):
        for file in os.listdir(folder):
            if file.startswith(f"{name}.") and file.endswith((".so", ".pyd", ".dylib")):
                yield file


def _others(package: str, places: list[str]) -> Iterator[Finding]:
    """Says what else `import fdb` could find on the path of modules, beside this package."""
    top = os.path.basename(package)
    hidden = False
    for place in places:
        for found in (os.path.join(place, top), os.path.join(place, f"{top}.py")):
            real = os.path.realpath(found)
            if real == package:
                hidden = True
            # A file without .py is no module: the console script beside this Python has the name of the package.
            elif os.path.isfile(
                found if found.endswith(".py") else os.path.join(found, "__init__.py")
            ):
                way_out = f"remove or rename {found}, or take its folder off the path of modules"
                if hidden:
                    text = f"there is another module {top} on the path of modules: {found}"
                    yield warning("path", text, way_out)
                else:
                    text = f"import {top} finds {found}, not {package}"
                    yield problem("path", text, way_out)
