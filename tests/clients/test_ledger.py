"""The ledger in the stores that hold it: a directory, and S3 as moto imitates it."""

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from bot.clients.ledger import LeaseHeld, LeaseLost, LedgerFile
from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.s3 import S3Store
from bot.clients.objects.store import ObjectStore
from bot.core.ledger.lease import LENGTH
from bot.core.ledger.ledger import Lease, Ledger
from bot.core.ledger.transitions import Start, started
from bot.errors import Unverifiable
from bot.names import EnvironmentName, StepName
from tests.support.cloud import REGION, cloud

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DEMO = EnvironmentName("demo-x")
START = Start("d", "alice", "", "h", "c", "t")


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    if request.param == "directory":
        yield DirectoryStore(tmp_path / "store")
        return
    with cloud() as environ:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        bucket = f"state-{uuid.uuid4().hex[:12]}"
        boto3.client("s3", region_name=REGION).create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield S3Store(bucket, "envs", REGION)


def lease(lock_owner: str, at: datetime = NOW) -> Lease:
    return Lease(lock_owner=lock_owner, until=at + LENGTH, since=at, run_url=f"https://example/{lock_owner}")


def test_an_environment_that_was_never_applied_has_an_empty_ledger(store: ObjectStore) -> None:
    assert LedgerFile(store, DEMO).read() == Ledger(environment=DEMO)


def test_what_one_writes_the_other_reads(store: ObjectStore) -> None:
    one, two = LedgerFile(store, DEMO), LedgerFile(store, DEMO)
    one.acquire(lease("one"), NOW)
    written = one.change("one", lambda ledger: started(ledger, StepName("app"), START, NOW))
    assert two.read() == written
    one.release("one")
    assert two.read().lease is None


def test_who_comes_second_is_told_who_is_at_work(store: ObjectStore) -> None:
    LedgerFile(store, DEMO).acquire(lease("one"), NOW)
    with pytest.raises(LeaseHeld, match=r"`demo-x` is locked by one \(https://example/one\)"):
        LedgerFile(store, DEMO).acquire(lease("two"), NOW)


def test_a_dead_holders_lease_ends(store: ObjectStore) -> None:
    one, two = LedgerFile(store, DEMO), LedgerFile(store, DEMO)
    one.acquire(lease("one"), NOW)
    later = NOW + LENGTH
    assert two.acquire(lease("two", later), later).lease == lease("one")
    with pytest.raises(LeaseLost, match="two took it"):
        one.change("one", lambda ledger: started(ledger, StepName("app"), START, NOW))
    with pytest.raises(LeaseLost):
        one.renew("one", later)
    one.release("one")
    assert two.read().lease == lease("two", later)


def test_a_renewed_lease_goes_on(store: ObjectStore) -> None:
    one = LedgerFile(store, DEMO)
    one.acquire(lease("one"), NOW)
    one.renew("one", NOW + timedelta(minutes=4))
    with pytest.raises(LeaseHeld):
        LedgerFile(store, DEMO).acquire(lease("two"), NOW + LENGTH)


def test_of_many_writers_one_gets_the_lease(store: ObjectStore) -> None:
    winners, losers = [], []
    barrier = threading.Barrier(8)

    def race(name: str) -> None:
        barrier.wait()
        try:
            LedgerFile(store, DEMO).acquire(lease(name), NOW)
            winners.append(name)
        except LeaseHeld:
            losers.append(name)

    threads = [threading.Thread(target=race, args=(f"run-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(winners), len(losers)) == (1, 7)
    held = LedgerFile(store, DEMO).read().lease
    assert held is not None
    assert held.lock_owner == winners[0]


def test_steps_that_end_together_are_all_written(store: ObjectStore) -> None:
    ledger = LedgerFile(store, DEMO)
    ledger.acquire(lease("one"), NOW)
    names = [StepName(f"step-{number}") for number in range(8)]

    def write(name: StepName) -> None:
        ledger.change("one", lambda current: started(current, name, START, NOW))

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ledger.read().steps) == names


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"environment": "other"}', b'{"environment": "demo-x", "new": 1}'])
def test_a_ledger_that_can_t_be_understood_stops_everything(store: ObjectStore, data: bytes) -> None:
    store.write("ledger/demo-x.json", data)
    with pytest.raises(Unverifiable, match=r"ledger/demo-x\.json"):
        LedgerFile(store, DEMO).read()
