"""A success counts only if the default branch's own apply of that environment confirms it: whoever may push may write a deployment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.clients.github.records import DeploymentStatus
from bot.core.requests.status import DeploymentOutcome
from bot.events import RunCompleted
from bot.names import EnvironmentName
from bot.sandbox.github import SandboxRun
from bot.service.deployments.confirmed import JOB, MOST_REFUSED, RUNS_KEPT, WORKFLOW, confirmed
from bot.service.reruns.run_end import last_run
from bot.service.versions.applied import applied_commits
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo
from tests.support.triggers import actions, apply_run, deployed, merged

PRODUCTION = EnvironmentName("production")
MANIFEST = "envs/production/environment.yaml"


@dataclass(frozen=True)
class Commits:
    """A version of production, the one after it, and a commit that somebody pushed elsewhere."""

    first: str
    second: str
    pushed: str


def commits(place: SmallMonorepo) -> Commits:
    first = place.server.head(REPOSITORY) or ""
    was = place.repository().mirror.read(first, MANIFEST)
    assert was is not None
    changed: dict[str, bytes | None] = {MANIFEST: was.replace(b"greeting: hello", b"greeting: later")}
    second = place.server.commit(REPOSITORY, changed, by=MAINTAINER, message="Later")
    mine = place.server.commit(REPOSITORY, {"README.md": b"x"}, by="alice", message="Mine", branch="someone")
    return Commits(first, second, mine)


def run(
    place: SmallMonorepo, commit: str, *, workflow: str = WORKFLOW, event: str = "push", branch: str = "main"
) -> str:
    """Record a run with a job for production that is said to be well; return its address."""
    number = place.server.record_run(REPOSITORY, SandboxRun(workflow, event, commit, "alice", branch))
    place.server.note_job(number, JOB.format(environment=PRODUCTION), "success")
    return f"{place.server.url}/{REPOSITORY}/actions/runs/{number}"


def claim(place: SmallMonorepo, commit: str, url: str) -> None:
    """Say, as any workflow may that somebody pushes, that production was applied well."""
    github = actions(place)
    made = github.ensure_deployment(example.REPOSITORY, commit, PRODUCTION, {"envclone": "apply", "head": commit})
    github.deployment_status(example.REPOSITORY, made.id, DeploymentStatus("success", log_url=url))


FORGERIES: dict[str, Callable[[SmallMonorepo, Commits], str]] = {
    "no run": lambda place, at: "",
    "no address of a run": lambda place, at: f"{run(place, at.second)}?check_suite_focus=true",
    "a run that is not there": lambda place, at: f"{place.server.url}/{REPOSITORY}/actions/runs/1",
    "a file of that name on a branch": lambda place, at: run(place, at.pushed, branch="someone"),
    "a file of that name at a tag that is called as the branch": lambda place, at: run(place, at.pushed),
    "another file of the default branch": lambda place, at: run(place, at.second, workflow=".github/workflows/ci.yml"),
    "an event that reads another file": lambda place, at: run(place, at.second, event="pull_request"),
    "the apply of another environment": lambda place, at: apply_run(place, "demo-x", at.second),
    "the apply of an earlier version": lambda place, at: run(place, at.first),
    "an apply that failed": lambda place, at: apply_run(place, PRODUCTION, at.second, "failure"),
}


def test_no_forged_success_counts_as_an_apply(place: SmallMonorepo) -> None:
    at, told = commits(place), dict[str, list[str]]()
    for name, forged in FORGERIES.items():
        claim(place, at.second, forged(place, at))
        repo = place.repository()
        told[name] = [each.deployment.sha for each in applied_commits(repo, PRODUCTION)]
        assert last_run(repo, PRODUCTION) is None, name
    assert told == {name: [] for name in FORGERIES}
    claim(place, at.second, run(place, at.second))
    assert [each.deployment.sha for each in applied_commits(place.repository(), PRODUCTION)] == [at.second]
    claim(place, at.first, run(place, at.second))
    assert [each.deployment.sha for each in applied_commits(place.repository(), PRODUCTION)] == [at.second]
    last = last_run(place.repository(), PRODUCTION)
    assert last is not None
    assert last.is_current, "a forged success hides no real one"


@pytest.mark.parametrize("ended", ["success", "failure"])
def test_an_apply_that_says_it_succeeded_is_under_way_until_its_job_has_ended(place: SmallMonorepo, ended: str) -> None:
    head = place.server.head(REPOSITORY) or ""
    url = apply_run(place, PRODUCTION, head, None)
    claim(place, head, url)
    assert outcomes(place) == ["in_progress"]
    assert list(applied_commits(place.repository(), PRODUCTION)) == []
    place.server.note_job(int(url.rpartition("/")[2]), JOB.format(environment=PRODUCTION), ended)
    assert outcomes(place) == (["success"] if ended == "success" else [])


def heard_of_its_end(place: SmallMonorepo, url: str, trigger: str) -> None:
    """Let the service hear that a run has succeeded; it began long after any deployment was made."""
    place.work(
        RunCompleted(
            repository=example.REPOSITORY,
            run=int(url.rpartition("/")[2]),
            workflow=WORKFLOW,
            trigger=trigger,
            head="main",
            head_sha=place.server.head(REPOSITORY) or "",
            conclusion="success",
            started_at=place.server.deployments(REPOSITORY)[0].created_at + timedelta(hours=1),
            url=url,
        )
    )


def test_an_apply_that_is_run_again_and_cancelled_before_that_began_is_done_all_the_same(place: SmallMonorepo) -> None:
    head, job = place.server.head(REPOSITORY) or "", JOB.format(environment=PRODUCTION)
    url = apply_run(place, PRODUCTION, head)
    number = int(url.rpartition("/")[2])
    claim(place, head, url)

    def again(conclusion: str, *, is_begun: bool) -> list[DeploymentOutcome]:
        place.server.finish_run(number, "success")
        place.service.context.github.rerun(example.REPOSITORY, number)
        place.server.note_job(number, job, conclusion, is_begun=is_begun)
        return outcomes(place)

    assert again("cancelled", is_begun=False) == ["success"]
    assert again("failure", is_begun=True) == [], "that one may have undone it"
    assert again("cancelled", is_begun=False) == []


def test_what_was_said_before_its_job_ended_is_told_when_its_run_has(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x for demo")
    pull, reviewed = place.server.pulls(REPOSITORY)[-1], place.server.head(REPOSITORY, "envclone/demo-x") or ""
    merged(place, pull.number)
    url = apply_run(place, "demo-x", place.server.head(REPOSITORY) or "", None)
    number = int(url.rpartition("/")[2])
    deployed(place, "demo-x", "success", reviewed, log_url=url)
    assert "`demo-x` is live" not in told(place)
    place.server.note_job(number, JOB.format(environment="demo-x"), "success")
    heard_of_its_end(place, url, "push")
    assert "`demo-x` is live" in told(place)


def test_a_resumed_apply_that_reports_in_the_deployment_of_the_run_before_is_told_when_its_run_has_ended(
    place: SmallMonorepo,
) -> None:
    place.say("/clone production as demo-x for demo")
    pull, reviewed = place.server.pulls(REPOSITORY)[-1], place.server.head(REPOSITORY, "envclone/demo-x") or ""
    merged(place, pull.number)
    head = place.server.head(REPOSITORY) or ""
    first = apply_run(place, "demo-x", head, "failure")
    deployed(place, "demo-x", "failure", reviewed, log_url=first)
    second = apply_run(place, "demo-x", head, None)
    number = int(second.rpartition("/")[2])
    deployed(place, "demo-x", "success", reviewed, log_url=second)
    assert len(place.server.deployments(REPOSITORY)) == 1
    assert "`demo-x` is live" not in told(place)
    place.server.note_job(number, JOB.format(environment="demo-x"), "success")
    heard_of_its_end(place, second, "workflow_dispatch")
    assert "`demo-x` is live" in told(place)


def test_a_forged_success_hides_no_failure_however_often_it_is_said(place: SmallMonorepo) -> None:
    head = place.server.head(REPOSITORY) or ""
    url = apply_run(place, PRODUCTION, head, "failure")
    github = actions(place)
    made = github.ensure_deployment(example.REPOSITORY, head, PRODUCTION, {"envclone": "apply", "head": head})
    github.deployment_status(example.REPOSITORY, made.id, DeploymentStatus("in_progress", log_url=url))
    github.deployment_status(example.REPOSITORY, made.id, DeploymentStatus("failure", log_url=url))
    for number in range(MOST_REFUSED + 1):
        claim(place, head, f"{place.server.url}/{REPOSITORY}/actions/runs/{number + 1}")
        claim(place, head, url)
    assert outcomes(place) == ["failure"]


def test_an_apply_whose_run_github_has_deleted_is_believed_only_when_it_is_older_than_runs_are_kept(
    place: SmallMonorepo,
) -> None:
    head = place.server.head(REPOSITORY) or ""
    claim(place, head, f"{place.server.url}/{REPOSITORY}/actions/runs/1")
    made = place.server.deployments(REPOSITORY)[-1].created_at
    place.service.context.now = lambda: made + RUNS_KEPT
    assert outcomes(place) == []
    place.service.context.now = lambda: made + RUNS_KEPT + timedelta(days=1)
    assert outcomes(place) == ["success"]


def told(place: SmallMonorepo) -> str:
    return "\n".join(each.body for each in place.server.comments(REPOSITORY, place.issue))


def outcomes(place: SmallMonorepo) -> list[DeploymentOutcome]:
    repo = place.repository()
    found = confirmed(repo, repo.github.deployments(repo.name, PRODUCTION))
    return [each.outcome for each in found]
