"""The order in which the doctor looks at things, and what the answers of its children mean."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any

from fdb._doctor import cluster_file, coordinators, package, surroundings
from fdb._doctor.children import Answer, ask
from fdb._doctor.cluster_file import Address, Target
from fdb._doctor.finding import Finding, note, ok, problem, warning
from fdb._startup.api_version import LATEST_API_VERSION, OLDEST_API_VERSION

#: More than a start of Python takes on a busy machine.
_START_SECONDS = 30.0
#: FDBError: the file is open in another process.
_IN_USE = 1529
#: FDBError: a variable of the environment has asked for an option that there is not.
_WRONG_OPTION = 2022
_IMPORT = "import"
_WITHOUT_SQLITE = "needs SQLite"
_REINSTALL = f"python -m pip install --force-reinstall --no-deps {package.DISTRIBUTION}"
_LIBRARY_VARIABLES = ("FDB_LIBRARY_PATH", "FDB_LOCAL_CLIENT_LIBRARY_PATH")
_CORRECT_VARIABLES = f"correct or unset {' and '.join(_LIBRARY_VARIABLES)}"
_INSTALL_CLIENT = "install FoundationDB's client package, which brings libfdb_c, or name the file: FDB_LIBRARY_PATH=/path/libfdb_c.so"


def examine(name: str | None, api_version: int | None, timeout: float) -> Iterator[Finding]:
    """Yields what is found about this installation and one database, `name` as for `fdb.open`.

    `api_version` is what programs select, None for the newest that the client library has. Waits for `timeout` seconds at most for the coordinators, as long for the
    database, and as long for its status; writes nothing.
    """
    usable = False
    for finding in installation():
        usable |= finding.subject == _IMPORT and finding.level == "ok"
        yield finding
    yield from database(name, api_version, timeout, usable)


def installation() -> Iterator[Finding]:
    """Yields what is found about this installation, whatever the database."""
    yield from surroundings.python_findings()
    yield from package.findings()
    finding = _import(ask("package", _START_SECONDS))
    yield finding
    if finding.level == "ok":
        yield from _engine()
    yield from surroundings.extra_findings()
    yield from surroundings.environment_findings()


def database(
    name: str | None, api_version: int | None, timeout: float, usable: bool
) -> Iterator[Finding]:
    """Yields what is found about a database and what it needs; `usable` is whether `import fdb` works."""
    if api_version is not None and not OLDEST_API_VERSION <= api_version <= LATEST_API_VERSION:
        known = f"{OLDEST_API_VERSION} to {LATEST_API_VERSION}"
        text = f"this package has API versions {known}, not {api_version}"
        way_out = f"call fdb.api_version({LATEST_API_VERSION}) in programs, or install a package that has it"
        yield problem("api-version", text, way_out)
        api_version = None
    try:
        target = cluster_file.target_of(name)
    except ValueError as error:
        yield problem("database", str(error), "correct what is behind -C, or FDB_CLUSTER_FILE")
        return
    # Where nothing asks for a cluster, none is missed: databases of the engine need none.
    unasked = target.origin == "the default" and not os.path.exists(target.path or "")
    if target.kind == "cluster" and not unasked:
        yield from _cluster(target, api_version, timeout, usable)
        return
    if usable:
        yield from _library_in_passing(ask("library", _START_SECONDS, api_version=api_version))
    if target.kind == "file":
        yield from _file(target, usable)
    if unasked:
        text = f"none is named, and there is no {target.path}: -C STRING looks at one, too"
        yield note("database", text)


def _import(answer: Answer) -> Finding:
    way_out = f"mend what is reported above, or: {_REINSTALL}"
    if answer.error:
        kind = f"{answer.kind}: " if answer.kind else ""
        return problem(_IMPORT, f"import fdb fails: {kind}{_line(answer.error)}", way_out)
    found = os.path.dirname(answer.facts["file"])
    if found != package.PACKAGE:
        return problem(_IMPORT, f"import fdb finds {found}, not {package.PACKAGE}", way_out)
    return ok(_IMPORT, f"fdb {answer.facts['version']} in {found}")


def _engine() -> Iterator[Finding]:
    """The embedded engine, then whether it finds SQLite: by a file that is certainly no database, so nothing is written."""
    answer = ask("engine", _START_SECONDS)
    if answer.error:
        text = f"the embedded engine does not work: {_line(answer.error)}"
        yield problem("engine", text, _engine_way_out(answer))
        return
    yield ok("engine", f"memory: databases work (engine {answer.facts['version']})")
    # In a folder of its own: what looks at a file locks it, by another one beside it.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "no database")
        with open(path, "w") as file:
            file.write("certainly")
        answer = ask("database_file", _START_SECONDS, path=path)
    if _WITHOUT_SQLITE in answer.error:
        way_out = "Debian, Ubuntu: apt-get install libsqlite3-0; Fedora: dnf install sqlite-libs; Alpine: apk add sqlite-libs"
        yield problem("sqlite", f"file: databases do not work: {_line(answer.error)}", way_out)
    else:
        yield ok("sqlite", "file: databases work")


def _engine_way_out(answer: Answer) -> str:
    if answer.code == _WRONG_OPTION:
        return f"unset or correct {', '.join(surroundings.options())}"
    for name in ("FDB_EMBEDDED_LATENCY", "FDB_EMBEDDED_FAULTS", *surroundings.POLICY):
        if name in answer.error:
            return f"unset or correct {name}"
    return _REINSTALL


def _library_in_passing(answer: Answer) -> Iterator[Finding]:
    """The client library, where the database needs none."""
    named = [name for name in _LIBRARY_VARIABLES if os.environ.get(name)]
    if answer.error and named:
        text = f"{' and '.join(named)} cannot be used: {_tried(answer.error)}"
        yield problem("library", text, _CORRECT_VARIABLES)
        return
    if answer.error:
        text = "no libfdb_c: clusters cannot be opened, embedded databases can"
        yield Finding("note", "library", text, _INSTALL_CLIENT)
        return
    facts = answer.facts
    release = facts["version"] or "of an unknown release"
    text = f"{facts['path']} {release} (API versions up to {facts['max_api_version']})"
    yield ok("library", text)
    yield from _passed_over(facts)


def _passed_over(facts: dict[str, Any]) -> Iterator[Finding]:
    for text in facts["passed_over"]:
        yield problem("library", _line(text), _CORRECT_VARIABLES)


def _cluster(
    target: Target, api_version: int | None, timeout: float, usable: bool
) -> Iterator[Finding]:
    addresses: list[Address] = []
    highest = 0
    if usable:
        answer = ask("library", _START_SECONDS, api_version=api_version)
        yield from _library(answer, api_version)
        highest = answer.facts.get("max_api_version", 0)
    yield from cluster_file.findings(target, addresses)
    if not addresses:
        return
    unset = [name for name in surroundings.FILES_OF_TLS if name not in os.environ]
    if unset and any(address.tls for address in addresses):
        text = f"the coordinators use TLS, and {', '.join(unset)} not set"
        yield note("tls", f"{text}: the client library looks at its default places")
    reached = list(coordinators.findings(addresses, timeout))
    yield from reached
    if highest and all(finding.level != "problem" for finding in reached):
        name = None if target.name is None else os.fsdecode(target.name)
        version = min(api_version or LATEST_API_VERSION, highest)
        # The child ends what it does by its own deadlines; this one is for a library that does not let it.
        arguments = {"name": name, "api_version": version, "timeout": timeout}
        yield from _database(ask("cluster", _START_SECONDS + 2 * timeout, **arguments))


def _library(answer: Answer, api_version: int | None) -> Iterator[Finding]:
    if answer.error:
        yield problem("library", f"no libfdb_c: {_tried(answer.error)}", _INSTALL_CLIENT)
        return
    path, highest = answer.facts["path"], answer.facts["max_api_version"]
    yield from _passed_over(answer.facts)
    if answer.facts["embedded"]:
        text = f"{path} is the embedded engine under the name libfdb_c: it reaches no cluster"
        way_out = (
            f"take it out of FDB_LIBRARY_PATH, or off the loader's search path; {_INSTALL_CLIENT}"
        )
        yield problem("library", text, way_out)
        return
    if api_version is not None and highest < api_version:
        text = f"{path} supports API versions up to {highest}, not {api_version}"
        way_out = f"install a newer client package, or call fdb.api_version({highest}) in programs"
        yield problem("api-version", text, way_out)
    release = answer.facts["version"] or "of an unknown release"
    yield ok("library", f"{path} {release} (API versions up to {highest})")


def _tried(text: str) -> str:
    """Returns the places of the search with the loader's reasons, without the advice around them."""
    places = [line for line in text.splitlines() if line.startswith("  ")]
    return _line("\n".join(places) or text)


def _database(answer: Answer) -> Iterator[Finding]:
    if answer.error:
        text = f"the cluster cannot be opened: {_line(answer.error)}"
        yield problem("database", text, "see the findings above")
        return
    facts = answer.facts
    status = facts["status"]
    if not facts["answers"]:
        yield problem("database", _line(facts["error_text"]), _silent(status))
    elif status is not None and status["available"] is False:
        text = "the cluster says that it is not available"
        yield problem("database", text, "see fdbcli --exec 'status details' on a server")
    else:
        data = "" if status is None or status["data"] is None else f", data {status['data']}"
        yield ok("database", f"answers in {facts['round_trip'] * 1000:.2f} ms{data}")
    for name, description in () if status is None else status["messages"]:
        text = f"{name}: {description}" if description else str(name)
        yield warning("messages", _line(text), "fdbcli --exec 'status details' tells more")


def _silent(status: dict[str, Any] | None) -> str:
    """What to do about a cluster that takes connections and does not answer."""
    advice = (
        "the client library must be of the servers' release (7.3 for 7.3), or find one that is: "
        "FDB_NETWORK_OPTION_EXTERNAL_CLIENT_DIRECTORY=/folder/with/libraries; TLS and the cluster's id must be the same on "
        "both sides; else fdbcli --exec status on a server tells what the cluster lacks"
    )
    if status is not None and status["protocols"]:
        return f"the coordinators speak {', '.join(status['protocols'])}; {advice}"
    return advice


def _file(target: Target, usable: bool) -> Iterator[Finding]:
    path = target.path or ""
    if not os.path.exists(path):
        yield note("database", f"{path} does not exist: the first open makes an empty database")
        return
    if not os.access(path, os.R_OK):
        yield problem("database", f"{path} cannot be read by this user", f"chmod u+rw {path}")
        return
    if not usable:
        return
    answer = ask("database_file", _START_SECONDS, path=path)
    facts = answer.facts
    if not answer.error:
        text = f"{facts['path']}: {facts['keys']:,} keys, {facts['bytes']:,} bytes"
        yield ok("database", text)
    elif answer.code == _IN_USE:
        text = f"{path} is open in another process: no other can use it meanwhile"
        yield warning("database", text, "end that program, or look at the database from within it")
    else:
        way_out = (
            f"fdb check {path} tells what is damaged; else take a backup, or name another file"
        )
        yield problem("database", _line(answer.error), way_out)


def _line(text: str) -> str:
    """Makes one line of a text."""
    return "; ".join(part.strip() for part in text.strip().splitlines() if part.strip())
