"""Where an import or a copy stands, for a later process to go on: a small file for each pair of source and target.

It is replaced as a whole between transactions, so it is never ahead of the target, and may be behind it by what was
written last, which is then written again. It lies in the state folder of the user, not in the target:
that has nothing but the rows. Rows are not in it, but the last key is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

_FORMAT = 1


@dataclasses.dataclass
class Standing:
    """How far the work has come."""

    #: Rows that are done, and bytes of their keys and values.
    rows: int = 0
    size: int = 0
    #: The last key that was read, and that was written; empty before the first.
    read: bytes = b""
    written: bytes = b""
    is_done: bool = False


def default_folder() -> Path:
    """Returns the folder for states of this user."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(base) / "fdb" / "moves"


class State:
    """The file of one piece of work."""

    def __init__(self, folder: Path, *identity: str) -> None:
        """`identity` is what makes another piece of work of it: source, target, ranges."""
        self._identity = list(identity)
        digest = hashlib.blake2b(json.dumps(self._identity).encode(), digest_size=12).hexdigest()
        self.path = folder / f"{digest}.json"

    def load(self) -> Standing | None:
        """Returns how far an earlier process has come; None if there was none, or its file is of no use."""
        try:
            members: Any = json.loads(self.path.read_bytes())
            if members["format"] != _FORMAT or members["identity"] != self._identity:
                return None
            return Standing(
                int(members["rows"]),
                int(members["bytes"]),
                bytes.fromhex(members["read"]),
                bytes.fromhex(members["written"]),
                bool(members["done"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, standing: Standing) -> None:
        """Replaces the file. Raises OSError."""
        members = {
            "format": _FORMAT,
            "identity": self._identity,
            "rows": standing.rows,
            "bytes": standing.size,
            "read": standing.read.hex(),
            "written": standing.written.hex(),
            "done": standing.is_done,
        }
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as stream:
            stream.write(json.dumps(members))
        os.replace(fresh, self.path)

    def forget(self) -> None:
        """Removes the file, if there is one. Raises OSError."""
        self.path.unlink(missing_ok=True)
