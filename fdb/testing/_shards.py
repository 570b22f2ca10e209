"""More than one shard in an embedded database, for programs that ask where keys are stored."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb.subspace_impl import Subspace
from fdb.testing._engine import embedded_database

#: Where one shard begins: a key, or a Subspace, which stands for its first key.
ShardKey = bytes | Subspace
#: Who holds a shard: one address "ip:port", or several; None is the only process that there is.
Holders = str | Sequence[str] | None

_SYSTEM_KEYS: Final = b"\xff"


class Shards:
    """The shards of one database, made by `shards`. The end of a `with` block makes them one again."""

    def __init__(self, database: Database | AsyncDatabase) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Shards of {self._database!r}>"

    def join(self) -> None:
        """Makes one shard of them, held by the only process."""
        _cut(self._database, [], [])

    def __enter__(self) -> Shards:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._database._closed:
            self.join()


def shards(
    database: Database | AsyncDatabase | Tenant | AsyncTenant,
    keys: Iterable[ShardKey],
    addresses: Sequence[Holders] | None = None,
) -> Shards:
    r"""Cuts the key space of an embedded database at `keys`, in one commit: that many shards and one more.

    `fdb.locality.get_boundary_keys` finds them, `get_range_split_points` splits at them, too, the special keys below
    \xff\xff/metrics/data_distribution_stats/ have a row for each. `keys` ascend, none of them empty, below b"\xff"; they are the database's,
    also where a tenant is given. `addresses` has an entry for each shard, one more than there are keys: "10.0.0.1:4500", a list of
    those, or None for the only process, 127.0.0.1:4500; `get_addresses_for_key` gives them. Reads and writes go on as ever.

        with fdb.testing.shards(db, [b"g", b"p"], ["10.0.0.1:4500", "10.0.0.2:4500", None]):
            assert list(fdb.locality.get_boundary_keys(db, b"", b"\xff")) == [b"", b"g", b"p"]

    A second call takes the place of the first one. A database in a file keeps its boundaries, but not the addresses; the call
    blocks until they are on disk. Raises TypeError and ValueError for arguments of no use, RuntimeError for a database of a
    cluster, whose shards are its own business, and FDBError where the commit fails.
    """
    embedded = embedded_database(database, "shards()")
    begins = _begins(keys)
    _cut(embedded, begins, _holders(addresses, len(begins) + 1))
    return Shards(embedded)


def _cut(
    database: Database | AsyncDatabase, begins: list[bytes], holders: list[bytes | None]
) -> None:
    function = database._library.fdb_embedded_set_shards
    database._handle.call(function, [b"", *begins], holders or [None])


def _begins(keys: Iterable[ShardKey]) -> list[bytes]:
    if isinstance(keys, bytes | str | Subspace):
        raise TypeError(f"keys must be a list of keys, not one {type(keys).__name__}")
    begins: list[bytes] = []
    for number, key in enumerate(keys):
        begin = key.key() if isinstance(key, Subspace) else key
        if not isinstance(begin, bytes):
            raise TypeError(f"keys[{number}] must be bytes or a Subspace, not {type(key).__name__}")
        if not begin or begin >= _SYSTEM_KEYS:
            raise ValueError(
                f"keys[{number}] must be above the empty key, where there is a shard anyway, and below b'\\xff', not {begin!r}"
            )
        if begins and begin <= begins[-1]:
            raise ValueError(f"keys must ascend, but {begin!r} comes after {begins[-1]!r}")
        begins.append(begin)
    return begins


def _holders(addresses: Sequence[Holders] | None, count: int) -> list[bytes | None]:
    if addresses is None:
        return [None] * count
    if isinstance(addresses, str | bytes) or not isinstance(addresses, Sequence):
        raise TypeError(
            f"addresses must be a list with an entry for each shard, not {type(addresses).__name__}"
        )
    if len(addresses) != count:
        raise ValueError(
            f"addresses must have {count} entries, one for each shard (one more than there are keys), not {len(addresses)}"
        )
    return [_holder(f"addresses[{number}]", entry) for number, entry in enumerate(addresses)]


def _holder(name: str, entry: Holders) -> bytes | None:
    if entry is None:
        return None
    each = [entry] if isinstance(entry, str) else entry
    if isinstance(each, bytes) or not isinstance(each, Sequence):
        raise TypeError(f"{name} must be a str, a list of them or None, not {type(entry).__name__}")
    if not each:
        raise ValueError(f"{name} must not be empty; None is the only process")
    for address in each:
        if not isinstance(address, str):
            raise TypeError(f"{name} must be of str, not {type(address).__name__}")
        if not _is_address(address):
            raise ValueError(
                f"{name} must be an address as in '10.0.0.1:4500' or '[::1]:4500', not {address!r}"
            )
    return ",".join(each).encode()


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16 and len(port) <= 5):
        return False
    in_brackets = host.startswith("[") and host.endswith("]")
    if "%" in host:
        return False  # no address of a cluster has a scope
    try:
        address = ipaddress.ip_address(host[1:-1] if in_brackets else host)
    except ValueError:
        return False
    return in_brackets == (address.version == 6)
