"""Questions that are answered by a program of its own: it may fail, crash or hang, and whoever asks goes on.

A child has the same Python, environment and path of modules. It imports fdb as any program does, calls one function of
`fdb._doctor.probes`, and prints what that returns.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any, NamedTuple

#: What a child runs; its arguments are the path of modules, the name of the probe and what that gets, as JSON.
_PROGRAM = """
import json, sys
where, probe, arguments = map(json.loads, sys.argv[1:])
sys.path[:] = where
try:
    import importlib
    import fdb
    answer = getattr(importlib.import_module("fdb._doctor.probes"), probe)(**arguments)
except BaseException as error:
    answer = {"error": str(error), "kind": type(error).__name__, "code": getattr(error, "code", None)}
sys.stdout.write("\\n" + json.dumps(answer))
sys.stdout.flush()
"""


class Answer(NamedTuple):
    """What a child has said: either facts, or why there are none."""

    facts: dict[str, Any]
    #: The text of an error, "" for none.
    error: str
    #: The name of its class, "" where there was none: the child crashed or hung.
    kind: str
    #: The code of an FDBError.
    code: int | None


def ask(probe: str, limit: float, **arguments: Any) -> Answer:
    """Has a child answer; blocks for `limit` seconds at most."""
    command = [sys.executable, "-c", _PROGRAM]
    command += [json.dumps(each) for each in (sys.path, probe, arguments)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return Answer({}, f"no answer within {limit:g} s", "", None)
    except OSError as error:
        return Answer({}, f"{sys.executable} cannot be started: {error.strerror}", "", None)
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return Answer({}, _end(done.returncode, done.stderr), "", None)
    if "error" in answer:
        return Answer({}, answer["error"], answer["kind"], answer["code"])
    return Answer(answer, "", "", None)


def _end(status: int, said: bytes) -> str:
    """Says how a child ended that has answered nothing."""
    if status < 0:
        try:
            how = f"the process was ended by {signal.Signals(-status).name}"
        except ValueError:
            how = f"the process was ended by signal {-status}"
    else:
        how = f"the process ended with status {status}"
    lines = said.decode(errors="replace").strip().splitlines()
    return f"{how}: {lines[-1].strip()}" if lines else how
