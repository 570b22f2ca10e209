"""Where the client libraries are: the vendor's by search, the embedded engine in this package."""

from __future__ import annotations

import os
import sys

from fdb._native.library import Library, LoadError
from fdb._typing import Callable, Iterator

_SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
_VENDOR_NAME = f"libfdb_c{_SUFFIX}"
_VARIABLES = ("FDB_LIBRARY_PATH", "FDB_LOCAL_CLIENT_LIBRARY_PATH")

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_EMBEDDED_NAME = f"libfdb_embedded{_SUFFIX}"

EMBEDDED_PATH = os.path.join(_PACKAGE, "embedded", _EMBEDDED_NAME)

ADVICE = (
    "Either install the FoundationDB client (which brings libfdb_c) or name its file in "
    "FDB_LIBRARY_PATH; or open an embedded database, which needs no server and no client: "
    'fdb.open("memory:").'
)


def load_vendor(path: str | None) -> Library:
    """Loads libfdb_c from `path`, or from the first place that has one.

    The places are FDB_LIBRARY_PATH and FDB_LOCAL_CLIENT_LIBRARY_PATH (files) and then what the
    system's loader finds. Raises RuntimeError that lists every place and why it failed.
    """
    failures: list[str] = []
    places = [("the path given", path)] if path is not None else list(_places())
    for origin, place in places:
        try:
            library = Library(place)
            if not library.has("fdb_select_api_version_impl"):
                raise LoadError("loaded, but it is no FoundationDB client library")
        except (LoadError, ValueError) as error:
            failures.append(f"  {place} ({origin}): {error}")
            continue
        if any(variable in failure for failure in failures for variable in _VARIABLES):
            import warnings  # seldom needed

            warnings.warn(
                f"using {library.path}, because of:\n" + "\n".join(failures),
                RuntimeWarning,
                stacklevel=4,
            )
        return library
    raise RuntimeError(
        "Unable to locate the FoundationDB API shared library! Tried:\n"
        + "\n".join(failures)
        + f"\n{ADVICE}"
    )


def _places() -> Iterator[tuple[str, str]]:
    for variable in _VARIABLES:
        value = os.environ.get(variable)
        if value:
            # Without a slash the loader would search for the name instead of opening the file.
            yield variable, os.path.abspath(value)
    yield "the system's loader", _VENDOR_NAME
    import ctypes.util  # slow to load, and seldom needed

    found = ctypes.util.find_library("fdb_c")
    if found is not None and found != _VENDOR_NAME:
        yield "ctypes.util.find_library", found


def load_embedded(fresh_copy: bool) -> Library:
    """Loads the engine in this package; from a copy of its file if it must not share any state.

    A forked child needs that: it inherits the engine's memory, but none of its threads.
    Raises RuntimeError if the engine was not built, or if there is no place for the copy.
    """
    if fresh_copy:
        return _load_copy()
    try:
        return Library(EMBEDDED_PATH)
    except OSError as error:
        raise RuntimeError(
            f"the embedded engine of this package cannot be loaded from {EMBEDDED_PATH}: {error}"
        ) from error


def _load_copy() -> Library:
    """Loads the engine from the first place that takes a copy and lets it be executed."""
    failures = []
    for place, copy in _COPIES.items():
        try:
            return copy()
        except OSError as error:
            failures.append(f"  {place}: {error}")
    raise RuntimeError(
        f"a forked process needs a copy of the embedded engine, {EMBEDDED_PATH}, and none could be "
        "loaded. Tried:\n"
        + "\n".join(failures)
        + "\nSet TMPDIR to a directory in which files may be written and executed, or start the process "
        "with the spawn method."
    )


def _engine() -> bytes:
    with open(EMBEDDED_PATH, "rb") as file:
        return file.read()


def _load_from_memory() -> Library:
    """From a file without a name, where the system has such files."""
    if not hasattr(os, "memfd_create"):
        raise OSError("the system has no files in memory")
    descriptor = os.memfd_create(_EMBEDDED_NAME)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(_engine())
        # Not /proc/self: the loader knows libraries by name, and a child of this process may use the
        # same descriptor.
        return Library(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _load_from_directory(parent: str | None) -> Library:
    """From a new directory below `parent`, by default the one for temporary files."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="fdb-embedded-", dir=parent) as directory:
        copy = os.path.join(directory, _EMBEDDED_NAME)
        with open(copy, "wb") as file:
            file.write(_engine())
        return Library(copy)


#: What loads a copy, by what an error calls them. Files may be executed beside the engine, if written.
_COPIES: dict[str, Callable[[], Library]] = {
    "in memory": _load_from_memory,
    "in the directory for temporary files": lambda: _load_from_directory(None),
    "beside the engine": lambda: _load_from_directory(os.path.dirname(EMBEDDED_PATH)),
}
