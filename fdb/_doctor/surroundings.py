"""What is around the package: the Python, what the extras need, and the environment."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator, Mapping

from fdb._doctor.finding import Finding, note, ok, problem, warning

_OLDEST = (3, 10)

#: The extras that people use by commands, with what each needs.
_EXTRAS = {
    "cli": (
        ("click", "rich", "prompt_toolkit", "starlette", "uvicorn"),
        "the commands, the shell and the page",
    ),
}
#: Variables under which embedded databases behave as in a test, or all databases as somebody has asked for.
_CHANGED = {
    "FDB_EMBEDDED_LATENCY": "embedded databases answer late",
    "FDB_EMBEDDED_FAULTS": "embedded databases fail on purpose",
}
#: What asks for a policy of all databases, without a call that says so.
POLICY = ("FDB_TIMEOUT", "FDB_RETRY_LIMIT", "FDB_MAX_RETRY_DELAY")
#: Options of the client library whose values are paths, and what has to be there.
_OPTION_PATHS = {
    "FDB_NETWORK_OPTION_EXTERNAL_CLIENT_DIRECTORY": os.path.isdir,
    "FDB_NETWORK_OPTION_EXTERNAL_CLIENT_LIBRARY": os.path.isfile,
}
FILES_OF_TLS = ("FDB_TLS_CERTIFICATE_FILE", "FDB_TLS_KEY_FILE", "FDB_TLS_CA_FILE")


def python_findings() -> Iterator[Finding]:
    """Looks at the Python that runs this."""
    shown = f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})"
    oldest = ".".join(map(str, _OLDEST))
    if sys.version_info < _OLDEST or platform.python_implementation() != "CPython":
        way_out = f"use CPython {oldest} or newer"
        yield problem("python", f"{shown} is none that this package supports", way_out)
    else:
        yield ok("python", shown)


def extra_findings() -> Iterator[Finding]:
    """Looks for what the extras need."""
    for extra, (modules, purpose) in _EXTRAS.items():
        missing = [name for name in modules if not _installed(name)]
        if missing:
            text = f"{', '.join(missing)} not installed: needed for {purpose}"
            way_out = f"python -m pip install 'foundationdb-cffi[{extra}]'"
            yield warning("extras", text, way_out)
        else:
            yield ok("extras", f"{purpose}: all installed")


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def environment_findings(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Looks at the variables that change what databases do. Shows no value that may be secret."""
    for name, effect in _CHANGED.items():
        value = environment.get(name, "")
        if value and value not in ("off", "0"):
            yield warning("environment", f"{name} is {value!r}: {effect}", f"unset {name}")
    given = [f"{name}={environment[name]}" for name in POLICY if name in environment]
    if given:
        yield note("environment", f"{', '.join(given)}: the policy of every database")
    for name in FILES_OF_TLS:
        path = environment.get(name)
        if path and not os.access(path, os.R_OK):
            text = f"{name} is {path!r}, which this user cannot read"
            yield problem("environment", text, f"correct {name}, or the rights of the file")
    for name, exists in _OPTION_PATHS.items():
        path = environment.get(name)
        if path and not exists(path):
            text = f"{name} is {path!r}, which is not there"
            yield problem("environment", text, f"correct or unset {name}")
    if named := options(environment):
        yield note("environment", f"options of the client library: {', '.join(named)}")


def options(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Returns the variables that set options of the client library, and of the engine."""
    return sorted(name for name in environment if name.startswith("FDB_NETWORK_OPTION_"))
