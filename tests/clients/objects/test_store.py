"""One contract for every store of objects: the same questions, and the same answers."""

import os
from datetime import timedelta

import pytest

from bot.clients.objects.store import Conflict, ObjectStore, StoreBounds
from bot.clients.reach import ahead_of
from bot.errors import Unverifiable
from tests.clients.objects.places import ObjectPlace

KEY = "reviews/demo-x/0123456789abcdef0123456789abcdef01234567.json"


def content(store: ObjectStore, key: str = KEY) -> bytes | None:
    stored = store.read(key)
    return None if stored is None else stored.data


def test_what_was_never_written_is_absent(store: ObjectStore) -> None:
    assert store.read(KEY) is None


def test_what_was_written_is_read_with_the_same_tag(store: ObjectStore) -> None:
    etag = store.write(KEY, b"one")
    stored = store.read(KEY)
    assert stored is not None
    assert (stored.data, stored.etag) == (b"one", etag)


def test_what_one_store_writes_another_reads(place: ObjectPlace) -> None:
    etag = place.store().write(KEY, b"one", if_absent=True)
    assert place.store().write(KEY, b"two", if_match=etag)
    assert content(place.store()) == b"two"


def test_without_a_condition_the_last_write_stays(store: ObjectStore) -> None:
    store.write(KEY, b"one")
    store.write(KEY, b"two")
    assert content(store) == b"two"


def test_only_the_first_creates(store: ObjectStore) -> None:
    store.write(KEY, b"one", if_absent=True)
    with pytest.raises(Conflict, match=f"{KEY} was written by somebody else"):
        store.write(KEY, b"two", if_absent=True)
    assert content(store) == b"one"


def test_of_two_who_read_the_same_only_one_may_write(store: ObjectStore) -> None:
    seen = store.write(KEY, b"one")
    newer = store.write(KEY, b"two", if_match=seen)
    with pytest.raises(Conflict, match=f"{KEY} was written by somebody else"):
        store.write(KEY, b"lost", if_match=seen)
    assert content(store) == b"two"
    assert store.write(KEY, b"three", if_match=newer)


@pytest.mark.parametrize("tag", ["0" * 32, "0", "1", "-1", '"0x8D0000000000000"', "*", ""])
def test_a_tag_of_what_is_gone_matches_nothing(store: ObjectStore, tag: str) -> None:
    with pytest.raises(Conflict):
        store.write(KEY, b"one", if_match=tag)
    with pytest.raises(Conflict):
        store.delete(KEY, if_match=tag)
    assert store.read(KEY) is None
    store.write(KEY, b"one")
    with pytest.raises(Conflict):
        store.write(KEY, b"two", if_match=tag)
    with pytest.raises(Conflict):
        store.delete(KEY, if_match=tag)
    assert content(store) == b"one"


def test_an_object_may_be_empty(store: ObjectStore) -> None:
    etag = store.write(KEY, b"")
    stored = store.read(KEY)
    assert stored is not None
    assert (stored.data, stored.etag) == (b"", etag)


def test_a_big_object_is_written_and_read_whole(store: ObjectStore) -> None:
    # More than the libraries send in one piece by default (8 MiB), so that what they do with several is seen.
    big = os.urandom(9 * 1024 * 1024)
    etag = store.write(KEY, big, if_absent=True)
    stored = store.read(KEY)
    assert stored is not None
    assert (stored.data == big, stored.etag) == (True, etag)


def test_a_big_object_is_written_on_the_same_conditions(store: ObjectStore) -> None:
    big = bytes(9 * 1024 * 1024)
    seen = store.write(KEY, b"one")
    newer = store.write(KEY, b"two", if_match=seen)
    with pytest.raises(Conflict):
        store.write(KEY, big, if_absent=True)
    with pytest.raises(Conflict):
        store.write(KEY, big, if_match=seen)
    assert content(store) == b"two"
    assert store.write(KEY, big, if_match=newer)


def test_bytes_are_kept_as_they_are(store: ObjectStore) -> None:
    every = bytes(range(256)) + b"\r\n\x1f\x8b"
    store.write(KEY, every)
    assert content(store) == every


def test_what_is_deleted_is_absent(store: ObjectStore) -> None:
    store.write(KEY, b"one")
    store.delete(KEY)
    assert store.read(KEY) is None
    store.delete(KEY)
    assert store.write(KEY, b"two", if_absent=True)


def test_only_what_was_seen_is_deleted(store: ObjectStore) -> None:
    seen = store.write(KEY, b"one")
    newer = store.write(KEY, b"two")
    with pytest.raises(Conflict):
        store.delete(KEY, if_match=seen)
    assert content(store) == b"two"
    store.delete(KEY, if_match=newer)
    assert store.read(KEY) is None


def test_keys_below_a_path_are_listed_over_several_pages(place: ObjectPlace) -> None:
    store = place.store(StoreBounds(page=3))
    wanted = [f"reviews/demo-x/{number}.json" for number in range(7)]
    for key in [*wanted, "reviews/demo-x2/0.json", "reviews/demo-x.json", "ledger/demo-x.json"]:
        store.write(key, b"")
    assert list(store.keys("reviews/demo-x")) == wanted
    assert list(store.keys("reviews/demo")) == []
    assert list(store.keys()) == sorted(
        [*wanted, "ledger/demo-x.json", "reviews/demo-x.json", "reviews/demo-x2/0.json"]
    )


def test_a_store_without_objects_lists_none(store: ObjectStore) -> None:
    assert list(store.keys()) == []
    assert list(store.keys("reviews")) == []


@pytest.mark.parametrize(
    "key", ["a", "A-_9", "a.b.c", "_", "-", "-rf", "a--b", "con", "x" * 128, "/".join("abcdefghij")]
)
def test_a_key_of_odd_letters_is_kept(store: ObjectStore, key: str) -> None:
    store.write(key, key.encode(), if_absent=True)
    assert content(store, key) == key.encode()
    assert list(store.keys()) == [key]
    store.delete(key)
    assert list(store.keys()) == []


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.", "a b", "a\n", "ä", "a/" * 20 + "a", "a/", ".lock", "a.", "a%2Fb", "a?b", "x" * 129],
)  # fmt: skip
def test_a_key_can_not_leave_its_place(store: ObjectStore, key: str) -> None:
    for asked in (store.read, store.delete, lambda key: store.write(key, b"")):
        with pytest.raises(ValueError, match="not a valid object key"):
            asked(key)
    if key:
        with pytest.raises(ValueError, match="not a valid object key"):
            store.keys(key)


def test_a_bucket_that_is_not_there_is_no_empty_store(served_place: ObjectPlace) -> None:
    store = served_place.missing()
    reason = "the bucket or container does not exist"
    with pytest.raises(Unverifiable, match=rf"{KEY} could not be read: {reason}"):
        store.read(KEY)
    with pytest.raises(Unverifiable, match=rf"{KEY} could not be written: {reason}"):
        store.write(KEY, b"", if_absent=True)
    with pytest.raises(Unverifiable, match=rf"{KEY} could not be deleted: {reason}"):
        store.delete(KEY)
    with pytest.raises(Unverifiable, match=rf"reviews could not be listed: {reason}"):
        store.keys("reviews")


def test_its_server_says_what_time_it_is(served_place: ObjectPlace) -> None:
    assert ahead_of(served_place.store().server) == timedelta()
