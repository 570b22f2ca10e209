"""Makes libfdb_c of the embedded engine, for other programs, where a wheel holds one copy of the engine.

Both have to be files of their own, with a name of their own inside (SONAME): one file is one library in a process, with
one API version and one network, and a loader that is asked for libfdb_c takes what is loaded under that name.  The copy
differs from the engine in this name only; it is as long as the engine's, filled up with NULs, so nothing in the file moves.

Processes and threads may make it at the same time: each writes a file of its own, which then takes the place.
"""

from __future__ import annotations

import hashlib
import os
import secrets

from fdb._version import __version__

_NAME = "libfdb_c.so"
_SONAME = b"\0libfdb_embedded.so\0"
_NEW_SONAME = b"\0" + _NAME.encode().ljust(len(_SONAME) - 1, b"\0")


def directory_of_copy(engine: str) -> str:
    """Returns the directory that holds the copy of an engine, and makes the copy if it is not there.

    Raises OSError if there is no place for it, ValueError if the file is no engine.
    """
    with open(engine, "rb") as file:
        original = file.read()
    copy = renamed(original)
    # Another engine gets another directory: programs that are linked with the old one keep theirs.
    folder = f"{__version__}-{hashlib.sha256(original).hexdigest()[:12]}"
    failures = []
    for place in _places():
        directory = os.path.join(place, folder)
        try:
            _provide(directory, copy)
        except OSError as error:
            failures.append(f"  {directory}: {error.strerror or error}")
        else:
            return directory
    raise OSError(
        f"other programs need a copy of the embedded engine under the name {_NAME}, and there is no place for it. "
        "Tried:\n"
        + "\n".join(failures)
        + "\nRun python -m fdb.embedded --libdir once as a user who may write one of them, or set XDG_DATA_HOME."
    )


def renamed(engine: bytes) -> bytes:
    """Returns the content of the engine's file with the SONAME libfdb_c.so; raises ValueError if that is not there once."""
    if engine.count(_SONAME) != 1:
        raise ValueError("the file of the embedded engine has no name that could be changed")
    return engine.replace(_SONAME, _NEW_SONAME)


def _places() -> list[str]:
    """Beside the package, not in it, so that nothing of it stays when it is uninstalled; then the user's own folder."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    data = os.environ.get("XDG_DATA_HOME") or os.path.join("~", ".local", "share")
    return [
        os.path.join(os.path.dirname(package), "foundationdb_cffi.libs"),
        os.path.join(os.path.expanduser(data), "foundationdb-cffi"),
    ]


def _provide(directory: str, content: bytes) -> None:
    """Has the file in the directory with that content: a process may have been killed, or a disk full, before it was whole."""
    path = os.path.join(directory, _NAME)
    if _content(path) == content:
        return
    os.makedirs(directory, exist_ok=True)
    partial = os.path.join(directory, f".{_NAME}.{secrets.token_hex(8)}")
    try:
        # Its mode is what the umask says, unlike that of a temporary file: other users may be meant to load it.
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777), "wb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
