"""Values that are more than bytes: layers that many programs need, each on a subspace of its own.

Every layer is made with its subspace (a Subspace, a directory, or a prefix as bytes). Its operations take first what
they run on: a Database or Tenant, then each is a transaction of its own, which is retried, or a Transaction, so that
layers and the program's own reads and writes are combined. They block; given an AsyncDatabase or AsyncTenant, or one
of its transactions in a running loop, they are coroutines.

An operation whose transaction is retried after an unknown result (1021) takes effect once, on a database as well as
in a transactional function of the program; see `fdb.layers._once` for what that takes.

The keys are tuples within the subspace; each class documents its own, so that programs in other languages can share
the data.
"""

from __future__ import annotations

from fdb.layers._blob import Blob as Blob
from fdb.layers._blob import BlobVersion as BlobVersion
from fdb.layers._blob_files import AsyncBlobReader as AsyncBlobReader
from fdb.layers._blob_files import AsyncBlobWriter as AsyncBlobWriter
from fdb.layers._blob_files import BlobReader as BlobReader
from fdb.layers._blob_files import BlobWriter as BlobWriter
from fdb.layers._counter import Counter as Counter
from fdb.layers._following import AsyncSubscription as AsyncSubscription
from fdb.layers._following import StatusEvent as StatusEvent
from fdb.layers._following import Subscription as Subscription
from fdb.layers._index import Index as Index
from fdb.layers._index import IndexEntry as IndexEntry
from fdb.layers._index import IndexNotReady as IndexNotReady
from fdb.layers._index import NotUnique as NotUnique
from fdb.layers._lease import Hold as Hold
from fdb.layers._lease import Lease as Lease
from fdb.layers._lease import LeaseGrant as LeaseGrant
from fdb.layers._lease import LeaseHeldError as LeaseHeldError
from fdb.layers._lease import LeaseHolder as LeaseHolder
from fdb.layers._lease import LeaseLostError as LeaseLostError
from fdb.layers._queue import PriorityQueue as PriorityQueue
from fdb.layers._queue import Queue as Queue
from fdb.layers._queue_item import QueueItem as QueueItem
from fdb.layers._queue_store import ItemLostError as ItemLostError
from fdb.layers._queue_store import QueueCounts as QueueCounts
from fdb.layers._queue_worker import AsyncQueueWorker as AsyncQueueWorker
from fdb.layers._queue_worker import QueueWorker as QueueWorker
from fdb.layers._records import Record as Record
from fdb.layers._records import Records as Records
from fdb.layers._stream import Appended as Appended
from fdb.layers._stream import Stream as Stream
from fdb.layers._stream_log import StreamEvent as StreamEvent
from fdb.layers._stream_log import StreamTrimmedError as StreamTrimmedError
