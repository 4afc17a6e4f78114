"""What came of a run that a comment started: told in the reply to that comment, in the place where it said that the run is under way.

The reply is found by that place, which holds the run's title, or the id of a plan's run; only a comment of ours counts. What is
told is read from where the run reported it (a check, a deployment), and only if it names this very run. Told once, the place is
gone, so an event that comes twice changes nothing.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.clients.github.records import ACTIONS_APP, Check, Deployment
from bot.core.messages import run_end as texts
from bot.core.messages.rerun_replies import failures
from bot.core.plans.required_check import CHECK as PLAN_CHECK
from bot.core.requests.branches import read_branch
from bot.core.requests.rerun import DRIFT_CHECK, AwaitedRun, Last, Outcome, RunEnd, attempt_page, awaited
from bot.events import RunCompleted
from bot.names import EnvironmentName
from bot.service.context import ServiceContext
from bot.service.deployments.confirmed import SILENT, ConfirmedDeployment, confirmation, confirmed
from bot.service.deployments.modules import has_same_modules
from bot.service.deployments.silent import ended_silently
from bot.service.jobs_api import Reported
from bot.service.planned.checks import newest_check
from bot.service.repository import Repository, repository_at_head

APPLY = "apply.yml"
PLAN = "plan.yml"
DRIFT = "drift.yml"
PROPOSED = "pull_request_target"
"""What starts a plan. A run of the same file by another event is of a version that somebody pushed, on a branch or a tag of any name."""
FOLDER = ".github/workflows/"
_CHECK = "envclone/apply: {}"
"""What both an apply and a destroy report in (`bot.runs.apply.github_status`)."""
_EARLIER = timedelta(minutes=5)
"""How much earlier than the run's begin a reply may have been written: that of one that waited is edited, not written anew."""

_LOOKED_THROUGH = 5
"""Deployments in which a run's own word is looked for, newest first."""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """An attempt of a run that is over, as GitHub knows it."""

    url: str
    head_sha: str
    conclusion: str
    attempt: int


def place(event: RunCompleted) -> str | None:
    """Return the environment whose command may have started a run, or a word for one that is not known; None if no comment did.

    In that partition the end waits for the command's own job, which writes the reply.
    """
    if event.workflow in {FOLDER + APPLY, FOLDER + DRIFT} and event.trigger == "workflow_dispatch":
        run = awaited(event.title)
        return run.environment if run is not None else None
    if event.workflow != FOLDER + PLAN or event.trigger != PROPOSED:
        return None
    branch = read_branch(event.head)
    if branch is not None:
        return branch.environment
    return f"run-{event.run}" if event.attempt > 1 else None


def tell(context: ServiceContext, event: RunCompleted) -> Reported:
    """Put the end of a run where our replies owe it. Raises `Transient`."""
    found = context.github.our_comments_since(event.repository, event.started_at - _EARLIER, texts.OPENING)
    owed = [comment for comment in found if any(_is_of(key, event) for key in texts.keys(comment.body))]
    if not owed:
        return Reported()
    repo = repository_at_head(context, event.repository)
    ended = EndedRun(event.url, event.head_sha, event.conclusion, event.attempt)
    for comment in owed:
        body = texts.told(comment.body, lambda key: told(repo, key, ended) if _is_of(key, event) else None)
        context.github.edit_comment(event.repository, comment.id, body)
    return Reported(comments=tuple(comment.url for comment in owed))


def _is_of(key: str, event: RunCompleted) -> bool:
    run = awaited(key)
    return run is not None and (run.run == event.run if run.verb == "plan" else key == event.title)


def told(repo: Repository, key: str, ended: EndedRun) -> str | None:
    """Return what came of the run with that key, which is over. Raises `Transient`."""
    run = awaited(key)
    return texts.ended(run, _end(repo, run, ended)) if run is not None else None


def _end(repo: Repository, run: AwaitedRun, ended: EndedRun) -> RunEnd:
    match run.verb:
        case "plan":
            said = newest_check(repo, ended.head_sha, PLAN_CHECK.format(environment=run.environment))
            return _of_check(said, attempt_page(ended.url, ended.attempt), ended)
        case "drift":
            said = newest_check(repo, ended.head_sha, DRIFT_CHECK.format(environment=run.environment))
            return _of_check(said, ended.url, ended)
        case "resume" | "unlock" | "release":
            return _of_apply(_last_by(repo, run.environment, ended.url), ended)
        case _:
            assert_never(run.verb)


def _of_check(check: Check | None, page: str, ended: EndedRun) -> RunEnd:
    """Return what a check says, if it was put by the run with that page: what an earlier attempt said tells nothing of this one."""
    if check is None or not check.is_by(page):
        return RunEnd(ended.url, ended.conclusion, "failure")
    is_well, is_open = check.conclusion == "success", check.conclusion == "neutral"
    outcome: Outcome = "success" if is_well else "neutral" if is_open else "failure"
    return RunEnd(ended.url, ended.conclusion, outcome, check.title, check.summary)


def _of_apply(last: Last | None, ended: EndedRun) -> RunEnd:
    if last is None or last.state == "in_progress":
        return RunEnd(ended.url, ended.conclusion, "failure")
    return RunEnd(ended.url, ended.conclusion, last.state, last.note, f"\n\n{failures(last.results)}")


def _last_by(repo: Repository, name: EnvironmentName, run: str) -> Last | None:
    """Return how a run ended; others of the environment may have begun since, and may report in its deployment. Raises `Transient`."""
    newest = last_run(repo, name)
    if newest is None or newest.url == run:
        return newest
    for deployment in repo.github.deployments(repo.name, name)[:_LOOKED_THROUGH]:
        found = confirmation(repo, deployment, run)
        if found is not None and found.status is not None:
            return _last(repo, found, run)
    return None


def last_run(repo: Repository, name: EnvironmentName) -> Last | None:
    """Return how the last apply or destroy of an environment ended; None when there was none that counts. Raises `Transient`."""
    newest = next(confirmed(repo, repo.github.deployments(repo.name, name)), None)
    if newest is None:
        silent = ended_silently(repo, name)
        return Last(state="failure", is_current=True, note=SILENT, url=silent.url) if silent is not None else None
    return _last(repo, newest)


def _last(repo: Repository, said: ConfirmedDeployment, run: str | None = None) -> Last:
    status, deployment = said.status, said.deployment
    return Last(
        state=said.outcome,
        is_current=_is_here(repo, deployment.sha, EnvironmentName(deployment.environment)),
        note=status.description if status else "",
        results=_results(repo, deployment, run) if said.outcome == "failure" else "",
        url=status.log_url if status else "",
    )


def _is_here(repo: Repository, commit: str, name: EnvironmentName) -> bool:
    """Say whether an environment is on the default branch as it was at one of that branch's own commits, its modules included."""
    was_at = repo.mirror.history.was_at(commit, repo.commit)
    if was_at is None or repo.at(was_at).tree_of(name) != repo.tree_of(name):
        return False
    return repo.tree_of(name) is None or has_same_modules(repo, was_at, name)


def _results(repo: Repository, deployment: Deployment, run: str | None) -> str:
    """Return what the check of an apply or a destroy says, perhaps only if a run has put it; one by anybody but Actions counts for nothing."""
    name = _CHECK.format(deployment.environment)
    checks = [check for check in repo.github.checks(repo.name, deployment.sha, name) if check.app == ACTIONS_APP]
    newest = max(checks, key=lambda check: check.id, default=None)
    is_of_it = newest is not None and (run is None or newest.is_by(run))
    return newest.summary if newest and newest.conclusion and is_of_it else ""
