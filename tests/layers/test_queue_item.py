"""fdb/layers/_queue_item.py: items, which are finished or released at the end of a block."""

from __future__ import annotations

import asyncio

import pytest

import fdb
import fdb.testing
from fdb.layers import ItemLostError, Queue
from helpers.layers import done

SPACE = fdb.Subspace(("queue",))


@pytest.fixture(params=[None, "asyncio"], ids=["threads", "asyncio"])
def either_db(request):
    with fdb.testing.temporary_database(event_model=request.param) as db:
        yield db


def test_items_are_context_managers(either_db):
    queue = Queue(SPACE)
    for data in (b"a", b"b"):
        done(queue.push(either_db, data))

    def use(item, error=None):
        if isinstance(either_db, fdb.AsyncDatabase):

            async def main():
                async with item:
                    if error is not None:
                        raise error

            asyncio.run(main())
        else:
            with item:
                if error is not None:
                    raise error

    use(done(queue.claim(either_db)))
    failed = done(queue.claim(either_db))
    with pytest.raises(KeyError):
        use(failed, KeyError("of the program"))
    assert done(queue.counts(either_db)) == (1, 0, 0, 0)
    with pytest.raises(KeyError, match="lost"):
        use(failed, KeyError("lost and nevertheless the program's own error"))
    with pytest.raises(ItemLostError):
        use(failed)


def test_how_they_look_and_compare():
    queue = Queue(SPACE)
    with fdb.testing.temporary_database() as db:
        queue.push(db, b"data")
        item = queue.claim(db)
        assert repr(item) == "<QueueItem b'data', attempt 1>"
        queue.release(db, item)
        again = queue.claim(db)
        assert item == item and item != again and item.id == again.id and item != queue
        assert len({item, item, again}) == 2
