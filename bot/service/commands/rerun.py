"""`/resume`, `/unlock` and `/plan`: start a workflow's run once more, and say where it is.

GitHub names no run for a request to start one. So the comment's id is in the run's title, through the input `request`, and a run of
that title is looked for first. The race that is left: killed in the seconds between the request and the run's appearance in the
list, a second run is started. It waits for the first (they share a concurrency group) and finds every step done.

A pull request is planned again by running its newest plan once more: the same event, so the same tool from the default branch, and
the credentials that go with it. A run that began after the comment was written is taken for ours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from pydantic import TypeAdapter

from bot.clients.github import GitHubRefused
from bot.clients.github.records import PullRequest, WorkflowRun
from bot.commands.model import PlanCommand, Resume, Unlock
from bot.core.markdown import code
from bot.core.messages import replies, run_end
from bot.core.messages import rerun_replies as texts
from bot.core.requests.approvals import CONTEXT
from bot.core.requests.branches import PREFIXES, Branch
from bot.core.requests.permissions import suffices
from bot.core.requests.refusal import Refused, unknown_environment
from bot.core.requests.rerun import plan_key, run_title, take_over
from bot.events import ReviewApproved, RunCompleted
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.command_job import Accepted, CommandJob
from bot.service.commands.run_end import APPLY, DRIFT, PLAN, PROPOSED, EndedRun, last_run, told
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.removals import removal_of, unfinished_removal
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head

Rerun: TypeAlias = PlanCommand | Resume | Unlock


class Started(JobStepResult):
    """A run that was started, or found: `text` tells whoever asked."""

    text: str


STARTED: TypeAdapter[Started | Ended] = TypeAdapter(Started | Ended)


class RerunJob(CommandJob[Rerun]):
    """Starts a run, and answers with a link to it."""

    commands = (PlanCommand, Resume, Unlock)
    kind = "dispatch"

    @classmethod
    def partition(cls, command: Rerun) -> EnvironmentName | None:
        return command.name

    def carry_out(self, accepted: Accepted[Rerun], steps: Steps) -> Ended | None:
        started = steps.run("start", STARTED, lambda: self.start(accepted))
        if isinstance(started, Ended):
            return started
        steps.run("report", REPORTED, lambda: self.report(accepted.request, started))
        return None

    def start(self, accepted: Accepted[Rerun]) -> Started | Ended:
        """Start the run, or find it."""
        command, request = accepted.command, accepted.request
        repo = repository_at_head(self.context, request.repository)
        if isinstance(command, Unlock) and request.comment < 0:
            # The run reads the words again, and of an opening text nothing tells whether somebody has changed it.
            return self.refuse(request, replies.refused(Refused(texts.POST_AS_COMMENT)))
        if isinstance(command, PlanCommand):
            outcome = replan(repo, request, command, accepted.commented_at)
        else:
            outcome = start_apply(repo, request, command)
        return self.refuse(request, replies.refused(outcome)) if isinstance(outcome, Refused) else outcome

    def report(self, request: Request, started: Started) -> Reported:
        """Say where the run is."""
        return Reported(comments=(reply_to(self.context, request, started.text),))


def start_apply(repo: Repository, request: Request, command: Resume | Unlock) -> Started | Refused:
    """Start the run that goes on with an environment, or find it. Raises `Transient`."""
    absent = _absent(repo, command)
    if absent is not None:
        return absent
    last = last_run(repo, command.name)
    title = run_title(command, request)
    run = _run_titled(repo, APPLY, title)
    if run is None:
        nothing = texts.nothing_to_resume(command.name, last) if isinstance(command, Resume) else None
        if nothing is not None:
            return Refused(nothing)
        inputs = {"environment": str(command.name), "request": title}
        if isinstance(command, Unlock):
            inputs["take_over"] = take_over(command, request)
        refused = _start(lambda: repo.github.dispatch_workflow(repo.name, APPLY, repo.branch, inputs), APPLY)
        if refused is not None:
            return refused
    started = texts.StartedRun(title, f"[the run]({run.url})" if run else _page(request, APPLY))
    if isinstance(command, Unlock):
        text = texts.rescued(command, request, last, started)
    else:
        text = texts.resumed(command.name, last, started)
    return Started(text=_with_end(repo, text, run))


def replan(repo: Repository, request: Request, command: PlanCommand, commented_at: datetime) -> Started | Refused:
    """Start the plans of an environment's open pull requests, or the search for drift. Raises `Transient`."""
    name = command.name
    pulls = _open_pulls(repo, request, name)
    if pulls:
        # Somewhere else its author has looked at something else.
        here = [pull for pull in pulls if (request.repository, request.issue) == (repo.name, pull.number)]
        said = {pull.number: approve(repo, request, pull, Approval(name, commented_at)) for pull in here}
        outcomes = [_planned(repo, pull, name, commented_at) for pull in pulls]
        reasons = (outcome if isinstance(outcome, str) else outcome.reason for outcome in outcomes)
        lines = [f"{reason} {said.get(pull.number, '')}".strip() for pull, reason in zip(pulls, reasons, strict=True)]
        text = "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else lines[0]
        return Started(text=text) if any(isinstance(outcome, str) for outcome in outcomes) else Refused(text)
    removal = replan_removal(repo, name, commented_at)
    if removal is not None:
        return removal
    if repo.manifest(name) is None:
        return unknown_environment(command, repo.names())
    title = run_title(command, request)
    run = _run_titled(repo, DRIFT, title)
    refused = None
    if run is None:
        inputs = {"environment": str(name), "request": title}
        refused = _start(lambda: repo.github.dispatch_workflow(repo.name, DRIFT, repo.branch, inputs), DRIFT)
    started = texts.StartedRun(title, f"[the run]({run.url})" if run is not None else _page(request, DRIFT))
    return refused or Started(text=_with_end(repo, texts.looking_for_drift(name, started), run))


def _open_pulls(repo: Repository, request: Request, name: EnvironmentName) -> list[PullRequest]:
    """Return our open pull requests for an environment, and the one in which the comment stands, whoever opened that."""
    found = [repo.pull_request(Branch(kind, name)) for kind in PREFIXES]
    here = repo.github.pull_request(repo.name, request.issue) if request.repository == repo.name else None
    if here is not None and here.is_from(repo.name):
        found.append(here)
    return list({pull.number: pull for pull in found if pull is not None and pull.state == "open"}.values())


@dataclass(frozen=True, slots=True)
class Approval:
    """What a `/plan` approves: that an environment is planned, as its pull request was when the comment was written."""

    environment: EnvironmentName
    at: datetime


NOTHING_TO_PLAN = "nothing to plan"
"""The title of a run that a new title or text of a pull request started (`run-name` of `plan.yml`). Whoever gives a pull request that
title only hides its plans from `/plan`: what is approved is asked of all runs."""

TO_READ = timedelta(minutes=1)
"""Between a push and a `/plan` that approves it. GitHub doesn't say which commit somebody had on the page, and nobody reads one in less."""


def approve(repo: Repository, request: Request, pull: PullRequest, approval: Approval) -> str:
    """Write down that somebody who may approves the head of a pull request; return what to say of it. Raises `Transient`.

    Only a head that was there for a while before the comment: the newest plan of the branch is of that head, and began `TO_READ` before
    the comment was written. The comment is in that pull request. Whoever may not approve is told nothing of it.
    """
    policy = repo.policy()
    if not policy.bot or not suffices(repo.github.permission(repo.name, request.by), policy.allow["plan_unproved"]):
        return ""
    runs = repo.github.workflow_runs(repo.name, PLAN, event=PROPOSED, branch=pull.head)
    newest = max(runs, key=lambda run: run.created_at, default=None)
    if newest is None or newest.head_sha != pull.head_sha or newest.created_at > approval.at - TO_READ:
        return texts.too_early(approval.environment, pull.head_sha)
    context = CONTEXT.format(environment=approval.environment)
    repo.github.set_status(repo.name, pull.head_sha, context, str(request.by))
    return texts.approved(pull.head_sha)


def plan_approved(repo: Repository, event: ReviewApproved) -> bool:
    """Start the plan of a head again that an approving review lets be planned; say whether it runs. Raises `Transient`.

    The plan reads the review itself, so a run that is started for nothing plans nothing: this only saves a person a `/plan`.
    """
    pull = repo.github.pull_request(repo.name, event.number)
    if pull is None or pull.state != "open" or pull.head_sha != event.commit or not pull.is_from(repo.name):
        return False
    if not suffices(repo.github.permission(repo.name, event.author), repo.policy().allow["plan_unproved"]):
        return False
    check = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    if check is None or check.conclusion in (None, "success"):
        return False
    return isinstance(_planned(repo, pull, None, event.submitted_at), str)


def plan_approved_meanwhile(repo: Repository, event: RunCompleted) -> bool:
    """Start a plan again that failed while somebody approved its commit: it had asked for approvals before; say whether it runs.

    The run that is started is newer than the approval, so it is started once. Raises `Transient`.
    """
    began = event.started_at.replace(microsecond=0)
    for pull in repo.github.pull_requests_for_commit(repo.name, event.head_sha):
        if pull.state != "open" or pull.head_sha != event.head_sha or not pull.is_from(repo.name):
            continue
        needed = repo.policy().allow["plan_unproved"]
        for by, at in _approvals(repo, pull):
            if at >= began and suffices(repo.github.permission(repo.name, by), needed):
                return isinstance(_planned(repo, pull, None, at), str)
    return False


def _approvals(repo: Repository, pull: PullRequest) -> Iterator[tuple[str, datetime]]:
    """Yield who has approved the head of a pull request and when, by a review or by a `/plan` that we wrote down."""
    for review in repo.github.reviews(repo.name, pull.number):
        if (review.state, review.commit) == ("APPROVED", pull.head_sha) and review.submitted_at:
            yield review.author, datetime.fromisoformat(review.submitted_at)
    us, context = repo.github.identity().casefold(), CONTEXT.partition("{")[0]
    for status in repo.github.statuses(repo.name, pull.head_sha):
        if status.creator.casefold() == us and status.context.startswith(context):
            yield status.description, datetime.fromisoformat(status.created_at)


def replan_removal(repo: Repository, name: EnvironmentName, commented_at: datetime) -> Started | Refused | None:
    """Plan a removal once more that was merged without a reviewed plan; None when there is none. Raises `Transient`."""
    removal = unfinished_removal(repo, name)
    if removal is None or removal.pull is None:
        return None
    check = newest_check(repo, removal.pull.head_sha, REQUIRED_CHECK)
    if check is not None and check.conclusion == "success":
        return None
    said = f"{code(name)} was removed by {removal}, which was merged without a reviewed plan, so it can't be destroyed yet."
    outcome = _planned(repo, removal.pull, name, commented_at)
    if isinstance(outcome, Refused):
        return Refused(f"{said} {outcome.reason} Or revert {removal} and comment {code(f'/destroy {name}')} again.")
    return Started(text=f"{said} {outcome} Review what it would destroy, then comment {code(f'/resume {name}')}.")


def _planned(
    repo: Repository, pull: PullRequest, name: EnvironmentName | None, commented_at: datetime
) -> str | Refused:
    """Return what is said of the pull request's plan, which is started unless it is under way; `name` is whose plan was asked for."""
    found = repo.github.workflow_runs(repo.name, PLAN, event=PROPOSED, head_sha=pull.head_sha)
    runs = [run for run in found if run.title != NOTHING_TO_PLAN]
    if not runs:
        return Refused(f"#{pull.number} has no plan to re-run. Push to its branch to start one.")
    newest = runs[0]
    key = plan_key(name, pull.number, newest.id) if name is not None else ""
    started = texts.StartedRun(key, f"[the run]({newest.url})")
    if _is_ours(newest, commented_at):
        return _with_end(repo, texts.planned_again(pull.number, started), newest)
    if not newest.is_over:
        return texts.planned_again(pull.number, started, was_running=True)
    refused = _start(lambda: repo.github.rerun(repo.name, newest.id), PLAN)
    return refused or texts.planned_again(pull.number, started)


def _with_end(repo: Repository, text: str, run: WorkflowRun | None) -> str:
    """Return the text with the end of a run that is over, as when the service was away meanwhile: no event will bring it again."""
    if run is None or not run.is_over:
        return text
    ended = EndedRun(run.url, run.head_sha, run.conclusion or "", run.attempt)
    return run_end.told(text, lambda key: told(repo, key, ended))


def _is_ours(run: WorkflowRun, commented_at: datetime) -> bool:
    return run.attempt > 1 and run.started_at >= commented_at.replace(microsecond=0)


def _start(call: Callable[[], None], workflow: str) -> Refused | None:
    """Make a call that starts a workflow; return what GitHub has against it in words that help."""
    try:
        call()
    except GitHubRefused as refused:
        if refused.status not in {403, 404, 422}:
            raise
        hints = {
            403: "The GitHub App needs the permission `actions: write`. Whoever installed it can grant it.",
            404: f"Check that `.github/workflows/{workflow}` exists on the default branch.",
            422: f"Update `.github/workflows/{workflow}` on the default branch.",
        }
        return Refused(f"GitHub rejected the run of `{workflow}`: {refused.message}. {hints[refused.status]}")
    return None


def _page(request: Request, workflow: str) -> str:
    """Return a link, in Markdown, to the runs of a workflow."""
    server = request.url.partition(f"/{request.repository}/")[0]
    return f"[the runs of {workflow}]({server}/{request.repository}/actions/workflows/{workflow})"


def _run_titled(repo: Repository, workflow: str, title: str) -> WorkflowRun | None:
    """Return the run of that title, if it was started before."""
    try:
        runs = repo.github.workflow_runs(repo.name, workflow, event="workflow_dispatch")
    except GitHubRefused as refused:
        if refused.status not in {403, 404}:
            raise
        return None  # starting it says what is wrong
    return next((run for run in runs if run.title == title), None)


def _absent(repo: Repository, command: Resume | Unlock) -> Refused | None:
    """Return why there is nothing to go on with: it is neither on the default branch nor was it removed from there."""
    name = command.name
    if repo.manifest(name) is not None or removal_of(repo, name) is not None:
        return None
    clone = repo.pull_request(Branch("clone", name))
    if clone is not None and clone.state == "open":
        return Refused(f"`{name}` hasn't been deployed yet. Merge #{clone.number} to deploy it.")
    return unknown_environment(command, repo.names())
