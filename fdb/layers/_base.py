"""What all layers have in common: how their subspace is given, and what their operations run on."""

from __future__ import annotations

from collections.abc import Callable

from fdb._layers import AsyncSource as AsyncSource
from fdb._layers import BlockingSource, Steps, require_transaction, run
from fdb._typing import Any, TypeVar
from fdb.impl import Database, Tenant, Transaction
from fdb.layers._once import Receipts
from fdb.subspace_impl import Subspace

T = TypeVar("T")

#: How a layer is told where its data is: DirectorySubspace is a Subspace; bytes are a prefix, and a tuple is packed.
SubspaceArgument = Subspace | bytes | tuple[Any, ...]

#: What an operation that only reads can be given, so that it blocks; a snapshot of a transaction, too.
ReadSource = BlockingSource
#: The same for one that writes.
WriteSource = Database | Tenant | Transaction


def subspace_of(given: SubspaceArgument, layer: str) -> Subspace:
    """Returns the subspace that a layer, so called, is given.

    Raises TypeError for what is none, DirectoryPartitionError for a partition, which has no keys of its own, and
    ValueError for the whole key space, in which the layer would meet everybody else's data.
    """
    what = f"the subspace of {'an' if layer[0] in 'AEIOU' else 'a'} {layer}"
    if isinstance(given, Subspace):
        subspace = Subspace(rawPrefix=given.key())
    elif isinstance(given, bytes):
        subspace = Subspace(rawPrefix=given)
    elif isinstance(given, tuple):
        subspace = Subspace(given)
    else:
        raise TypeError(f"{what} must be a Subspace, a directory, bytes or a tuple, not {given!r}")
    if not subspace.rawPrefix:
        raise ValueError(f"{what} must have a prefix, and this one is empty")
    return subspace


def check_source(source: Any, writes: bool) -> None:
    """Raises TypeError for what an operation of several transactions cannot run on."""
    if not isinstance(source, BlockingSource | AsyncSource):
        raise TypeError(
            f"an operation runs on a Database, a Tenant or a Transaction, not on {source!r}"
        )
    if writes:
        require_transaction(source, "write")


def read(
    source: Any, start: Callable[[Any], Steps[T]], finish: Callable[[T], Any] | None = None
) -> Any:
    """Runs the steps of an operation that only reads: as `_layers.run`."""
    return run(source, start, finish)


def write(
    source: Any, start: Callable[[Any], Steps[T]], finish: Callable[[T], Any] | None = None
) -> Any:
    """Runs the steps of an operation that writes. Raises TypeError for a snapshot, which cannot."""
    require_transaction(source, "write")
    return run(source, start, finish)


def once(receipts: Receipts, start: Callable[[Any], Steps[None]]) -> Callable[[Any], Steps[None]]:
    """Returns the steps that do what those of `start` do, unless an earlier attempt that was committed has done it."""
    return lambda tr: receipts.once(tr, start)
