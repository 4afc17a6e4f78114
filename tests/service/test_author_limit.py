"""One account gets so many answers in an hour, wherever the service's workers are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.github import Comment
from bot.clients.store import JobStore, open_store
from bot.clients.transient import Transient
from bot.service.author_limit import AuthorLimit, CommentsCounted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = open_store(None, tmp_path)
    yield store
    store.close()


def test_one_command_too_many_waits_until_the_first_is_an_hour_old(store: JobStore) -> None:
    limit = AuthorLimit(store, 2)
    assert [limit.admits("eve", comment, NOW + timedelta(minutes=comment)) for comment in range(4)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not limit.admits("eve", 5, NOW + timedelta(minutes=59))
    assert limit.admits("eve", 6, NOW + timedelta(minutes=60))
    assert not limit.admits("eve", 7, NOW + timedelta(minutes=60))


def test_others_are_not_counted_with_it_and_spelling_makes_nobody_another(store: JobStore) -> None:
    limit = AuthorLimit(store, 1)
    assert limit.admits("eve", 1, NOW)
    assert limit.admits("ana", 2, NOW)
    assert not limit.admits("EVE", 3, NOW)


def test_a_job_that_runs_again_is_counted_once(store: JobStore) -> None:
    limit = AuthorLimit(store, 1)
    assert all(limit.admits("eve", 1, NOW) for _ in range(3))
    assert not limit.admits("eve", 2, NOW)


def test_a_restart_and_a_second_worker_count_on(store: JobStore, tmp_path: Path) -> None:
    assert AuthorLimit(store, 2).admits("eve", 1, NOW)
    other = open_store(None, tmp_path)
    assert AuthorLimit(other, 2).admits("eve", 2, NOW)
    assert not AuthorLimit(other, 2).admits("eve", 3, NOW)
    other.close()
    assert not AuthorLimit(store, 2).admits("eve", 4, NOW)


def test_a_database_that_is_away_is_waited_for(tmp_path: Path) -> None:
    closed = open_store(None, tmp_path)
    closed.close()
    with pytest.raises(Transient):
        AuthorLimit(closed, 2).admits("eve", 1, NOW)


def test_without_a_database_the_comments_themselves_are_counted() -> None:
    def comment(number: int, author: str, body: str = "/list") -> Comment:
        at = NOW + timedelta(minutes=number)
        return Comment(number, 1, body, author, author_is_bot=False, created_at=at, updated_at=at, url="")

    written = [comment(1, "Eve"), comment(2, "ana"), comment(3, "eve", "Thanks!"), comment(4, "eve"), comment(5, "eve")]
    limit = AuthorLimit(CommentsCounted(lambda since: [each for each in written if each.created_at >= since]), 2)
    assert [limit.admits("EVE", each.id, each.created_at) for each in written if each.author != "ana"] == [
        True, True, True, False,
    ]  # fmt: skip
    assert limit.admits("eve", 5, NOW + timedelta(minutes=62)), "the first is more than an hour old"


def test_without_a_database_what_is_opened_with_a_command_counts_among_the_comments() -> None:
    def written_at(minute: int, number: int) -> Comment:
        at = NOW + timedelta(minutes=minute)
        return Comment(number, 1, "/list", "eve", author_is_bot=False, created_at=at, updated_at=at, url="")

    written = [written_at(1, -7), written_at(2, 501), written_at(3, -8), written_at(3, 502), written_at(4, -9)]
    limit = AuthorLimit(CommentsCounted(lambda _: written), 3)
    assert [limit.admits("eve", each.id, each.created_at) for each in written] == [True, True, True, False, False]
