"""fdb/layers/_stamped.py: versionstamps in keys and values, at API versions that write their place in different forms."""

from __future__ import annotations

import pytest

PROGRAM = """
import fdb
fdb.api_version({version})
from fdb.layers import Blob, Counter, Lease, Queue, Stream
from fdb.layers._stamped import set_stamped_key, set_stamped_value

db = fdb.open(fdb.embedded.unique())
tr = db.create_transaction()
set_stamped_key(tr, b"key", b"rest", b"value")
set_stamped_value(tr, b"value", b"rest")
stamp = tr.get_versionstamp()
tr.commit().wait()
assert [tuple(row) for row in db[b"key":b"kez"]] == [(b"key" + stamp.wait().value + b"rest", b"value")]
assert db[b"value"] == stamp.value + b"rest"

queue = Queue(("queue",))
queue.push(db, b"now")
queue.push(db, b"later", delay=60)
assert (item := queue.claim(db)).data == b"now" and queue.finish(db, item)
assert queue.counts(db).delayed == 1

lease = Lease(("lease",))
with lease.hold(db) as grant:
    assert len(grant.token) == 10 and lease.holder(db) is not None

stream = Stream(("stream",))
position = stream.append(db, b"event")
with stream.subscribe(db) as events:
    event = next(events)
    assert (event.data, event.position) == (b"event", position)

counter = Counter(("counter",))
counter.add(db, 3)
assert counter.get(db) == 3
blob = Blob(("blob",))
blob.write(db, b"x" * 200_000)
assert blob.read(db, 199_990, 20) == b"x" * 10
print("done")
"""


@pytest.mark.parametrize("version", [510, 520, 740])
def test_layers_at_an_api_version(version, run_python):
    outcome = run_python(PROGRAM.format(version=version))
    assert outcome.stdout.strip() == "done", outcome.stderr
