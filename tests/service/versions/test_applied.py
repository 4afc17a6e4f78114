"""Which deployments say what was applied: ours alone, of what the default branch itself was at."""

import pytest

from bot.clients.github.records import DeploymentState, DeploymentStatus
from bot.names import EnvironmentName
from bot.sandbox.github import IssueText, PullSpec
from bot.service.reruns.run_end import last_run
from bot.service.versions.applied import applied_commits
from tests.support import example
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import actions, deployed

PRODUCTION = EnvironmentName("production")
MANIFEST = "envs/production/environment.yaml"
PULL = PullSpec(IssueText("Tidy", ""), "someone", "main")


def deploy(place: SmallMonorepo, commit: str, payload: dict[str, str], state: DeploymentState = "success") -> None:
    """Let some workflow deploy a commit to production."""
    github = actions(place)
    made = github.ensure_deployment(example.REPOSITORY, commit, PRODUCTION, {**payload})
    github.deployment_status(example.REPOSITORY, made.id, DeploymentStatus(state))


def test_a_deployment_of_an_application_to_an_environment_of_that_name_is_none_of_ours(place: SmallMonorepo) -> None:
    main = place.repository().commit
    deploy(place, main, {})
    assert last_run(place.repository(), PRODUCTION) is None
    deployed(place, PRODUCTION, "failure", main)
    deploy(place, main, {"application": "shop"})
    last = last_run(place.repository(), PRODUCTION)
    assert last is not None
    assert last.state == "failure"


@pytest.mark.sample
def test_what_only_lies_inside_of_a_merge_was_never_applied(place: SmallMonorepo) -> None:
    """Whoever may push may let a workflow of their own say that it applied what nobody reviewed, and take it back before the merge."""
    was = place.repository().mirror.read(place.repository().commit, MANIFEST)
    assert was is not None
    mine = {MANIFEST: was.replace(b"greeting: hello", b"greeting: gotcha")}
    inside = place.server.commit(REPOSITORY, mine, by="alice", message="Mine", branch="someone")
    place.server.commit(
        REPOSITORY, {MANIFEST: was, "README.md": b"Hello"}, by="alice", message="Tidy", branch="someone"
    )
    number = place.server.open_pull(REPOSITORY, PULL, by="alice")
    place.server.merge(REPOSITORY, number, by="alice", method="merge")
    deploy(place, inside, {"envclone": "apply", "head": inside})
    assert list(applied_commits(place.repository(), PRODUCTION)) == []
    assert "No other version" in (place.say("/rollback production") or "")


def test_a_deployment_of_a_commit_that_is_on_no_branch_of_ours_stops_nobody(place: SmallMonorepo) -> None:
    mine = place.server.commit(REPOSITORY, {"README.md": b"x"}, by="alice", message="Mine", branch="someone")
    deploy(place, mine, {"envclone": "apply", "head": mine})
    assert last_run(place.repository(), PRODUCTION) is None
    deploy(place, mine, {"envclone": "apply", "head": mine}, "failure")
    last = last_run(place.repository(), PRODUCTION)
    assert last is not None
    assert not last.is_current
