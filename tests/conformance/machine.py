"""The machine that replays recorded programs of FoundationDB operations on any `fdb` package.

A trace file is JSON lines, gzipped, and holds many programs. A line that is an object is a header and
starts a new program (its own transactions, watches and stamps); every other line is one step:
``[op, {arguments}, wanted]``. `wanted` is what a real 7.4 server and the official package answered,
so a replay that gives another answer has found a difference. All programs of one file were recorded at
one API version (the header's `api_version`); a process can replay one API version only, which is why
`replay.py` starts a process for each file.

Conventions
- Bytes are hex text; {"x": "61", "n": 10001} is b"a" * 10001 (x may be several bytes); a list is the
  concatenation of its parts.
- Every key lives under the prefix that the caller gives (default b"t/"); keys in a trace are without
  it, except where the step says {"raw": true}. Results are shown without it.
- An answer is {"ok": VALUE} or {"err": CODE}, or {"exc": CLASS} for a Python exception.
- Versionstamps differ from run to run: where a stored or returned value holds the stamp of the trace's
  n-th committed transaction that asked for it, those 10 bytes are shown as "<vs:n>".
- Versions are never compared, only whether a commit was read-only (version -1).
- The recordings come from a cluster that had run for more than 5 seconds (so version 1 is too old), with
  optional tenants, one process, and nothing stored outside the prefix.
- A program may leave transactions and watches open; the next header drops them. A program that sets
  database options or makes tenants undoes that itself before it ends.
"""

import time

from database_steps import DatabaseSteps
from future_steps import FutureSteps
from question_steps import QuestionSteps
from tenant_steps import TenantSteps
from transaction_steps import TransactionSteps


class Machine(TransactionSteps, FutureSteps, QuestionSteps, DatabaseSteps, TenantSteps):
    """Runs the steps of one trace."""

    def step(self, op, args):
        try:
            return {"ok": getattr(self, "op_" + op)(args)}
        except self.fdb.FDBError as error:
            return {"err": error.code}
        except Exception as error:
            return {"exc": type(error).__name__}

    def op_sleep(self, args):
        time.sleep(args["seconds"])

    def op_timed(self, args):
        """Runs another step; `in_time` says whether it took at least `least` and at most `most` seconds."""
        start = time.monotonic()
        answer = self.step(args["op"], args["args"])
        spent = time.monotonic() - start
        return {"answer": answer, "in_time": args.get("least", 0) <= spent <= args["most"]}
