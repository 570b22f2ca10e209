"""The API version that the program selected: one number for the life of the process."""

from __future__ import annotations

from fdb._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

#: The newest API version that this package knows.
LATEST_API_VERSION: Final = 740

#: And the oldest.
OLDEST_API_VERSION: Final = 13

_selected: int | None = None


def select(ver: int) -> bool:
    """Selects a version; False if the same one was selected before. Needs no client library.

    Raises RuntimeError for a version that is unknown, or other than the one selected before.
    """
    global _selected
    if isinstance(ver, bool) or not isinstance(ver, int):
        raise TypeError(f"the API version must be an int, not {type(ver).__name__}")
    if _selected is not None:
        if _selected != ver:
            raise RuntimeError(f"FDB API already loaded at version {_selected}")
        return False
    if ver < OLDEST_API_VERSION:
        raise RuntimeError(f"FDB API versions before {OLDEST_API_VERSION} are not supported")
    if ver > LATEST_API_VERSION:
        raise RuntimeError(f"Latest known FDB API version is {LATEST_API_VERSION}")
    _selected = ver
    return True


def is_selected() -> bool:
    """Whether `select` was called with success."""
    return _selected is not None


def get() -> int:
    """Returns the selected version. Raises RuntimeError if there is none."""
    if _selected is None:
        raise RuntimeError("API version is not set")
    return _selected


def require(what: str = "any fdb methods") -> int:
    """Returns the selected version, for a public function that cannot do without one."""
    if _selected is None:
        raise RuntimeError(f"You must call api_version() before using {what}")
    return _selected
