"""fdb/_bulk/scan.py: rows of a range of any size, in order, once each, from where an earlier scan has come to."""

from __future__ import annotations

import asyncio
import copy
import pickle
import random
import subprocess
import sys
import tracemalloc

import pytest

import fdb
import fdb.testing
from bulk.conftest import SEEDS
from fdb._bulk.reader import Reader
from helpers.databases import fill

ROWS = [(b"k%04d" % number, b"v" * (number % 50)) for number in range(150)]
RANGE = (b"k", b"l")


@pytest.fixture
def filled(either):
    fill(either.plain, [(b"a", b"before"), *ROWS, (b"z", b"behind")])
    return either


@pytest.mark.parametrize("page_size", [None, 7, 99, 150, 10_000])
@pytest.mark.parametrize("reverse", [False, True])
def test_all_rows(filled, page_size, reverse):
    rows = filled.items(filled.scan(RANGE, page_size=page_size, reverse=reverse))
    assert rows == (ROWS[::-1] if reverse else ROWS)
    assert type(rows[0]) is fdb.KeyValue


def test_ranges(filled):
    assert len(filled.items(filled.scan(slice(b"k", b"l", -1)))) == 150
    assert len(filled.items(filled.scan((None, None)))) == 152
    assert filled.items(filled.scan((b"m", b"n"))) == []
    assert filled.items(filled.scan((b"m", b"m"))) == []
    users = fdb.Subspace(("users",))
    filled.plain[users[1]] = b"ann"
    assert filled.items(filled.scan(users)) == [(users.pack((1,)), b"ann")]


def test_nothing_is_read_before_it_is_wanted(filled):
    with fdb.testing.record(filled.db) as log:
        filled.scan(RANGE)
        filled.scan(RANGE).pages()
        assert len(log.transactions) == 0


@pytest.mark.parametrize("reverse", [False, True])
def test_going_on_in_another_scan(filled, reverse):
    expected = ROWS[::-1] if reverse else ROWS
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    found = []
    continuation = None
    while len(found) < len(ROWS):
        scan = filled.scan(
            RANGE, page_size=rng.choice([None, 5, 30]), reverse=reverse, continuation=continuation
        )
        found += filled.some(scan, rng.randint(1, 60))
        continuation = scan.continuation
        assert found == expected[: len(found)]
    assert filled.items(filled.scan(RANGE, reverse=reverse, continuation=continuation)) == []


def test_continuations_before_the_first_row_and_at_the_end(filled):
    scan = filled.scan(RANGE)
    assert filled.items(filled.scan(RANGE, continuation=scan.continuation)) == ROWS
    filled.items(scan)
    filled.plain[b"k9"] = b"written behind the last row"
    assert filled.items(filled.scan(RANGE, continuation=scan.continuation)) == []


def test_a_continuation_in_another_process(tmp_path):
    path = f"file:{tmp_path}/rows.fdb"
    with fdb.open(path) as db:
        fill(db, ROWS)
        with db.scan(RANGE, page_size=50) as scan:
            first = [key for key, _ in scan.page()]
        continuation = scan.continuation
    program = (
        "import sys, fdb; fdb.api_version(740)\n"
        "db = fdb.open(sys.argv[1])\n"
        "scan = db.scan((b'k', b'l'), continuation=bytes.fromhex(sys.argv[2]))\n"
        "print(','.join(key.decode() for key, _ in scan))\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program, path, continuation.hex()],
        capture_output=True,
        text=True,
        check=True,
    )
    rest = outcome.stdout.strip().encode().split(b",")
    assert first + rest == [key for key, _ in ROWS]


def test_wrong_continuations(filled):
    continuation = filled.scan(RANGE).continuation
    with pytest.raises(ValueError, match="the continuation is of another range"):
        filled.scan((b"k", b"m"), continuation=continuation)
    with pytest.raises(ValueError, match="the continuation is of another direction"):
        filled.scan(RANGE, reverse=True, continuation=continuation)
    with pytest.raises(ValueError, match="the continuation is damaged"):
        filled.scan(RANGE, continuation=continuation + b"x")
    with pytest.raises(TypeError, match="the continuation must be bytes"):
        filled.scan(RANGE, continuation="text")


def test_an_iteration_that_is_broken_off_goes_on(filled):
    scan = filled.scan(RANGE, page_size=30)
    first = filled.some(scan, 45)
    page = filled.page(scan)
    assert len(page) == 30
    assert first + page + filled.items(scan) == ROWS
    assert filled.items(scan) == []


def test_rows_and_pages_in_turns(filled):
    scan = filled.scan(RANGE, page_size=7)
    found = []
    if filled.is_async:

        async def main():
            rows = scan.__aiter__()
            for number in (1, 8, 3, 20):
                found.extend([await anext(rows) for _ in range(number)])
                found.extend(await scan.page())
                found.append(await anext(scan.__aiter__()))
            found.extend([row async for row in rows])

        asyncio.run(main())
    else:
        rows = iter(scan)
        for number in (1, 8, 3, 20):
            found += [next(rows) for _ in range(number)]
            found += scan.page()
            found.append(next(iter(scan)))
        found += rows
    assert found == ROWS


def test_copies_of_a_page_go_on_where_it_does(filled):
    page = filled.page(filled.scan(RANGE, page_size=30))
    for copied in (copy.copy(page), copy.deepcopy(page), pickle.loads(pickle.dumps(page))):
        assert copied == page == ROWS[:30]
        assert (copied.continuation, copied.more) == (page.continuation, True)


@pytest.mark.parametrize("page_size", [20, 100, 149, 150, 151, None])
def test_pages(filled, page_size):
    pages = filled.items(filled.scan(RANGE, page_size=page_size).pages())
    size = page_size or 1000
    assert [row for page in pages for row in page] == ROWS
    assert all(len(page) == size for page in pages[:-1])
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert type(pages[0]) is fdb.Page
    for number, page in enumerate(pages[:3]):
        behind = filled.items(filled.scan(RANGE, continuation=page.continuation))
        assert behind == ROWS[(number + 1) * size :]


def test_a_page_of_no_rows(filled):
    page = filled.page(filled.scan((b"m", b"n")))
    assert (page, page.more) == ([], False)
    assert filled.items(filled.scan((b"m", b"n"), continuation=page.continuation)) == []
    assert filled.items(filled.scan((b"m", b"n")).pages()) == []


def test_a_scan_sees_what_is_written_ahead_of_it_once_its_version_is_old(filled, monkeypatch):
    monkeypatch.setattr("fdb._bulk.reader._VERSION_LIFE", -1.0)
    scan = filled.scan(RANGE, page_size=10)
    found = filled.some(scan, 1)
    filled.plain[b"k0140x"] = b"new"
    assert (b"k0140x", b"new") in found + filled.items(scan)


class TestConsistent:
    def test_one_version(self, filled, monkeypatch):
        monkeypatch.setattr("fdb._bulk.reader._VERSION_LIFE", -1.0)
        scan = filled.scan(RANGE, page_size=10, consistent=True)
        found = filled.some(scan, 1)
        filled.plain[b"k0140x"] = b"new"
        again = filled.scan(RANGE, consistent=True, continuation=scan.continuation)
        assert found + filled.items(again) == ROWS
        assert found + filled.items(scan) == ROWS
        anew = filled.scan(RANGE, continuation=again.continuation)
        assert filled.items(anew) == []

    @pytest.fixture
    def too_late(self, filled):
        with fdb.testing.clock(filled.db) as clock:
            scan = filled.scan(RANGE, page_size=10, consistent=True)
            first = filled.some(scan, 1)
            clock.advance(10)
            with pytest.raises(fdb.FDBError) as failed:
                filled.items(scan)
            yield scan, first, failed.value

    def test_the_window_is_passed(self, filled, too_late):
        scan, _, error = too_late
        assert error.code == 1007
        assert "a scan with consistent=True has to end within 5 seconds" in str(error)
        with pytest.raises(fdb.FDBError) as failed:
            filled.items(filled.scan(RANGE, consistent=True, continuation=scan.continuation))
        assert failed.value.code == 1007

    def test_going_on_at_a_new_version(self, filled, too_late):
        scan, _, _ = too_late
        rest = filled.items(filled.scan(RANGE, continuation=scan.continuation))
        assert rest and rest == ROWS[-len(rest) :]

    def test_a_continuation_without_a_version(self, filled):
        with pytest.raises(ValueError, match="the continuation is of a scan without consistent"):
            filled.scan(RANGE, consistent=True, continuation=filled.scan(RANGE).continuation)


def test_an_error_loses_no_row(filled):
    scan = filled.scan(RANGE, page_size=10)
    found = filled.some(scan, 1)
    with fdb.testing.faults(filled.db, seed=1) as faults:
        faults.add("transaction_timed_out", at="read")
        with pytest.raises(fdb.FDBError) as failed:
            for _ in range(3):
                found += filled.page(scan)
        assert failed.value.code == 1031
    assert found + filled.items(scan) == ROWS


def test_an_error_while_the_next_batch_is_begun_loses_no_row(filled, monkeypatch):
    request, calls = Reader._request, []

    def interrupted(reader, tr):
        calls.append(tr)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return request(reader, tr)

    monkeypatch.setattr(Reader, "_request", interrupted)
    scan = filled.scan(RANGE, page_size=10)
    with pytest.raises(KeyboardInterrupt):
        filled.items(scan)
    assert filled.items(scan) == ROWS


def test_a_session_scans_nothing_older(memory_db, memory_name):
    fill(memory_db, ROWS)
    limited = fdb.open(memory_name, defaults=fdb.Policy(timeout=0.05))
    future = limited.session(2**60)
    for read in (lambda: list(future.scan(RANGE)), lambda: future.count(RANGE, consistent=True)):
        with pytest.raises(fdb.FDBError) as caught:
            read()
        assert caught.value.code == 1031
    session = memory_db.session()
    rows = iter(session.scan(RANGE, page_size=10))
    assert next(rows) == ROWS[0]
    session[b"k0149"] = b"new"
    assert list(rows)[-1].value == b"new"


@pytest.mark.parametrize("seed", SEEDS)
def test_under_faults(filled, seed):
    filled.db.options.set_transaction_max_retry_delay(1)
    rng = random.Random(seed)
    with fdb.testing.faults(filled.db, seed=seed, rules="on"):
        scan = filled.scan(RANGE, page_size=rng.choice([20, 70]), reverse=seed % 2 == 1)
        found = filled.some(scan, rng.randint(1, 100))
        again = filled.scan(RANGE, reverse=seed % 2 == 1, continuation=scan.continuation)
        found += filled.items(again)
    assert found == (ROWS[::-1] if seed % 2 else ROWS)


def test_closing(filled):
    scan = filled.scan(RANGE, page_size=10)
    first = filled.some(scan, 5)
    if filled.is_async:
        asyncio.run(scan.aclose())
    else:
        scan.close()
    assert filled.items(scan) == []
    assert filled.page(scan) == []
    rest = filled.items(filled.scan(RANGE, continuation=scan.continuation))
    assert first + rest == ROWS


def test_with_blocks(filled):
    if filled.is_async:

        async def main():
            async with filled.scan(RANGE) as scan:
                return [row async for row in scan], scan

        rows, scan = asyncio.run(main())
    else:
        with filled.scan(RANGE) as scan:
            rows = list(scan)
    assert rows == ROWS
    assert filled.items(scan) == []
    assert repr(scan).startswith(f"<{type(scan).__name__} of b'k' to b'l' of <")


def test_a_task_that_is_cancelled_loses_no_row(async_memory_db, memory_db):
    fill(memory_db, ROWS)
    scan = async_memory_db.scan(RANGE, page_size=20)

    async def main():
        found = [*await scan.page()]
        with fdb.testing.faults(async_memory_db, seed=1) as faults:
            faults.add("slow_read", delay=5)
            for _ in range(3):  # what was on its way before is there
                task = asyncio.ensure_future(scan.page())
                done, _ = await asyncio.wait([task], timeout=0.05)
                if not done:
                    break
                found += task.result()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return found + [row async for row in scan]

    assert asyncio.run(main()) == ROWS


def test_tenants(memory_db, memory_name):
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    fill(tenant, ROWS)
    assert list(tenant.scan(RANGE)) == ROWS
    async_tenant = fdb.open(memory_name, event_model="asyncio").open_tenant(b"t")

    async def main():
        return [row async for row in async_tenant.scan((None, None))]

    assert asyncio.run(main()) == ROWS


def test_it_holds_a_few_batches_at_most(memory_db):
    for start in range(0, 3000, 1000):
        fill(memory_db, [(b"k%04d" % n, b"v" * 1000) for n in range(start, start + 1000)])

    def most_memory(use):
        tracemalloc.start()
        try:
            use()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def read_on(rows):
        for _ in rows:
            pass

    assert most_memory(lambda: list(memory_db.scan(RANGE))) > 3_000_000
    assert most_memory(lambda: read_on(memory_db.scan(RANGE))) < 1_000_000
    assert most_memory(lambda: read_on(memory_db.scan(RANGE, page_size=100).pages())) < 1_000_000
    assert most_memory(lambda: memory_db.count(RANGE)) < 1_000_000
    assert most_memory(lambda: memory_db.clear_in_batches(RANGE, batch_bytes=100_000)) < 1_000_000


def test_gevent(memory_db, memory_name):
    pytest.importorskip("gevent")
    fill(memory_db, ROWS)
    db = fdb.open(memory_name, event_model="gevent")
    assert list(db.scan(RANGE, page_size=50)) == ROWS
    assert db.count(RANGE) == 150
