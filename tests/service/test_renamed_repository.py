"""A repository that was renamed or transferred keeps its clones, their comments and their expiry."""

from datetime import timedelta

import pytest

from bot.names import EnvironmentName, RepositoryName
from bot.sandbox.github.repository_settings import rename_repository
from bot.service.commands.expire import due_environments, expire
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import asked_here
from bot.service.status import report_environment
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import merged

NAME = EnvironmentName("demo-x")
CLONE = "/clone production as demo-x for demo --ttl 14d"


def moved(place: SmallMonorepo, owner: str) -> Repository:
    """Rename the repository, or transfer it; return it as the service reads it when the next event comes."""
    place.server.add_user("new-owner")
    name = RepositoryName(rename_repository(place.server.forge, REPOSITORY, "platform", owner=owner))
    return repository_at_head(place.service.context, name)


def back(place: SmallMonorepo, repo: Repository) -> None:
    """Give it its first name again, under which the test reads."""
    owner, _, name = REPOSITORY.partition("/")
    rename_repository(place.server.forge, repo.name, name, owner=owner)


@pytest.mark.sample
@pytest.mark.parametrize("owner", [REPOSITORY.partition("/")[0], "new-owner"], ids=["renamed", "transferred"])
def test_the_one_status_comment_goes_on_and_the_owner_is_warned(place: SmallMonorepo, owner: str) -> None:
    comment = place.comment(CLONE)
    place.work(place.event(comment, CLONE))
    assert "is being planned" in (place.reply(comment) or "")
    place.server.merge(REPOSITORY, 2, by="alice")
    repo = moved(place, owner)
    manifest = repo.manifest(NAME)
    assert manifest is not None
    assert manifest.request is not None
    assert manifest.request.repository == REPOSITORY != repo.name
    told = report_environment(repo, NAME)
    assert [f"/{repo.name}/issues/" in url for url in told] == [True]
    assert manifest.expires_at is not None
    end = manifest.expires_at
    place.service.context.now = lambda: end - timedelta(days=1)
    assert list(due_environments(repo)) == [NAME]
    assert expire(repo, NAME).outcome == "warned"
    back(place, repo)
    assert "is being planned" not in (place.reply(comment) or "")
    assert [body for body in place.written() if "@alice: `demo-x` expires" in body]


def test_a_copy_of_the_repository_writes_nothing_to_issues_that_only_have_the_same_number(place: SmallMonorepo) -> None:
    place.say(CLONE)
    merged(place, 2)
    repo = place.repository()
    manifest = repo.manifest(NAME)
    assert manifest is not None
    assert manifest.request is not None
    elsewhere = manifest.request.model_copy(update={"repository": RepositoryName("acme/origin"), "comment": 1})
    assert asked_here(repo, elsewhere) is None
    assert (
        asked_here(repo, manifest.request.model_copy(update={"repository": RepositoryName("ACME/Infra")})) is not None
    )
