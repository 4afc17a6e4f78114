"""Comments whose deliveries never came are asked for again, each by the key that its delivery would have had."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.events import LookBack
from bot.names import RepositoryName
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo

CLONE = "/clone production as demo-x for demo"


def looked(place: SmallMonorepo, since: datetime) -> list[str]:
    """Return the keys of the jobs that a look asks for."""
    event = LookBack(repository=RepositoryName(REPOSITORY), since=since, at=1)
    return [request.key for request in place.work(event).follow]


def test_commands_since_a_moment_become_the_jobs_of_their_deliveries(place: SmallMonorepo) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    comment = place.comment(CLONE)
    place.comment("Thanks!")
    delivered = place.service.plan_of("delivery-1", place.event(comment, CLONE))
    assert delivered is not None
    assert looked(place, before) == [delivered.key]
    assert looked(place, datetime.now(UTC) + timedelta(minutes=1)) == []


def test_a_look_goes_back_three_days_at_most(place: SmallMonorepo) -> None:
    place.comment(CLONE)
    later = place.service.context.now() + timedelta(days=4)
    place.service.context.now = lambda: later
    assert looked(place, datetime(2000, 1, 1, tzinfo=UTC)) == []


@pytest.mark.sample
def test_a_job_that_is_carried_out_from_a_look_is_that_of_the_comment(place: SmallMonorepo) -> None:
    comment = place.comment(CLONE)
    event = LookBack(repository=RepositoryName(REPOSITORY), since=datetime.now(UTC) - timedelta(minutes=1), at=1)
    [request] = place.work(event).follow
    place.work(request.event)
    place.work(request.event)
    assert "`demo-x` is being planned" in (place.reply(comment) or "")
    assert len(place.server.pulls(REPOSITORY)) == 1


def test_a_look_takes_back_the_eyes_that_were_left_at_a_comment_with_an_end(place: SmallMonorepo) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    comment = place.comment("/list")
    place.work(place.event(comment, "/list"))
    place.service.context.github.react(RepositoryName(REPOSITORY), comment, "eyes")  # a replica's, killed behind it
    place.server.react(comment, "eyes", by="alice")
    looked(place, before)
    assert {(each.content, each.author.login) for each in place.server.reactions(comment)} == {
        ("rocket", place.service.context.github.identity()),
        ("eyes", "alice"),
    }
    assert place.reply(comment)
