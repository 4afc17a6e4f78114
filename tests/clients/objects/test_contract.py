"""One contract for both object stores: S3 (moto) and a directory."""

import multiprocessing
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.s3 import S3Store
from bot.clients.objects.store import Conflict, ObjectStore
from bot.errors import Unverifiable
from tests.support.cloud import REGION, cloud

KEY = "reviews/demo-x/0123456789abcdef0123456789abcdef01234567.json"


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(params=["s3", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "objects")
    request.getfixturevalue("aws")
    bucket = f"state-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3Store(bucket, "envclone", REGION)


def test_what_was_never_written_is_absent(store: ObjectStore) -> None:
    assert store.read(KEY) is None


def test_what_was_written_is_read_with_the_same_tag(store: ObjectStore) -> None:
    etag = store.write(KEY, b"one")
    stored = store.read(KEY)
    assert stored is not None
    assert (stored.data, stored.etag) == (b"one", etag)


def test_without_a_condition_the_last_write_stays(store: ObjectStore) -> None:
    store.write(KEY, b"one")
    store.write(KEY, b"two")
    stored = store.read(KEY)
    assert stored is not None
    assert stored.data == b"two"


def test_only_the_first_creates(store: ObjectStore) -> None:
    store.write(KEY, b"one", if_absent=True)
    with pytest.raises(Conflict):
        store.write(KEY, b"two", if_absent=True)
    stored = store.read(KEY)
    assert stored is not None
    assert stored.data == b"one"


def test_of_two_who_read_the_same_only_one_may_write(store: ObjectStore) -> None:
    seen = store.write(KEY, b"one")
    newer = store.write(KEY, b"two", if_match=seen)
    with pytest.raises(Conflict):
        store.write(KEY, b"lost", if_match=seen)
    assert store.write(KEY, b"three", if_match=newer)


def test_a_tag_of_what_is_gone_matches_nothing(store: ObjectStore) -> None:
    with pytest.raises(Conflict):
        store.write(KEY, b"one", if_match="0" * 32)


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.", "a b", "a\n", "ä", "a/" * 20 + "a"]
)
def test_a_key_can_not_leave_its_place(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="not a valid object key"):
        store.write(key, b"")
    with pytest.raises(ValueError, match="not a valid object key"):
        store.read(key)


def test_a_bucket_that_is_not_there_is_no_empty_store(aws: None) -> None:
    store = S3Store("no-such-bucket-anywhere", "", REGION)
    with pytest.raises(Unverifiable, match="NoSuchBucket"):
        store.read(KEY)


def test_of_writers_racing_in_processes_exactly_one_wins_each_round(tmp_path: Path) -> None:
    rounds, writers = 20, 4
    context = multiprocessing.get_context("spawn")
    with context.Pool(writers) as pool:
        wins = pool.starmap(_race, [(tmp_path, rounds)] * writers)
    assert sum(wins) == rounds


def _race(path: Path, rounds: int) -> int:
    """Try to be the first to create each round's object; return how often that worked."""
    won = 0
    for number in range(rounds):
        try:
            DirectoryStore(path).write(f"round/{number}", str(won).encode(), if_absent=True)
            won += 1
        except Conflict:
            continue
    return won
