"""One account gets so many answers in an hour."""

from datetime import UTC, datetime, timedelta

from bot.service import author_limit
from bot.service.author_limit import AuthorLimit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_one_command_too_many_waits_until_the_first_is_an_hour_old() -> None:
    limit = AuthorLimit(2)
    assert [limit.admits("eve", comment, NOW + timedelta(minutes=comment)) for comment in range(4)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not limit.admits("eve", 5, NOW + timedelta(minutes=59))
    assert limit.admits("eve", 6, NOW + timedelta(minutes=60))
    assert not limit.admits("eve", 7, NOW + timedelta(minutes=60))


def test_others_are_not_counted_with_it_and_spelling_makes_nobody_another() -> None:
    limit = AuthorLimit(1)
    assert limit.admits("eve", 1, NOW)
    assert limit.admits("ana", 2, NOW)
    assert not limit.admits("EVE", 3, NOW)


def test_a_job_that_runs_again_is_counted_once() -> None:
    limit = AuthorLimit(1)
    assert all(limit.admits("eve", 1, NOW) for _ in range(3))
    assert not limit.admits("eve", 2, NOW)


def test_what_is_remembered_is_bounded() -> None:
    limit = AuthorLimit(1)
    for number in range(author_limit.MOST_AUTHORS + 5):
        assert limit.admits(f"eve-{number}", number, NOW)
    assert limit.admits("eve-0", -1, NOW)
    assert not limit.admits(f"eve-{author_limit.MOST_AUTHORS}", -1, NOW)
