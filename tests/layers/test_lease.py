"""fdb/layers/_lease.py: one at a time holds a lease, and who has lost it cannot write as its holder."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest

import fdb
import fdb.testing
from fdb.layers import Lease, LeaseHeldError, LeaseLostError
from helpers.layers import calm, done, in_trouble, seeds
from helpers.threads import in_threads

SPACE = fdb.Subspace(("lease",))


@pytest.fixture
def own_db():
    with fdb.testing.temporary_database() as db:
        yield db


@pytest.fixture(params=[None, "asyncio"], ids=["threads", "asyncio"])
def either_db(request):
    with fdb.testing.temporary_database(event_model=request.param) as db:
        yield db


def test_one_at_a_time(either_db):
    lease = Lease(SPACE, ttl=30)
    assert done(lease.holder(either_db)) is None
    first = done(lease.acquire(either_db, name="ann"))
    assert len(first.token) == 10 and first.name == "ann" and 29 < first.remaining <= 30
    holder = done(lease.holder(either_db))
    assert (holder.token, holder.name) == (first.token, "ann") and 0 < holder.seconds <= 30
    assert done(lease.acquire(either_db, wait=False)) is None
    assert done(lease.acquire(either_db, timeout=0.02)) is None
    done(lease.check(either_db, first))
    done(lease.release(either_db, first))
    done(lease.release(either_db, first))
    assert done(lease.holder(either_db)) is None
    with pytest.raises(LeaseLostError, match="nor by anybody else"):
        done(lease.check(either_db, first))
    second = done(lease.acquire(either_db, wait=False))
    assert second.token > first.token
    done(lease.release(either_db, first))
    done(lease.check(either_db, second))


def test_the_keys_are_as_documented(own_db):
    grant = Lease(SPACE, ttl=3).acquire(own_db, name="ann")
    rows = {SPACE.unpack(row.key): row.value for row in own_db.get_range(SPACE.range())}
    assert set(rows) == {("holder",), ("renewed",)}
    assert rows["holder",][:10] == rows["renewed",][:10] == grant.token
    holder, name = fdb.tuple.unpack(rows["holder",][10:])
    assert len(holder) == 16 and name == "ann"
    assert fdb.tuple.unpack(rows["renewed",][10:]) == (3_000_000,)


def test_it_ends_and_can_be_renewed_until_another_one_has_it(own_db):
    lease = Lease(SPACE, ttl=10)
    clock = fdb.testing.clock(own_db)
    first = lease.acquire(own_db, name="ann")
    clock.advance(9)
    assert lease.acquire(own_db, wait=False) is None
    lease.renew(own_db, first, ttl=20)
    assert 19 < first.remaining <= 20
    clock.advance(19)
    assert lease.acquire(own_db, wait=False) is None
    clock.advance(2)
    assert lease.holder(own_db).seconds == 0
    lease.renew(own_db, first)
    assert lease.acquire(own_db, wait=False) is None
    clock.advance(11)
    second = lease.acquire(own_db, wait=False, name="ben")
    assert second.token > first.token
    for act in (lease.renew, lease.check):
        with pytest.raises(
            LeaseLostError, match=f"but by 'ben' with the token {second.token.hex()}"
        ):
            act(own_db, first)
    lease.release(own_db, first)
    assert lease.holder(own_db).token == second.token


def test_who_has_lost_it_commits_nothing(own_db):
    lease = Lease(SPACE, ttl=1)
    grant = lease.acquire(own_db)
    tr = own_db.create_transaction()
    lease.check(tr, grant)
    tr[b"own"] = b"x"
    lease.renew(own_db, grant)
    renewed = own_db.create_transaction()
    lease.check(renewed, grant)
    renewed[b"other"] = b"x"
    fdb.testing.clock(own_db).advance(2)
    tr.commit().wait()
    assert lease.acquire(own_db, wait=False) is not None
    with pytest.raises(fdb.FDBError, match="1020") as caught:
        renewed.commit().wait()
    renewed.on_error(caught.value).wait()
    with pytest.raises(LeaseLostError):
        lease.check(renewed, grant)


def test_renewal_and_taking_exclude_each_other(own_db):
    lease = Lease(SPACE, ttl=1)
    grant = lease.acquire(own_db)
    fdb.testing.clock(own_db).advance(2)
    tr = own_db.create_transaction()
    lease.renew(tr, grant)
    taken = lease.acquire(own_db, wait=False)
    assert taken is not None
    with pytest.raises(fdb.FDBError, match="1020"):
        tr.commit().wait()


def test_a_release_wakes_who_waits(own_db):
    lease = Lease(SPACE, ttl=600)
    grant = lease.acquire(own_db)
    got = []
    with fdb.testing.record(own_db) as log:
        thread = threading.Thread(target=lambda: got.append(lease.acquire(own_db)))
        thread.start()
        pause = threading.Event()
        while not log.attempts:
            pause.wait(0.005)
        lease.release(own_db, grant)
        thread.join(60)
    assert got[0].token > grant.token
    assert len(log.attempts) <= 5, "it polls"


def test_the_end_of_a_lease_wakes_who_waits(either_db):
    lease = Lease(SPACE, ttl=0.2)
    first = done(lease.acquire(either_db))
    second = done(lease.acquire(either_db, timeout=60))
    assert second.token > first.token


def test_as_a_context_manager(own_db):
    lease = Lease(SPACE)
    with lease.hold(own_db, name="ann") as grant:
        lease.check(own_db, grant)
        with (
            pytest.raises(LeaseHeldError, match="is held by another one"),
            lease.hold(own_db, wait=False),
        ):
            pass
        assert isinstance(LeaseHeldError(), TimeoutError)
    assert lease.holder(own_db) is None
    with pytest.raises(KeyError), lease.hold(own_db):
        raise KeyError("of the program")
    assert lease.holder(own_db) is None


def test_as_an_asynchronous_context_manager():
    lease = Lease(SPACE)

    async def main(db):
        async with lease.hold(db) as grant:
            await lease.renew(db, grant)
            with pytest.raises(LeaseHeldError):
                async with lease.hold(db, timeout=0.02):
                    pass
        assert await lease.holder(db) is None
        results = []

        async def critical(number):
            async with lease.hold(db):
                results.append(number)
                await asyncio.sleep(0)
                results.append(number)

        await asyncio.gather(*(critical(number) for number in range(4)))
        assert results[::2] == results[1::2]

    with fdb.testing.temporary_database(event_model="asyncio") as db:
        asyncio.run(main(db))


def test_a_lease_of_the_future_came_from_another_database(own_db):
    lease = Lease(SPACE, ttl=1000)
    lease.acquire(own_db)
    rows = [tuple(row) for row in own_db.get_range(SPACE.range())]
    with fdb.testing.temporary_database() as other:
        for key, value in rows:
            other[key] = b"\x00\x00\x7f" + value[3:]
        assert lease.holder(other).seconds == 0
        assert lease.acquire(other, wait=False) is not None


def test_only_one_holds_it_whatever_goes_wrong():
    """A number that only the holder may change, read and written in two transactions: both are the holder's, or none."""
    number, tokens = b"number", b"tokens/"

    @fdb.transactional
    def read_number(tr, lease, grant):
        lease.check(tr, grant)
        return int(tr[number] or b"0")

    @fdb.transactional
    def write_number(tr, lease, grant, value):
        lease.check(tr, grant)
        tr[number] = b"%d" % value
        tr[tokens + b"%04d" % value] = grant.token

    def work(db, lease, seed):
        draw = random.Random(seed)
        for _ in range(3):
            grant = lease.acquire(db)
            try:
                value = read_number(db, lease, grant)
                if draw.random() < 0.3:
                    fdb.testing.clock(db).advance(1)
                if draw.random() < 0.3:
                    lease.renew(db, grant)
                write_number(db, lease, grant, value + 1)
            except LeaseLostError:
                pass
            if draw.random() < 0.8:
                lease.release(db, grant)

    for seed in seeds(4):
        lease = Lease(SPACE, ttl=0.05)
        with in_trouble(seed) as db:
            in_threads(
                3, lambda each, db=db, lease=lease, seed=seed: work(db, lease, 10 * seed + each)
            )
            calm(db)
            rows = db.get_range_startswith(tokens)
            order = [row.value for row in rows]
            assert [row.key for row in rows] == [
                tokens + b"%04d" % (at + 1) for at in range(len(order))
            ]
            assert order == sorted(order), f"seed {seed}: tokens went back"


def test_an_unknown_result_takes_it_once(either_db):
    lease = Lease(SPACE)
    for effect in ("applied", "lost"):
        with fdb.testing.faults(either_db) as faults:
            faults.add("commit_unknown_result", times=1, effect=effect)
            grant = done(lease.acquire(either_db, wait=False))
            assert faults.injected["commit_unknown_result"] == 1
        done(lease.check(either_db, grant))
        for act in (lease.renew, lease.release):
            with fdb.testing.faults(either_db) as faults:
                faults.add("commit_unknown_result", times=1, effect=effect)
                done(act(either_db, grant))
        assert done(lease.holder(either_db)) is None


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda db: Lease(SPACE, ttl=0), ValueError, "ttl must be positive, not 0"),
        (
            lambda db: Lease(SPACE, ttl="30"),
            TypeError,
            "ttl must be a number of seconds or a timedelta, not str",
        ),
        (lambda db: Lease(None), TypeError, "subspace of a Lease"),
        (
            lambda db: Lease(SPACE).acquire(db, timeout=-1),
            ValueError,
            "timeout must be positive, not -1",
        ),
        (
            lambda db: Lease(SPACE).acquire(db, name=b"x"),
            TypeError,
            "name of a holder must be a str, not bytes",
        ),
        (
            lambda db: Lease(SPACE).acquire(db.create_transaction()),
            TypeError,
            "acquire needs a database or tenant",
        ),
        (
            lambda db: Lease(SPACE).hold(db.create_transaction()),
            TypeError,
            "hold needs a database or tenant",
        ),
        (
            lambda db: Lease(SPACE).renew(db, b"token"),
            TypeError,
            "must be a LeaseGrant that it gave, not bytes",
        ),
        (
            lambda db: Lease(SPACE).release(db.create_transaction().snapshot, None),
            TypeError,
            "LeaseGrant",
        ),
    ],
)
def test_bad_input_names_the_thing_and_writes_nothing(own_db, use, error, text):
    with pytest.raises(error, match=text):
        use(own_db)
    assert list(own_db[:]) == []


def test_how_they_look(own_db):
    lease = Lease(SPACE, ttl=5)
    assert repr(lease) == f"Lease({SPACE!r}, ttl=5)" and lease.subspace == SPACE
    grant = lease.acquire(own_db, name="ann")
    assert repr(grant).startswith(f"<LeaseGrant {grant.token.hex()} 'ann', ")
