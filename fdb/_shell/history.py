"""The lines that were typed, kept in a file that only its owner may read.

`$XDG_STATE_HOME/fdb/shell_history` (`~/.local/state` where that is not set), a JSON text a line. Keys and values of the database stand in
what is typed, so the file is private, a line that begins with a blank is not kept, and neither is one that has a token.
Where the file cannot be read or written there is no history beyond the shell's own life.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Iterable

from prompt_toolkit.history import History

from fdb._shell.session import SECRETS

#: As many lines are kept when a shell starts, and so many may gather until then.
KEPT, MOST = 1000, 5000


def default_path() -> pathlib.Path | None:
    """Return where the history is kept; None where nobody has a home."""
    state = os.environ.get("XDG_STATE_HOME")
    try:
        folder = (
            pathlib.Path(state)
            if state and os.path.isabs(state)
            else pathlib.Path.home() / ".local" / "state"
        )
    except RuntimeError:
        return None
    return folder / "fdb" / "shell_history"


def is_kept(line: str) -> bool:
    """Tell whether a line may be kept in a file."""
    return not line.startswith(" ") and not any(secret in line.upper() for secret in SECRETS)


class PrivateHistory(History):
    """What prompt_toolkit goes through with the arrow keys; several shells may append to one file."""

    def __init__(self, path: pathlib.Path | None) -> None:
        """Makes the folder of the file, for its owner alone, if it is not there."""
        super().__init__()
        self._path = path
        if path is not None:
            with contextlib.suppress(OSError):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load_history_strings(self) -> Iterable[str]:
        """Give out the lines that were kept, the newest first."""
        lines = self._lines()
        if len(lines) > MOST:
            lines = lines[-KEPT:]
            self._rewrite(lines)
        return reversed(lines)

    def _lines(self) -> list[str]:
        if self._path is None:
            return []
        found = []
        try:
            with open(self._path, encoding="utf-8", errors="replace") as file:
                for row in file:
                    # A line of a shell that was killed while it wrote is left out.
                    with contextlib.suppress(ValueError):
                        line = json.loads(row)
                        found += [line] if isinstance(line, str) else []
        except OSError:
            return []
        return found

    def _rewrite(self, lines: list[str]) -> None:
        """Puts another file in the place of one that has become long."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".history-")
            try:
                with open(descriptor, "w", encoding="utf-8") as file:
                    file.writelines(json.dumps(line) + "\n" for line in lines)
                os.replace(name, self._path)
            except OSError:
                os.unlink(name)
                raise

    def store_string(self, string: str) -> None:
        """Keep a line, if it may be kept."""
        if self._path is None or not is_kept(string):
            return
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            descriptor = os.open(self._path, flags, 0o600)
            try:
                if os.fstat(descriptor).st_mode & 0o077:
                    os.fchmod(descriptor, 0o600)
                os.write(descriptor, (json.dumps(string) + "\n").encode())
            finally:
                os.close(descriptor)
