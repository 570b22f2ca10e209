"""fdb/_directory/errors.py: which errors are ValueErrors, and that they travel."""

from __future__ import annotations

import pickle

from fdb.directory_impl import (
    DirectoryAllocationError,
    DirectoryError,
    DirectoryExistsError,
    DirectoryLayerMismatchError,
    DirectoryNotFoundError,
    DirectoryPartitionError,
    DirectoryPathError,
    DirectoryPrefixError,
    DirectoryRemovedError,
    DirectoryVersionError,
)


def test_errors_are_value_errors_where_they_were(db, layer):
    for error in (
        DirectoryExistsError,
        DirectoryLayerMismatchError,
        DirectoryNotFoundError,
        DirectoryPathError,
        DirectoryPrefixError,
        DirectoryRemovedError,
    ):
        assert issubclass(error, ValueError)
        assert issubclass(error, DirectoryError)
    for error in (DirectoryAllocationError, DirectoryPartitionError, DirectoryVersionError):
        assert issubclass(error, DirectoryError)
        assert not issubclass(error, ValueError)


def test_errors_can_be_pickled():
    error = pickle.loads(pickle.dumps(DirectoryNotFoundError("Gone.", ("a", "b"))))
    assert str(error) == "Gone. (path: ('a', 'b'))"
    assert error.path == ("a", "b")
