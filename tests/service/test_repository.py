"""A repository as the service reads it: its default branch, and itself at another commit."""

from bot.names import EnvironmentName
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo

PRODUCTION = EnvironmentName("production")


def test_the_default_branch_is_the_one_that_github_names(place: SmallMonorepo) -> None:
    context = place.service.context
    repo = place.repository()
    assert repo.branch == context.github.default_branch(repo.name) == repo.mirror.default_branch() == "main"


def test_at_another_commit_it_is_as_it_was_there(place: SmallMonorepo) -> None:
    before = place.repository()
    files: dict[str, bytes | None] = {f"envs/production/{path}": None for path in before.environment(PRODUCTION)}
    commit = place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Remove it")
    after = place.repository()
    assert after.commit == commit
    assert after.manifest(PRODUCTION) is None
    assert after.at(before.commit).manifest(PRODUCTION) == before.manifest(PRODUCTION) is not None
    assert after.environment(PRODUCTION) == {}
    assert "environment.yaml" in after.at(before.commit).environment(PRODUCTION)
