"""`/resume`, `/unlock` and `/plan`: start a workflow's run once more, and say where it is.

GitHub names no run for a request to start one. So the comment's id is in the run's title, through the input `request`, and a run of
that title is looked for first. The race that is left: killed in the seconds between the request and the run's appearance in the
list, a second run is started. It waits for the first (they share a concurrency group) and finds every step done.
"""

from datetime import datetime
from typing import TypeAlias

from pydantic import TypeAdapter

from bot.clients.github.records import PullRequest
from bot.commands.model import PlanCommand, Resume, Unlock
from bot.core.markdown import code
from bot.core.messages import replies
from bot.core.messages import rerun_replies as texts
from bot.core.requests.branches import PREFIXES, Branch
from bot.core.requests.refusal import Refused, unknown_environment
from bot.core.requests.rerun import run_title, take_over
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.command_job import Accepted, CommandJob
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.proposals.wave import waves_with
from bot.service.removals import removal_of, unfinished_removal
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.reruns.approvals import Approval, approve
from bot.service.reruns.plans import planned_again
from bot.service.reruns.run_end import APPLY, DRIFT, last_run
from bot.service.reruns.starts import page_of, run_titled, start, with_end

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
    run = run_titled(repo, APPLY, title)
    if run is None:
        nothing = texts.nothing_to_resume(command.name, last) if isinstance(command, Resume) else None
        if nothing is not None:
            return Refused(nothing)
        inputs = {"environment": str(command.name), "request": title}
        if isinstance(command, Unlock):
            inputs["take_over"] = take_over(command, request)
        refused = start(lambda: repo.github.dispatch_workflow(repo.name, APPLY, repo.branch, inputs), APPLY)
        if refused is not None:
            return refused
    started = texts.StartedRun(title, f"[the run]({run.url})" if run else page_of(request, APPLY))
    if isinstance(command, Unlock):
        text = texts.rescued(command, request, last, started)
    else:
        text = texts.resumed(command.name, last, started)
    return Started(text=with_end(repo, text, run))


def replan(repo: Repository, request: Request, command: PlanCommand, commented_at: datetime) -> Started | Refused:
    """Start the plans of an environment's open pull requests, or the search for drift. Raises `Transient`."""
    name = command.name
    pulls = _open_pulls(repo, request, name)
    if pulls:
        # Somewhere else its author has looked at something else.
        here = [pull for pull in pulls if (request.repository, request.issue) == (repo.name, pull.number)]
        said = {pull.number: approve(repo, request, pull, Approval(name, commented_at)) for pull in here}
        outcomes = [planned_again(repo, pull, name, commented_at) for pull in pulls]
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
    run = run_titled(repo, DRIFT, title)
    refused = None
    if run is None:
        inputs = {"environment": str(name), "request": title}
        refused = start(lambda: repo.github.dispatch_workflow(repo.name, DRIFT, repo.branch, inputs), DRIFT)
    started = texts.StartedRun(title, f"[the run]({run.url})" if run is not None else page_of(request, DRIFT))
    return refused or Started(text=with_end(repo, texts.looking_for_drift(name, started), run))


def _open_pulls(repo: Repository, request: Request, name: EnvironmentName) -> list[PullRequest]:
    """Return our open pull requests for an environment, and the one in which the comment stands, whoever opened that."""
    found = [*(repo.pull_request(Branch(kind, name)) for kind in PREFIXES), waves_with(repo).get(name)]
    here = repo.github.pull_request(repo.name, request.issue) if request.repository == repo.name else None
    if here is not None and here.is_from(repo.name):
        found.append(here)
    return list({pull.number: pull for pull in found if pull is not None and pull.state == "open"}.values())


def replan_removal(repo: Repository, name: EnvironmentName, commented_at: datetime) -> Started | Refused | None:
    """Plan a removal once more that was merged without a reviewed plan; None when there is none. Raises `Transient`."""
    removal = unfinished_removal(repo, name)
    if removal is None or removal.pull is None:
        return None
    check = newest_check(repo, removal.pull.head_sha, REQUIRED_CHECK)
    if check is not None and check.conclusion == "success":
        return None
    said = f"{code(name)} was removed by {removal}, which was merged without a reviewed plan, so it can't be destroyed yet."
    outcome = planned_again(repo, removal.pull, name, commented_at)
    if isinstance(outcome, Refused):
        return Refused(f"{said} {outcome.reason} Or revert {removal} and comment {code(f'/destroy {name}')} again.")
    return Started(text=f"{said} {outcome} Review what it would destroy, then comment {code(f'/resume {name}')}.")


def _absent(repo: Repository, command: Resume | Unlock) -> Refused | None:
    """Return why there is nothing to go on with: it is neither on the default branch nor was it removed from there."""
    name = command.name
    if repo.manifest(name) is not None or removal_of(repo, name) is not None:
        return None
    clone = repo.pull_request(Branch("clone", name))
    if clone is not None and clone.state == "open":
        return Refused(f"`{name}` hasn't been deployed yet. Merge #{clone.number} to deploy it.")
    return unknown_environment(command, repo.names())
