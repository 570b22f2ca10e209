"""Directory layers of a test's own."""

from __future__ import annotations

import pytest

from fdb.directory_impl import DirectoryLayer, DirectoryPartition
from fdb.subspace_impl import Subspace


@pytest.fixture
def nodes(test_prefix):
    return Subspace(rawPrefix=test_prefix + b"\xfe")


@pytest.fixture
def content(test_prefix):
    return Subspace(rawPrefix=test_prefix)


@pytest.fixture
def layer(nodes, content):
    """A directory layer of this test's own. Its contents are around its nodes, as by default."""
    return DirectoryLayer(nodes, content)


@pytest.fixture
def manual(test_prefix):
    """A directory layer in which prefixes can be given."""
    return DirectoryLayer(
        Subspace(rawPrefix=test_prefix + b"manual-nodes"),
        Subspace(rawPrefix=test_prefix),
        allow_manual_prefixes=True,
    )


@pytest.fixture
def partition(db, layer):
    created = layer.create(db, ("top", "p"), layer=b"partition")
    assert isinstance(created, DirectoryPartition)
    return created
