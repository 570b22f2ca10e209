"""What directory operations raise.

Every error is a DirectoryError and shows the directory's path; those that follow from an argument are
ValueErrors too.
"""

from __future__ import annotations

from fdb._directory.paths import Path


class DirectoryError(Exception):
    """A directory operation could not be done. ``path`` is the absolute path of the directory concerned."""

    #: The absolute path of the directory concerned.
    path: Path

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message, path)
        self.path = path

    def __str__(self) -> str:
        message, path = self.args
        return f"{message} (path: {path!r})"


class DirectoryPathError(DirectoryError, ValueError):
    """The operation makes no sense for this path, such as removing the root."""


class DirectoryNotFoundError(DirectoryError, ValueError):
    """The directory, or the parent that it needs, does not exist."""

    def __str__(self) -> str:
        text = super().__str__()
        for name in self.path:
            names = tuple(part for part in name.split("/") if part)
            if "/" in name and names:
                return f"{text}: {name!r} is one name; the directory that a file system would mean is {names!r}"
        return text


class DirectoryRemovedError(DirectoryNotFoundError):
    """The operation goes through a partition that was opened before, and removed since."""


class DirectoryExistsError(DirectoryError, ValueError):
    """A directory of this path exists already."""


class DirectoryLayerMismatchError(DirectoryError, ValueError):
    """The directory was created with another layer than the one asked for."""


class DirectoryPrefixError(DirectoryError, ValueError):
    """The prefix given for the directory is in use, or none may be given here."""


class DirectoryAllocationError(DirectoryError):
    """The key space that the allocator chose for a new directory is not free."""


class DirectoryVersionError(DirectoryError):
    """The stored directories are in a format that this version cannot read or write."""


class DirectoryPartitionError(DirectoryError):
    """The root of a partition has no keys of its own, so it cannot be used as a subspace."""
