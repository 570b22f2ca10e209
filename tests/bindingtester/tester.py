"""The tester program of the FoundationDB binding tester, for this package.

    python tester.py PREFIX API_VERSION [CLUSTER_FILE] [--event-model threads|gevent|asyncio]

Runs the instructions that a driving program has stored under PREFIX (see `stack_machine`) and leaves
the results in the database. The exit status is 0 when this machine, and all that it started, ended.

`run_tester` does the same in this process, which is the only way for a ``memory:`` database, because
it belongs to the process.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from typing import Any

import fdb

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stack_machine import Machine  # noqa: E402
from stack_models import MODELS, ThreadModel  # noqa: E402

# Directory prefixes are chosen with the global random generator. All Python testers start it with the
# same number, so that runs of the same instructions choose the same prefixes and can be compared.
ALLOCATOR_SEED = 0


def load_instructions() -> None:
    """Imports the modules that register the instructions."""
    import stack_core  # noqa: F401
    import stack_directory  # noqa: F401
    import stack_tenants  # noqa: F401


def run_tester(db: Any, prefix: bytes, model: ThreadModel) -> Machine:
    """Runs the machine stored under `prefix` to its end and returns it; `model.open` opened `db`.

    Raises what ended the machine, or one that it started, before its end.
    """
    load_instructions()
    random.seed(ALLOCATOR_SEED)
    machine = Machine(db, prefix, model)
    model.run(machine.run)
    return machine


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("prefix")
    parser.add_argument("api_version", type=int)
    parser.add_argument("cluster_file", nargs="?")
    parser.add_argument("--event-model", choices=sorted(MODELS), default="threads")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    fdb.api_version(options.api_version)
    model = MODELS[options.event_model]()
    run_tester(model.open(options.cluster_file), options.prefix.encode(), model)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
